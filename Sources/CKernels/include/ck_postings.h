#pragma once
#include <stddef.h>
#include <stdint.h>

/* The steps of a search in an inverted file, over a block of at most 2¹⁴ rows that begins at row `first`. A row's place is its
   number less `first`. Of a word, `rows` are those that have it, rising, `counts` say how often each does, and
   `contributions[count]` what that brings. */

/// Of rows taken a place has the row's length above it.
#define CK_POSTINGS_PLACE 0xffffu
#define CK_POSTINGS_LENGTH_SHIFT 16

/// Rows of a block with their sums, as a search holds them; places do not repeat.
typedef struct {
    uint32_t *places;
    float *sums;
    /// What else a row's score has.
    float *others;
} ck_partial_rows;

/// Adds a word to the sums of a block, and notes the rows that had none.
///
/// Takes the first of n postings whose rows lie in the block, up to the first one that does not, and returns how many these
/// are. size: rows of the block. sums: [size], 0 where a row has no sum; contributions are positive. places: `found` of them
/// are in use, and those of rows without a sum are written behind; room for size + 16. Never more than `size` are in use,
/// whatever the rows are.
size_t ck_postings_find(const uint32_t *rows, const uint8_t *counts, size_t n, uint32_t first, uint32_t size,
                        const float *contributions, float *sums, uint32_t *places, size_t *found);

/// Takes rows out of the sums of a block, and keeps those that reach a score.
///
/// rows.places: n of them without a length, whose sums are read and set to 0. lengths: how long each row of the block is, 255
/// for longer ones; room for three more. length_scores: [256], what that adds to a score; never rises. rest: [256], what a row
/// of a length may yet gain. A row is kept, in its order, where ((sum + other) + rest) − least is not below 0. more: where
/// among the rows kept those of length 255 are, whose `others` are that of the table; room for n. Returns how many are kept.
size_t ck_postings_take(float *block_sums, const uint8_t *lengths, const float *length_scores, const float *rest,
                        float least, ck_partial_rows rows, size_t n, uint32_t *more, size_t *more_count);

/// Gives rows slots, or takes them away.
///
/// slots: [size + 1] of the block, all 0 before the one and after the other; that of the row at places[i] becomes i + 1.
void ck_postings_open(uint16_t *slots, const uint32_t *places, size_t n);
void ck_postings_close(uint16_t *slots, const uint32_t *places, size_t n);

/// Adds a word to the rows that have a slot, and to no others.
///
/// Takes postings as ck_postings_find does. slots: 0 for a row that has none, else sums[slots[place] − 1] is the row's; room for
/// one more than the block has rows.
size_t ck_postings_add_to_slots(const uint32_t *rows, const uint8_t *counts, size_t n, uint32_t first, uint32_t size,
                                const uint16_t *slots, const float *contributions, float *sums);

/// Adds a frequent word to rows, and keeps those that reach a score.
///
/// codes: two bits for each row of the block, lowest first: how often the row has the word, 3 for more than twice. A row is
/// kept as in ck_postings_take; one of code 3 where it would be with `most`, what the word brings at most, and its sum
/// unchanged. more: where among the rows kept those are; room for n.
size_t ck_postings_add_frequent(const uint64_t *codes, const float *contributions, float most, const float *rest,
                                float least, ck_partial_rows rows, size_t n, uint32_t *more, size_t *more_count);

/// Keeps the rows that reach a score, as ck_postings_take does.
size_t ck_postings_keep(const float *rest, float least, ck_partial_rows rows, size_t n);

/* The scalar versions are the definition; both give the same bits where no row comes twice in a list. AVX2 has no scatter
   and no compression: its processors run the scalar ones, which have no branch that could not be foreseen. */
#define CK_POSTINGS_VERSION(level)                                                                                         \
    size_t ck_postings_find_##level(const uint32_t *rows, const uint8_t *counts, size_t n, uint32_t first,                 \
                                    uint32_t size, const float *contributions, float *sums, uint32_t *places,              \
                                    size_t *found);                                                                        \
    size_t ck_postings_take_##level(float *block_sums, const uint8_t *lengths, const float *length_scores,                 \
                                    const float *rest, float least, ck_partial_rows rows, size_t n, uint32_t *more,        \
                                    size_t *more_count);                                                                   \
    size_t ck_postings_add_to_slots_##level(const uint32_t *rows, const uint8_t *counts, size_t n, uint32_t first,         \
                                            uint32_t size, const uint16_t *slots, const float *contributions,              \
                                            float *sums);                                                                  \
    size_t ck_postings_add_frequent_##level(const uint64_t *codes, const float *contributions, float most,                 \
                                            const float *rest, float least, ck_partial_rows rows, size_t n,                \
                                            uint32_t *more, size_t *more_count);                                           \
    size_t ck_postings_keep_##level(const float *rest, float least, ck_partial_rows rows, size_t n);
CK_POSTINGS_VERSION(scalar)
CK_POSTINGS_VERSION(avx512)
#undef CK_POSTINGS_VERSION
