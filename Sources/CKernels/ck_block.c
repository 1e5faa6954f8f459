#include "ck_block.h"

#include "ck_level.h"
#include "ck_reduce.h"

void ck_block_dots_scalar(const float *a, size_t stride_a, size_t rows, const float *b, size_t stride_b, size_t count,
                          size_t n, float *out, size_t stride_out) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < count; j++)
            out[i * stride_out + j] = ck_dot_scalar(a + i * stride_a, b + j * stride_b, n);
}

void ck_block_outer_scalar(const float *d, size_t stride_d, size_t count, const float *x, size_t stride_x, size_t rows,
                           size_t n, float *g, size_t stride_g) {
    for (size_t i = 0; i < rows; i++)
        for (size_t c = 0; c < count; c++)
            for (size_t k = 0; k < n; k++) g[c * stride_g + k] += d[i * stride_d + c] * x[i * stride_x + k];
}

void ck_block_sum_by_label_scalar(const float *x, size_t rows, size_t n, const uint32_t *labels, float *sums) {
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < n; k++) sums[labels[i] * n + k] += x[i * n + k];
}

#if defined(__x86_64__)
#define DISPATCH(name, ...)                                                                                             \
    switch (ck_current_level()) {                                                                                       \
    case CK_AVX512: name##_avx512(__VA_ARGS__); break;                                                                  \
    case CK_AVX2: name##_avx2(__VA_ARGS__); break;                                                                      \
    default: name##_scalar(__VA_ARGS__);                                                                                \
    }
#else
#define DISPATCH(name, ...) name##_scalar(__VA_ARGS__);
#endif

void ck_block_dots(const float *a, size_t stride_a, size_t rows, const float *b, size_t stride_b, size_t count, size_t n,
                   float *out, size_t stride_out) {
    DISPATCH(ck_block_dots, a, stride_a, rows, b, stride_b, count, n, out, stride_out)
}

void ck_block_outer(const float *d, size_t stride_d, size_t count, const float *x, size_t stride_x, size_t rows, size_t n,
                    float *g, size_t stride_g) {
    DISPATCH(ck_block_outer, d, stride_d, count, x, stride_x, rows, n, g, stride_g)
}

void ck_block_sum_by_label(const float *x, size_t rows, size_t n, const uint32_t *labels, float *sums) {
    DISPATCH(ck_block_sum_by_label, x, rows, n, labels, sums)
}
