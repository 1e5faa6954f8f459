/* ck_linear over the names of ck_lanes_avx2.h and
     PAIR_ROWS   rows of a tile of integer sums, LANES of 32 bits each; a tile is PAIR_ROWS × CK_LINEAR_PANEL */

#include "ck_linear_shape.h"

#define PAIR_COLUMNS (CK_LINEAR_PANEL / LANES)
#define EACH_PAIR_ROW _Pragma("clang loop unroll(full)") for (int r = 0; r < PAIR_ROWS; r++)
#define EACH_PAIR_COLUMN _Pragma("clang loop unroll(full)") for (int c = 0; c < PAIR_COLUMNS; c++)

/* Rows as integers: `values` row after row, and for each row and block a scale and a sum like that of ck_packed. */
typedef struct {
    int16_t *values;
    size_t stride;
    float *scales;
    int32_t *sums;
    size_t blocks; /* in a row of scales and sums */
} NAME(ck_rows);

/* The sums of PAIR_ROWS rows of a block of states, `stride` apart, with a panel; `row_sums` are `blocks` apart. */
SIMD static inline __attribute__((always_inline)) void NAME(sum_pairs)(const int16_t *x, size_t stride,
                                                                       const int32_t *row_sums, size_t blocks,
                                                                       const int16_t *weights, size_t inputs,
                                                                       ivec sums[PAIR_ROWS][PAIR_COLUMNS]) {
    EACH_PAIR_ROW EACH_PAIR_COLUMN
        sums[r][c] = ADD_SUMS(SET_SUM(row_sums + (size_t)r * blocks), LOAD_PAIRS(weights + 2 * LANES * c));
    weights += 2 * CK_LINEAR_PANEL;
#ifdef SUM_QUADS
    _Static_assert(PAIR_ROWS == 4 && PAIR_COLUMNS == 2 && CK_LINEAR_STEP == 16, "the tile of SUM_QUADS");
    SUM_QUADS(sums, x, stride, weights, inputs);
#else
    _Pragma("clang loop unroll_count(2)") for (size_t i = 0; i < inputs; i += 4, weights += 4 * CK_LINEAR_PANEL) {
        ivec low[PAIR_COLUMNS], high[PAIR_COLUMNS];
        EACH_PAIR_COLUMN {
            low[c] = LOAD_PAIRS(weights + 2 * LANES * c);
            high[c] = LOAD_PAIRS(weights + 2 * LANES * c + 2 * CK_LINEAR_PANEL);
        }
        EACH_PAIR_ROW {
            const int16_t *states = x + (size_t)r * stride + i;
            ivec even = SET_PAIR(states), odd = SET_PAIR(states + 2);
            EACH_PAIR_COLUMN {
                ivec product = MULTIPLY_PAIRS(ADD_PAIRS(even, high[c]), ADD_PAIRS(odd, low[c]));
                sums[r][c] = ADD_SUMS(sums[r][c], product);
            }
        }
    }
#endif
}

/* tile[PAIR_ROWS × CK_LINEAR_PANEL] += the product of PAIR_ROWS rows from `row` on with a panel, over `count` inputs of a
   group. Not inlined: the tile has to stay in memory, as the sums need all registers. */
