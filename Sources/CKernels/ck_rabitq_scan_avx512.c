#if defined(__x86_64__)
#include <immintrin.h>

#include "ck_rabitq_survivors.h"

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")))
#define INLINE AVX512 static inline __attribute__((always_inline))

/* Pairs of tables that are summed in 16 bits, two pairs at a time: CK_RABITQ_ENTRY · 512 · 2 < 2^16. */
enum { PAIRS = 512 };

INLINE __m512i load_half(const uint8_t *bytes, int both) {
    return both ? _mm512_loadu_si512(bytes) : _mm512_zextsi256_si512(_mm256_loadu_si256((const __m256i *)bytes));
}

/* The two lanes of each half, and the halves, added: eight sums. */
INLINE __m128i lanes_added(__m512i x) {
    __m256i half = _mm256_add_epi16(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
    return _mm_add_epi16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

INLINE void block_sums(const uint8_t *codes, const uint8_t *table, size_t pairs, __m256i sums[2]) {
    const __m512i nibble = _mm512_set1_epi8(15);
    /* even: vectors 0, 2 … with 256 times those of 1, 3 … on top; odd: the latter alone. */
    __m512i even0 = _mm512_setzero_si512(), odd0 = even0, even1 = even0, odd1 = even0;
    for (size_t j = 0; j < pairs; j += 2) {
        int both = j + 2 <= pairs;
        __m512i code = load_half(codes + 32 * j, both), entries = load_half(table + 32 * j, both);
        __m512i first = _mm512_shuffle_epi8(entries, _mm512_and_si512(code, nibble));
        __m512i second = _mm512_shuffle_epi8(entries, _mm512_and_si512(_mm512_srli_epi16(code, 4), nibble));
        even0 = _mm512_add_epi16(even0, first);
        odd0 = _mm512_add_epi16(odd0, _mm512_srli_epi16(first, 8));
        even1 = _mm512_add_epi16(even1, second);
        odd1 = _mm512_add_epi16(odd1, _mm512_srli_epi16(second, 8));
    }
    even0 = _mm512_sub_epi16(even0, _mm512_slli_epi16(odd0, 8));
    even1 = _mm512_sub_epi16(even1, _mm512_slli_epi16(odd1, 8));
    __m128i even = lanes_added(even0), odd = lanes_added(odd0);
    sums[0] = _mm256_set_m128i(_mm_unpackhi_epi16(even, odd), _mm_unpacklo_epi16(even, odd));
    even = lanes_added(even1), odd = lanes_added(odd1);
    sums[1] = _mm256_set_m128i(_mm_unpackhi_epi16(even, odd), _mm_unpacklo_epi16(even, odd));
}

AVX512 static void scan(const uint8_t *blocks, size_t count, size_t n, ck_rabitq_visit *visit) {
    const ck_rabitq_query *query = visit->query;
    const __m512 step = _mm512_set1_ps(query->table_step), base = _mm512_set1_ps(query->table_base);
    const __m512 shift = _mm512_set1_ps(visit->offset), width = _mm512_set1_ps(-visit->spread), top = _mm512_set1_ps(visit->threshold);
    const size_t bytes = ck_rabitq_block_bytes(n), pairs = n / 8;
    visit->found = 0;
    for (size_t start = 0; start < count; start += CK_RABITQ_BLOCK, blocks += bytes) {
        __m512i totals[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
        for (size_t j = 0; j < pairs; j += PAIRS) {
            __m256i sums[2];
            block_sums(blocks + 32 * j, query->table + 32 * j, pairs - j < PAIRS ? pairs - j : PAIRS, sums);
            for (int h = 0; h < 2; h++) totals[h] = _mm512_add_epi32(totals[h], _mm512_cvtepu16_epi32(sums[h]));
        }
        const float *add = (const float *)(blocks + 4 * n), *scale = add + CK_RABITQ_BLOCK, *error = scale + CK_RABITQ_BLOCK;
        __m512 bounds[2];
        uint32_t passing = 0;
        for (int v = 0; v < 2; v++) {
            __m512 product = _mm512_fmadd_ps(step, _mm512_cvtepi32_ps(totals[v]), base);
            __m512 estimate = _mm512_fmadd_ps(_mm512_loadu_ps(scale + 16 * v), product,
                                              _mm512_add_ps(_mm512_loadu_ps(add + 16 * v), shift));
            bounds[v] = _mm512_fmadd_ps(width, _mm512_loadu_ps(error + 16 * v), estimate);
            passing |= (uint32_t)_mm512_cmp_ps_mask(bounds[v], top, _CMP_LE_OQ) << 16 * v;
        }
        if (visit->bounds) {
            for (int v = 0; v < 2; v++) _mm512_storeu_ps(visit->bounds + start + 16 * v, bounds[v]);
            continue;
        }
        if (count - start < CK_RABITQ_BLOCK) passing &= (1u << (count - start)) - 1;
        if (!passing) continue;
        float values[32];
        uint32_t sums[32];
        for (int v = 0; v < 2; v++) {
            _mm512_storeu_ps(values + 16 * v, bounds[v]);
            _mm512_storeu_si512(sums + 16 * v, totals[v]);
        }
        ck_rabitq_add(passing, values, sums, (uint32_t)start, visit);
    }
}

AVX512 void ck_rabitq_scan_avx512(const uint8_t *blocks, size_t count, size_t n, ck_rabitq_visit *visits,
                                  size_t visit_count) {
    for (size_t v = 0; v < visit_count; v++) scan(blocks, count, n, visits + v);
}
#endif
