/* ck_linear over the names of ck_lanes_avx2.h and
     PAIR_ROWS   rows of a tile of integer sums, LANES of 32 bits each; a tile is PAIR_ROWS × TILE_WIDTH */

#include "ck_linear_shape.h"

#define PAIR_COLUMNS (CK_LINEAR_PANEL / LANES)
#define TILE_COLUMNS (TILE_PANELS * PAIR_COLUMNS)
#define TILE_WIDTH (TILE_PANELS * CK_LINEAR_PANEL)
#define EACH_PAIR_ROW _Pragma("clang loop unroll(full)") for (int r = 0; r < PAIR_ROWS; r++)
#define EACH_COLUMN(columns) _Pragma("clang loop unroll(full)") for (int c = 0; c < columns; c++)
#define EACH_PAIR_COLUMN EACH_COLUMN(PAIR_COLUMNS)

/* Rows as integers: `values` row after row, and for each row and block a scale and a sum like that of ck_packed. */
typedef struct {
    int16_t *values;
    size_t stride;
    float *scales;
    int32_t *sums;
    size_t blocks; /* in a row of scales and sums */
} NAME(ck_rows);

/* PAIR_ROWS rows of the outputs of 1 or TILE_PANELS panels that lie `size` apart, with scales `blocks` · CK_LINEAR_PANEL
   apart: as multiply_pairs. */
SIMD static inline __attribute__((always_inline)) void
NAME(multiply_tile)(const NAME(ck_rows) * rows, size_t row, const int16_t *weights, const float *scales, size_t count,
                    size_t block, const float *source, size_t source_stride, float *y, size_t y_stride, size_t panels,
                    size_t size) {
    const int16_t *x = rows->values + row * rows->stride;
    const int32_t *row_sums = rows->sums + row * rows->blocks;
    const float *row_scales = rows->scales + row * rows->blocks;
    size_t stride = rows->stride, blocks = rows->blocks, panel_scales = ck_blocks(count, block) * CK_LINEAR_PANEL;
    _Static_assert(CK_LINEAR_PANEL == 16 && CK_LINEAR_STEP == 16, "the tiles of SUM_PANEL and SUM_PANELS");
    for (size_t left = count; left > 0; scales += CK_LINEAR_PANEL, row_sums++, row_scales++) {
        ivec sums[PAIR_ROWS][TILE_COLUMNS];
        size_t inputs = ck_least(left, block);
        EACH_PAIR_ROW EACH_COLUMN(TILE_COLUMNS)
            sums[r][c] = TWO_AT_ONCE ? ADD_SUMS(SET_SUM(row_sums + (size_t)r * blocks), LOAD_PAIRS(weights + 2 * LANES * c))
                                     : ZERO_PAIRS();
        const int16_t *pairs = weights + 2 * CK_LINEAR_PANEL;
        if (panels == 1) SUM_PANEL(sums, x, stride, pairs, inputs);
        else SUM_PANELS(sums, x, stride, pairs, size, inputs);
        x += inputs, left -= inputs, weights += (inputs + 2) * CK_LINEAR_PANEL;
        EACH_PAIR_ROW {
            vec row_scale = SET(row_scales[(size_t)r * blocks]);
            EACH_COLUMN(TILE_COLUMNS) if ((size_t)c < panels * PAIR_COLUMNS) {
                const float *column_scales = scales + (size_t)(c / PAIR_COLUMNS) * panel_scales + LANES * (c % PAIR_COLUMNS);
                vec sum = MUL(SUMS_TO_FLOAT(sums[r][c]), LOAD(column_scales));
                vec start = LOAD(source + (size_t)r * source_stride + LANES * c);
                STORE(y + (size_t)r * y_stride + LANES * c, FMA(sum, row_scale, start));
            }
        }
        source = y, source_stride = y_stride;
    }
}

/* PAIR_ROWS rows of some panels' outputs: y = source + the product of the rows from `row` on with the panels, over
   `count` inputs in blocks of `block`; every TILE_PANELS panels start from the same `source`. Rows of `source` and `y` are
   so many floats apart. Not inlined: the outputs have to stay in memory, as the sums need all registers. */
