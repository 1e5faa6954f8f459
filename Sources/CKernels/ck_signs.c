#include "ck_signs.h"

#include "ck_level.h"

size_t ck_sign_groups(size_t classes) { return (classes + CK_SIGN_GROUP - 1) / CK_SIGN_GROUP; }

size_t ck_sign_group_start(size_t classes, size_t g) { return classes * g / ck_sign_groups(classes); }

static size_t padded(size_t m) { return (m + 7) / 8 * 8; }

size_t ck_sign_code_index(size_t g, size_t i, size_t k, size_t n, size_t m) {
    return g * padded(m) * (n + 1) + i / 8 * 8 * (n + 1) + 8 * k + i % 8;
}

size_t ck_sign_code_count(size_t classes, size_t n, size_t m) { return ck_sign_groups(classes) * padded(m) * (n + 1); }

size_t ck_sign_scratch(size_t classes, size_t n, size_t m) {
    size_t group = (classes + ck_sign_groups(classes) - 1) / ck_sign_groups(classes);
    return 8 * (((size_t)1 << group) + n + 1 + padded(m));
}

void ck_sign_project_scalar(const float *x, size_t stride_x, size_t n, const float *delta, size_t classes, size_t rows,
                            const uint16_t *codes, size_t m, float scale, float *scratch, float *out) {
    (void)scratch;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < m; i++) {
            double sum = 0;
            for (size_t g = 0; g < ck_sign_groups(classes); g++) {
                size_t first = ck_sign_group_start(classes, g), end = ck_sign_group_start(classes, g + 1);
                for (size_t k = 0; k <= n; k++) {
                    unsigned code = codes[ck_sign_code_index(g, i, k, n, m)] / CK_SIGN_STEP;
                    double weight = 0;
                    for (size_t c = first; c < end; c++)
                        weight += code >> (c - first) & 1 ? delta[r * classes + c] : -delta[r * classes + c];
                    sum += weight * (k < n ? x[r * stride_x + k] : 1);
                }
            }
            out[r * m + i] = (float)(scale * sum);
        }
}

#if !defined(__x86_64__)
void ck_sign_project_avx2(const float *x, size_t stride_x, size_t n, const float *delta, size_t classes, size_t rows,
                          const uint16_t *codes, size_t m, float scale, float *scratch, float *out) {
    ck_sign_project_scalar(x, stride_x, n, delta, classes, rows, codes, m, scale, scratch, out);
}
#endif

void ck_sign_project(const float *x, size_t stride_x, size_t n, const float *delta, size_t classes, size_t rows,
                     const uint16_t *codes, size_t m, float scale, float *scratch, float *out) {
    if (ck_current_level() >= CK_AVX2)
        ck_sign_project_avx2(x, stride_x, n, delta, classes, rows, codes, m, scale, scratch, out);
    else ck_sign_project_scalar(x, stride_x, n, delta, classes, rows, codes, m, scale, scratch, out);
}
