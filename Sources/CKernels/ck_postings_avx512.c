#if defined(__x86_64__)
#include "ck_postings.h"

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,popcnt")))
#define INLINE AVX512 static inline __attribute__((always_inline))

/* The next lanes of n, from i on. */
INLINE __mmask16 lanes(size_t n, size_t i) { return n - i >= 16 ? 0xffff : (__mmask16)((1u << (n - i)) - 1); }

/* The lanes of postings whose rows lie in the block, up to the first one that does not. */
INLINE __mmask16 in_block(const uint32_t *rows, __mmask16 here, __m512i first, __m512i size, __m512i *places) {
    *places = _mm512_sub_epi32(_mm512_maskz_loadu_epi32(here, rows), first);
    unsigned outside = (uint16_t)~_mm512_mask_cmplt_epu32_mask(here, *places, size);
    // Below the lowest lane that is outside.
    return (__mmask16)((outside - 1) & ~outside);
}

AVX512 size_t ck_postings_find_avx512(const uint32_t *rows, const uint8_t *counts, size_t n, uint32_t first, uint32_t size,
                                      const float *contributions, float *sums, uint32_t *places, size_t *found) {
    const __m512i begin = _mm512_set1_epi32((int)first), end = _mm512_set1_epi32((int)size);
    const __m512 zero = _mm512_setzero_ps();
    size_t i = 0, known = *found;
    while (i < n) {
        __m512i offsets;
        __mmask16 taken = in_block(rows + i, lanes(n, i), begin, end, &offsets);
        __m512i times = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(taken, counts + i));
        __m512 old = _mm512_mask_i32gather_ps(zero, taken, offsets, sums, 4);
        __m512 gains = _mm512_mask_i32gather_ps(zero, taken, times, contributions, 4);
        __mmask16 fresh = _mm512_mask_cmpeq_ps_mask(taken, old, zero);
        _mm512_storeu_si512(places + known, _mm512_maskz_compress_epi32(fresh, offsets));
        known += (size_t)__builtin_popcount(fresh);
        known = known < size ? known : size;
        _mm512_mask_i32scatter_ps(sums, taken, offsets, _mm512_add_ps(old, gains), 4);
        i += (size_t)__builtin_popcount(taken);
        if (taken != 0xffff) break;
    }
    *found = known;
    return i;
}

/* Rows that reach a score with what their lengths, above their places, let them gain. */
INLINE __mmask16 reaching(__mmask16 here, __m512 scores, __m512i places, const float *rest, __m512 least) {
    __m512i lengths = _mm512_srli_epi32(places, CK_POSTINGS_LENGTH_SHIFT);
    __m512 gains = _mm512_mask_i32gather_ps(_mm512_setzero_ps(), here, lengths, rest, 4);
    __m512 beyond = _mm512_sub_ps(_mm512_add_ps(scores, gains), least);
    return _mm512_mask_cmp_ps_mask(here, beyond, _mm512_setzero_ps(), _CMP_NLT_UQ);
}

/* Rows that are kept go where rows were that have been read. */
INLINE size_t store(ck_partial_rows rows, size_t kept, __mmask16 keep, __m512i places, __m512 sums, __m512 others) {
    size_t count = (size_t)__builtin_popcount(keep);
    __mmask16 room = (__mmask16)((1u << count) - 1);
    _mm512_mask_storeu_epi32(rows.places + kept, room, _mm512_maskz_compress_epi32(keep, places));
    _mm512_mask_storeu_ps(rows.sums + kept, room, _mm512_maskz_compress_ps(keep, sums));
    _mm512_mask_storeu_ps(rows.others + kept, room, _mm512_maskz_compress_ps(keep, others));
    return kept + count;
}

/* Notes where among the rows kept some of these are. */
INLINE size_t note(uint32_t *more, size_t unknown, __mmask16 these, size_t kept, __mmask16 keep) {
    for (unsigned rest = these; rest; rest &= rest - 1) {
        unsigned before = keep & ((rest & -rest) - 1);
        more[unknown++] = (uint32_t)kept + (uint32_t)__builtin_popcount(before);
    }
    return unknown;
}