SIMD static __attribute__((noinline)) void
NAME(multiply_pairs)(const NAME(ck_rows) * rows, size_t row, const int16_t *weights, const float *scales, size_t count,
                     size_t block, const float *source, size_t source_stride, float *y, size_t y_stride, size_t panels) {
    size_t size = ck_packed(count, block) * CK_LINEAR_PANEL, panel_scales = ck_blocks(count, block) * CK_LINEAR_PANEL;
    for (; panels >= TILE_PANELS; panels -= TILE_PANELS, y += TILE_WIDTH) {
        NAME(multiply_tile)(rows, row, weights, scales, count, block, source, source_stride, y, y_stride, TILE_PANELS, size);
        weights += TILE_PANELS * size, scales += TILE_PANELS * panel_scales;
    }
    for (; panels > 0; panels--, y += CK_LINEAR_PANEL, weights += size, scales += panel_scales)
        NAME(multiply_tile)(rows, row, weights, scales, count, block, source, source_stride, y, y_stride, 1, size);
}

/* Copies the first columns of some rows. */
static inline void NAME(copy_rows)(const float *from, size_t from_stride, size_t rows, size_t columns, float *to,
                                   size_t to_stride) {
    for (size_t r = 0; r < rows; r++) memcpy(to + r * to_stride, from + r * from_stride, columns * sizeof *to);
}

/* Of the 8 sums of 32 bits. */
SIMD static inline int32_t NAME(add_all)(__m256i sums) {
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}

/* Sums less the products of elements two apart, in 256 bits at every level as a block may have no more; 0 where they are
   not needed. */
SIMD static inline __m256i NAME(less_products)(__m256i sums, __m256i elements) {
    if (!TWO_AT_ONCE) return sums;
    return _mm256_sub_epi32(sums, _mm256_madd_epi16(elements, _mm256_srli_epi64(elements, 32)));
}

/* q[i] = round(x[i] · factor), `count` of them, a multiple of CK_LINEAR_STEP, and `products` as for ck_packed; returns
   the sum of their squares. */
