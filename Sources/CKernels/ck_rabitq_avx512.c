#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "ck_rabitq.h"

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")))
#define INLINE AVX512 static inline __attribute__((always_inline))

AVX512 void ck_rabitq_encode_avx512(const float *x, const float *centroid, const float *origin, size_t n, unsigned bits,
                                    float step, float *residual, uint8_t *hot, uint8_t *warm, ck_rabitq_sums *sums) {
    __m512 squares = _mm512_setzero_ps(), along_centroid = squares, along_origin = squares;
    for (size_t i = 0; i < n; i += 16) {
        __m512 c = _mm512_loadu_ps(centroid + i), r = _mm512_sub_ps(_mm512_loadu_ps(x + i), c);
        _mm512_storeu_ps(residual + i, r);
        squares = _mm512_fmadd_ps(r, r, squares);
        along_centroid = _mm512_fmadd_ps(r, c, along_centroid);
        if (origin) along_origin = _mm512_fmadd_ps(r, _mm512_loadu_ps(origin + i), along_origin);
    }
    float squared_length = _mm512_reduce_add_ps(squares);
    const unsigned low = bits - 1;
    const __m512 factor = _mm512_set1_ps(squared_length > 0 ? step / sqrtf(squared_length) : 0);
    const __m512 half = _mm512_set1_ps(0.5f), greatest = _mm512_set1_ps((float)((1u << low) - 1));
    const __m512i sign = _mm512_set1_epi32((int)0x80000000), mask = _mm512_set1_epi32((1 << low) - 1);
    __m512 sign_residual = _mm512_setzero_ps(), sign_centroid = sign_residual, code_residual = sign_residual,
           code_centroid = sign_residual;
    for (size_t i = 0; i < n; i += 32) {
        __m128i levels[2];
        uint32_t signs = 0;
        for (int part = 0; part < 2; part++) {
            __m512 r = _mm512_loadu_ps(residual + i + 16 * part), size = _mm512_abs_ps(r);
            __mmask16 below = _mm512_cmp_ps_mask(r, _mm512_setzero_ps(), _CMP_LT_OQ);
            __m512i bitwise = _mm512_castps_si512(_mm512_loadu_ps(centroid + i + 16 * part));
            __m512 c = _mm512_castsi512_ps(_mm512_mask_xor_epi32(bitwise, below, bitwise, sign));
            __m512 magnitude = _mm512_min_ps(
                _mm512_roundscale_ps(_mm512_mul_ps(size, factor), _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC), greatest);
            __m512 middle = _mm512_add_ps(magnitude, half);
            sign_residual = _mm512_add_ps(sign_residual, size);
            sign_centroid = _mm512_add_ps(sign_centroid, c);
            code_residual = _mm512_fmadd_ps(size, middle, code_residual);
            code_centroid = _mm512_fmadd_ps(c, middle, code_centroid);
            /* Below zero, the low bits count downwards: all of them flip. */
            __m512i level = _mm512_cvttps_epi32(magnitude);
            levels[part] = _mm512_cvtepi32_epi8(_mm512_mask_xor_epi32(level, below, level, mask));
            signs |= (uint32_t)(uint16_t)~below << 16 * part;
        }
        memcpy(hot + i / 8, &signs, 4);
        __m256i bytes = _mm256_set_m128i(levels[1], levels[0]);
        uint8_t *plane = warm;
        unsigned bit = 0;
        if (low >= 4) {
            __m128i upper = _mm_slli_epi16(_mm_and_si128(levels[1], _mm_set1_epi8(15)), 4);
            _mm_storeu_si128((__m128i *)(warm + i / 2), _mm_or_si128(_mm_and_si128(levels[0], _mm_set1_epi8(15)), upper));
            plane += n / 2;
            bit = 4;
        }
        for (; bit < low; bit++, plane += n / 8) {
            uint32_t word = _mm256_test_epi8_mask(bytes, _mm256_set1_epi8((char)(1 << bit)));
            memcpy(plane + i / 8, &word, 4);
        }
    }
    *sums = (ck_rabitq_sums){squared_length,
                             _mm512_reduce_add_ps(sign_residual) / 2,
                             _mm512_reduce_add_ps(sign_centroid) / 2,
                             _mm512_reduce_add_ps(code_residual),
                             _mm512_reduce_add_ps(code_centroid),
                             _mm512_reduce_add_ps(along_centroid),
                             _mm512_reduce_add_ps(along_origin)};
}

AVX512 int32_t ck_rabitq_warm_dot_avx512(const uint8_t *warm, const int8_t *low, size_t n, unsigned bits) {
    const __m256i nibble = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);
    __m256i total = _mm256_setzero_si256();
    for (size_t i = 0; i < n; i += 32) {
        __m256i value = _mm256_setzero_si256();
        const uint8_t *plane = warm + i / 8;
        unsigned bit = 0;
        if (bits >= 5) {
            __m128i packed = _mm_loadu_si128((const __m128i *)(warm + i / 2));
            value = _mm256_and_si256(_mm256_set_m128i(_mm_srli_epi16(packed, 4), packed), nibble);
            plane += n / 2;
            bit = 4;
        }
        for (; bit < bits - 1; bit++, plane += n / 8) {
            uint32_t word;
            memcpy(&word, plane, 4);
            value = _mm256_or_si256(value, _mm256_maskz_set1_epi8(word, (char)(1 << bit)));
        }
        /* 2 · 127 · 127 fits 16 bits. */
        __m256i products = _mm256_maddubs_epi16(value, _mm256_loadu_si256((const __m256i *)(low + i)));
        total = _mm256_add_epi32(total, _mm256_madd_epi16(products, ones));
    }
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(total), _mm256_extracti128_si256(total, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}
#endif
