#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "ck_signs.h"

#define AVX2 __attribute__((target("avx2,fma")))
#define INLINE AVX2 static inline __attribute__((always_inline))

/* Eight rows of eight floats to eight columns: target[8k + r] = rows[r][k]. */
INLINE void transpose8(const float *rows[8], size_t k, float *target) {
    __m256 v[8], t[8];
    for (int r = 0; r < 8; r++) v[r] = _mm256_loadu_ps(rows[r] + k);
    for (int r = 0; r < 8; r += 4)
        for (int h = 0; h < 2; h++) {
            t[r + h] = _mm256_unpacklo_ps(v[r + 2 * h], v[r + 2 * h + 1]);
            t[r + h + 2] = _mm256_unpackhi_ps(v[r + 2 * h], v[r + 2 * h + 1]);
        }
    for (int r = 0; r < 8; r += 4)
        for (int h = 0; h < 2; h++) {
            v[r + 2 * h] = _mm256_shuffle_ps(t[r + 2 * h], t[r + 2 * h + 1], 0x44);
            v[r + 2 * h + 1] = _mm256_shuffle_ps(t[r + 2 * h], t[r + 2 * h + 1], 0xee);
        }
    for (int q = 0; q < 4; q++) {
        _mm256_storeu_ps(target + 8 * q, _mm256_permute2f128_ps(v[q], v[4 + q], 0x20));
        _mm256_storeu_ps(target + 8 * (4 + q), _mm256_permute2f128_ps(v[q], v[4 + q], 0x31));
    }
}

/* table[code] = Σ_c ±δ_c over a group, for 8 rows: doubled once for each class. */
INLINE void fill_table(const float *delta[8], size_t first, size_t end, float *table) {
    float column[8];
    __m256 negative = _mm256_setzero_ps();
    for (size_t c = first; c < end; c++) {
        for (int r = 0; r < 8; r++) column[r] = delta[r][c];
        negative = _mm256_sub_ps(negative, _mm256_loadu_ps(column));
    }
    _mm256_storeu_ps(table, negative);
    for (size_t c = first, size = 1; c < end; c++, size *= 2) {
        for (int r = 0; r < 8; r++) column[r] = 2 * delta[r][c];
        __m256 step = _mm256_loadu_ps(column);
        for (size_t code = 0; code < size; code++)
            _mm256_storeu_ps(table + 8 * (size + code), _mm256_add_ps(_mm256_loadu_ps(table + 8 * code), step));
    }
}

/* sums[i] += Σ_k x_k · table[code(i, k)] for one block of 8 outputs, each with 8 rows in its lanes. */
INLINE void look_up(const float *x, size_t width, const float *table, const uint16_t *codes, float *sums) {
    __m256 sum[8];
    for (int i = 0; i < 8; i++) sum[i] = _mm256_loadu_ps(sums + 8 * i);
    for (size_t k = 0; k < width; k++) {
        __m256 value = _mm256_loadu_ps(x + 8 * k);
        for (int i = 0; i < 8; i++) {
            const float *entry = (const float *)((const char *)table + codes[8 * k + i]);
            sum[i] = _mm256_fmadd_ps(value, _mm256_loadu_ps(entry), sum[i]);
        }
    }
    for (int i = 0; i < 8; i++) _mm256_storeu_ps(sums + 8 * i, sum[i]);
}

AVX2 void ck_sign_project_avx2(const float *x, size_t stride_x, size_t n, const float *delta, size_t classes, size_t rows,
                               const uint16_t *codes, size_t m, float scale, float *scratch, float *out) {
    const size_t width = n + 1, groups = ck_sign_groups(classes), outputs = (m + 7) / 8 * 8;
    float *columns = scratch, *sums = columns + 8 * width, *table = sums + 8 * outputs;
    for (size_t row = 0; row < rows; row += 8) {
        size_t height = rows - row < 8 ? rows - row : 8;
        const float *inputs[8], *deltas[8];
        for (size_t r = 0; r < 8; r++) { /* a missing row is computed as the last one and not stored */
            size_t source = row + (r < height ? r : height - 1);
            inputs[r] = x + source * stride_x;
            deltas[r] = delta + source * classes;
        }
        size_t k = 0;
        for (; k + 8 <= n; k += 8) transpose8(inputs, k, columns + 8 * k);
        for (; k < n; k++)
            for (int r = 0; r < 8; r++) columns[8 * k + r] = inputs[r][k];
        for (int r = 0; r < 8; r++) columns[8 * n + r] = 1;
        memset(sums, 0, 8 * outputs * sizeof(float));
        for (size_t g = 0; g < groups; g++) {
            fill_table(deltas, ck_sign_group_start(classes, g), ck_sign_group_start(classes, g + 1), table);
            for (size_t i = 0; i < outputs; i += 8)
                look_up(columns, width, table, codes + ck_sign_code_index(g, i, 0, n, m), sums + 8 * i);
        }
        for (size_t r = 0; r < height; r++)
            for (size_t i = 0; i < m; i++) out[(row + r) * m + i] = scale * sums[8 * i + r];
    }
}
#endif