SIMD static __attribute__((noinline)) void NAME(multiply_pairs)(const NAME(ck_rows) * rows, size_t row,
                                                                const int16_t *weights, const float *scales,
                                                                size_t count, float *tile) {
    size_t stride = rows->stride, blocks = rows->blocks;
    const int16_t *x = rows->values + row * stride;
    const int32_t *row_sums = rows->sums + row * blocks;
    const float *row_scales = rows->scales + row * blocks;
    for (size_t left = count; left > 0; scales += CK_LINEAR_PANEL, row_sums++, row_scales++) {
        ivec sums[PAIR_ROWS][PAIR_COLUMNS];
        size_t inputs = ck_least(left, CK_LINEAR_BLOCK);
        if (inputs == CK_LINEAR_BLOCK) NAME(sum_pairs)(x, stride, row_sums, blocks, weights, CK_LINEAR_BLOCK, sums);
        else NAME(sum_pairs)(x, stride, row_sums, blocks, weights, inputs, sums);
        x += inputs, left -= inputs, weights += ck_packed(inputs) * CK_LINEAR_PANEL;
        EACH_PAIR_ROW {
            vec row_scale = SET(row_scales[(size_t)r * blocks]);
            EACH_PAIR_COLUMN {
                float *target = tile + r * CK_LINEAR_PANEL + LANES * c;
                vec sum = MUL(SUMS_TO_FLOAT(sums[r][c]), LOAD(scales + LANES * c));
                STORE(target, FMA(sum, row_scale, LOAD(target)));
            }
        }
    }
}

/* Copies rows of a tile, all of it or less. */
SIMD static inline void NAME(copy_tile)(const float *from, size_t from_stride, size_t rows, size_t columns, float *to,
                                        size_t to_stride) {
    if (rows == PAIR_ROWS && columns == CK_LINEAR_PANEL) {
        EACH_PAIR_ROW EACH_PAIR_COLUMN
            STORE(to + (size_t)r * to_stride + LANES * c, LOAD(from + (size_t)r * from_stride + LANES * c));
    } else
        for (size_t r = 0; r < rows; r++) memcpy(to + r * to_stride, from + r * from_stride, columns * sizeof *to);
}

/* Minus the sum of the products of elements two apart, for `count` elements of a block. */
SIMD static inline int32_t NAME(sum_products)(const int16_t *values, size_t count) {
    // Always 256 bits: a block may have no more than CK_LINEAR_STEP elements.
    __m256i sum = _mm256_setzero_si256();
    for (size_t i = 0; i < count; i += CK_LINEAR_STEP) {
        __m256i pairs = _mm256_loadu_si256((const __m256i *)(values + i));
        sum = _mm256_sub_epi32(sum, _mm256_madd_epi16(pairs, _mm256_srli_epi64(pairs, 32)));
    }
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e)));
}

/* q[i] = round(x[i] · factor), `count` of them, a multiple of CK_LINEAR_STEP. */
SIMD static inline __attribute__((always_inline)) void NAME(round_all)(const float *x, float factor, size_t count,
                                                                       int16_t *q) {
    for (size_t i = 0; i < count; i += CK_LINEAR_STEP) {
        vec lanes[CK_LINEAR_STEP / LANES];
        for (size_t l = 0; l < CK_LINEAR_STEP / LANES; l++) lanes[l] = MUL(LOAD(x + i + LANES * l), SET(factor));
        STORE_ROUNDED(q + i, lanes);
    }
}

/* One block of a row's states; `count` is a multiple of CK_LINEAR_STEP. */
SIMD static inline __attribute__((always_inline)) void NAME(quantise_block)(const float *x, size_t count, int16_t *q,
                                                                            float *scale, int32_t *sum) {
    ivec highest = ZERO_PAIRS();
    for (size_t i = 0; i < count; i += LANES) highest = HIGHER_MAGNITUDE(highest, x + i);
    NAME(round_all)(x, ck_linear_factor(HIGHEST_BITS(highest), scale), count, q);
    *sum = NAME(sum_products)(q, count);
}

/* A row's group of `count` states, and zeros to `padded`. */
SIMD static void NAME(quantise)(const float *x, size_t count, size_t padded, const NAME(ck_rows) * rows, size_t row) {
    int16_t *q = rows->values + row * rows->stride;
    float *scales = rows->scales + row * rows->blocks, last[CK_LINEAR_BLOCK] = {0};
    int32_t *sums = rows->sums + row * rows->blocks;
    size_t first = 0;
    for (; first + CK_LINEAR_BLOCK <= count; first += CK_LINEAR_BLOCK)
        NAME(quantise_block)(x + first, CK_LINEAR_BLOCK, q + first, scales++, sums++);
    if (first == padded) return;
    memcpy(last, x + first, (count - first) * sizeof *x);
    NAME(quantise_block)(last, padded - first, q + first, scales, sums);
}

