/* ck_attention over the names of ck_lanes_avx2.h and the product of ck_linear_vector.h: scores of PAIR_ROWS queries with
   all keys, their softmax and its product with the values while they are in the first-level cache. */
#include "ck_attention_shape.h"

/* A key's block of coordinates, and zeros, as pairs of integers; returns their scale. */
SIMD static float NAME(round_key)(const float *key, size_t count, ck_pair *pairs) {
    float last[CK_LINEAR_STEP] = {0}, scale;
    size_t whole = count / CK_LINEAR_STEP * CK_LINEAR_STEP;
    if (whole < count) memcpy(last, key + whole, (count - whole) * sizeof *key);
    ivec highest = ZERO_PAIRS();
    vec sum = SET(0);
    for (size_t i = 0; i < count; i += LANES) {
        const float *lanes = i < whole ? key + i : last + i - whole;
        highest = HIGHER_MAGNITUDE(highest, lanes);
        sum = ADD(sum, MAX(LOAD(lanes), SUB(SET(0), LOAD(lanes))));
    }
    float factor = ck_attention_factor(HIGHEST_BITS(highest), SUM(sum), count, CK_LINEAR_SUM, &scale);
    for (size_t i = 0; i < count; i += CK_LINEAR_STEP)
        STORE_ROUNDED((int16_t *)(pairs + i / 2), i < whole ? key + i : last, factor);
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
                int is_there = panel + c < count;
                const float *key = keys + (panel + c) * stride + first;
                scales[c] = is_there ? NAME(round_key)(key, ck_least(inputs, width - first), pairs) : 0;
                if (!is_there) memset(pairs, 0, sizeof pairs);
                for (size_t i = 0; i < inputs / 2; i++) target[i * CK_LINEAR_PANEL + c] = pairs[i];
            }
            packed += inputs * CK_LINEAR_PANEL;
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
        for (size_t first = 0; first < count; first += CK_LINEAR_BLOCK, scales += CK_LINEAR_PANEL) {
            size_t tokens = ck_least(CK_LINEAR_BLOCK, count - first), padded = ck_round_up(tokens, CK_LINEAR_STEP);
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
                factors[c] = ck_attention_factor(highest[c], sums[c], tokens, CK_ATTENTION_SUM, scales + c);
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
                    STORE_PAIRS(packed + 2 * LANES * c, JOIN_PAIRS(even, odd));
                }
            }
        }
    }
}

/* A query's scores, in units of ln 2 but for the bias, to integer weights, the highest CK_ATTENTION_HIGHEST, and zeros to a
   multiple of CK_LINEAR_STEP; returns what makes their sum 1. The scores are overwritten. */
SIMD static float NAME(weigh)(float *scores, const float *bias, size_t count, int16_t *weights) {
    vec highs = SET(-INFINITY), sums = SET(0);
    size_t whole = count / LANES * LANES, end = ck_round_up(count, CK_LINEAR_STEP);
    if (bias) {
        for (size_t c = 0; c < whole; c += LANES) STORE(scores + c, FMA(LOAD(bias + c), SET(CK_LOG2E), LOAD(scores + c)));
        for (size_t c = whole; c < count; c++) scores[c] += bias[c] * CK_LOG2E;
    }
    for (size_t c = count; c < end; c++) scores[c] = -INFINITY;
    for (size_t c = 0; c < end; c += LANES) highs = MAX(LOAD(scores + c), highs);
    vec highest = SET(HIGHEST(highs));
    for (size_t c = 0; c < end; c += CK_LINEAR_STEP) {
        float *row = scores + c;
        for (size_t lane = 0; lane < CK_LINEAR_STEP; lane += LANES) {
            vec weight = NAME(exp2_lanes)(SUB(LOAD(row + lane), highest));
            sums = ADD(sums, weight);
            STORE(row + lane, weight);
        }
        STORE_ROUNDED(weights + c, row, CK_ATTENTION_HIGHEST);
    }
    return 1 / (CK_ATTENTION_HIGHEST * SUM(sums));
}

SIMD void NAME(ck_attention)(const float *projected, size_t count, size_t heads, size_t width, const float *bias,
                             size_t bias_step, float *mixed, float *scratch) {
    ck_attention_parts parts = ck_attention_layout(count, width);
    float *base = (float *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63), edge[PAIR_ROWS * CK_LINEAR_PANEL];
    int16_t *keys = (int16_t *)(base + parts.keys), *values = (int16_t *)(base + parts.values);
    int16_t *queries = (int16_t *)(base + parts.queries), *weights = (int16_t *)(base + parts.weights);
    float *query_scales = base + parts.query_scales, *weight_scales = base + parts.weight_scales;
    float *scores = base + parts.scores;
    size_t hidden = heads * width, stride = 3 * hidden, padded = ck_round_up(count, CK_LINEAR_PANEL);
    size_t inputs = ck_round_up(width, CK_LINEAR_STEP), tokens = ck_round_up(count, CK_LINEAR_STEP);
    size_t input_blocks = ck_blocks(width), token_blocks = ck_blocks(count);
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
                float *scales = query_scales + (size_t)r * input_blocks;
                NAME(quantise)(source + query * stride, width, inputs, queries + (size_t)r * inputs, scales);
                for (size_t b = 0; b < input_blocks; b++) scales[b] *= scale;
                // A head's rows lie too far apart to be fetched ahead by themselves.
                for (size_t i = 0; head + 1 < heads && i < 3 * width; i += CK_CACHE_LINE)
                    __builtin_prefetch(source + query * stride + i / width * hidden + width + i % width);
            }
            for (size_t key = 0; key < count; key += CK_LINEAR_PANEL)
                NAME(multiply_pairs)(queries, inputs, query_scales, input_blocks, keys + key * inputs,
                                     base + parts.key_scales + key * input_blocks, inputs, 0, scores + key, padded);
            EACH_PAIR_ROW {
                size_t query = first + ck_least((size_t)r, rows - 1);
                ptrdiff_t zero = (ptrdiff_t)(head * bias_step) - (ptrdiff_t)query;
                float *row = scores + (size_t)r * padded, *scales = weight_scales + (size_t)r * token_blocks;
                float inverse = NAME(weigh)(row, bias ? bias + zero : 0, count, weights + (size_t)r * tokens);
                for (size_t b = 0; b < token_blocks; b++) scales[b] = inverse;
            }
            for (size_t column = 0; column < width; column += CK_LINEAR_PANEL) {
                size_t columns = ck_least(CK_LINEAR_PANEL, width - column);
                float *target = mixed + first * hidden + head * width + column;
                int whole = rows == PAIR_ROWS && columns == CK_LINEAR_PANEL;
                NAME(multiply_pairs)(weights, tokens, weight_scales, token_blocks, values + column * tokens,
                                     base + parts.value_scales + column * token_blocks, tokens, 0,
                                     whole ? target : edge, whole ? hidden : CK_LINEAR_PANEL);
                for (size_t r = 0; !whole && r < rows; r++)
                    memcpy(target + r * hidden, edge + r * CK_LINEAR_PANEL, columns * sizeof *edge);
            }
        }
    }
}
