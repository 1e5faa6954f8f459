/* ck_attention over the names of ck_lanes_avx2.h and the product of ck_linear_vector.h: scores of PAIR_ROWS queries with
   all keys, their softmax and its product with the values while they are in the first-level cache. */
#include <float.h>

#include "ck_attention_shape.h"

/* A key's block of coordinates, and zeros, as pairs of integers, and the sum of products as for ck_packed; returns their
   scale. */
SIMD static float NAME(round_key)(const float *key, size_t count, ck_pair *pairs, int32_t *products) {
    float padded[CK_LINEAR_BLOCK], scale;
    size_t end = ck_round_up(count, CK_LINEAR_STEP);
    if (count < end) {
        memset(padded, 0, end * sizeof *padded);
        key = memcpy(padded, key, count * sizeof *padded);
    }
    ivec highest = ZERO_PAIRS();
    vec sum = SET(0);
    for (size_t i = 0; i < end; i += LANES) {
        highest = HIGHER_MAGNITUDE(highest, key + i);
        sum = ADD(sum, MAX(LOAD(key + i), SUB(SET(0), LOAD(key + i))));
    }
    float factor = ck_attention_factor(HIGHEST_BITS(highest), SUM(sum), count, CK_LINEAR_HIGHEST, &scale);
    NAME(round_all)(key, factor, end, (int16_t *)pairs, products);
    return scale;
}

/* One head's keys as panels of weights over coordinates; keys that are missing are 0. */
SIMD static void NAME(pack_keys)(const float *keys, size_t stride, size_t count, size_t width, int16_t *packed,
                                 float *scales) {
    size_t padded = ck_round_up(width, CK_LINEAR_STEP);
    for (size_t panel = 0; panel < count; panel += CK_LINEAR_PANEL)
        for (size_t first = 0; first < padded; first += CK_LINEAR_BLOCK, scales += CK_LINEAR_PANEL) {
            size_t inputs = ck_least(CK_LINEAR_BLOCK, padded - first);
            ck_pair pairs[CK_LINEAR_BLOCK / 2], *target = (ck_pair *)packed;
            for (size_t c = 0; c < CK_LINEAR_PANEL; c++) {
                const float *key = keys + (panel + c) * stride + first;
                int32_t products = 0;
                scales[c] = 0;
                if (panel + c < count)
                    scales[c] = NAME(round_key)(key, ck_least(inputs, width - first), pairs, &products);
                else memset(pairs, 0, sizeof pairs);
                target[c] = products;
                for (size_t i = 0; i < inputs / 2; i++) target[(i + 1) * CK_LINEAR_PANEL + c] = pairs[i];
            }
            packed += ck_packed(inputs, CK_LINEAR_BLOCK) * CK_LINEAR_PANEL;
        }
}

/* One head's values as panels of weights over tokens; coordinates and tokens that are missing are 0. */
SIMD static void NAME(pack_values)(const float *values, size_t stride, size_t count, size_t width, int16_t *packed,
                                   float *scales) {
    float row[2][CK_LINEAR_PANEL];
    static const float none[CK_LINEAR_PANEL];
    for (size_t panel = 0; panel < width; panel += CK_LINEAR_PANEL) {
        size_t columns = ck_least(CK_LINEAR_PANEL, width - panel);
        memset(row, 0, sizeof row);
        for (size_t first = 0; first < count; first += CK_ATTENTION_BLOCK, scales += CK_LINEAR_PANEL) {
            size_t tokens = ck_least(CK_ATTENTION_BLOCK, count - first), padded = ck_round_up(tokens, CK_LINEAR_STEP);
            const float *source = values + first * stride + panel;
            uint32_t highest[CK_LINEAR_PANEL];
            float sums[CK_LINEAR_PANEL], factors[CK_LINEAR_PANEL];
            ivec highs[PAIR_COLUMNS];
            vec sum[PAIR_COLUMNS];
            EACH_PAIR_COLUMN highs[c] = ZERO_PAIRS(), sum[c] = SET(0);
            for (size_t t = 0; t < tokens; t++) {
                const float *value = source + t * stride;
                if (columns < CK_LINEAR_PANEL) value = memcpy(row[0], value, columns * sizeof *value);
                EACH_PAIR_COLUMN {
                    vec lanes = LOAD(value + LANES * c);
                    highs[c] = HIGHER_MAGNITUDE(highs[c], value + LANES * c);
                    sum[c] = ADD(sum[c], MAX(lanes, SUB(SET(0), lanes)));
                }
            }
            EACH_PAIR_COLUMN STORE_PAIRS(highest + LANES * c, highs[c]), STORE(sums + LANES * c, sum[c]);
            for (size_t c = 0; c < CK_LINEAR_PANEL; c++)
                factors[c] = ck_attention_factor(highest[c], sums[c], tokens, CK_ATTENTION_HIGHEST, scales + c);
            int16_t *products = packed;
            ivec earlier[PAIR_COLUMNS], product[PAIR_COLUMNS];
            EACH_PAIR_COLUMN product[c] = ZERO_PAIRS();
            packed += 2 * CK_LINEAR_PANEL;
            for (size_t t = 0; t < padded; t += 2, packed += 2 * CK_LINEAR_PANEL) {
                const float *pair[2];
                for (size_t i = 0; i < 2; i++) {
                    pair[i] = t + i < tokens ? source + (t + i) * stride : none;
                    if (t + i < tokens && columns < CK_LINEAR_PANEL)
                        pair[i] = memcpy(row[i], pair[i], columns * sizeof **row);
                }
                EACH_PAIR_COLUMN {
                    vec factor = LOAD(factors + LANES * c);
                    ivec even = FLOAT_TO_SUMS(MUL(LOAD(pair[0] + LANES * c), factor));
                    ivec odd = FLOAT_TO_SUMS(MUL(LOAD(pair[1] + LANES * c), factor));
                    ivec joined = JOIN_PAIRS(even, odd);
                    STORE_PAIRS(packed + 2 * LANES * c, joined);
                    if (TWO_AT_ONCE && t % 4 > 0) product[c] = SUB_SUMS(product[c], MULTIPLY_PAIRS(earlier[c], joined));
                    earlier[c] = joined;
                }
            }
            EACH_PAIR_COLUMN STORE_PAIRS(products + 2 * LANES * c, product[c]);
        }
    }
}

