#if defined(__x86_64__)
#include <immintrin.h>

#include "ck_softmax.h"

#define AVX2 __attribute__((target("avx2,fma")))
#define INLINE AVX2 static inline __attribute__((always_inline))

/* e^x = 2^k · e^r with |r| ≤ ln 2 / 2, and a polynomial of degree 6 for e^r (coefficients of Cephes' expf). The order of
   the operands of min and max lets a NaN through. */
INLINE __m256 exponential(__m256 x) {
    const __m256 lowest = _mm256_set1_ps(-87.33654f);
    __m256 zero = _mm256_cmp_ps(x, lowest, _CMP_LT_OQ);
    __m256 infinite = _mm256_cmp_ps(x, _mm256_set1_ps(88.72283f), _CMP_GT_OQ);
    x = _mm256_min_ps(_mm256_set1_ps(88.72283f), _mm256_max_ps(lowest, x));
    __m256 k = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 r = _mm256_fnmadd_ps(k, _mm256_set1_ps(0.693359375f), x);
    r = _mm256_fnmadd_ps(k, _mm256_set1_ps(-2.12194440e-4f), r);
    __m256 p = _mm256_set1_ps(1.9875691500e-4f);
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.3981999507e-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(8.3334519073e-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(4.1665795894e-2f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.6666665459e-1f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(5.0000001201e-1f));
    p = _mm256_fmadd_ps(p, _mm256_mul_ps(r, r), _mm256_add_ps(r, _mm256_set1_ps(1)));
    /* 2^k in two factors: k = 128 has no float of its own. */
    __m256i whole = _mm256_cvtps_epi32(k), half = _mm256_srai_epi32(whole, 1), rest = _mm256_sub_epi32(whole, half);
    const __m256i bias = _mm256_set1_epi32(127);
    p = _mm256_mul_ps(p, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, bias), 23)));
    p = _mm256_mul_ps(p, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(rest, bias), 23)));
    p = _mm256_blendv_ps(p, _mm256_set1_ps(__builtin_inff()), infinite);
    return _mm256_andnot_ps(zero, p);
}

/* tanh x = 1 − 2 / (e^2x + 1); an infinite exponential gives 1. */
INLINE __m256 hyperbolic_tangent(__m256 x) {
    const __m256 one = _mm256_set1_ps(1);
    __m256 e = exponential(_mm256_add_ps(x, x));
    return _mm256_sub_ps(one, _mm256_div_ps(_mm256_set1_ps(2), _mm256_add_ps(e, one)));
}

INLINE __m256i first_lanes(size_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

AVX2 void ck_exp_avx2(float *x, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(x + i, exponential(_mm256_loadu_ps(x + i)));
    if (i == n) return;
    __m256i mask = first_lanes(n - i);
    _mm256_maskstore_ps(x + i, mask, exponential(_mm256_maskload_ps(x + i, mask)));
}

AVX2 void ck_tanh_avx2(float *x, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(x + i, hyperbolic_tangent(_mm256_loadu_ps(x + i)));
    if (i == n) return;
    __m256i mask = first_lanes(n - i);
    _mm256_maskstore_ps(x + i, mask, hyperbolic_tangent(_mm256_maskload_ps(x + i, mask)));
}
#endif
