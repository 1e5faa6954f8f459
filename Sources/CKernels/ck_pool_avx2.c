#if defined(__x86_64__)
#include "ck_pool.h"

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/// Rows that fit into a 16-bit sum: 256 · −128 = −2^15.
enum { SHORT_ROWS = 256 };

AVX2 static inline void flush(int32_t *sums, __m256i words) {
    __m256i low = _mm256_cvtepi16_epi32(_mm256_castsi256_si128(words));
    __m256i high = _mm256_cvtepi16_epi32(_mm256_extracti128_si256(words, 1));
    _mm256_storeu_si256((__m256i *)sums, _mm256_add_epi32(_mm256_loadu_si256((__m256i *)sums), low));
    _mm256_storeu_si256((__m256i *)(sums + 8), _mm256_add_epi32(_mm256_loadu_si256((__m256i *)(sums + 8)), high));
}

AVX2 static inline __m256i widened(const int8_t *row) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)row));
}

AVX2 void ck_pool_int8_avx2(const int8_t *table, size_t dimension, const int32_t *ids, size_t count, int32_t *sums) {
    for (size_t first = 0; first < count; first += SHORT_ROWS) {
        size_t end = first + SHORT_ROWS < count ? first + SHORT_ROWS : count;
        size_t c = 0;
        // 128 columns at once: eight sums in registers.
        for (; c + 128 <= dimension; c += 128) {
            __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
            for (size_t i = first; i < end; i++) {
                const int8_t *row = table + (size_t)ids[i] * dimension + c;
                s0 = _mm256_add_epi16(s0, widened(row));
                s1 = _mm256_add_epi16(s1, widened(row + 16));
                s2 = _mm256_add_epi16(s2, widened(row + 32));
                s3 = _mm256_add_epi16(s3, widened(row + 48));
                s4 = _mm256_add_epi16(s4, widened(row + 64));
                s5 = _mm256_add_epi16(s5, widened(row + 80));
                s6 = _mm256_add_epi16(s6, widened(row + 96));
                s7 = _mm256_add_epi16(s7, widened(row + 112));
            }
            flush(sums + c, s0);
            flush(sums + c + 16, s1);
            flush(sums + c + 32, s2);
            flush(sums + c + 48, s3);
            flush(sums + c + 64, s4);
            flush(sums + c + 80, s5);
            flush(sums + c + 96, s6);
            flush(sums + c + 112, s7);
        }
        for (; c + 16 <= dimension; c += 16) {
            __m256i sum = _mm256_setzero_si256();
            for (size_t i = first; i < end; i++) {
                sum = _mm256_add_epi16(sum, widened(table + (size_t)ids[i] * dimension + c));
            }
            flush(sums + c, sum);
        }
        for (; c < dimension; c++) {
            for (size_t i = first; i < end; i++) sums[c] += table[(size_t)ids[i] * dimension + c];
        }
    }
}

AVX2 void ck_pool_float_avx2(const float *table, size_t dimension, const int32_t *ids, size_t count, float *sums) {
    size_t c = 0;
    // 64 columns at once: eight sums in registers.
    for (; c + 64 <= dimension; c += 64) {
        __m256 s[8];
        for (int part = 0; part < 8; part++) s[part] = _mm256_loadu_ps(sums + c + 8 * part);
        for (size_t i = 0; i < count; i++) {
            const float *row = table + (size_t)ids[i] * dimension + c;
            for (int part = 0; part < 8; part++) s[part] = _mm256_add_ps(s[part], _mm256_loadu_ps(row + 8 * part));
        }
        for (int part = 0; part < 8; part++) _mm256_storeu_ps(sums + c + 8 * part, s[part]);
    }
    for (; c + 8 <= dimension; c += 8) {
        __m256 sum = _mm256_loadu_ps(sums + c);
        for (size_t i = 0; i < count; i++) {
            sum = _mm256_add_ps(sum, _mm256_loadu_ps(table + (size_t)ids[i] * dimension + c));
        }
        _mm256_storeu_ps(sums + c, sum);
    }
    for (; c < dimension; c++) {
        for (size_t i = 0; i < count; i++) sums[c] += table[(size_t)ids[i] * dimension + c];
    }
}
#endif
