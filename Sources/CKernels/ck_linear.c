#include "ck_linear.h"

#include <math.h>
#include <string.h>

#include "ck_encoder_math.h"
#include "ck_level.h"
#include "ck_linear_shape.h"

size_t ck_linear_padded(size_t outputs) { return ck_round_up(outputs, CK_LINEAR_PANEL); }

size_t ck_linear_packed_count(size_t outputs, size_t inputs) {
    return ck_linear_padded(outputs) * ck_packed(ck_round_up(inputs, CK_LINEAR_STEP), CK_LINEAR_BLOCK);
}

size_t ck_linear_scale_count(size_t outputs, size_t inputs) {
    return ck_linear_padded(outputs) * ck_blocks(inputs, CK_LINEAR_BLOCK);
}

size_t ck_linear_scratch(void) {
    size_t blocks = CK_LINEAR_GROUP / CK_LINEAR_BLOCK, outlier = sizeof(ck_outlier) / sizeof(float);
    return CK_LINEAR_ROWS * (CK_LINEAR_GROUP * sizeof(int16_t) / sizeof(float) + (2 + outlier) * blocks);
}

/* One output's block: the sum that ck_packed speaks of, and the weights, and zeros to `padded`, to every 16th pair; returns
   their scale. */
static float pack_block(const float *weight, size_t count, size_t padded, int16_t *packed) {
    double highest = 0, squares = 0, factor = 0;
    int finite = 1;
    for (size_t i = 0; i < count; i++) {
        double magnitude = fabs((double)weight[i]);
        highest = magnitude > highest ? magnitude : highest;
        squares += magnitude * magnitude;
        finite &= isfinite(weight[i]) != 0;
    }
    if (finite && highest >= CK_LINEAR_LOWEST) {
        // Each is rounded by at most a half.
        double most = (CK_LINEAR_WEIGHT_NORM - 1 - sqrt((double)count) / 2) / sqrt(squares);
        factor = CK_LINEAR_WEIGHT / highest < most ? CK_LINEAR_WEIGHT / highest : most;
    }
    int16_t *pairs = packed + 2 * CK_LINEAR_PANEL;
    for (size_t i = 0; i < padded; i++)
        pairs[i / 2 * 2 * CK_LINEAR_PANEL + i % 2] = i < count && factor > 0 ? (int16_t)lrint(weight[i] * factor) : 0;
    uint32_t products = 0;
    for (size_t i = 0; i < padded; i += 4, pairs += 4 * CK_LINEAR_PANEL)
        for (size_t j = 0; j < 2; j++) products -= (uint32_t)(pairs[j] * pairs[2 * CK_LINEAR_PANEL + j]);
    memcpy(packed, &products, sizeof products);
    return factor > 0 ? (float)(1 / factor) : finite ? 0 : NAN;
}

void ck_linear_pack(const float *weight, size_t outputs, size_t inputs, int16_t *packed, float *scales) {
    size_t padded_outputs = ck_linear_padded(outputs), padded_inputs = ck_round_up(inputs, CK_LINEAR_STEP);
    for (size_t group = 0; group < padded_inputs; group += CK_LINEAR_GROUP) {
        size_t end = ck_least(group + CK_LINEAR_GROUP, padded_inputs);
        for (size_t panel = 0; panel < padded_outputs; panel += CK_LINEAR_PANEL)
            for (size_t first = group; first < end; first += CK_LINEAR_BLOCK) {
                size_t padded = ck_least(CK_LINEAR_BLOCK, end - first), count = ck_least(padded, inputs - first);
                for (size_t o = 0; o < CK_LINEAR_PANEL; o++) {
                    const float *row = weight + (panel + o) * inputs + first;
                    *scales++ = pack_block(row, panel + o < outputs ? count : 0, padded, packed + 2 * o);
                }
                packed += ck_packed(padded, CK_LINEAR_BLOCK) * CK_LINEAR_PANEL;
            }
    }
}

/* A row's block of states as integers; returns the sum of their squares. */
static uint64_t round_block(const float *x, size_t count, int16_t *quantised, float *scale) {
    uint32_t highest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, 4);
        bits &= CK_MAGNITUDE;
        highest = bits > highest ? bits : highest;
    }
    float factor = ck_linear_factor(highest, scale);
    uint64_t squares;
    do {
        squares = 0;
        for (size_t i = 0; i < count; i++) {
            quantised[i] = factor > 0 ? (int16_t)lrintf(x[i] * factor) : 0;
            squares += (uint64_t)(quantised[i] * quantised[i]);
        }
    } while (ck_linear_lower(squares, &factor, scale));
    return squares;
}

/* A row's block of states, and zeros to `padded`, as integers but for its outlier: gives that its value and place, or the
   value 0. Returns the others' scale. */
