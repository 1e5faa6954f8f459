#include "ck_linear.h"

#include "ck_level.h"
#include "ck_linear_shape.h"
#include "ck_encoder_math.h"

size_t ck_linear_padded(size_t outputs) {
    return (outputs + CK_LINEAR_PADDING - 1) / CK_LINEAR_PADDING * CK_LINEAR_PADDING;
}

size_t ck_linear_scratch(void) { return CK_LINEAR_TILE * CK_LINEAR_INPUTS; }

void ck_linear_pack(const float *weight, size_t outputs, size_t inputs, float *packed) {
    size_t padded = ck_linear_padded(outputs);
    for (size_t first = 0; first < inputs; first += CK_LINEAR_INPUTS) {
        size_t end = first + CK_LINEAR_INPUTS < inputs ? first + CK_LINEAR_INPUTS : inputs;
        for (size_t panel = 0; panel < padded; panel += CK_LINEAR_PANEL)
            for (size_t i = first; i < end; i++)
                for (size_t o = panel; o < panel + CK_LINEAR_PANEL; o++)
                    *packed++ = o < outputs ? weight[o * inputs + i] : 0;
    }
}

void ck_linear_scalar(const float *x, size_t rows, size_t inputs, const float *packed, const float *bias,
                      size_t outputs, ck_linear_end end, float *y, float *scratch) {
    (void)scratch;
    size_t padded = ck_linear_padded(outputs);
    for (size_t first = 0; first < inputs; first += CK_LINEAR_INPUTS) {
        size_t count = first + CK_LINEAR_INPUTS < inputs ? CK_LINEAR_INPUTS : inputs - first;
        for (size_t panel = 0; panel < outputs; panel += CK_LINEAR_PANEL) {
            const float *weights = packed + padded * first + panel * count;
            size_t width = panel + CK_LINEAR_PANEL < outputs ? CK_LINEAR_PANEL : outputs - panel;
            for (size_t r = 0; r < rows; r++) {
                float sums[CK_LINEAR_PANEL] = {0};
                float *target = y + r * outputs + panel;
                for (size_t i = 0; i < count; i++)
                    for (size_t o = 0; o < CK_LINEAR_PANEL; o++)
                        sums[o] += x[r * inputs + first + i] * weights[i * CK_LINEAR_PANEL + o];
                for (size_t o = 0; o < width; o++) {
                    if (first > 0) sums[o] += target[o];
                    if (first + count == inputs) {
                        if (bias) sums[o] += bias[panel + o];
                        if (end == CK_LINEAR_GELU) sums[o] = ck_gelu_one(sums[o]);
                    }
                    target[o] = sums[o];
                }
            }
        }
    }
}

#if !defined(__x86_64__)
#define CK_SCALAR_AS(level)                                                                                            \
    void ck_linear_##level(const float *x, size_t rows, size_t inputs, const float *packed, const float *bias,         \
                           size_t outputs, ck_linear_end end, float *y, float *scratch) {                              \
        ck_linear_scalar(x, rows, inputs, packed, bias, outputs, end, y, scratch);                                     \
    }
CK_SCALAR_AS(avx2)
CK_SCALAR_AS(avx512)
#endif

void ck_linear(const float *x, size_t rows, size_t inputs, const float *packed, const float *bias, size_t outputs,
               ck_linear_end end, float *y, float *scratch) {
    switch (ck_current_level()) {
    case CK_AVX512: ck_linear_avx512(x, rows, inputs, packed, bias, outputs, end, y, scratch); break;
    case CK_AVX2: ck_linear_avx2(x, rows, inputs, packed, bias, outputs, end, y, scratch); break;
    default: ck_linear_scalar(x, rows, inputs, packed, bias, outputs, end, y, scratch);
    }
}
