#if defined(__x86_64__)
#include "ck_block.h"

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))
#define INLINE AVX2 static inline __attribute__((always_inline))

/* As in ck_block_avx512.c: the chunk is part of the order of summation. A tile fetches the rows AHEAD of it. */
enum { CHUNK = 1024, TILE_ROWS = 3, TILE_COUNT = 4, PANEL = 60, AHEAD = 3 * TILE_ROWS };

/* The sums of four accumulators, each in the order ((0+1)+(2+3)) + ((4+5)+(6+7)). */
INLINE __m128 horizontal_sums(__m256 s0, __m256 s1, __m256 s2, __m256 s3) {
    __m256 sum = _mm256_hadd_ps(_mm256_hadd_ps(s0, s1), _mm256_hadd_ps(s2, s3));
    return _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
}

/* A tile of R × J products: one accumulator each, so the order of summation does not depend on the tile. */
INLINE void dots_tile(const int R, const int J, const int ahead, const float *a, size_t stride_a, const float *b,
                      size_t stride_b, size_t n, float *out, size_t stride_out, int add) {
    __m256 sum[TILE_ROWS][TILE_COUNT];
    for (int r = 0; r < R; r++)
        for (int j = 0; j < TILE_COUNT; j++) sum[r][j] = _mm256_setzero_ps();
    size_t k = 0;
    for (; k + 8 <= n; k += 8) {
        __m256 left[TILE_ROWS];
        for (int r = 0; r < R; r++) {
            left[r] = _mm256_loadu_ps(a + r * stride_a + k);
            if (ahead) _mm_prefetch((const char *)(a + (r + ahead) * stride_a + k), _MM_HINT_T0);
        }
        for (int j = 0; j < J; j++) {
            __m256 right = _mm256_loadu_ps(b + j * stride_b + k);
            for (int r = 0; r < R; r++) sum[r][j] = _mm256_fmadd_ps(left[r], right, sum[r][j]);
        }
    }
    for (int r = 0; r < R; r++) {
        float values[TILE_COUNT];
        _mm_storeu_ps(values, horizontal_sums(sum[r][0], sum[r][1], sum[r][2], sum[r][3]));
        for (int j = 0; j < J; j++) {
            float value = values[j];
            for (size_t t = k; t < n; t++) value += a[r * stride_a + t] * b[j * stride_b + t];
            float *target = out + r * stride_out + j;
            *target = add ? *target + value : value;
        }
    }
}

INLINE void dots_row_tile(const int R, const float *a, size_t stride_a, const float *b, size_t stride_b, size_t count,
                          size_t n, float *out, size_t stride_out, int add) {
    if (count >= 4) {
        dots_tile(R, 4, AHEAD, a, stride_a, b, stride_b, n, out, stride_out, add);
        b += 4 * stride_b;
        out += 4;
        count -= 4;
    }
    while (count > 0) {
        size_t width = count <= 2 ? count : count == 3 || count == 5 || count == 6 ? 3 : 4;
        switch (width) {
        case 4: dots_tile(R, 4, 0, a, stride_a, b, stride_b, n, out, stride_out, add); break;
        case 3: dots_tile(R, 3, 0, a, stride_a, b, stride_b, n, out, stride_out, add); break;
        case 2: dots_tile(R, 2, 0, a, stride_a, b, stride_b, n, out, stride_out, add); break;
        default: dots_tile(R, 1, 0, a, stride_a, b, stride_b, n, out, stride_out, add); break;
        }
        b += width * stride_b;
        out += width;
        count -= width;
    }
}

AVX2 void ck_block_dots_avx2(const float *a, size_t stride_a, size_t rows, const float *b, size_t stride_b, size_t count,
                             size_t n, float *out, size_t stride_out) {
    size_t chunk = 0;
    do {
        size_t width = n - chunk < CHUNK ? n - chunk : CHUNK;
        int add = chunk > 0;
        for (size_t panel = 0; panel < count; panel += PANEL) {
            size_t columns = count - panel < PANEL ? count - panel : PANEL;
            const float *right = b + panel * stride_b + chunk;
            size_t i = 0;
            for (; i + TILE_ROWS <= rows; i += TILE_ROWS)
                dots_row_tile(TILE_ROWS, a + i * stride_a + chunk, stride_a, right, stride_b, columns, width,
                              out + i * stride_out + panel, stride_out, add);
            for (; i < rows; i++)
                dots_row_tile(1, a + i * stride_a + chunk, stride_a, right, stride_b, columns, width,
                              out + i * stride_out + panel, stride_out, add);
        }
        chunk += CHUNK;
    } while (chunk < n);
}

