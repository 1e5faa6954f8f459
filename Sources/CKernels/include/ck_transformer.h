#pragma once
#include <stddef.h>

/* Element-wise and row-wise parts of a transformer encoder, in place, on row-major [rows × columns] floats. */

/// x += bias, for each row; bias[columns].
void ck_add_bias(float *x, const float *bias, size_t rows, size_t columns);
/// x = gelu(x + bias), with gelu(v) = v · (1 + erf(v / √2)) / 2; |error| of the erf < 1e-6.
void ck_gelu_bias(float *x, const float *bias, size_t rows, size_t columns);
/// residual = layer_norm(x + bias + residual) · gain + shift, row by row; bias, gain and shift have `columns` elements.
void ck_residual_layer_norm(float *residual, const float *x, const float *bias, const float *gain, const float *shift,
                            float epsilon, size_t rows, size_t columns);
/// Each row becomes softmax(row + b), where row r's b starts at `bias + r · bias_step`; a null bias adds nothing.
void ck_softmax_rows(float *x, const float *bias, ptrdiff_t bias_step, size_t rows, size_t columns);

/* One symbol an instruction set, so that tests run each; the scalar version is the definition. */
#define CK_TRANSFORMER_DECLARE(level)                                                                                  \
    void ck_add_bias_##level(float *x, const float *bias, size_t rows, size_t columns);                                \
    void ck_gelu_bias_##level(float *x, const float *bias, size_t rows, size_t columns);                               \
    void ck_residual_layer_norm_##level(float *residual, const float *x, const float *bias, const float *gain,         \
                                        const float *shift, float epsilon, size_t rows, size_t columns);               \
    void ck_softmax_rows_##level(float *x, const float *bias, ptrdiff_t bias_step, size_t rows, size_t columns);
CK_TRANSFORMER_DECLARE(scalar)
CK_TRANSFORMER_DECLARE(avx2)
CK_TRANSFORMER_DECLARE(avx512)
#undef CK_TRANSFORMER_DECLARE
