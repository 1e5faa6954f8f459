#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* What the packing and the kernels agree on. A tile's weights for a group of inputs (12 KB a panel) stay in the first-level
   cache while the rows of a block (144 KB) pass by them from the second. */
enum {
    CK_LINEAR_PANEL = 16,      /* outputs in a panel */
    CK_LINEAR_BLOCK = 128,     /* inputs that share a scale */
    CK_LINEAR_GROUP = 384,     /* inputs in a group: whole blocks */
    CK_LINEAR_STEP = 16,       /* inputs are padded to a multiple of it */
    CK_CACHE_LINE = 16,        /* floats */
    CK_LINEAR_ROWS = 192,      /* rows in a block; a multiple of each kernel's rows */
    CK_LINEAR_HIGHEST = 16000, /* magnitude of a quantised state */
    CK_LINEAR_WEIGHT = INT16_MAX - CK_LINEAR_HIGHEST, /* and of a weight: their sum is a 16-bit integer */
    CK_LINEAR_NORM = 85000,    /* of a row's states in a block: few have a larger one at that magnitude */
    CK_LINEAR_WEIGHT_NORM = INT32_MAX / CK_LINEAR_NORM, /* and of an output's weights */
    CK_LINEAR_ALONE = 32, /* times the sum of the others' squares is what makes a state an outlier of its block */
};

/* Below it a block counts as 0: 16000 / h has to be finite. */
#define CK_LINEAR_LOWEST 0x1p-100f

/* Two states, read at once. */
typedef int32_t ck_pair __attribute__((aligned(2), may_alias));

static inline size_t ck_round_up(size_t count, size_t step) { return (count + step - 1) / step * step; }
static inline size_t ck_blocks(size_t count, size_t block) { return ck_round_up(count, block) / block; }
static inline size_t ck_least(size_t a, size_t b) { return a < b ? a : b; }

/* 16-bit integers that so many inputs, whole blocks but for the last, take in the packed weights of an output: a block's
   weights come after minus the sum of the products of those that are two apart, w₀w₂ + w₁w₃ of every four, in 32 bits. */
static inline size_t ck_packed(size_t inputs, size_t block) { return inputs + 2 * ck_blocks(inputs, block); }

/* The bits of |x| order all numbers, those that are not finite as the highest. */
enum { CK_MAGNITUDE = 0x7fffffff, CK_INFINITY = 0x7f800000 };

/* What a block with this highest magnitude is multiplied by, and the scale of the result. */
static inline float ck_linear_factor(uint32_t bits, float *scale) {
    float highest;
    __builtin_memcpy(&highest, &bits, 4);
    int finite = bits < CK_INFINITY, any = finite && highest >= CK_LINEAR_LOWEST;
    *scale = any ? highest / CK_LINEAR_HIGHEST : finite ? 0 : __builtin_nanf("");
    return any ? CK_LINEAR_HIGHEST / highest : 0;
}

/* Brings down a factor, and its scale, with which a block of states has this sum of squares, if that is above
   CK_LINEAR_NORM's; returns whether it was. Rounding adds to a block's norm what 12 leaves room for, twice. */
static inline int ck_linear_lower(uint64_t squares, float *factor, float *scale) {
    if (squares <= (uint64_t)CK_LINEAR_NORM * CK_LINEAR_NORM) return 0;
    float ratio = (CK_LINEAR_NORM - 12) / sqrtf((float)squares);
    *factor *= ratio, *scale /= ratio;
    return 1;
}

/* A state that is multiplied apart from its block. */
typedef struct {
    float value;
    uint16_t row, input; /* among the rows at hand; in the group */
} ck_outlier;

/* Whether a block of states, the highest of which is CK_LINEAR_HIGHEST, with this sum of squares has an outlier; one of
   zeros has none. */
static inline int ck_linear_has_outlier(uint64_t squares) {
    uint64_t highest = (uint64_t)CK_LINEAR_HIGHEST * CK_LINEAR_HIGHEST;
    return squares >= highest && squares <= highest + highest / CK_LINEAR_ALONE;
}

/* Where the outlier of a block is among its integers. */
static inline size_t ck_linear_find_outlier(const int16_t *states) {
    size_t place = 0;
    while (states[place] != CK_LINEAR_HIGHEST && states[place] != -CK_LINEAR_HIGHEST) place++;
    return place;
}

/* Adds an outlier's products to a row's first `outputs` outputs of a panel of a group, and of its scales. */
static inline __attribute__((always_inline)) void ck_linear_add_outlier(ck_outlier outlier, const int16_t *panel,
                                                                        const float *scales, size_t outputs, float *y) {
    size_t block = outlier.input / CK_LINEAR_BLOCK, place = outlier.input % CK_LINEAR_BLOCK;
    panel += (ck_packed(block * CK_LINEAR_BLOCK, CK_LINEAR_BLOCK) + 2 + place / 2 * 2) * CK_LINEAR_PANEL + place % 2;
    scales += block * CK_LINEAR_PANEL;
    for (size_t o = 0; o < outputs; o++) y[o] = fmaf((float)panel[2 * o] * scales[o], outlier.value, y[o]);
}
