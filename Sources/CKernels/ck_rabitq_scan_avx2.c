#if defined(__x86_64__)
#include <immintrin.h>

#include "ck_rabitq_survivors.h"

#define INLINE __attribute__((target("avx2,fma"))) static inline __attribute__((always_inline))

/* So many pairs of tables are added in bytes, and so many in 16 bits: CK_RABITQ_ENTRY · 4 < 2^8, · 2 · 512 < 2^16. */
enum { BYTE_PAIRS = 4, WORD_PAIRS = 512, GROUP = 4 };

/* The 16 sums of both lanes, of vectors 0, 2 … in `even` and 1, 3 … in `odd`, in order. */
INLINE __m256i in_order(__m256i even, __m256i odd) {
    __m128i e = _mm_add_epi16(_mm256_castsi256_si128(even), _mm256_extracti128_si256(even, 1));
    __m128i o = _mm_add_epi16(_mm256_castsi256_si128(odd), _mm256_extracti128_si256(odd, 1));
    return _mm256_set_m128i(_mm_unpackhi_epi16(e, o), _mm_unpacklo_epi16(e, o));
}

/* Adds to totals[q] the sums of table entries of a block's 32 vectors, in order, over at most WORD_PAIRS pairs of tables from
   pair `start` on, a multiple of BYTE_PAIRS. The code is unpacked once for all queries. */
INLINE void block_sums(const uint8_t *codes, const ck_rabitq_visit *visits, size_t start, size_t end, const int queries,
                       __m256i totals[][4]) {
    const __m256i nibble = _mm256_set1_epi8(15), byte = _mm256_set1_epi16(255);
    /* Of the first and the last 16 vectors. */
    __m256i even0[GROUP], odd0[GROUP], even1[GROUP], odd1[GROUP];
    const uint8_t *tables[GROUP];
    for (int q = 0; q < queries; q++) {
        even0[q] = odd0[q] = even1[q] = odd1[q] = _mm256_setzero_si256();
        tables[q] = visits[q].query->table;
    }
    for (size_t first = start; first < end; first += BYTE_PAIRS) {
        __m256i sum0[GROUP], sum1[GROUP];
        for (int q = 0; q < queries; q++) sum0[q] = sum1[q] = _mm256_setzero_si256();
#pragma clang loop unroll(full)
        for (size_t j = first; j < first + BYTE_PAIRS; j++) {
            __m256i code = _mm256_loadu_si256((const __m256i *)(codes + 32 * j));
            __m256i low = _mm256_and_si256(code, nibble), high = _mm256_and_si256(_mm256_srli_epi16(code, 4), nibble);
            for (int q = 0; q < queries; q++) {
                __m256i entries = _mm256_loadu_si256((const __m256i *)(tables[q] + 32 * j));
                sum0[q] = _mm256_add_epi8(sum0[q], _mm256_shuffle_epi8(entries, low));
                sum1[q] = _mm256_add_epi8(sum1[q], _mm256_shuffle_epi8(entries, high));
            }
        }
        for (int q = 0; q < queries; q++) {
            even0[q] = _mm256_add_epi16(even0[q], _mm256_and_si256(sum0[q], byte));
            odd0[q] = _mm256_add_epi16(odd0[q], _mm256_srli_epi16(sum0[q], 8));
            even1[q] = _mm256_add_epi16(even1[q], _mm256_and_si256(sum1[q], byte));
            odd1[q] = _mm256_add_epi16(odd1[q], _mm256_srli_epi16(sum1[q], 8));
        }
    }
    for (int q = 0; q < queries; q++) {
        __m256i sums[2] = {in_order(even0[q], odd0[q]), in_order(even1[q], odd1[q])};
        for (int h = 0; h < 2; h++) {
            __m256i front = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(sums[h]));
            __m256i back = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(sums[h], 1));
            totals[q][2 * h] = _mm256_add_epi32(totals[q][2 * h], front);
            totals[q][2 * h + 1] = _mm256_add_epi32(totals[q][2 * h + 1], back);
        }
    }
}

/* Adds the vectors of a block whose bound passes; index is that of its first. */
INLINE void keep_passing(const float *factors, const __m256i totals[4], uint32_t present, uint32_t index,
                         ck_rabitq_visit *visit) {
    const __m256 step = _mm256_set1_ps(visit->query->table_step), base = _mm256_set1_ps(visit->query->table_base);
    const __m256 shift = _mm256_set1_ps(visit->offset), width = _mm256_set1_ps(-visit->spread);
    const __m256 top = _mm256_set1_ps(visit->threshold);
    const float *add = factors, *scale = add + CK_RABITQ_BLOCK, *error = scale + CK_RABITQ_BLOCK;
    __m256 bounds[4];
    uint32_t passing = 0;
    for (int v = 0; v < 4; v++) {
        __m256 product = _mm256_fmadd_ps(step, _mm256_cvtepi32_ps(totals[v]), base);
        __m256 estimate = _mm256_fmadd_ps(_mm256_loadu_ps(scale + 8 * v), product,
                                          _mm256_add_ps(_mm256_loadu_ps(add + 8 * v), shift));
        bounds[v] = _mm256_fmadd_ps(width, _mm256_loadu_ps(error + 8 * v), estimate);
        passing |= (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(bounds[v], top, _CMP_LE_OQ)) << 8 * v;
    }
    if (visit->bounds) {
        for (int v = 0; v < 4; v++) _mm256_storeu_ps(visit->bounds + index + 8 * v, bounds[v]);
        return;
    }
    passing &= present;
    if (!passing) return;
    float values[32];
    uint32_t sums[32];
    for (int v = 0; v < 4; v++) {
        _mm256_storeu_ps(values + 8 * v, bounds[v]);
        _mm256_storeu_si256((__m256i *)(sums + 8 * v), totals[v]);
    }
    ck_rabitq_add(passing, values, sums, index, visit);
}

INLINE void scan(const uint8_t *blocks, size_t count, size_t n, ck_rabitq_visit *visits, const int queries) {
    const size_t bytes = ck_rabitq_block_bytes(n), pairs = n / 8;
    for (int q = 0; q < queries; q++) visits[q].found = 0;
    for (size_t start = 0; start < count; start += CK_RABITQ_BLOCK, blocks += bytes) {
        __m256i totals[GROUP][4];
        for (int q = 0; q < queries; q++)
            for (int v = 0; v < 4; v++) totals[q][v] = _mm256_setzero_si256();
        for (size_t j = 0; j < pairs; j += WORD_PAIRS)
            block_sums(blocks, visits, j, j + WORD_PAIRS < pairs ? j + WORD_PAIRS : pairs, queries, totals);
        uint32_t present = count - start < CK_RABITQ_BLOCK ? (1u << (count - start)) - 1 : ~0u;
        for (int q = 0; q < queries; q++)
            keep_passing((const float *)(blocks + 4 * n), totals[q], present, (uint32_t)start, visits + q);
    }
}

__attribute__((target("avx2,fma"))) void ck_rabitq_scan_avx2(const uint8_t *blocks, size_t count, size_t n,
                                                            ck_rabitq_visit *visits, size_t visit_count) {
    for (; visit_count >= GROUP; visits += GROUP, visit_count -= GROUP) scan(blocks, count, n, visits, GROUP);
    switch (visit_count) {
    case 3: scan(blocks, count, n, visits, 3); break;
    case 2: scan(blocks, count, n, visits, 2); break;
    case 1: scan(blocks, count, n, visits, 1); break;
    }
}
#endif