SIMD void NAME(ck_linear)(const float *x, size_t rows, size_t inputs, const int16_t *packed, const float *scales,
                          const float *bias, size_t outputs, ck_linear_end end, float *y, float *scratch) {
    size_t padded_outputs = ck_linear_padded(outputs), padded_inputs = ck_round_up(inputs, CK_LINEAR_STEP);
    float tile[PAIR_ROWS * CK_LINEAR_PANEL] __attribute__((aligned(64)));
    NAME(ck_rows) states = {.blocks = CK_LINEAR_GROUP / CK_LINEAR_BLOCK, .scales = scratch};
    states.sums = (int32_t *)(scratch + CK_LINEAR_ROWS * states.blocks);
    states.values = (int16_t *)(states.sums + CK_LINEAR_ROWS * states.blocks);
    for (size_t top = 0; top < rows; top += CK_LINEAR_ROWS) {
        size_t height = ck_least(CK_LINEAR_ROWS, rows - top);
        for (size_t group = 0; group < padded_inputs; group += CK_LINEAR_GROUP) {
            size_t count = ck_least(CK_LINEAR_GROUP, padded_inputs - group), size = ck_packed(count) * CK_LINEAR_PANEL;
            const int16_t *panel = packed + padded_outputs * ck_packed(group);
            const float *panel_scales = scales + padded_outputs * (group / CK_LINEAR_BLOCK);
            // A tile's part of the next panel, to be fetched ahead.
            size_t part = size * PAIR_ROWS / height + 1;
            int finishes = group + count == padded_inputs, gelu = finishes && end == CK_LINEAR_GELU;
            states.stride = count;
            for (size_t r = 0; r < ck_round_up(height, PAIR_ROWS); r++)
                // Rows that fill the last tile repeat the last row; nothing of them is kept.
                NAME(quantise)(x + (top + ck_least(r, height - 1)) * inputs + group, ck_least(count, inputs - group),
                               count, &states, r);
            for (size_t column = 0; column < outputs; column += CK_LINEAR_PANEL) {
                size_t columns = ck_least(CK_LINEAR_PANEL, outputs - column);
                const int16_t *ahead = panel + size;
                for (size_t r = 0; r < height; r += PAIR_ROWS, ahead += part) {
                    size_t kept = ck_least(PAIR_ROWS, height - r);
                    float *place = y + (top + r) * outputs + column;
                    for (size_t i = 0; i < part; i += 2 * CK_CACHE_LINE) __builtin_prefetch(ahead + i, 0, 2);
                    for (size_t k = 0; k < kept; k++) __builtin_prefetch(place + k * outputs, 1);
                    if (group == 0) memset(tile, 0, sizeof tile);
                    else NAME(copy_tile)(place, outputs, kept, columns, tile, CK_LINEAR_PANEL);
                    NAME(multiply_pairs)(&states, r, panel, panel_scales, count, tile);
                    for (size_t i = 0; i < PAIR_ROWS * CK_LINEAR_PANEL && finishes && bias; i += LANES)
                        STORE(tile + i, ADD(LOAD(tile + i), LOAD(bias + column + i % CK_LINEAR_PANEL)));
                    for (size_t i = 0; i < PAIR_ROWS * CK_LINEAR_PANEL && gelu; i += 2 * LANES) {
                        // Two at once share the constants' loads.
                        vec first = NAME(gelu_lanes)(LOAD(tile + i)), second = NAME(gelu_lanes)(LOAD(tile + i + LANES));
                        STORE(tile + i, first), STORE(tile + i + LANES, second);
                    }
                    NAME(copy_tile)(tile, CK_LINEAR_PANEL, kept, columns, place, outputs);
                }
                panel += size, panel_scales += ck_blocks(count) * CK_LINEAR_PANEL;
            }
        }
    }
}
