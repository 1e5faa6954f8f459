/* AVX2 under the names that the ck_*_vector.h files are written in:
     SIMD        the function attribute           LANES   floats in a vector
     vec         the vector type                  LOAD, STORE, SET, ADD, SUB, MUL, DIV, MAX, MIN, FMA
     ROUND(v)    to the nearest integer           SCALE(p, n)  p · 2ⁿ, n integral
     KEEP_IF_ABOVE(v, x, bound)  v where !(x < bound), else 0
     SUM, HIGHEST                across lanes     NAME(f) the function's name */
#include <immintrin.h>

#define SIMD __attribute__((target("avx2,fma")))
#define NAME(function) function##_avx2
#define LANES 8
#define vec __m256
#define LOAD _mm256_loadu_ps
#define STORE _mm256_storeu_ps
#define SET _mm256_set1_ps
#define ADD _mm256_add_ps
#define SUB _mm256_sub_ps
#define MUL _mm256_mul_ps
#define DIV _mm256_div_ps
#define MAX _mm256_max_ps
#define MIN _mm256_min_ps
#define FMA _mm256_fmadd_ps
#define ROUND(v) _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define SCALE(p, n)                                                                                                    \
    _mm256_mul_ps(p, _mm256_castsi256_ps(_mm256_slli_epi32(                                                            \
                         _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23)))
#define KEEP_IF_ABOVE(v, x, bound) _mm256_and_ps(v, _mm256_cmp_ps(x, SET(bound), _CMP_NLT_UQ))

SIMD static inline float sum_lanes(__m256 v) {
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
    return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

SIMD static inline float highest_lane(__m256 v) {
    __m128 high = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    high = _mm_max_ps(high, _mm_movehl_ps(high, high));
    return _mm_cvtss_f32(_mm_max_ss(high, _mm_movehdup_ps(high)));
}

#define SUM sum_lanes
#define HIGHEST highest_lane
