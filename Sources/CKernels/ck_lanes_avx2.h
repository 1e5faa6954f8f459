/* AVX2 under the names that the ck_*_vector.h files are written in:
     SIMD        the function attribute           LANES   floats in a vector
     vec         the vector type                  LOAD, STORE, SET, ADD, SUB, MUL, DIV, MAX, MIN, FMA
     POWER(v)    the number whose exponent is v's lowest bits
     SUM, HIGHEST                across lanes     NAME(f) the function's name
   and for sums of products of 16-bit integers
     ivec        a vector of LANES pairs of 16 bits, or of as many sums of 32 bits
     ZERO_PAIRS, LOAD_PAIRS, STORE_PAIRS
     MULTIPLY_PAIRS              a0 · b0 + a1 · b1 of each lane
     SET_SUM(p)                  the sum at p in each lane
     ADD_SUMS, SUB_SUMS, SUMS_TO_FLOAT, FLOAT_TO_SUMS (rounds)
     JOIN_PAIRS(even, odd)       each lane's two numbers as a pair
     HIGHER_MAGNITUDE(h, p)      the larger of h and the bits of |p[lane]|; HIGHEST_BITS across lanes
     ROUND_ALL(v)                16 integers, the vectors v[0] … rounded
     SUM_PANEL, SUM_PANELS       the loop over the inputs for the sums of PAIR_ROWS rows with one panel, and with
                                 TILE_PANELS panels `size` apart; TWO_AT_ONCE is whether it has two products of one
                                 multiplication and starts from their sums (ck_linear.h) */
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
#define POWER(v) _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(v), 23))

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

#define ivec __m256i
#define ZERO_PAIRS _mm256_setzero_si256
#define LOAD_PAIRS(p) _mm256_loadu_si256((const __m256i *)(p))
#define STORE_PAIRS(p, v) _mm256_storeu_si256((__m256i *)(p), v)
#define MULTIPLY_PAIRS _mm256_madd_epi16
#define SET_SUM(p) _mm256_set1_epi32(*(p))
#define ADD_SUMS _mm256_add_epi32
#define SUB_SUMS _mm256_sub_epi32
#define SUMS_TO_FLOAT _mm256_cvtepi32_ps
#define FLOAT_TO_SUMS _mm256_cvtps_epi32
#define JOIN_PAIRS(even, odd) _mm256_blend_epi16(even, _mm256_slli_epi32(odd, 16), 0xaa)
#define HIGHER_MAGNITUDE(h, p) _mm256_max_epi32(h, _mm256_and_si256(LOAD_PAIRS(p), _mm256_set1_epi32(CK_MAGNITUDE)))
#define HIGHEST_BITS highest_bits
#define ROUND_ALL round_all

SIMD static inline uint32_t highest_bits(__m256i v) {
    __m128i high = _mm_max_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    high = _mm_max_epi32(high, _mm_shuffle_epi32(high, 0x4e));
    return (uint32_t)_mm_cvtsi128_si32(_mm_max_epi32(high, _mm_shuffle_epi32(high, 0xb1)));
}

SIMD static inline __m256i round_all(const __m256 *v) {
    __m256i packed = _mm256_packs_epi32(_mm256_cvtps_epi32(v[0]), _mm256_cvtps_epi32(v[1]));
    return _mm256_permute4x64_epi64(packed, 0xd8);
}

/* The loop of sums over 4 rows and 16 outputs, with all 16 registers, of which a compiler spends some on loads ahead of
   need. Four inputs of a row take QUAD_ROW, 16 inputs a turn; `inputs` is a multiple of it. */
#define QUAD_COLUMN(high, low, sum)                                                                                    \
    "vpaddw %[" high "], %[even], %[a]\n\tvpaddw %[" low "], %[odd], %[b]\n\t"                                         \
    "vpmaddwd %[b], %[a], %[a]\n\tvpaddd %[a], %[" sum "], %[" sum "]\n\t"
#define QUAD_ROW(at, row, left, right)                                                                                 \
    "vpbroadcastd 8*" at "(%[" row "]), %[even]\n\tvpbroadcastd 8*" at "+4(%[" row "]), %[odd]\n\t"                    \
    QUAD_COLUMN("high0", "low0", left) QUAD_COLUMN("high1", "low1", right)
#define QUAD_ROWS(at)                                                                                                  \
    "vmovdqu 128*" at "(%[w]), %[low0]\n\tvmovdqu 128*" at "+32(%[w]), %[low1]\n\t"                                    \
    "vmovdqu 128*" at "+64(%[w]), %[high0]\n\tvmovdqu 128*" at "+96(%[w]), %[high1]\n\t"                               \
    QUAD_ROW(at, "x0", "s00", "s01") QUAD_ROW(at, "x1", "s10", "s11")                                                  \
    QUAD_ROW(at, "x2", "s20", "s21") QUAD_ROW(at, "x3", "s30", "s31")
#define QUAD_SUMS(row) [s##row##0] "+x"(sums[row][0]), [s##row##1] "+x"(sums[row][1])
#define TILE_PANELS 1
#define TWO_AT_ONCE 1
#define SUM_PANELS(sums, x, stride, weights, size, inputs) (void)(size)
#define SUM_PANEL(sums, x, stride, weights, inputs)                                                                    \
    do {                                                                                                               \
        const int16_t *x0 = x, *x1 = x0 + stride, *x2 = x1 + stride, *x3 = x2 + stride, *w = weights;                  \
        size_t left = inputs;                                                                                          \
        __m256i low0, low1, high0, high1, even, odd, a, b;                                                             \
        __asm__ volatile("1:\n\t" QUAD_ROWS("0") QUAD_ROWS("1") QUAD_ROWS("2") QUAD_ROWS("3")                          \
                         "add $32, %[x0]\n\tadd $32, %[x1]\n\tadd $32, %[x2]\n\tadd $32, %[x3]\n\t"                    \
                         "add $512, %[w]\n\tsub $16, %[left]\n\tjnz 1b"                                               \
                         : QUAD_SUMS(0), QUAD_SUMS(1), QUAD_SUMS(2), QUAD_SUMS(3), [low0] "=&x"(low0),                 \
                           [low1] "=&x"(low1), [high0] "=&x"(high0), [high1] "=&x"(high1), [even] "=&x"(even),         \
                           [odd] "=&x"(odd), [a] "=&x"(a), [b] "=&x"(b), [x0] "+r"(x0), [x1] "+r"(x1),                 \
                           [x2] "+r"(x2), [x3] "+r"(x3), [w] "+r"(w), [left] "+r"(left)                                \
                         :                                                                                             \
                         : "cc", "memory");                                                                            \
    } while (0)
