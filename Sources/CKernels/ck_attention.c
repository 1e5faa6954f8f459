#include "ck_attention.h"

#include "ck_attention_shape.h"
#include "ck_level.h"
#include "ck_encoder_math.h"

size_t ck_attention_scratch(size_t count, size_t width) {
    return ck_attention_layout(count, width).total + CK_CACHE_LINE;
}

/* 2^x, 0 where it would be denormal. */
static float weight(float x) { return x < -126 ? 0 : exp2f(x); }

void ck_attention_scalar(const float *projected, size_t count, size_t heads, size_t width, const float *bias,
                         size_t bias_step, float *mixed, float *scratch) {
    size_t hidden = heads * width, stride = 3 * hidden;
    float scale = CK_LOG2E / sqrtf((float)width);
    for (size_t head = 0; head < heads; head++)
        for (size_t query = 0; query < count; query++) {
            const float *q = projected + query * stride + head * width;
            float highest = -INFINITY;
            double sum = 0;
            for (size_t key = 0; key < count; key++) {
                const float *k = projected + key * stride + hidden + head * width;
                float score = 0;
                for (size_t i = 0; i < width; i++) score += q[i] * scale * k[i];
                if (bias) score += bias[(ptrdiff_t)(head * bias_step + key) - (ptrdiff_t)query] * CK_LOG2E;
                scratch[key] = score;
                highest = score > highest ? score : highest;
            }
            for (size_t key = 0; key < count; key++) sum += scratch[key] = weight(scratch[key] - highest);
            for (size_t i = 0; i < width; i++) {
                float value = 0;
                for (size_t key = 0; key < count; key++)
                    value += scratch[key] * projected[key * stride + 2 * hidden + head * width + i];
                mixed[query * hidden + head * width + i] = value * (float)(1 / sum);
            }
        }
}

#if !defined(__x86_64__)
#define CK_SCALAR_AS(level)                                                                                            \
    void ck_attention_##level(const float *projected, size_t count, size_t heads, size_t width, const float *bias,     \
                              size_t bias_step, float *mixed, float *scratch) {                                        \
        ck_attention_scalar(projected, count, heads, width, bias, bias_step, mixed, scratch);                          \
    }
CK_SCALAR_AS(avx2)
CK_SCALAR_AS(avx512)
CK_SCALAR_AS(avx512vnni)
#endif

void ck_attention(const float *projected, size_t count, size_t heads, size_t width, const float *bias, size_t bias_step,
                  float *mixed, float *scratch) {
    switch (ck_current_level()) {
    case CK_AVX512:
        if (ck_has_vnni()) ck_attention_avx512vnni(projected, count, heads, width, bias, bias_step, mixed, scratch);
        else ck_attention_avx512(projected, count, heads, width, bias, bias_step, mixed, scratch);
        break;
    case CK_AVX2: ck_attention_avx2(projected, count, heads, width, bias, bias_step, mixed, scratch); break;
    default: ck_attention_scalar(projected, count, heads, width, bias, bias_step, mixed, scratch);
    }
}
