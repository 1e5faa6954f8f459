#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "ck_rabitq.h"

#define AVX2 __attribute__((target("avx2,fma")))
#define INLINE AVX2 static inline __attribute__((always_inline))

INLINE float sum8(__m256 x) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

AVX2 void ck_rabitq_encode_avx2(const float *x, const float *centroid, const float *origin, size_t n, unsigned bits,
                                float step, float *residual, uint8_t *hot, uint8_t *warm, ck_rabitq_sums *sums) {
    __m256 squares = _mm256_setzero_ps(), along_centroid = squares, along_origin = squares;
    for (size_t i = 0; i < n; i += 8) {
        __m256 c = _mm256_loadu_ps(centroid + i), r = _mm256_sub_ps(_mm256_loadu_ps(x + i), c);
        _mm256_storeu_ps(residual + i, r);
        squares = _mm256_fmadd_ps(r, r, squares);
        along_centroid = _mm256_fmadd_ps(r, c, along_centroid);
        if (origin) along_origin = _mm256_fmadd_ps(r, _mm256_loadu_ps(origin + i), along_origin);
    }
    float squared_length = sum8(squares);
    const unsigned low = bits - 1;
    const __m256 factor = _mm256_set1_ps(squared_length > 0 ? step / sqrtf(squared_length) : 0);
    const __m256 sign = _mm256_castsi256_ps(_mm256_set1_epi32((int)0x80000000)), half = _mm256_set1_ps(0.5f);
    const __m256 greatest = _mm256_set1_ps((float)((1u << low) - 1));
    const __m256i mask = _mm256_set1_epi32((1 << low) - 1);
    __m256 sign_residual = _mm256_setzero_ps(), sign_centroid = sign_residual, code_residual = sign_residual,
           code_centroid = sign_residual;
    for (size_t i = 0; i < n; i += 32) {
        __m256i levels[4];
        uint32_t signs = 0;
        for (int part = 0; part < 4; part++) {
            __m256 r = _mm256_loadu_ps(residual + i + 8 * part), size = _mm256_andnot_ps(sign, r);
            __m256 below = _mm256_cmp_ps(r, _mm256_setzero_ps(), _CMP_LT_OQ);
            __m256 c = _mm256_xor_ps(_mm256_loadu_ps(centroid + i + 8 * part), _mm256_and_ps(below, sign));
            __m256 magnitude = _mm256_min_ps(_mm256_floor_ps(_mm256_mul_ps(size, factor)), greatest);
            __m256 middle = _mm256_add_ps(magnitude, half);
            sign_residual = _mm256_add_ps(sign_residual, size);
            sign_centroid = _mm256_add_ps(sign_centroid, c);
            code_residual = _mm256_fmadd_ps(size, middle, code_residual);
            code_centroid = _mm256_fmadd_ps(c, middle, code_centroid);
            /* Below zero, the low bits count downwards: all of them flip. */
            levels[part] = _mm256_xor_si256(_mm256_cvttps_epi32(magnitude),
                                            _mm256_and_si256(_mm256_castps_si256(below), mask));
            signs |= (uint32_t)(uint8_t)~_mm256_movemask_ps(below) << 8 * part;
        }
        memcpy(hot + i / 8, &signs, 4);
        /* Narrowed to bytes in order. */
        __m256i bytes = _mm256_packus_epi16(_mm256_packus_epi32(levels[0], levels[1]), _mm256_packus_epi32(levels[2], levels[3]));
        bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        uint8_t *plane = warm;
        unsigned bit = 0;
        if (low >= 4) {
            __m256i nibbles = _mm256_and_si256(bytes, _mm256_set1_epi8(15));
            __m128i upper = _mm_slli_epi16(_mm256_extracti128_si256(nibbles, 1), 4);
            _mm_storeu_si128((__m128i *)(warm + i / 2), _mm_or_si128(_mm256_castsi256_si128(nibbles), upper));
            plane += n / 2;
            bit = 4;
        }
        for (; bit < low; bit++, plane += n / 8) {
            uint32_t word = (uint32_t)_mm256_movemask_epi8(_mm256_sll_epi16(bytes, _mm_cvtsi32_si128(7 - (int)bit)));
            memcpy(plane + i / 8, &word, 4);
        }
    }
    *sums = (ck_rabitq_sums){squared_length,      sum8(sign_residual) / 2, sum8(sign_centroid) / 2, sum8(code_residual),
                             sum8(code_centroid), sum8(along_centroid),    sum8(along_origin)};
}

/* 32 bits as 32 bytes, `value` where a bit is set. */
INLINE __m256i spread_bits(const uint8_t *bits, __m256i value) {
    const __m256i places = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3,
                                            3, 3, 3, 3, 3);
    const __m256i each = _mm256_set1_epi64x((long long)0x8040201008040201);
    int32_t word;
    memcpy(&word, bits, 4);
    __m256i copies = _mm256_shuffle_epi8(_mm256_set1_epi32(word), places);
    return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(copies, each), each), value);
}

INLINE int32_t warm_dot(const uint8_t *warm, const int8_t *q, size_t n, const unsigned low) {
    const __m256i nibble = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);
    __m256i total = _mm256_setzero_si256();
    for (size_t i = 0; i < n; i += 32) {
        __m256i value = _mm256_setzero_si256();
        const uint8_t *plane = warm + i / 8;
        unsigned bit = 0;
        if (low >= 4) {
            __m128i packed = _mm_loadu_si128((const __m128i *)(warm + i / 2));
            value = _mm256_and_si256(_mm256_set_m128i(_mm_srli_epi16(packed, 4), packed), nibble);
            plane += n / 2;
            bit = 4;
        }
        for (; bit < low; bit++, plane += n / 8)
            value = _mm256_or_si256(value, spread_bits(plane, _mm256_set1_epi8((char)(1 << bit))));
        /* 2 · 127 · 127 fits 16 bits. */
        __m256i products = _mm256_maddubs_epi16(value, _mm256_loadu_si256((const __m256i *)(q + i)));
        total = _mm256_add_epi32(total, _mm256_madd_epi16(products, ones));
    }
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(total), _mm256_extracti128_si256(total, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}

AVX2 int32_t ck_rabitq_warm_dot_avx2(const uint8_t *warm, const int8_t *low, size_t n, unsigned bits) {
    switch (bits) {
    case 5: return warm_dot(warm, low, n, 4);
    case 6: return warm_dot(warm, low, n, 5);
    case 7: return warm_dot(warm, low, n, 6);
    default: return warm_dot(warm, low, n, bits - 1);
    }
}
#endif
