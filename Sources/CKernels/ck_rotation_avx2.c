#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>

#include "ck_rotation.h"

#define AVX2 __attribute__((target("avx2")))
#define INLINE AVX2 static inline __attribute__((always_inline))

/* Steps 1, 2 and 4 of the transform within one register: the partner's value plus one's own, negated in the upper half
   of each pair. */
INLINE __m256 eight(__m256 x) {
    const __m256 odd = _mm256_castsi256_ps(_mm256_set_epi32(1 << 31, 0, 1 << 31, 0, 1 << 31, 0, 1 << 31, 0));
    const __m256 pairs = _mm256_castsi256_ps(_mm256_set_epi32(1 << 31, 1 << 31, 0, 0, 1 << 31, 1 << 31, 0, 0));
    const __m256 upper = _mm256_castsi256_ps(_mm256_set_epi32(1 << 31, 1 << 31, 1 << 31, 1 << 31, 0, 0, 0, 0));
    x = _mm256_add_ps(_mm256_permute_ps(x, 0xb1), _mm256_xor_ps(x, odd));
    x = _mm256_add_ps(_mm256_permute_ps(x, 0x4e), _mm256_xor_ps(x, pairs));
    return _mm256_add_ps(_mm256_permute2f128_ps(x, x, 1), _mm256_xor_ps(x, upper));
}

AVX2 static void hadamard(float *x, size_t n) {
    for (size_t i = 0; i < n; i += 8) _mm256_storeu_ps(x + i, eight(_mm256_loadu_ps(x + i)));
    size_t half = 8;
    /* Two steps in one pass over memory. */
    for (; 4 * half <= n; half *= 4)
        for (size_t start = 0; start < n; start += 4 * half)
            for (size_t i = start; i < start + half; i += 8) {
                __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + i + half);
                __m256 c = _mm256_loadu_ps(x + i + 2 * half), d = _mm256_loadu_ps(x + i + 3 * half);
                __m256 ab = _mm256_add_ps(a, b), ba = _mm256_sub_ps(a, b);
                __m256 cd = _mm256_add_ps(c, d), dc = _mm256_sub_ps(c, d);
                _mm256_storeu_ps(x + i, _mm256_add_ps(ab, cd));
                _mm256_storeu_ps(x + i + half, _mm256_add_ps(ba, dc));
                _mm256_storeu_ps(x + i + 2 * half, _mm256_sub_ps(ab, cd));
                _mm256_storeu_ps(x + i + 3 * half, _mm256_sub_ps(ba, dc));
            }
    for (; half < n; half *= 2)
        for (size_t start = 0; start < n; start += 2 * half)
            for (size_t i = start; i < start + half; i += 8) {
                __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + i + half);
                _mm256_storeu_ps(x + i, _mm256_add_ps(a, b));
                _mm256_storeu_ps(x + i + half, _mm256_sub_ps(a, b));
            }
    __m256 scale = _mm256_set1_ps((float)(1 / sqrt((double)n)));
    for (size_t i = 0; i < n; i += 8) _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_loadu_ps(x + i), scale));
}

AVX2 void ck_rotate_avx2(float *x, const uint32_t *signs, size_t n) {
    size_t power = 32;
    while (2 * power <= n) power *= 2;
    const __m256 scale = _mm256_set1_ps((float)0.70710678118654752440);
    for (size_t round = 0; round < CK_ROTATION_ROUNDS; round++) {
        const float *mask = (const float *)(signs + round * n);
        for (size_t i = 0; i < n; i += 8)
            _mm256_storeu_ps(x + i, _mm256_xor_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(mask + i)));
        hadamard(round % 2 ? x + n - power : x, power);
        if (power == n) continue;
        for (size_t i = 0; i < n / 2; i += 8) {
            __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + i + n / 2);
            _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_add_ps(a, b), scale));
            _mm256_storeu_ps(x + i + n / 2, _mm256_mul_ps(_mm256_sub_ps(a, b), scale));
        }
    }
}
#endif