SIMD static inline __attribute__((always_inline)) uint64_t NAME(round_all)(const float *x, float factor, size_t count,
                                                                           int16_t *q, int32_t *products) {
    __m256i squares = _mm256_setzero_si256(), sums = squares;
    for (size_t i = 0; i < count; i += CK_LINEAR_STEP) {
        vec lanes[CK_LINEAR_STEP / LANES];
        for (size_t l = 0; l < CK_LINEAR_STEP / LANES; l++) lanes[l] = MUL(LOAD(x + i + LANES * l), SET(factor));
        __m256i rounded = ROUND_ALL(lanes);
        _mm256_storeu_si256((__m256i *)(q + i), rounded);
        squares = _mm256_add_epi32(squares, _mm256_madd_epi16(rounded, rounded));
        sums = NAME(less_products)(sums, rounded);
    }
    *products = NAME(add_all)(sums);
    _Static_assert((int64_t)CK_LINEAR_BLOCK / 8 * CK_LINEAR_HIGHEST * CK_LINEAR_HIGHEST <= UINT32_MAX, "a lane");
    __m256i wide = _mm256_add_epi64(_mm256_cvtepu32_epi64(_mm256_castsi256_si128(squares)),
                                    _mm256_cvtepu32_epi64(_mm256_extracti128_si256(squares, 1)));
    __m128i half = _mm_add_epi64(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    return (uint64_t)_mm_cvtsi128_si64(_mm_add_epi64(half, _mm_unpackhi_epi64(half, half)));
}

/* What the states of a block are multiplied by, and their scale; `count` is a multiple of CK_LINEAR_STEP. */
SIMD static inline __attribute__((always_inline)) float NAME(block_factor)(const float *x, size_t count, float *scale) {
    ivec highest = ZERO_PAIRS();
    for (size_t i = 0; i < count; i += LANES) highest = HIGHER_MAGNITUDE(highest, x + i);
    return ck_linear_factor(HIGHEST_BITS(highest), scale);
}

/* One block of a row's states as integers; returns the sum of their squares. */
SIMD static inline __attribute__((always_inline)) uint64_t NAME(round_block)(const float *x, size_t count, float factor,
                                                                             int16_t *q, float *scale, int32_t *sum) {
    uint64_t squares = NAME(round_all)(x, factor, count, q, sum);
    return ck_linear_lower(squares, &factor, scale) ? NAME(round_all)(x, factor, count, q, sum) : squares;
}

/* A block that has an outlier without it, which goes to `outlier`, whose input is the block's first. */
SIMD static __attribute__((noinline)) void NAME(round_others)(const float *x, size_t count, int16_t *q, float *scale,
                                                              int32_t *sum, ck_outlier *outlier) {
    float others[CK_LINEAR_BLOCK];
    size_t place = ck_linear_find_outlier(q);
    outlier->value = x[place], outlier->input += (uint16_t)place;
    memcpy(others, x, count * sizeof *x);
    others[place] = 0;
    NAME(round_block)(others, count, NAME(block_factor)(others, count, scale), q, scale, sum);
}

/* A row's group of `count` states, and zeros to `padded`, but for outliers, which go to `outliers`; where that is null, they
   stay in their blocks. Returns how many. */
SIMD static size_t NAME(quantise)(const float *x, size_t count, size_t padded, const NAME(ck_rows) * rows, size_t row,
                                  ck_outlier *outliers) {
    enum { TOGETHER = CK_LINEAR_GROUP / CK_LINEAR_BLOCK };
    int16_t *q = rows->values + row * rows->stride;
    float *scales = rows->scales + row * rows->blocks, factors[TOGETHER], last[CK_LINEAR_BLOCK];
    int32_t *sums = rows->sums + row * rows->blocks;
    size_t first = 0, found = 0;
    while (first < padded) {
        // Some blocks together, as each factor waits long for its block's highest.
        size_t blocks = ck_least(TOGETHER, (count - first) / CK_LINEAR_BLOCK), size = CK_LINEAR_BLOCK;
        const float *states = x + first;
        if (blocks == 0) {
            blocks = 1, size = padded - first;
            memset(last, 0, sizeof last);
            states = memcpy(last, states, (count - first) * sizeof *last);
        }
        for (size_t b = 0; b < blocks; b++)
            factors[b] = NAME(block_factor)(states + b * CK_LINEAR_BLOCK, size, scales + b);
        for (size_t b = 0; b < blocks; b++, states += size, first += size, scales++, sums++) {
            uint64_t squares = NAME(round_block)(states, size, factors[b], q + first, scales, sums);
            if (!outliers || !ck_linear_has_outlier(squares)) continue;
            outliers[found] = (ck_outlier){.row = (uint16_t)row, .input = (uint16_t)first};
            NAME(round_others)(states, size, q + first, scales, sums, outliers + found++);
        }
    }
    return found;
}

SIMD void NAME(ck_linear)(const float *x, size_t rows, size_t inputs, const int16_t *packed, const float *scales,
                          const float *bias, size_t outputs, ck_linear_end end, float *y, float *scratch) {
    size_t padded_outputs = ck_linear_padded(outputs), padded_inputs = ck_round_up(inputs, CK_LINEAR_STEP);
    float tile[PAIR_ROWS * TILE_WIDTH] __attribute__((aligned(64)));
    static const float zeros[TILE_WIDTH] __attribute__((aligned(64)));
    NAME(ck_rows) states = {.blocks = CK_LINEAR_GROUP / CK_LINEAR_BLOCK, .scales = scratch};
    states.sums = (int32_t *)(scratch + CK_LINEAR_ROWS * states.blocks);
    states.values = (int16_t *)(states.sums + CK_LINEAR_ROWS * states.blocks);
    ck_outlier *outliers = (ck_outlier *)(states.values + CK_LINEAR_ROWS * CK_LINEAR_GROUP);
    for (size_t top = 0; top < rows; top += CK_LINEAR_ROWS) {
        size_t height = ck_least(CK_LINEAR_ROWS, rows - top);
        for (size_t group = 0; group < padded_inputs; group += CK_LINEAR_GROUP) {
            size_t count = ck_least(CK_LINEAR_GROUP, padded_inputs - group);
            size_t size = ck_packed(count, CK_LINEAR_BLOCK) * CK_LINEAR_PANEL;
            const int16_t *panel = packed + padded_outputs * ck_packed(group, CK_LINEAR_BLOCK);
            const float *panel_scales = scales + padded_outputs * (group / CK_LINEAR_BLOCK);
            int gelu = group + count == padded_inputs && end == CK_LINEAR_GELU;
            states.stride = count;
            size_t found = 0;
            for (size_t r = 0; r < ck_round_up(height, PAIR_ROWS); r++) {
                // Rows that fill the last tile repeat the last row; nothing of them is kept.
                const float *row = x + (top + ck_least(r, height - 1)) * inputs + group;
                found += NAME(quantise)(row, ck_least(count, inputs - group), count, &states, r, outliers + found);
            }
            for (size_t column = 0; column < outputs; column += TILE_WIDTH) {
                size_t columns = ck_least(TILE_WIDTH, outputs - column), panels = ck_blocks(columns, CK_LINEAR_PANEL);
                const float *start = bias ? bias + column : zeros;
                const ck_outlier *outlier = outliers;
                // The next panels are fetched ahead, a part with each tile.
                const int16_t *ahead = panel + panels * size;
                size_t part = panels * size / ck_blocks(height, PAIR_ROWS) + 1;
                for (size_t r = 0; r < height; r += PAIR_ROWS, ahead += part) {
                    size_t kept = ck_least(PAIR_ROWS, height - r);
                    float *place = y + (top + r) * outputs + column;
                    // What isn't a whole tile is made in one, and its part copied.
                    int whole = kept == PAIR_ROWS && columns == TILE_WIDTH;
                    float *target = whole ? place : tile;
                    size_t stride = whole ? outputs : TILE_WIDTH;
                    for (size_t i = 0; i < part; i += 2 * CK_CACHE_LINE) __builtin_prefetch(ahead + i, 0, 2);
                    for (size_t k = 0; k < kept; k++)
                        for (size_t p = 0; p < columns; p += CK_CACHE_LINE) __builtin_prefetch(place + k * outputs + p, 1);
                    if (!whole && group > 0) NAME(copy_rows)(place, outputs, kept, columns, tile, TILE_WIDTH);
                    NAME(multiply_pairs)(&states, r, panel, panel_scales, count, CK_LINEAR_BLOCK,
                                         group > 0 ? target : start, group > 0 ? stride : 0, target, stride, panels);
                    for (; outlier < outliers + found && outlier->row < r + kept; outlier++)
                        for (size_t p = 0; p < panels; p++)
                            ck_linear_add_outlier(*outlier, panel + p * size,
                                                  panel_scales + p * ck_blocks(count, CK_LINEAR_BLOCK) * CK_LINEAR_PANEL,
                                                  CK_LINEAR_PANEL,
                                                  target + (outlier->row - r) * stride + p * CK_LINEAR_PANEL);
                    for (int k = 0; k < PAIR_ROWS && gelu; k++) EACH_COLUMN(TILE_COLUMNS) if ((size_t)c < panels * PAIR_COLUMNS) {
                        float *lanes = target + (size_t)k * stride + LANES * c;
                        STORE(lanes, NAME(gelu_lanes)(LOAD(lanes)));
                    }
                    if (!whole) NAME(copy_rows)(tile, TILE_WIDTH, kept, columns, place, outputs);
                }
                panel += panels * size, panel_scales += panels * ck_blocks(count, CK_LINEAR_BLOCK) * CK_LINEAR_PANEL;
            }
        }
    }
}
