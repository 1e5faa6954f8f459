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

/* The loops of sums over 12 rows, 16 inputs a turn; `inputs` is a multiple of it. A compiler loads all of a turn's states
   first, for which there are not enough registers, and takes vpdpwssd apart. A pair of states and 16 or 32 outputs' weights
   are multiplied at once; of two panels each pair is read once. */
#if defined(CK_VNNI)
#define ADD_ONE(states, sum) "vpdpwssd " states "%{1to16%}, %[weights0], %[" sum "]\n\t"
#define ADD_TWO(states, sum0, sum1)                                                                                    \
    "vpbroadcastd " states ", %[pair]\n\tvpdpwssd %[pair], %[weights0], %[" sum0 "]\n\t"                               \
    "vpdpwssd %[pair], %[weights1], %[" sum1 "]\n\t"
#else
#define ADD_ONE(states, sum)                                                                                           \
    "vpbroadcastd " states ", %[pair]\n\tvpmaddwd %[pair], %[weights0], %[pair]\n\t"                                  \
    "vpaddd %[pair], %[" sum "], %[" sum "]\n\t"
#define ADD_TWO(states, sum0, sum1)                                                                                    \
    "vpbroadcastd " states ", %[pair]\n\tvpmaddwd %[pair], %[weights0], %[product]\n\t"                               \
    "vpmaddwd %[pair], %[weights1], %[pair]\n\tvpaddd %[product], %[" sum0 "], %[" sum0 "]\n\t"                       \
    "vpaddd %[pair], %[" sum1 "], %[" sum1 "]\n\t"
#endif
#define ONE_AT(at, base, a, b, c)                                                                                      \
    ADD_ONE(at "(%[" base "])", "s" a "0") ADD_ONE(at "(%[" base "],%[step])", "s" b "0")                              \
    ADD_ONE(at "(%[" base "],%[step],2)", "s" c "0")
#define TWO_AT(at, base, a, b, c)                                                                                      \
    ADD_TWO(at "(%[" base "])", "s" a "0", "s" a "1") ADD_TWO(at "(%[" base "],%[step])", "s" b "0", "s" b "1")        \
    ADD_TWO(at "(%[" base "],%[step],2)", "s" c "0", "s" c "1")
#define ALL_AT(rows, pair)                                                                                             \
    rows("4*" pair, "x0", "0", "1", "2") rows("4*" pair, "x3", "3", "4", "5")                                          \
    rows("4*" pair, "x6", "6", "7", "8") rows("4*" pair, "x9", "9", "10", "11")
#define ONE_TURN(pair) "vmovdqu64 64*" pair "(%[w]), %[weights0]\n\t" ALL_AT(ONE_AT, pair)
#define TWO_TURN(pair)                                                                                                 \
    "vmovdqu64 64*" pair "(%[w]), %[weights0]\n\tvmovdqu64 64*" pair "(%[w],%[apart]), %[weights1]\n\t"                \
    ALL_AT(TWO_AT, pair)
#define TURNS(turn)                                                                                                    \
    "1:\n\t" turn("0") turn("1") turn("2") turn("3") turn("4") turn("5") turn("6") turn("7")                           \
    "add $32, %[x0]\n\tadd $32, %[x3]\n\tadd $32, %[x6]\n\tadd $32, %[x9]\n\t"                                         \
    "add $512, %[w]\n\tsub $16, %[left]\n\tjnz 1b"
#define SUM_AT(row, panel) [s##row##panel] "+v"(sums[row][panel])
#define SUMS_AT(panel)                                                                                                 \
    SUM_AT(0, panel), SUM_AT(1, panel), SUM_AT(2, panel), SUM_AT(3, panel), SUM_AT(4, panel), SUM_AT(5, panel),        \
        SUM_AT(6, panel), SUM_AT(7, panel), SUM_AT(8, panel), SUM_AT(9, panel), SUM_AT(10, panel), SUM_AT(11, panel)
#define PLACES [x0] "+&r"(x0), [x3] "+&r"(x3), [x6] "+&r"(x6), [x9] "+&r"(x9), [w] "+&r"(w), [left] "+&r"(left)
#define SUM_START(x, stride, packed, inputs)                                                                           \
    const int16_t *x0 = x, *x3 = x0 + 3 * stride, *x6 = x3 + 3 * stride, *x9 = x6 + 3 * stride, *w = packed;           \
    size_t left = inputs;                                                                                              \
    __m512i weights0, pair
#define TILE_PANELS 2
#define TWO_AT_ONCE 0
#define SUM_PANEL(sums, x, stride, packed, inputs)                                                                     \
    do {                                                                                                               \
        SUM_START(x, stride, packed, inputs);                                                                          \
        __asm__ volatile(TURNS(ONE_TURN)                                                                               \
                         : SUMS_AT(0), PLACES, [weights0] "=&v"(weights0), [pair] "=&v"(pair)                          \
                         : [step] "r"(2 * stride)                                                                      \
                         : "cc", "memory");                                                                            \
    } while (0)
#define SUM_PANELS(sums, x, stride, packed, size, inputs)                                                              \
    do {                                                                                                               \
        SUM_START(x, stride, packed, inputs);                                                                          \
        __m512i weights1, product;                                                                                     \
        __asm__ volatile(TURNS(TWO_TURN)                                                                               \
                         : SUMS_AT(0), SUMS_AT(1), PLACES, [weights0] "=&v"(weights0), [weights1] "=&v"(weights1),     \
                           [pair] "=&v"(pair), [product] "=&v"(product)                                                \
                         : [step] "r"(2 * stride), [apart] "r"(2 * (size))                                             \
                         : "cc", "memory");                                                                            \
    } while (0)
