#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>

#include "ck_rotation.h"

#define AVX512 __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl")))
#define INLINE AVX512 static inline __attribute__((always_inline))

/* Steps 1, 2, 4 and 8 of the transform within one register: the partner's value plus one's own, negated in the upper
   half of each pair. */
INLINE __m512 negated(__m512 x, __mmask16 lanes) {
    return _mm512_mask_xor_ps(x, lanes, x, _mm512_castsi512_ps(_mm512_set1_epi32((int)0x80000000)));
}

INLINE __m512 sixteen(__m512 x) {
    x = _mm512_add_ps(_mm512_permute_ps(x, 0xb1), negated(x, 0xaaaa));
    x = _mm512_add_ps(_mm512_permute_ps(x, 0x4e), negated(x, 0xcccc));
    x = _mm512_add_ps(_mm512_shuffle_f32x4(x, x, 0xb1), negated(x, 0xf0f0));
    return _mm512_add_ps(_mm512_shuffle_f32x4(x, x, 0x4e), negated(x, 0xff00));
}

AVX512 static void hadamard(float *x, size_t n) {
    for (size_t i = 0; i < n; i += 16) _mm512_storeu_ps(x + i, sixteen(_mm512_loadu_ps(x + i)));
    for (size_t half = 16; half < n; half *= 2)
        for (size_t start = 0; start < n; start += 2 * half)
            for (size_t i = start; i < start + half; i += 16) {
                __m512 a = _mm512_loadu_ps(x + i), b = _mm512_loadu_ps(x + i + half);
                _mm512_storeu_ps(x + i, _mm512_add_ps(a, b));
                _mm512_storeu_ps(x + i + half, _mm512_sub_ps(a, b));
            }
    __m512 scale = _mm512_set1_ps((float)(1 / sqrt((double)n)));
    for (size_t i = 0; i < n; i += 16) _mm512_storeu_ps(x + i, _mm512_mul_ps(_mm512_loadu_ps(x + i), scale));
}

AVX512 void ck_rotate_avx512(float *x, const uint32_t *signs, size_t n) {
    size_t power = 32;
    while (2 * power <= n) power *= 2;
    const __m512 scale = _mm512_set1_ps((float)0.70710678118654752440);
    for (size_t round = 0; round < CK_ROTATION_ROUNDS; round++) {
        for (size_t i = 0; i < n; i += 16) {
            __m512 mask = _mm512_loadu_ps((const float *)(signs + round * n + i));
            _mm512_storeu_ps(x + i, _mm512_xor_ps(_mm512_loadu_ps(x + i), mask));
        }
        hadamard(round % 2 ? x + n - power : x, power);
        if (power == n) continue;
        for (size_t i = 0; i < n / 2; i += 16) {
            __m512 a = _mm512_loadu_ps(x + i), b = _mm512_loadu_ps(x + i + n / 2);
            _mm512_storeu_ps(x + i, _mm512_mul_ps(_mm512_add_ps(a, b), scale));
            _mm512_storeu_ps(x + i + n / 2, _mm512_mul_ps(_mm512_sub_ps(a, b), scale));
        }
    }
}
#endif
