/* ck_linear over the names of ck_lanes_avx2.h and
     PAIR_ROWS   rows of a tile of integer sums, LANES of 32 bits each; a tile is PAIR_ROWS × CK_LINEAR_PANEL */

#include "ck_linear_shape.h"

#define PAIR_COLUMNS (CK_LINEAR_PANEL / LANES)
#define EACH_PAIR_ROW _Pragma("clang loop unroll(full)") for (int r = 0; r < PAIR_ROWS; r++)
#define EACH_PAIR_COLUMN _Pragma("clang loop unroll(full)") for (int c = 0; c < PAIR_COLUMNS; c++)

/* y (=, or += if it `adds`) the product of PAIR_ROWS quantised rows with a panel, over `count` inputs of a group. */
SIMD static inline __attribute__((always_inline)) void NAME(multiply_pairs)(const int16_t *x, size_t x_stride,
                                                                            const float *row_scales, size_t scale_stride,
                                                                            const int16_t *weights, const float *scales,
                                                                            size_t count, int adds, float *y,
                                                                            size_t stride) {
    for (size_t first = 0; first < count; first += CK_LINEAR_BLOCK) {
        size_t inputs = ck_least(CK_LINEAR_BLOCK, count - first);
        ivec sums[PAIR_ROWS][PAIR_COLUMNS];
        EACH_PAIR_ROW EACH_PAIR_COLUMN sums[r][c] = ZERO_PAIRS();
        _Pragma("clang loop unroll_count(2)") for (size_t i = 0; i < inputs; i += 2, weights += 2 * CK_LINEAR_PANEL) {
            ivec panel[PAIR_COLUMNS];
            EACH_PAIR_COLUMN if (c < PAIR_REGISTERS) panel[c] = LOAD_PAIRS(weights + 2 * LANES * c);
            EACH_PAIR_ROW {
                ivec pair = SET_PAIR(x + (size_t)r * x_stride + first + i);
                EACH_PAIR_COLUMN {
                    ivec product;
                    if (c < PAIR_REGISTERS) product = MULTIPLY_PAIRS(pair, panel[c]);
                    else MULTIPLY_PAIRS_AT(product, pair, weights + 2 * LANES * c);
                    sums[r][c] = ADD_SUMS(sums[r][c], product);
                }
            }
        }
        EACH_PAIR_ROW {
            vec row_scale = SET(row_scales[(size_t)r * scale_stride + first / CK_LINEAR_BLOCK]);
            EACH_PAIR_COLUMN {
                float *target = y + (size_t)r * stride + LANES * c;
                vec sum = MUL(SUMS_TO_FLOAT(sums[r][c]), LOAD(scales + LANES * c));
                STORE(target, FMA(sum, row_scale, first > 0 || adds ? LOAD(target) : SET(0)));
            }
        }
        scales += CK_LINEAR_PANEL;
    }
}

/* A row's group of states as integers, block by block, and zeros to `padded`, with a scale for each block. */
SIMD static void NAME(quantise)(const float *x, size_t count, size_t padded, int16_t *quantised, float *scales) {
    float last[CK_LINEAR_STEP] = {0};
    size_t whole = count / CK_LINEAR_STEP * CK_LINEAR_STEP;
    if (whole < count) memcpy(last, x + whole, (count - whole) * sizeof *x);
    for (size_t first = 0; first < padded; first += CK_LINEAR_BLOCK) {
        size_t end = ck_least(first + CK_LINEAR_BLOCK, padded);
        ivec highest = ZERO_PAIRS();
        for (size_t i = first; i < end; i += CK_LINEAR_STEP)
            for (size_t lane = 0; lane < CK_LINEAR_STEP; lane += LANES)
                highest = HIGHER_MAGNITUDE(highest, (i < whole ? x + i : last) + lane);
        float factor = ck_linear_factor(HIGHEST_BITS(highest), scales++);
        for (size_t i = first; i < end; i += CK_LINEAR_STEP)
            STORE_ROUNDED(quantised + i, i < whole ? x + i : last, factor);
    }
}

/* What ends a product: the bias, if there is one, and the GELU, if it is asked for. */
SIMD static void NAME(finish_tile)(float *y, size_t stride, const float *bias, int gelu) {
    EACH_PAIR_ROW EACH_PAIR_COLUMN {
        float *target = y + (size_t)r * stride + LANES * c;
        vec value = LOAD(target);
        if (bias) value = ADD(value, LOAD(bias + LANES * c));
        STORE(target, gelu ? NAME(gelu_lanes)(value) : value);
    }
}

SIMD void NAME(ck_linear)(const float *x, size_t rows, size_t inputs, const int16_t *packed, const float *scales,
                          const float *bias, size_t outputs, ck_linear_end end, float *y, float *scratch) {
    size_t padded_outputs = ck_linear_padded(outputs), padded_inputs = ck_round_up(inputs, CK_LINEAR_STEP);
    size_t scale_stride = CK_LINEAR_GROUP / CK_LINEAR_BLOCK;
    float *row_scales = scratch, edge[PAIR_ROWS * CK_LINEAR_PANEL];
    int16_t *states = (int16_t *)(scratch + CK_LINEAR_ROWS * scale_stride);
    for (size_t top = 0; top < rows; top += CK_LINEAR_ROWS) {
        size_t height = ck_least(CK_LINEAR_ROWS, rows - top);
        for (size_t group = 0; group < padded_inputs; group += CK_LINEAR_GROUP) {
            size_t count = ck_least(CK_LINEAR_GROUP, padded_inputs - group);
            size_t blocks = ck_blocks(count);
            int finishes = group + count == padded_inputs && (bias || end == CK_LINEAR_GELU);
            for (size_t r = 0; r < ck_round_up(height, PAIR_ROWS); r++)
                // Rows that fill the last tile repeat the last row; nothing of them is kept.
                NAME(quantise)(x + (top + ck_least(r, height - 1)) * inputs + group, ck_least(count, inputs - group),
                               count, states + r * count, row_scales + r * scale_stride);
            for (size_t column = 0; column < outputs; column += CK_LINEAR_PANEL) {
                size_t columns = ck_least(CK_LINEAR_PANEL, outputs - column);
                for (size_t r = 0; r < height; r += PAIR_ROWS) {
                    size_t kept = ck_least(PAIR_ROWS, height - r);
                    int whole = kept == PAIR_ROWS && columns == CK_LINEAR_PANEL;
                    float *place = y + (top + r) * outputs + column, *target = whole ? place : edge;
                    size_t stride = whole ? outputs : CK_LINEAR_PANEL;
                    if (!whole && group > 0)
                        for (size_t k = 0; k < kept; k++)
                            memcpy(edge + k * CK_LINEAR_PANEL, place + k * outputs, columns * sizeof *y);
                    NAME(multiply_pairs)(states + r * count, count, row_scales + r * scale_stride, scale_stride,
                                         packed + padded_outputs * group + column * count,
                                         scales + padded_outputs * (group / CK_LINEAR_BLOCK) + column * blocks, count,
                                         group > 0, target, stride);
                    if (finishes) NAME(finish_tile)(target, stride, bias ? bias + column : 0, end == CK_LINEAR_GELU);
                    if (!whole)
                        for (size_t k = 0; k < kept; k++)
                            memcpy(place + k * outputs, edge + k * CK_LINEAR_PANEL, columns * sizeof *y);
                }
            }
        }
    }
}