AVX512 size_t ck_postings_take_avx512(float *block_sums, const uint8_t *lengths, const float *length_scores,
                                      const float *rest, float least, ck_partial_rows rows, size_t n, uint32_t *more,
                                      size_t *more_count) {
    const __m512 bound = _mm512_set1_ps(least), zero = _mm512_setzero_ps();
    const __m512i low = _mm512_set1_epi32(0xff), nothing = _mm512_setzero_si512();
    size_t kept = 0, unknown = 0;
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 here = lanes(n, i);
        __m512i places = _mm512_maskz_loadu_epi32(here, rows.places + i);
        __m512 sums = _mm512_mask_i32gather_ps(zero, here, places, block_sums, 4);
        _mm512_mask_i32scatter_ps(block_sums, here, places, zero, 4);
        __m512i length = _mm512_and_si512(_mm512_mask_i32gather_epi32(nothing, here, places, lengths, 1), low);
        __m512 others = _mm512_mask_i32gather_ps(zero, here, length, length_scores, 4);
        places = _mm512_or_si512(places, _mm512_slli_epi32(length, CK_POSTINGS_LENGTH_SHIFT));
        __mmask16 keep = reaching(here, _mm512_add_ps(sums, others), places, rest, bound);
        unknown = note(more, unknown, _mm512_mask_cmpeq_epi32_mask(keep, length, low), kept, keep);
        kept = store(rows, kept, keep, places, sums, others);
    }
    *more_count = unknown;
    return kept;
}

AVX512 size_t ck_postings_add_to_slots_avx512(const uint32_t *rows, const uint8_t *counts, size_t n, uint32_t first,
                                              uint32_t size, const uint16_t *slots, const float *contributions,
                                              float *sums) {
    const __m512i begin = _mm512_set1_epi32((int)first), end = _mm512_set1_epi32((int)size);
    const __m512i low = _mm512_set1_epi32(0xffff), nothing = _mm512_setzero_si512();
    size_t i = 0;
    while (i < n) {
        __m512i places;
        __mmask16 taken = in_block(rows + i, lanes(n, i), begin, end, &places);
        __m512i words = _mm512_mask_i32gather_epi32(nothing, taken, places, slots, 2);
        for (unsigned hit = _mm512_test_epi32_mask(words, low); hit; hit &= hit - 1) {
            size_t posting = i + (size_t)__builtin_ctz(hit);
            sums[slots[rows[posting] - first] - 1] += contributions[counts[posting]];
        }
        i += (size_t)__builtin_popcount(taken);
        if (taken != 0xffff) break;
    }
    return i;
}

AVX512 size_t ck_postings_add_frequent_avx512(const uint64_t *codes, const float *contributions, float most,
                                              const float *rest, float least, ck_partial_rows rows, size_t n,
                                              uint32_t *more, size_t *more_count) {
    const __m512 gains = _mm512_setr_ps(contributions[0], contributions[1], contributions[2], 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                        0, 0, 0, 0);
    const __m512 bound = _mm512_set1_ps(least), highest = _mm512_set1_ps(most);
    const __m512i low = _mm512_set1_epi32(15), three = _mm512_set1_epi32(3);
    const __m512i word = _mm512_set1_epi32(CK_POSTINGS_PLACE >> 4);
    size_t kept = 0, unknown = 0;
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 here = lanes(n, i);
        __m512i places = _mm512_maskz_loadu_epi32(here, rows.places + i);
        __m512 sums = _mm512_maskz_loadu_ps(here, rows.sums + i), others = _mm512_maskz_loadu_ps(here, rows.others + i);
        __m512i words = _mm512_mask_i32gather_epi32(
            _mm512_setzero_si512(), here, _mm512_and_si512(_mm512_srli_epi32(places, 4), word), codes, 4);
        __m512i shifts = _mm512_slli_epi32(_mm512_and_si512(places, low), 1);
        __m512i code = _mm512_and_si512(_mm512_srlv_epi32(words, shifts), three);
        sums = _mm512_add_ps(sums, _mm512_permutexvar_ps(code, gains));
        __mmask16 many = _mm512_mask_cmpeq_epi32_mask(here, code, three);
        __m512 hoped = _mm512_mask_add_ps(sums, many, sums, highest);
        __mmask16 keep = reaching(here, _mm512_add_ps(hoped, others), places, rest, bound);
        unknown = note(more, unknown, many & keep, kept, keep);
        kept = store(rows, kept, keep, places, sums, others);
    }
    *more_count = unknown;
    return kept;
}

AVX512 size_t ck_postings_keep_avx512(const float *rest, float least, ck_partial_rows rows, size_t n) {
    const __m512 bound = _mm512_set1_ps(least);
    size_t kept = 0;
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 here = lanes(n, i);
        __m512i places = _mm512_maskz_loadu_epi32(here, rows.places + i);
        __m512 sums = _mm512_maskz_loadu_ps(here, rows.sums + i), others = _mm512_maskz_loadu_ps(here, rows.others + i);
        kept = store(rows, kept, reaching(here, _mm512_add_ps(sums, others), places, rest, bound), places, sums, others);
    }
    return kept;
}
#endif
