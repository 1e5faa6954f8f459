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
        const float *lanes = i < whole ? key + i : last + (i - whole);
        highest = HIGHER_MAGNITUDE(highest, lanes);
        sum = ADD(sum, MAX(LOAD(lanes), SUB(SET(0), LOAD(lanes))));
    }
    float factor = ck_attention_factor(HIGHEST_BITS(highest), SUM(sum), count, CK_LINEAR_HIGHEST, &scale);
    NAME(round_all)(key, factor, whole, (int16_t *)pairs);
    if (whole < count) NAME(round_all)(last, factor, CK_LINEAR_STEP, (int16_t *)(pairs + whole / 2));
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
                target[c] = NAME(sum_products)((const int16_t *)pairs, inputs);
                for (size_t i = 0; i < inputs / 2; i++) target[(i + 1) * CK_LINEAR_PANEL + c] = pairs[i];
            }
            packed += ck_packed(inputs) * CK_LINEAR_PANEL;
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
                    if (t % 4 > 0) product[c] = SUB_SUMS(product[c], MULTIPLY_PAIRS(earlier[c], joined));
                    earlier[c] = joined;
                }
            }
            EACH_PAIR_COLUMN STORE_PAIRS(products + 2 * LANES * c, product[c]);
        }
    }
}

/* Scores of PAIR_ROWS queries with a panel of keys. */
SIMD static inline void NAME(score)(const NAME(ck_rows) * queries, const int16_t *keys, const float *scales,
                                    size_t inputs, float *scores, size_t stride) {
    for (size_t first = 0, place = 0; first < inputs; first += CK_LINEAR_BLOCK, scales += CK_LINEAR_PANEL, place++) {
        size_t count = ck_least(CK_LINEAR_BLOCK, inputs - first);
        ivec sums[PAIR_ROWS][PAIR_COLUMNS];
        NAME(sum_pairs)(queries->values + first, queries->stride, queries->sums + place, queries->blocks, keys, count, sums);
        keys += ck_packed(count) * CK_LINEAR_PANEL;
        EACH_PAIR_ROW {
            vec scale = SET(queries->scales[(size_t)r * queries->blocks + place]);
            EACH_PAIR_COLUMN {
                float *target = scores + (size_t)r * stride + LANES * c;
                vec score = MUL(MUL(SUMS_TO_FLOAT(sums[r][c]), LOAD(scales + LANES * c)), scale);
                STORE(target, first > 0 ? ADD(LOAD(target), score) : score);
            }
        }
    }
}

/* A query's scores, in units of ln 2 but for the bias, to integer weights, the highest CK_ATTENTION_HIGHEST, and zeros to a
   multiple of CK_LINEAR_STEP; returns what makes their sum 1. The scores are overwritten. */
SIMD static inline float NAME(weigh)(float *scores, const float *bias, size_t count, int16_t *weights) {
    enum { VECTORS = CK_LINEAR_STEP / LANES };
    vec highs[VECTORS], sums[VECTORS], high, sum;
    for (size_t l = 0; l < VECTORS; l++) highs[l] = SET(-INFINITY), sums[l] = SET(0);
    size_t whole = count / LANES * LANES, end = ck_round_up(count, CK_LINEAR_STEP);
    if (bias) {
        for (size_t c = 0; c < whole; c += LANES) STORE(scores + c, FMA(LOAD(bias + c), SET(CK_LOG2E), LOAD(scores + c)));
        for (size_t c = whole; c < count; c++) scores[c] += bias[c] * CK_LOG2E;
    }
    for (size_t c = count; c < end; c++) scores[c] = -INFINITY;
    for (size_t c = 0; c < end; c += CK_LINEAR_STEP)
        for (size_t l = 0; l < VECTORS; l++) highs[l] = MAX(LOAD(scores + c + LANES * l), highs[l]);
    high = highs[0];
    for (size_t l = 1; l < VECTORS; l++) high = MAX(high, highs[l]);
    high = SET(HIGHEST(high));
    for (size_t c = 0; c < end; c += CK_LINEAR_STEP) {
        vec lanes[VECTORS];
        for (size_t l = 0; l < VECTORS; l++) {
            // At −126 a weight is far below what is rounded to 0.
            vec power = MAX(SET(-126), SUB(LOAD(scores + c + LANES * l), high));
            lanes[l] = NAME(exp2_lanes)(power, CK_ATTENTION_HIGHEST);
            sums[l] = ADD(sums[l], lanes[l]);
        }
        STORE_ROUNDED(weights + c, lanes);
    }
    sum = sums[0];
    for (size_t l = 1; l < VECTORS; l++) sum = ADD(sum, sums[l]);
    return 1 / SUM(sum);
}

