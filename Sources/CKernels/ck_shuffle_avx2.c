#if defined(__x86_64__)
#include "ck_shuffle.h"

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/// The 8 × 8 bytes whose rows start at in + r * stride, transposed to rows at out + r * out_stride.
AVX2 static inline void transpose8x8(const uint8_t *in, size_t stride, uint8_t *out, size_t out_stride) {
    __m128i row[8], column[4];
    for (int r = 0; r < 8; r++) row[r] = _mm_loadl_epi64((const __m128i *)(in + r * stride));
    __m128i a = _mm_unpacklo_epi8(row[0], row[1]), b = _mm_unpacklo_epi8(row[2], row[3]);
    __m128i c = _mm_unpacklo_epi8(row[4], row[5]), d = _mm_unpacklo_epi8(row[6], row[7]);
    __m128i low = _mm_unpacklo_epi16(a, b), low2 = _mm_unpackhi_epi16(a, b);
    __m128i high = _mm_unpacklo_epi16(c, d), high2 = _mm_unpackhi_epi16(c, d);
    column[0] = _mm_unpacklo_epi32(low, high);
    column[1] = _mm_unpackhi_epi32(low, high);
    column[2] = _mm_unpacklo_epi32(low2, high2);
    column[3] = _mm_unpackhi_epi32(low2, high2);
    for (int r = 0; r < 4; r++) {
        _mm_storel_epi64((__m128i *)(out + (2 * r) * out_stride), column[r]);
        _mm_storel_epi64((__m128i *)(out + (2 * r + 1) * out_stride), _mm_unpackhi_epi64(column[r], column[r]));
    }
}

/// Groups the bytes of four 4-byte elements by significance, in each 128-bit lane; it is its own inverse.
AVX2 static inline __m256i group4(__m256i v) {
    const __m256i order = _mm256_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,  //
                                           0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm256_shuffle_epi8(v, order);
}

AVX2 static size_t shuffle4(const uint8_t *in, uint8_t *out, size_t count) {
    const __m256i lanes = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        __m256i v = group4(_mm256_loadu_si256((const __m256i *)(in + 4 * i)));
        v = _mm256_permutevar8x32_epi32(v, lanes);
        __m128i low = _mm256_castsi256_si128(v), high = _mm256_extracti128_si256(v, 1);
        _mm_storel_epi64((__m128i *)(out + i), low);
        _mm_storel_epi64((__m128i *)(out + count + i), _mm_unpackhi_epi64(low, low));
        _mm_storel_epi64((__m128i *)(out + 2 * count + i), high);
        _mm_storel_epi64((__m128i *)(out + 3 * count + i), _mm_unpackhi_epi64(high, high));
    }
    return i;
}

AVX2 static size_t unshuffle4(const uint8_t *in, uint8_t *out, size_t count) {
    const __m256i lanes = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        __m128i b0 = _mm_loadl_epi64((const __m128i *)(in + i));
        __m128i b1 = _mm_loadl_epi64((const __m128i *)(in + count + i));
        __m128i b2 = _mm_loadl_epi64((const __m128i *)(in + 2 * count + i));
        __m128i b3 = _mm_loadl_epi64((const __m128i *)(in + 3 * count + i));
        __m256i v = _mm256_set_m128i(_mm_unpacklo_epi64(b2, b3), _mm_unpacklo_epi64(b0, b1));
        v = group4(_mm256_permutevar8x32_epi32(v, lanes));
        _mm256_storeu_si256((__m256i *)(out + 4 * i), v);
    }
    return i;
}

AVX2 static size_t shuffle2(const uint8_t *in, uint8_t *out, size_t count) {
    const __m256i order = _mm256_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15,  //
                                           0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m256i v = _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)(in + 2 * i)), order);
        v = _mm256_permute4x64_epi64(v, 0xd8);
        _mm_storeu_si128((__m128i *)(out + i), _mm256_castsi256_si128(v));
        _mm_storeu_si128((__m128i *)(out + count + i), _mm256_extracti128_si256(v, 1));
    }
    return i;
}

AVX2 static size_t unshuffle2(const uint8_t *in, uint8_t *out, size_t count) {
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m128i low = _mm_loadu_si128((const __m128i *)(in + i));
        __m128i high = _mm_loadu_si128((const __m128i *)(in + count + i));
        _mm_storeu_si128((__m128i *)(out + 2 * i), _mm_unpacklo_epi8(low, high));
        _mm_storeu_si128((__m128i *)(out + 2 * i + 16), _mm_unpackhi_epi8(low, high));
    }
    return i;
}

AVX2 void ck_shuffle_avx2(const uint8_t *in, uint8_t *out, size_t count, size_t size) {
    size_t i = 0;
    if (size == 8)
        for (; i + 8 <= count; i += 8) transpose8x8(in + 8 * i, 8, out + i, count);
    else if (size == 4)
        i = shuffle4(in, out, count);
    else if (size == 2)
        i = shuffle2(in, out, count);
    for (; i < count; i++)
        for (size_t b = 0; b < size; b++) out[b * count + i] = in[i * size + b];
}

AVX2 void ck_unshuffle_avx2(const uint8_t *in, uint8_t *out, size_t count, size_t size) {
    size_t i = 0;
    if (size == 8)
        for (; i + 8 <= count; i += 8) transpose8x8(in + i, count, out + 8 * i, 8);
    else if (size == 4)
        i = unshuffle4(in, out, count);
    else if (size == 2)
        i = unshuffle2(in, out, count);
    for (; i < count; i++)
        for (size_t b = 0; b < size; b++) out[i * size + b] = in[b * count + i];
}
#endif
