/* AVX-512 under the names that ck_lanes_avx2.h explains; with CK_VNNI defined, with its products of 16-bit integers, and
   names that end in it. It is no level of its own: sums are exact, so results have the same bits. */
#include <immintrin.h>

#if defined(CK_VNNI)
#define SIMD __attribute__((target("avx512f,avx512bw,avx512vnni")))
#define NAME(function) function##_avx512vnni
#else
#define SIMD __attribute__((target("avx512f,avx512bw")))
#define NAME(function) function##_avx512
#endif
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
#define MULTIPLY_PAIRS _mm512_madd_epi16
#define SET_SUM(p) _mm512_set1_epi32(*(p))
#define ADD_SUMS _mm512_add_epi32
#define SUB_SUMS _mm512_sub_epi32
#define SUMS_TO_FLOAT _mm512_cvtepi32_ps
#define FLOAT_TO_SUMS _mm512_cvtps_epi32
#define JOIN_PAIRS(even, odd) _mm512_mask_blend_epi16(0xaaaaaaaa, even, _mm512_slli_epi32(odd, 16))
#define HIGHER_MAGNITUDE(h, p) _mm512_max_epi32(h, _mm512_and_si512(LOAD_PAIRS(p), _mm512_set1_epi32(CK_MAGNITUDE)))
#define HIGHEST_BITS(v) ((uint32_t)_mm512_reduce_max_epi32(v))
#define ROUND_ALL(v) _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32((v)[0]))

/* The loop of sum_pairs over 12 rows and 16 outputs, 16 inputs a turn; `inputs` is a multiple of it. A compiler loads all of
   a turn's states first, for which there are not enough registers, and takes vpdpwssd apart. */
#if defined(CK_VNNI)
#define ADD_PRODUCTS(states, sum) "vpdpwssd " states "%{1to16%}, %[weights], %[" sum "]\n\t"
#else
#define ADD_PRODUCTS(states, sum)                                                                                      \
    "vpbroadcastd " states ", %[product]\n\tvpmaddwd %[product], %[weights], %[product]\n\t"                          \
    "vpaddd %[product], %[" sum "], %[" sum "]\n\t"
#endif
#define PAIR_AT(at, base, sum0, sum1, sum2)                                                                            \
    ADD_PRODUCTS(at "(%[" base "])", sum0)                                                                             \
    ADD_PRODUCTS(at "(%[" base "],%[step])", sum1) ADD_PRODUCTS(at "(%[" base "],%[step],2)", sum2)
#define PAIR_TURN(pair)                                                                                                \
    "vmovdqu64 64*" pair "(%[w]), %[weights]\n\t"                                                                      \
    PAIR_AT("4*" pair, "x0", "s0", "s1", "s2") PAIR_AT("4*" pair, "x3", "s3", "s4", "s5")                              \
    PAIR_AT("4*" pair, "x6", "s6", "s7", "s8") PAIR_AT("4*" pair, "x9", "s9", "s10", "s11")
#define PAIR_SUM(row) [s##row] "+v"(sums[row][0])
#define SUM_ROWS 12
#define TWO_AT_ONCE 0
#define SUM_ALL(sums, x, stride, packed, inputs)                                                                       \
    do {                                                                                                               \
        const int16_t *x0 = x, *x3 = x0 + 3 * stride, *x6 = x3 + 3 * stride, *x9 = x6 + 3 * stride, *w = packed;       \
        size_t left = inputs;                                                                                          \
        __m512i weights, product;                                                                                      \
        __asm__ volatile("1:\n\t" PAIR_TURN("0") PAIR_TURN("1") PAIR_TURN("2") PAIR_TURN("3")                          \
                         PAIR_TURN("4") PAIR_TURN("5") PAIR_TURN("6") PAIR_TURN("7")                                   \
                         "add $32, %[x0]\n\tadd $32, %[x3]\n\tadd $32, %[x6]\n\tadd $32, %[x9]\n\t"                    \
                         "add $512, %[w]\n\tsub $16, %[left]\n\tjnz 1b"                                               \
                         : PAIR_SUM(0), PAIR_SUM(1), PAIR_SUM(2), PAIR_SUM(3), PAIR_SUM(4), PAIR_SUM(5), PAIR_SUM(6),  \
                           PAIR_SUM(7), PAIR_SUM(8), PAIR_SUM(9), PAIR_SUM(10), PAIR_SUM(11),                          \
                           [weights] "=&v"(weights), [product] "=&v"(product), [x0] "+r"(x0), [x3] "+r"(x3),           \
                           [x6] "+r"(x6), [x9] "+r"(x9), [w] "+r"(w), [left] "+r"(left)                                \
                         : [step] "r"(2 * stride)                                                                      \
                         : "cc", "memory");                                                                            \
    } while (0)
