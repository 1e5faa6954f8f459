#include "ck_half.h"

#include "ck_level.h"

#include <string.h>

static float widen(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = (half >> 10) & 31, fraction = half & 0x3ff, bits;
    if (exponent == 31) {
        bits = sign | 0x7f800000 | fraction << 13 | (fraction ? 0x400000 : 0);
    } else if (exponent > 0) {
        bits = sign | (exponent + 112) << 23 | fraction << 13;
    } else {
        // Zero or subnormal: fraction · 2^-24, which binary32 holds exactly.
        float value = (float)fraction * 0x1p-24f;
        memcpy(&bits, &value, 4);
        bits |= sign;
    }
    float result;
    memcpy(&result, &bits, 4);
    return result;
}

static uint16_t narrow(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    uint16_t sign = (uint16_t)((bits >> 16) & 0x8000);
    bits &= 0x7fffffff;
    if (bits > 0x7f800000) return (uint16_t)(sign | 0x7e00 | ((bits >> 13) & 0x1ff));
    if (bits >= 0x477ff000) return (uint16_t)(sign | 0x7c00);  // at or above 65520, which rounds to infinity
    if (bits < 0x38800000) {
        // Below 2^-14: count in units of 2^-24. Adding ½ makes the addition round to even at that unit.
        float magnitude, shifted;
        memcpy(&magnitude, &bits, 4);
        shifted = magnitude + 0.5f;
        uint32_t rounded;
        memcpy(&rounded, &shifted, 4);
        return (uint16_t)(sign | (rounded - 0x3f000000));
    }
    uint32_t odd = (bits >> 13) & 1;
    return (uint16_t)(sign | ((bits + 0xfff + odd - (112u << 23)) >> 13));
}

void ck_half_to_float_scalar(const uint16_t *in, float *out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = widen(in[i]);
}

void ck_float_to_half_scalar(const float *in, uint16_t *out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = narrow(in[i]);
}

#if !defined(__x86_64__)
void ck_half_to_float_avx2(const uint16_t *in, float *out, size_t n) { ck_half_to_float_scalar(in, out, n); }
void ck_float_to_half_avx2(const float *in, uint16_t *out, size_t n) { ck_float_to_half_scalar(in, out, n); }
#endif

void ck_half_to_float(const uint16_t *in, float *out, size_t n) {
    if (ck_current_level() >= CK_AVX2)
        ck_half_to_float_avx2(in, out, n);
    else
        ck_half_to_float_scalar(in, out, n);
}

void ck_float_to_half(const float *in, uint16_t *out, size_t n) {
    if (ck_current_level() >= CK_AVX2)
        ck_float_to_half_avx2(in, out, n);
    else
        ck_float_to_half_scalar(in, out, n);
}