/* Adds the bias to a query's scores, which are in units of ln 2, fills them up to a multiple of CK_LINEAR_STEP, and finds
   the highest of each block. */
SIMD static void NAME(highest_scores)(float *scores, const float *bias, size_t count, float *highs) {
    size_t whole = count / LANES * LANES, end = ck_round_up(count, CK_LINEAR_STEP);
    if (bias) {
        for (size_t c = 0; c < whole; c += LANES) STORE(scores + c, FMA(LOAD(bias + c), SET(CK_LOG2E), LOAD(scores + c)));
        for (size_t c = whole; c < count; c++) scores[c] += bias[c] * CK_LOG2E;
    }
    for (size_t c = count; c < end; c++) scores[c] = -INFINITY;
    for (size_t first = 0; first < end; first += CK_ATTENTION_BLOCK) {
        // Finite, for what is far below it has to be 0 and not NaN.
        vec high = SET(-FLT_MAX);
        for (size_t c = first; c < ck_least(first + CK_ATTENTION_BLOCK, end); c += LANES) high = MAX(LOAD(scores + c), high);
        *highs++ = HIGHEST(high);
    }
}

/* Scores of a block to integer weights, that of `highest` CK_ATTENTION_HIGHEST, and `products` as for ck_packed; `count` is a
   multiple of CK_LINEAR_STEP. Returns the weights' sum before they are rounded. */
SIMD static inline float NAME(weigh_block)(const float *scores, float highest, size_t count, int16_t *weights,
                                           int32_t *products) {
    enum { VECTORS = CK_LINEAR_STEP / LANES };
    __m256i product_sums = _mm256_setzero_si256();
    vec sums[VECTORS], high = SET(highest);
    for (size_t l = 0; l < VECTORS; l++) sums[l] = SET(0);
    for (size_t c = 0; c < count; c += CK_LINEAR_STEP) {
        vec lanes[VECTORS];
        for (size_t l = 0; l < VECTORS; l++) {
            // At −126 a weight is far below what is rounded to 0.
            vec power = MAX(SET(-126), SUB(LOAD(scores + c + LANES * l), high));
            lanes[l] = NAME(exp2_lanes)(power, CK_ATTENTION_HIGHEST);
            sums[l] = ADD(sums[l], lanes[l]);
        }
        __m256i rounded = ROUND_ALL(lanes);
        _mm256_storeu_si256((__m256i *)(weights + c), rounded);
        product_sums = NAME(less_products)(product_sums, rounded);
    }
    *products = NAME(add_all)(product_sums);
    for (size_t l = 1; l < VECTORS; l++) sums[0] = ADD(sums[0], sums[l]);
    return SUM(sums[0]);
}

/* A query's scores, up to a multiple of CK_LINEAR_STEP, to integer weights with a scale for each block, with which their sum
   is 1; `highs` has each block's highest, and room up to a multiple of LANES. */
SIMD static void NAME(weigh)(const float *scores, float *highs, size_t count, int16_t *weights, float *scales,
                             int32_t *products) {
    size_t blocks = ck_blocks(count, CK_ATTENTION_BLOCK);
    float highest = highs[0], sum = 0;
    for (size_t b = 0; b < blocks; b++) {
        size_t first = b * CK_ATTENTION_BLOCK, tokens = ck_least(CK_ATTENTION_BLOCK, count - first);
        scales[b] = NAME(weigh_block)(scores + first, highs[b], tokens, weights + first, products + b);
        highest = highs[b] > highest ? highs[b] : highest;
    }
    // From here on what a block's highest weight is to the row's; of one block, which most texts are, it is known.
    if (blocks == 1) highs[0] = 1;
    else
        for (size_t b = 0; b < blocks; b += LANES)
            STORE(highs + b, NAME(exp2_lanes)(MAX(SET(-126), SUB(LOAD(highs + b), SET(highest))), 1));
    for (size_t b = 0; b < blocks; b++) sum = fmaf(scales[b], highs[b], sum);
    // Scores that are all −∞ have overflowed.
    float inverse = highest > -FLT_MAX ? 1 / sum : NAN;
    for (size_t b = 0; b < blocks; b++) scales[b] = highs[b] * inverse;
}