SIMD void NAME(ck_attention)(const float *projected, size_t count, size_t heads, size_t width, const float *bias,
                             size_t bias_step, float *mixed, float *scratch) {
    ck_attention_parts parts = ck_attention_layout(count, width);
    float *base = (float *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63);
    float tile[PAIR_ROWS * CK_LINEAR_PANEL] __attribute__((aligned(64)));
    int16_t *keys = (int16_t *)(base + parts.keys), *values = (int16_t *)(base + parts.values);
    NAME(ck_rows) queries = {(int16_t *)(base + parts.queries), ck_round_up(width, CK_LINEAR_STEP),
                             base + parts.query_scales, (int32_t *)(base + parts.query_sums), ck_blocks(width)};
    NAME(ck_rows) weights = {(int16_t *)(base + parts.weights), ck_round_up(count, CK_LINEAR_STEP),
                             base + parts.weight_scales, (int32_t *)(base + parts.weight_sums), ck_blocks(count)};
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
                float *scales = queries.scales + (size_t)r * input_blocks;
                NAME(quantise)(source + query * stride, width, inputs, &queries, (size_t)r);
                for (size_t b = 0; b < input_blocks; b++) scales[b] *= scale;
                // A head's rows lie too far apart to be fetched ahead by themselves.
                for (size_t part = 0; part < 3 && head + 1 < heads; part++)
                    for (size_t i = 0; i < width; i += CK_CACHE_LINE)
                        __builtin_prefetch(source + query * stride + part * hidden + width + i);
            }
            for (size_t key = 0; key < count; key += CK_LINEAR_PANEL)
                NAME(score)(&queries, keys + key * ck_packed(inputs), base + parts.key_scales + key * input_blocks, inputs,
                            scores + key, padded);
            EACH_PAIR_ROW {
                size_t query = first + ck_least((size_t)r, rows - 1);
                ptrdiff_t zero = (ptrdiff_t)(head * bias_step) - (ptrdiff_t)query;
                float *row = scores + (size_t)r * padded;
                int16_t *values = weights.values + (size_t)r * tokens;
                float inverse = NAME(weigh)(row, bias ? bias + zero : 0, count, values);
                for (size_t b = 0; b < token_blocks; b++) {
                    size_t from = b * CK_LINEAR_BLOCK, place = (size_t)r * token_blocks + b;
                    weights.scales[place] = inverse;
                    weights.sums[place] = NAME(sum_products)(values + from, ck_least(CK_LINEAR_BLOCK, tokens - from));
                }
            }
            for (size_t column = 0; column < width; column += CK_LINEAR_PANEL) {
                memset(tile, 0, sizeof tile);
                NAME(multiply_pairs)(&weights, 0, values + column * ck_packed(tokens),
                                     base + parts.value_scales + column * token_blocks, tokens, tile);
                NAME(copy_tile)(tile, CK_LINEAR_PANEL, rows, ck_least(CK_LINEAR_PANEL, width - column),
                                mixed + first * hidden + head * width + column, hidden);
            }
        }
    }
}
