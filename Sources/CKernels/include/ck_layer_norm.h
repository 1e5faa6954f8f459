#pragma once
#include <stddef.h>

/// residual = layer_norm(x + bias + residual) · gain + shift, for each row of row-major [rows × columns] floats; bias, gain
/// and shift have `columns` elements.
void ck_residual_layer_norm(float *residual, const float *x, const float *bias, const float *gain, const float *shift,
                            float epsilon, size_t rows, size_t columns);

#define CK_LAYER_NORM_DECLARE(level)                                                                                   \
    void ck_residual_layer_norm_##level(float *residual, const float *x, const float *bias, const float *gain,         \
                                        const float *shift, float epsilon, size_t rows, size_t columns);
CK_LAYER_NORM_DECLARE(scalar)
CK_LAYER_NORM_DECLARE(avx2)
CK_LAYER_NORM_DECLARE(avx512)
#undef CK_LAYER_NORM_DECLARE
