#include "ck_rotation.h"

#include <math.h>
#include <string.h>

#include "ck_level.h"

static void hadamard(float *x, size_t n) {
    for (size_t half = 1; half < n; half *= 2)
        for (size_t start = 0; start < n; start += 2 * half)
            for (size_t i = start; i < start + half; i++) {
                float a = x[i], b = x[i + half];
                x[i] = a + b;
                x[i + half] = a - b;
            }
    float scale = (float)(1 / sqrt((double)n));
    for (size_t i = 0; i < n; i++) x[i] *= scale;
}

void ck_rotate_scalar(float *x, const uint32_t *signs, size_t n) {
    size_t power = 1;
    while (2 * power <= n) power *= 2;
    for (size_t round = 0; round < CK_ROTATION_ROUNDS; round++) {
        for (size_t i = 0; i < n; i++) {
            uint32_t bits;
            memcpy(&bits, x + i, 4);
            bits ^= signs[round * n + i];
            memcpy(x + i, &bits, 4);
        }
        hadamard(round % 2 ? x + n - power : x, power);
        if (power == n) continue;
        for (size_t i = 0; i < n / 2; i++) {
            float a = x[i], b = x[i + n / 2];
            x[i] = (a + b) * (float)0.70710678118654752440;
            x[i + n / 2] = (a - b) * (float)0.70710678118654752440;
        }
    }
}

#if !defined(__x86_64__)
void ck_rotate_avx2(float *x, const uint32_t *signs, size_t n) { ck_rotate_scalar(x, signs, n); }
void ck_rotate_avx512(float *x, const uint32_t *signs, size_t n) { ck_rotate_scalar(x, signs, n); }
#endif

void ck_rotate(float *x, const uint32_t *signs, size_t n) {
    switch (ck_current_level()) {
    case CK_AVX512: ck_rotate_avx512(x, signs, n); break;
    case CK_AVX2: ck_rotate_avx2(x, signs, n); break;
    default: ck_rotate_scalar(x, signs, n);
    }
}
