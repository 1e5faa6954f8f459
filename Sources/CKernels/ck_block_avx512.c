#if defined(__x86_64__)
#include "ck_block.h"

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f")))
#define INLINE AVX512 static inline __attribute__((always_inline))

/* Vectors are taken in chunks of this many floats, so that a tile's rows stay in the first cache. Fixed: it is part of
   the order of summation. */
enum { CHUNK = 1024, TILE_ROWS = 4, TILE_COUNT = 5, PANEL = 60 };

INLINE __mmask16 tail(size_t left) { return left >= 16 ? 0xffff : (__mmask16)((1u << left) - 1); }

/* A tile of R × J products: one accumulator each, so the order of summation does not depend on the tile. */
INLINE void dots_tile(const int R, const int J, const float *a, size_t stride_a, const float *b, size_t stride_b, size_t n,
                      float *out, size_t stride_out, int add) {
    __m512 sum[TILE_ROWS][TILE_COUNT];
    for (int r = 0; r < R; r++)
        for (int j = 0; j < J; j++) sum[r][j] = _mm512_setzero_ps();
    size_t k = 0;
    for (; k + 16 <= n; k += 16) {
        __m512 right[TILE_COUNT];
        for (int j = 0; j < J; j++) right[j] = _mm512_loadu_ps(b + j * stride_b + k);
        for (int r = 0; r < R; r++) {
            __m512 left = _mm512_loadu_ps(a + r * stride_a + k);
            for (int j = 0; j < J; j++) sum[r][j] = _mm512_fmadd_ps(left, right[j], sum[r][j]);
        }
    }
    if (k < n) {
        __mmask16 mask = tail(n - k);
        for (int r = 0; r < R; r++) {
            __m512 left = _mm512_maskz_loadu_ps(mask, a + r * stride_a + k);
            for (int j = 0; j < J; j++)
                sum[r][j] = _mm512_fmadd_ps(left, _mm512_maskz_loadu_ps(mask, b + j * stride_b + k), sum[r][j]);
        }
    }
    for (int r = 0; r < R; r++)
        for (int j = 0; j < J; j++) {
            float value = _mm512_reduce_add_ps(sum[r][j]);
            float *target = out + r * stride_out + j;
            *target = add ? *target + value : value;
        }
}

INLINE void dots_row_tile(const int R, const float *a, size_t stride_a, const float *b, size_t stride_b, size_t count,
                          size_t n, float *out, size_t stride_out, int add) {
    size_t j = 0;
    for (; j + TILE_COUNT <= count; j += TILE_COUNT)
        dots_tile(R, TILE_COUNT, a, stride_a, b + j * stride_b, stride_b, n, out + j, stride_out, add);
    switch (count - j) {
    case 4: dots_tile(R, 4, a, stride_a, b + j * stride_b, stride_b, n, out + j, stride_out, add); break;
    case 3: dots_tile(R, 3, a, stride_a, b + j * stride_b, stride_b, n, out + j, stride_out, add); break;
    case 2: dots_tile(R, 2, a, stride_a, b + j * stride_b, stride_b, n, out + j, stride_out, add); break;
    case 1: dots_tile(R, 1, a, stride_a, b + j * stride_b, stride_b, n, out + j, stride_out, add); break;
    }
}

AVX512 void ck_block_dots_avx512(const float *a, size_t stride_a, size_t rows, const float *b, size_t stride_b,
                                 size_t count, size_t n, float *out, size_t stride_out) {
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

/* J rows of g, V vectors of 16 columns; the last vector is masked. */
INLINE void outer_tile(const int J, const int V, __mmask16 mask, const float *d, size_t stride_d, const float *x,
                       size_t stride_x, size_t rows, float *g, size_t stride_g) {
    __m512 sum[5][4];
    for (int j = 0; j < J; j++)
        for (int v = 0; v < V; v++)
            sum[j][v] = _mm512_maskz_loadu_ps(v == V - 1 ? mask : 0xffff, g + j * stride_g + 16 * v);
    for (size_t i = 0; i < rows; i++) {
        __m512 right[4];
        for (int v = 0; v < V; v++)
            right[v] = _mm512_maskz_loadu_ps(v == V - 1 ? mask : 0xffff, x + i * stride_x + 16 * v);
        for (int j = 0; j < J; j++) {
            __m512 left = _mm512_set1_ps(d[i * stride_d + j]);
            for (int v = 0; v < V; v++) sum[j][v] = _mm512_fmadd_ps(left, right[v], sum[j][v]);
        }
    }
    for (int j = 0; j < J; j++)
        for (int v = 0; v < V; v++)
            _mm512_mask_storeu_ps(g + j * stride_g + 16 * v, v == V - 1 ? mask : 0xffff, sum[j][v]);
}

INLINE void outer_columns(const int V, __mmask16 mask, const float *d, size_t stride_d, size_t count, const float *x,
                          size_t stride_x, size_t rows, float *g, size_t stride_g) {
    size_t j = 0;
    for (; j + 5 <= count; j += 5) outer_tile(5, V, mask, d + j, stride_d, x, stride_x, rows, g + j * stride_g, stride_g);
    for (; j < count; j++) outer_tile(1, V, mask, d + j, stride_d, x, stride_x, rows, g + j * stride_g, stride_g);
}

AVX512 void ck_block_outer_avx512(const float *d, size_t stride_d, size_t count, const float *x, size_t stride_x,
                                  size_t rows, size_t n, float *g, size_t stride_g) {
    enum { BLOCK = 64 };
    for (size_t block = 0; block < rows; block += BLOCK) {
        size_t height = rows - block < BLOCK ? rows - block : BLOCK;
        const float *left = d + block * stride_d, *right = x + block * stride_x;
        size_t k = 0;
        for (; k + 64 <= n; k += 64)
            outer_columns(4, 0xffff, left, stride_d, count, right + k, stride_x, height, g + k, stride_g);
        for (; k < n; k += 16)
            outer_columns(1, tail(n - k), left, stride_d, count, right + k, stride_x, height, g + k, stride_g);
    }
}

AVX512 void ck_block_sum_by_label_avx512(const float *x, size_t rows, size_t n, const uint32_t *labels, float *sums) {
    for (size_t i = 0; i < rows; i++) {
        const float *row = x + i * n;
        float *sum = sums + labels[i] * n;
        size_t k = 0;
        for (; k + 16 <= n; k += 16)
            _mm512_storeu_ps(sum + k, _mm512_add_ps(_mm512_loadu_ps(sum + k), _mm512_loadu_ps(row + k)));
        for (; k < n; k++) sum[k] += row[k];
    }
}
#endif