static float quantise(const float *x, size_t count, size_t padded, int16_t *quantised, ck_outlier *outlier) {
    float states[CK_LINEAR_BLOCK] = {0}, scale;
    memcpy(states, x, count * sizeof *x);
    *outlier = (ck_outlier){0};
    if (ck_linear_has_outlier(round_block(states, padded, quantised, &scale))) {
        size_t place = ck_linear_find_outlier(quantised);
        *outlier = (ck_outlier){.value = states[place], .input = (uint16_t)place};
        states[place] = 0;
        round_block(states, padded, quantised, &scale);
    }
    return scale;
}

void ck_linear_scalar(const float *x, size_t rows, size_t inputs, const int16_t *packed, const float *scales,
                      const float *bias, size_t outputs, ck_linear_end end, float *y, float *scratch) {
    (void)scratch;
    enum { BLOCKS = CK_LINEAR_GROUP / CK_LINEAR_BLOCK };
    size_t padded_outputs = ck_linear_padded(outputs), padded_inputs = ck_round_up(inputs, CK_LINEAR_STEP);
    for (size_t r = 0; r < rows; r++) {
        for (size_t group = 0; group < padded_inputs; group += CK_LINEAR_GROUP) {
            size_t width = ck_least(CK_LINEAR_GROUP, padded_inputs - group), blocks = ck_blocks(width, CK_LINEAR_BLOCK);
            int16_t states[BLOCKS][CK_LINEAR_BLOCK];
            float state_scales[BLOCKS];
            ck_outlier outliers[BLOCKS];
            for (size_t b = 0; b < blocks; b++) {
                size_t first = b * CK_LINEAR_BLOCK, padded = ck_least(CK_LINEAR_BLOCK, width - first);
                size_t count = ck_least(padded, inputs - group - first);
                state_scales[b] = quantise(x + r * inputs + group + first, count, padded, states[b], outliers + b);
                outliers[b].input += (uint16_t)first;
            }
            for (size_t o = 0; o < outputs; o++) {
                size_t panel = o / CK_LINEAR_PANEL * CK_LINEAR_PANEL, place = o - panel;
                const int16_t *weights = packed + padded_outputs * ck_packed(group, CK_LINEAR_BLOCK)
                                         + panel * ck_packed(width, CK_LINEAR_BLOCK) + 2 * place;
                const float *panel_scales = scales + padded_outputs * (group / CK_LINEAR_BLOCK) + panel * blocks + place;
                float value = group > 0 ? y[r * outputs + o] : bias ? bias[o] : 0;
                for (size_t b = 0; b < blocks; b++) {
                    size_t first = b * CK_LINEAR_BLOCK, padded = ck_least(CK_LINEAR_BLOCK, width - first);
                    const int16_t *pairs = weights + (ck_packed(first, CK_LINEAR_BLOCK) + 2) * CK_LINEAR_PANEL;
                    int32_t sum = 0;
                    for (size_t i = 0; i < padded; i++) sum += states[b][i] * pairs[i / 2 * 2 * CK_LINEAR_PANEL + i % 2];
                    value = fmaf((float)sum * panel_scales[b * CK_LINEAR_PANEL], state_scales[b], value);
                }
                for (size_t b = 0; b < blocks; b++)
                    if (outliers[b].value != 0) ck_linear_add_outlier(outliers[b], weights, panel_scales, 1, &value);
                y[r * outputs + o] = value;
            }
        }
        for (size_t o = 0; o < outputs && end == CK_LINEAR_GELU; o++)
            y[r * outputs + o] = ck_gelu_one(y[r * outputs + o]);
    }
}

#if !defined(__x86_64__)
#define CK_SCALAR_AS(level)                                                                                            \
    void ck_linear_##level(const float *x, size_t rows, size_t inputs, const int16_t *packed, const float *scales,     \
                           const float *bias, size_t outputs, ck_linear_end end, float *y, float *scratch) {           \
        ck_linear_scalar(x, rows, inputs, packed, scales, bias, outputs, end, y, scratch);                             \
    }
CK_SCALAR_AS(avx2)
CK_SCALAR_AS(avx512)
CK_SCALAR_AS(avx512vnni)
#endif

void ck_linear(const float *x, size_t rows, size_t inputs, const int16_t *packed, const float *scales, const float *bias,
               size_t outputs, ck_linear_end end, float *y, float *scratch) {
    switch (ck_current_level()) {
    case CK_AVX512:
        if (ck_has_vnni()) ck_linear_avx512vnni(x, rows, inputs, packed, scales, bias, outputs, end, y, scratch);
        else ck_linear_avx512(x, rows, inputs, packed, scales, bias, outputs, end, y, scratch);
        break;
    case CK_AVX2: ck_linear_avx2(x, rows, inputs, packed, scales, bias, outputs, end, y, scratch); break;
    default: ck_linear_scalar(x, rows, inputs, packed, scales, bias, outputs, end, y, scratch);
    }
}
