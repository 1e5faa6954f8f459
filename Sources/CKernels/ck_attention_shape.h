#pragma once
#include "ck_linear_shape.h"

/* Where ck_attention keeps its parts of the scratch, in floats from its first cache line on. */
typedef struct {
    size_t keys, key_scales;     /* of a head, in panels of 16 keys */
    size_t values, value_scales; /* of a head, in panels of 16 coordinates */
    size_t queries, query_scales, query_sums;
    size_t scores;               /* floats, a row for each query of a tile */
    size_t highs;                /* the highest of each block of a row of scores */
    size_t weights, weight_scales, weight_sums;
    size_t total;
} ck_attention_parts;

enum {
    CK_ATTENTION_BLOCK = 64,      /* tokens that share a scale */
    CK_ATTENTION_ROWS = 12,       /* of the tallest tile */
    CK_ATTENTION_HIGHEST = 16383, /* a block's highest weight; a bit more than states have, as most are far below it */
};

static inline ck_attention_parts ck_attention_layout(size_t count, size_t width) {
    size_t end = 0, keys = ck_round_up(count, CK_LINEAR_PANEL), columns = ck_round_up(width, CK_LINEAR_PANEL);
    size_t tokens = ck_round_up(count, CK_LINEAR_STEP), inputs = ck_round_up(width, CK_LINEAR_STEP);
    ck_attention_parts parts;
#define PART(name, floats) parts.name = end, end += ck_round_up(floats, CK_CACHE_LINE)
    PART(keys, keys * ck_packed(inputs, CK_LINEAR_BLOCK) / 2);
    PART(key_scales, keys * ck_blocks(width, CK_LINEAR_BLOCK));
    PART(values, columns * ck_packed(tokens, CK_ATTENTION_BLOCK) / 2);
    PART(value_scales, columns * ck_blocks(count, CK_ATTENTION_BLOCK));
    PART(queries, CK_ATTENTION_ROWS * inputs / 2);
    PART(query_scales, CK_ATTENTION_ROWS * ck_blocks(width, CK_LINEAR_BLOCK));
    PART(query_sums, CK_ATTENTION_ROWS * ck_blocks(width, CK_LINEAR_BLOCK));
    PART(scores, CK_ATTENTION_ROWS * keys);
    PART(highs, CK_ATTENTION_ROWS * ck_round_up(ck_blocks(count, CK_ATTENTION_BLOCK), CK_CACHE_LINE));
    PART(weights, CK_ATTENTION_ROWS * tokens / 2);
    PART(weight_scales, CK_ATTENTION_ROWS * ck_blocks(count, CK_ATTENTION_BLOCK));
    PART(weight_sums, CK_ATTENTION_ROWS * ck_blocks(count, CK_ATTENTION_BLOCK));
#undef PART
    parts.total = end;
    return parts;
}

/* What a block of weights with this highest magnitude and sum of magnitudes is multiplied by, so that its product with
   states fits 32 bits, and the scale of the result; `count` of them are rounded by at most a half each, and their
   magnitudes add up to no more than `most` then. */
static inline float ck_attention_factor(uint32_t bits, float sum, size_t count, int states, float *scale) {
    float highest;
    __builtin_memcpy(&highest, &bits, 4);
    // A little less than the bound, as the sum has been rounded.
    float bound = ((float)(INT32_MAX / states) * 0.9999f - (float)count) / sum, factor = (float)(INT16_MAX - states) / highest;
    factor = bound < factor ? bound : factor;
    int finite = bits < CK_INFINITY && sum < __builtin_inff(), any = finite && highest >= CK_LINEAR_LOWEST;
    *scale = any ? 1 / factor : finite ? 0 : __builtin_nanf("");
    return any ? factor : 0;
}
