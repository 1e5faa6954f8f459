#include "ck_layer_norm.h"

#include <math.h>

#include "ck_level.h"

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

#if !defined(__x86_64__)
#define CK_SCALAR_AS(level)                                                                                            \
    void ck_residual_layer_norm_##level(float *residual, const float *x, const float *bias, const float *gain,         \
                                        const float *shift, float epsilon, size_t rows, size_t columns) {              \
        ck_residual_layer_norm_scalar(residual, x, bias, gain, shift, epsilon, rows, columns);                         \
    }
CK_SCALAR_AS(avx2)
CK_SCALAR_AS(avx512)
#endif

void ck_residual_layer_norm(float *residual, const float *x, const float *bias, const float *gain, const float *shift,
                            float epsilon, size_t rows, size_t columns) {
    switch (ck_current_level()) {
    case CK_AVX512: ck_residual_layer_norm_avx512(residual, x, bias, gain, shift, epsilon, rows, columns); break;
    case CK_AVX2: ck_residual_layer_norm_avx2(residual, x, bias, gain, shift, epsilon, rows, columns); break;
    default: ck_residual_layer_norm_scalar(residual, x, bias, gain, shift, epsilon, rows, columns);
    }
}
