/* AVX-512 under the names that ck_lanes_avx2.h explains. */
#include <immintrin.h>

#define SIMD __attribute__((target("avx512f,avx512bw")))
#define NAME(function) function##_avx512
#define LANES 16
#define vec __m512
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define SET _mm512_set1_ps
#define ADD _mm512_add_ps
#define SUB _mm512_sub_ps
#define MUL _mm512_mul_ps
#define DIV _mm512_div_ps
#define MAX _mm512_max_ps
#define MIN _mm512_min_ps
#define FMA _mm512_fmadd_ps
#define POWER(v) _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(v), 23))
#define SUM _mm512_reduce_add_ps
#define HIGHEST _mm512_reduce_max_ps

#define ivec __m512i
#define ZERO_PAIRS _mm512_setzero_si512
#define LOAD_PAIRS(p) _mm512_loadu_si512(p)
#define STORE_PAIRS(p, v) _mm512_storeu_si512(p, v)
#define SET_PAIR(p) _mm512_set1_epi32(*(const ck_pair *)(p))
#define MULTIPLY_PAIRS _mm512_madd_epi16
#define ADD_PAIRS _mm512_add_epi16
#define SET_SUM(p) _mm512_set1_epi32(*(p))
#define ADD_SUMS _mm512_add_epi32
#define SUB_SUMS _mm512_sub_epi32
#define SUMS_TO_FLOAT _mm512_cvtepi32_ps
#define FLOAT_TO_SUMS _mm512_cvtps_epi32
#define JOIN_PAIRS(even, odd) _mm512_mask_blend_epi16(0xaaaaaaaa, even, _mm512_slli_epi32(odd, 16))
#define HIGHER_MAGNITUDE(h, p) _mm512_max_epi32(h, _mm512_and_si512(LOAD_PAIRS(p), _mm512_set1_epi32(CK_MAGNITUDE)))
#define HIGHEST_BITS(v) ((uint32_t)_mm512_reduce_max_epi32(v))
#define ROUND_ALL(v) _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32((v)[0]))