/* J rows of g by V vectors of 8 columns. */
INLINE void outer_tile(const int J, const int V, const float *d, size_t stride_d, const float *x, size_t stride_x,
                       size_t rows, float *g, size_t stride_g) {
    __m256 sum[5][2];
    for (int j = 0; j < J; j++)
        for (int v = 0; v < V; v++) sum[j][v] = _mm256_loadu_ps(g + j * stride_g + 8 * v);
    for (size_t i = 0; i < rows; i++) {
        __m256 right[2];
        for (int v = 0; v < V; v++) right[v] = _mm256_loadu_ps(x + i * stride_x + 8 * v);
        for (int j = 0; j < J; j++) {
            __m256 left = _mm256_set1_ps(d[i * stride_d + j]);
            for (int v = 0; v < V; v++) sum[j][v] = _mm256_fmadd_ps(left, right[v], sum[j][v]);
        }
    }
    for (int j = 0; j < J; j++)
        for (int v = 0; v < V; v++) _mm256_storeu_ps(g + j * stride_g + 8 * v, sum[j][v]);
}

INLINE void outer_columns(const int V, const float *d, size_t stride_d, size_t count, const float *x, size_t stride_x,
                          size_t rows, float *g, size_t stride_g) {
    size_t j = 0;
    for (; j + 5 <= count; j += 5) outer_tile(5, V, d + j, stride_d, x, stride_x, rows, g + j * stride_g, stride_g);
    switch (count - j) {
    case 4: outer_tile(4, V, d + j, stride_d, x, stride_x, rows, g + j * stride_g, stride_g); break;
    case 3: outer_tile(3, V, d + j, stride_d, x, stride_x, rows, g + j * stride_g, stride_g); break;
    case 2: outer_tile(2, V, d + j, stride_d, x, stride_x, rows, g + j * stride_g, stride_g); break;
    case 1: outer_tile(1, V, d + j, stride_d, x, stride_x, rows, g + j * stride_g, stride_g); break;
    }
}

AVX2 void ck_block_outer_avx2(const float *d, size_t stride_d, size_t count, const float *x, size_t stride_x, size_t rows,
                              size_t n, float *g, size_t stride_g) {
    enum { BLOCK = 64 };
    for (size_t block = 0; block < rows; block += BLOCK) {
        size_t height = rows - block < BLOCK ? rows - block : BLOCK;
        const float *left = d + block * stride_d, *right = x + block * stride_x;
        size_t k = 0;
        for (; k + 16 <= n; k += 16)
            outer_columns(2, left, stride_d, count, right + k, stride_x, height, g + k, stride_g);
        for (; k + 8 <= n; k += 8)
            outer_columns(1, left, stride_d, count, right + k, stride_x, height, g + k, stride_g);
        for (; k < n; k++)
            for (size_t j = 0; j < count; j++)
                for (size_t i = 0; i < height; i++) g[j * stride_g + k] += left[i * stride_d + j] * right[i * stride_x + k];
    }
}

AVX2 void ck_block_sum_by_label_avx2(const float *x, size_t rows, size_t n, const uint32_t *labels, float *sums) {
    for (size_t i = 0; i < rows; i++) {
        const float *row = x + i * n;
        float *sum = sums + labels[i] * n;
        size_t k = 0;
        for (; k + 8 <= n; k += 8)
            _mm256_storeu_ps(sum + k, _mm256_add_ps(_mm256_loadu_ps(sum + k), _mm256_loadu_ps(row + k)));
        for (; k < n; k++) sum[k] += row[k];
    }
}
#endif
