/* AVX-512 under the names that ck_lanes_avx2.h explains. */
#include <immintrin.h>

#define SIMD __attribute__((target("avx512f")))
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
#define ROUND(v) _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define SCALE(p, n) _mm512_scalef_ps(p, n)
#define KEEP_IF_ABOVE(v, x, bound) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, SET(bound), _CMP_NLT_UQ), v)
#define SUM _mm512_reduce_add_ps
#define HIGHEST _mm512_reduce_max_ps
