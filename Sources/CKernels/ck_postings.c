#include "ck_postings.h"

#include "ck_level.h"

/* 1 or 0, without a branch; for finite scores, or a bound of minus infinity. */
static inline size_t reaches(float score, float least) { return !(score - least < 0); }

size_t ck_postings_find_scalar(const uint32_t *rows, const uint8_t *counts, size_t n, uint32_t first, uint32_t size,
                               const float *contributions, float *sums, uint32_t *places, size_t *found) {
    size_t i = 0, known = *found;
    for (; i < n; i++) {
        uint32_t place = rows[i] - first;
        if (place >= size) break;
        float sum = sums[place];
        // Written in any case: whether the row is new is no branch that could be foreseen.
        places[known] = place;
        known += sum == 0 && known < size;
        sums[place] = sum + contributions[counts[i]];
    }
    *found = known;
    return i;
}

size_t ck_postings_take_scalar(float *block_sums, const uint8_t *lengths, const float *length_scores, const float *rest,
                               float least, ck_partial_rows rows, size_t n, uint32_t *more, size_t *more_count) {
    size_t kept = 0, unknown = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t place = rows.places[i];
        uint8_t length = lengths[place];
        float sum = block_sums[place], other = length_scores[length];
        block_sums[place] = 0;
        rows.places[kept] = place | (uint32_t)length << CK_POSTINGS_LENGTH_SHIFT;
        rows.sums[kept] = sum;
        rows.others[kept] = other;
        more[unknown] = (uint32_t)kept;
        size_t keep = reaches(sum + other + rest[length], least);
        unknown += keep & (length == 255);
        kept += keep;
    }
    *more_count = unknown;
    return kept;
}

void ck_postings_open(uint16_t *slots, const uint32_t *places, size_t n) {
    for (size_t i = 0; i < n; i++) slots[places[i] & CK_POSTINGS_PLACE] = (uint16_t)(i + 1);
}

void ck_postings_close(uint16_t *slots, const uint32_t *places, size_t n) {
    for (size_t i = 0; i < n; i++) slots[places[i] & CK_POSTINGS_PLACE] = 0;
}

size_t ck_postings_add_to_slots_scalar(const uint32_t *rows, const uint8_t *counts, size_t n, uint32_t first,
                                       uint32_t size, const uint16_t *slots, const float *contributions, float *sums) {
    size_t i = 0;
    for (; i < n; i++) {
        uint32_t place = rows[i] - first;
        if (place >= size) break;
        // Few have one: most of the time nothing else is read.
        uint16_t slot = slots[place];
        if (slot) sums[slot - 1] += contributions[counts[i]];
    }
    return i;
}

size_t ck_postings_add_frequent_scalar(const uint64_t *codes, const float *contributions, float most, const float *rest,
                                       float least, ck_partial_rows rows, size_t n, uint32_t *more, size_t *more_count) {
    const float gains[4] = {contributions[0], contributions[1], contributions[2], 0};
    size_t kept = 0, unknown = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t place = rows.places[i];
        uint32_t code = codes[(place & CK_POSTINGS_PLACE) >> 5] >> (2 * (place & 31)) & 3;
        float sum = rows.sums[i] + gains[code], other = rows.others[i];
        rows.places[kept] = place;
        rows.sums[kept] = sum;
        rows.others[kept] = other;
        more[unknown] = (uint32_t)kept;
        float hoped = code == 3 ? sum + most : sum, gain = rest[place >> CK_POSTINGS_LENGTH_SHIFT];
        size_t keep = reaches(hoped + other + gain, least);
        unknown += keep & (code == 3);
        kept += keep;
    }
    *more_count = unknown;
    return kept;
}

size_t ck_postings_keep_scalar(const float *rest, float least, ck_partial_rows rows, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t place = rows.places[i];
        float sum = rows.sums[i], other = rows.others[i];
        rows.places[kept] = place;
        rows.sums[kept] = sum;
        rows.others[kept] = other;
        kept += reaches(sum + other + rest[place >> CK_POSTINGS_LENGTH_SHIFT], least);
    }
    return kept;
}

#if defined(__x86_64__)
#define DISPATCH(name, ...) return ck_current_level() == CK_AVX512 ? name##_avx512(__VA_ARGS__) : name##_scalar(__VA_ARGS__)
#else
#define DISPATCH(name, ...) return name##_scalar(__VA_ARGS__)
#endif

size_t ck_postings_find(const uint32_t *rows, const uint8_t *counts, size_t n, uint32_t first, uint32_t size,
                        const float *contributions, float *sums, uint32_t *places, size_t *found) {
    DISPATCH(ck_postings_find, rows, counts, n, first, size, contributions, sums, places, found);
}

size_t ck_postings_take(float *block_sums, const uint8_t *lengths, const float *length_scores, const float *rest,
                        float least, ck_partial_rows rows, size_t n, uint32_t *more, size_t *more_count) {
    DISPATCH(ck_postings_take, block_sums, lengths, length_scores, rest, least, rows, n, more, more_count);
}

size_t ck_postings_add_to_slots(const uint32_t *rows, const uint8_t *counts, size_t n, uint32_t first, uint32_t size,
                                const uint16_t *slots, const float *contributions, float *sums) {
    DISPATCH(ck_postings_add_to_slots, rows, counts, n, first, size, slots, contributions, sums);
}

size_t ck_postings_add_frequent(const uint64_t *codes, const float *contributions, float most, const float *rest,
                                float least, ck_partial_rows rows, size_t n, uint32_t *more, size_t *more_count) {
    DISPATCH(ck_postings_add_frequent, codes, contributions, most, rest, least, rows, n, more, more_count);
}

size_t ck_postings_keep(const float *rest, float least, ck_partial_rows rows, size_t n) {
    DISPATCH(ck_postings_keep, rest, least, rows, n);
}
