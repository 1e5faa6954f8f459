#include "ck_transformer.h"

#include "ck_level.h"
#include "ck_transformer_math.h"

void ck_add_bias_scalar(float *x, const float *bias, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns)
        for (size_t c = 0; c < columns; c++) x[c] += bias[c];
}

void ck_gelu_bias_scalar(float *x, const float *bias, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns)
        for (size_t c = 0; c < columns; c++) x[c] = ck_gelu_one(x[c] + bias[c]);
}

void ck_residual_layer_norm_scalar(float *residual, const float *x, const float *bias, const float *gain,
                                   const float *shift, float epsilon, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns, residual += columns) {
        double sum = 0, squares = 0;
        for (size_t c = 0; c < columns; c++) {
            residual[c] += x[c] + bias[c];
            sum += residual[c];
        }
        double mean = sum / (double)columns;
        for (size_t c = 0; c < columns; c++) squares += (residual[c] - mean) * (residual[c] - mean);
        float scale = (float)(1 / sqrt(squares / (double)columns + epsilon));
        for (size_t c = 0; c < columns; c++) residual[c] = (residual[c] - (float)mean) * scale * gain[c] + shift[c];
    }
}

void ck_softmax_rows_scalar(float *x, const float *bias, ptrdiff_t bias_step, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns) {
        float highest = -INFINITY;
        double sum = 0;
        for (size_t c = 0; c < columns; c++) {
            if (bias) x[c] += bias[(ptrdiff_t)r * bias_step + (ptrdiff_t)c];
            highest = x[c] > highest ? x[c] : highest;
        }
        for (size_t c = 0; c < columns; c++) sum += x[c] = ck_exp_one(x[c] - highest);
        float scale = (float)(1 / sum);
        for (size_t c = 0; c < columns; c++) x[c] *= scale;
    }
}

#if !defined(__x86_64__)
#define CK_SCALAR_AS(level)                                                                                            \
    void ck_add_bias_##level(float *x, const float *bias, size_t rows, size_t columns) {                               \
        ck_add_bias_scalar(x, bias, rows, columns);                                                                    \
    }                                                                                                                  \
    void ck_gelu_bias_##level(float *x, const float *bias, size_t rows, size_t columns) {                              \
        ck_gelu_bias_scalar(x, bias, rows, columns);                                                                   \
    }                                                                                                                  \
    void ck_residual_layer_norm_##level(float *residual, const float *x, const float *bias, const float *gain,         \
                                        const float *shift, float epsilon, size_t rows, size_t columns) {              \
        ck_residual_layer_norm_scalar(residual, x, bias, gain, shift, epsilon, rows, columns);                         \
    }                                                                                                                  \
    void ck_softmax_rows_##level(float *x, const float *bias, ptrdiff_t bias_step, size_t rows, size_t columns) {      \
        ck_softmax_rows_scalar(x, bias, bias_step, rows, columns);                                                     \
    }
CK_SCALAR_AS(avx2)
CK_SCALAR_AS(avx512)
#endif

#define CK_DISPATCH(function, ...)                                                                                     \
    switch (ck_current_level()) {                                                                                      \
    case CK_AVX512: function##_avx512(__VA_ARGS__); break;                                                             \
    case CK_AVX2: function##_avx2(__VA_ARGS__); break;                                                                 \
    default: function##_scalar(__VA_ARGS__);                                                                           \
    }

void ck_add_bias(float *x, const float *bias, size_t rows, size_t columns) {
    CK_DISPATCH(ck_add_bias, x, bias, rows, columns)
}

void ck_gelu_bias(float *x, const float *bias, size_t rows, size_t columns) {
    CK_DISPATCH(ck_gelu_bias, x, bias, rows, columns)
}

void ck_residual_layer_norm(float *residual, const float *x, const float *bias, const float *gain, const float *shift,
                            float epsilon, size_t rows, size_t columns) {
    CK_DISPATCH(ck_residual_layer_norm, residual, x, bias, gain, shift, epsilon, rows, columns)
}

void ck_softmax_rows(float *x, const float *bias, ptrdiff_t bias_step, size_t rows, size_t columns) {
    CK_DISPATCH(ck_softmax_rows, x, bias, bias_step, rows, columns)
}