SIMD void NAME(ck_attention)(const float *projected, size_t count, size_t heads, size_t width, const float *bias,
                             size_t bias_step, float *mixed, float *scratch) {
    ck_attention_parts parts = ck_attention_layout(count, width);
    float *base = (float *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63);
    float tile[PAIR_ROWS * TILE_WIDTH] __attribute__((aligned(64)));
    static const float zeros[TILE_WIDTH] __attribute__((aligned(64)));
    int16_t *keys = (int16_t *)(base + parts.keys), *values = (int16_t *)(base + parts.values);
    size_t input_blocks = ck_blocks(width, CK_LINEAR_BLOCK), token_blocks = ck_blocks(count, CK_ATTENTION_BLOCK);
    NAME(ck_rows) queries = {(int16_t *)(base + parts.queries), ck_round_up(width, CK_LINEAR_STEP),
                             base + parts.query_scales, (int32_t *)(base + parts.query_sums), input_blocks};
    NAME(ck_rows) weights = {(int16_t *)(base + parts.weights), ck_round_up(count, CK_LINEAR_STEP),
                             base + parts.weight_scales, (int32_t *)(base + parts.weight_sums), token_blocks};
    float *scores = base + parts.scores, *highs = base + parts.highs;
    size_t high_stride = ck_round_up(token_blocks, CK_CACHE_LINE);
    size_t hidden = heads * width, stride = 3 * hidden, padded = ck_round_up(count, CK_LINEAR_PANEL);
    size_t inputs = ck_round_up(width, CK_LINEAR_STEP), tokens = ck_round_up(count, CK_LINEAR_STEP);
    float scale = CK_LOG2E / sqrtf((float)width);
    for (size_t head = 0; head < heads; head++) {
        const float *source = projected + head * width;
        NAME(pack_keys)(source + hidden, stride, count, width, keys, base + parts.key_scales);
        NAME(pack_values)(source + 2 * hidden, stride, count, width, values, base + parts.value_scales);
        for (size_t first = 0; first < count; first += PAIR_ROWS) {
            size_t rows = ck_least(PAIR_ROWS, count - first);
            // Rows that fill the last tile repeat the last query; nothing of them is kept.
            EACH_PAIR_ROW {
                size_t query = first + ck_least((size_t)r, rows - 1);
                float *scales = queries.scales + (size_t)r * input_blocks;
                NAME(quantise)(source + query * stride, width, inputs, &queries, (size_t)r, 0);
                for (size_t b = 0; b < input_blocks; b++) scales[b] *= scale;
                // A head's rows lie too far apart to be fetched ahead by themselves.
                for (size_t part = 0; part < 3 && head + 1 < heads; part++)
                    for (size_t i = 0; i < width; i += CK_CACHE_LINE)
                        __builtin_prefetch(source + query * stride + part * hidden + width + i);
            }
            NAME(multiply_pairs)(&queries, 0, keys, base + parts.key_scales, inputs, CK_LINEAR_BLOCK, zeros, 0, scores,
                                 padded, padded / CK_LINEAR_PANEL);
            // Apart from the weights, as these wait for the highest.
            for (size_t r = 0; r < PAIR_ROWS; r++) {
                size_t query = first + ck_least(r, rows - 1);
                ptrdiff_t zero = (ptrdiff_t)(head * bias_step) - (ptrdiff_t)query;
                NAME(highest_scores)(scores + r * padded, bias ? bias + zero : 0, count, highs + r * high_stride);
            }
            for (size_t r = 0; r < PAIR_ROWS; r++)
                NAME(weigh)(scores + r * padded, highs + r * high_stride, tokens, weights.values + r * tokens,
                            weights.scales + r * token_blocks, weights.sums + r * token_blocks);
            for (size_t column = 0; column < width; column += TILE_WIDTH) {
                size_t columns = ck_least(TILE_WIDTH, width - column);
                float *place = mixed + first * hidden + head * width + column;
                int whole = rows == PAIR_ROWS && columns == TILE_WIDTH;
                NAME(multiply_pairs)(&weights, 0, values + column * ck_packed(tokens, CK_ATTENTION_BLOCK),
                                     base + parts.value_scales + column * token_blocks, tokens, CK_ATTENTION_BLOCK,
                                     zeros, 0, whole ? place : tile, whole ? hidden : TILE_WIDTH,
                                     ck_blocks(columns, CK_LINEAR_PANEL));
                if (!whole) NAME(copy_rows)(tile, TILE_WIDTH, rows, columns, place, hidden);
            }
        }
    }
}
