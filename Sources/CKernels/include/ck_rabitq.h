#pragma once
#include <stddef.h>
#include <stdint.h>

/* RaBitQ codes of a partitioned index: Gao & Long, SIGMOD 2024 (arXiv 2405.12497), and with more bits SIGMOD 2025
   (arXiv 2409.09913). `docs/index.md` has the estimator.

   A vector's residual r (rotated, n numbers, n a multiple of 32) becomes n integers u_i of `bits` bits, 1 to 8. The top
   bit is the sign; they make the hot code. The `bits` − 1 low bits make the warm code. x̄ = u − (2^bits − 1)/2 has r's
   direction, about. */

/// What the factors of a code are made from; c is the centroid and o the origin, both rotated.
typedef struct {
    float squared_length;    /* ‖r‖² */
    float sign_residual;     /* ⟨r, x̄⟩ of the hot code alone, x̄ = ±½ */
    float sign_centroid;     /* ⟨c, x̄⟩ of the hot code alone */
    float code_residual;     /* ⟨r, x̄⟩ of all bits */
    float code_centroid;     /* ⟨c, x̄⟩ of all bits */
    float residual_centroid; /* ⟨r, c⟩ */
    float residual_origin;   /* ⟨r, o⟩, 0 without an origin */
} ck_rabitq_sums;

/// Bytes of a warm code: n · (bits − 1) / 8.
size_t ck_rabitq_warm_bytes(size_t n, unsigned bits);

/// Encodes r = x − c: u_i takes the level of |r_i| · step / ‖r‖, the sign on top.
///
/// origin may be null. residual: n floats of scratch, r afterwards. hot: n/8 bytes, bit i mod 8 of byte i/8 is set where r_i ≥ 0. warm: of the low
/// bits, the lowest 4 of 32 dimensions as 16 bytes (i in the low and i + 16 in the high half) when there are 4, for all
/// n; then each further bit as a plane of n/8 bytes like `hot`.
void ck_rabitq_encode(const float *x, const float *centroid, const float *origin, size_t n, unsigned bits, float step,
                      float *residual, uint8_t *hot, uint8_t *warm, ck_rabitq_sums *sums);

/// Vectors in a block of the hot plane.
enum { CK_RABITQ_BLOCK = 32 };

/// Bytes of a block: 4n of codes, then three floats for each of its vectors (32 `add`, 32 `scale`, 32 `error`).
size_t ck_rabitq_block_bytes(size_t n);

/// Lays out the hot codes of `count` ≤ 32 vectors (row-major, n/8 bytes each) as a block's codes, absent ones as zeros:
/// byte 32j + i has dimensions 8j … 8j + 3 of vector i in its low half and those of vector i + 16 in its high half, byte
/// 32j + 16 + i dimensions 8j + 4 … 8j + 7 likewise.
void ck_rabitq_pack(const uint8_t *hot, size_t count, size_t n, uint8_t *block);

/// The greatest table entry. Four of them fit a byte, so that a scan adds four tables in bytes before it widens the sums;
/// rounding to 6 bits is a small part of a one-bit code's own error, and no part of an estimate's.
enum { CK_RABITQ_ENTRY = 63 };

/// A query, rotated and quantised once for all partitions.
typedef struct {
    const uint8_t *table; /* n/4 tables of 16: of each 4 dimensions, the sums of q over the set bits, 0 to CK_RABITQ_ENTRY */
    const int8_t *low;    /* q quantised to 8 bits, n of them */
    float table_step;     /* ⟨x̄, q⟩ of a hot code = table_step · sum of table entries + table_base */
    float table_base;
    float low_step;       /* q_i ≈ low_step · low_i */
    int32_t low_total;    /* Σ low_i */
    float table_margin;   /* how far ⟨x̄, q⟩ of a hot code may be off by its table: four standard deviations */
} ck_rabitq_query;

/// Quantises q[n]: fills table (4n bytes) and low (n bytes), and the numbers of `query`, which gets both pointers.
void ck_rabitq_prepare(const float *q, size_t n, uint8_t *table, int8_t *low, ck_rabitq_query *query);

/// A vector whose lower bound may be among the best: `index` in its partition, the bound, and its sum of table entries.
typedef struct {
    float bound;
    uint32_t index;
    uint32_t sum;
} ck_rabitq_survivor;

/// What one query looks for in a partition, and what is found.
typedef struct {
    const ck_rabitq_query *query;
    float offset, spread, threshold;
    ck_rabitq_survivor *out; /* room for the number of vectors rounded up to 32 */
    float *bounds;           /* where not null, all bounds go there, as many, and none to `out` */
    const uint8_t *warm;     /* where not null, the survivors' records are fetched from here, `record` bytes each */
    size_t record;
    size_t found;
} ck_rabitq_visit;

/// Scans a partition's hot plane for several queries: for each the vectors with bound ≤ threshold, in rising order of index.
///
/// bound = add + offset + scale · (table_step · sum + table_base) − spread · error, with add, scale and error of the
/// vector's block: fma(−spread, error, fma(scale, fma(table_step, sum, table_base), add + offset)).
/// Four queries share the unpacking of a code.
void ck_rabitq_scan(const uint8_t *blocks, size_t count, size_t n, ck_rabitq_visit *visits, size_t visit_count);

/// Σ u_i · low_i over the low bits of a warm code, exact.
int32_t ck_rabitq_warm_dot(const uint8_t *warm, const int8_t *low, size_t n, unsigned bits);

/// One of the best: the smaller (key, row) is the better.
typedef struct {
    float key;
    float estimate;
    uint32_t row;
} ck_rabitq_best;

/// Where the vectors of a partition lie.
typedef struct {
    const uint8_t *hot;      /* blocks */
    const uint8_t *warm;     /* records of 8 + warm bytes: floats `add` and `scale`, then the code */
    const uint32_t *rows;    /* less first_row */
    const uint64_t *allowed; /* null, or bit r says whether row r may be kept */
    size_t allowed_rows;     /* bits of `allowed`; a row beyond them may not */
    uint32_t first_row;
} ck_rabitq_partition;

/// Estimates the survivors of a scan from all bits and keeps the `capacity` best of them and of those in `heap`.
///
/// estimate = add + offset + scale · ⟨x̄, q⟩ with the record's add and scale and q rounded to 8 bits. The rough estimate takes
/// the top bit's share from the scan, and lies at most `slack` = |scale| · 2^(bits − 1) · table_margin off, which says for most
/// whether they can be kept. The key is the greatest of the bound, the rough estimate less its slack, and the estimate.
/// Since it is never below what a vector is passed over for, what is kept does not depend on the order of partitions or on
/// the threshold of their scans, as long as no threshold was below the worst key of the final heap. Survivors are
/// reordered. hot_code: room for n/8 bytes. Returns the heap's new size.
size_t ck_rabitq_rank(ck_rabitq_survivor *survivors, size_t count, const ck_rabitq_partition *partition, size_t n,
                      unsigned bits, const ck_rabitq_query *query, float offset, uint8_t *hot_code, ck_rabitq_best *heap,
                      size_t size, size_t capacity);

/// The `wanted` vectors nearest to q, the nearest first, the others in no order; of equal ones any, but always the same.
///
/// Near is offset + biases[i] − 2⟨q, v_i⟩ with v_i = vectors + i · n. Vectors are measured whose bound is among the `tried`
/// least, about (exactly, where tried is 1), and after that those whose bound is below what has been found.
/// bounds: of a scan. places: room for `count`. scratch, out: for twice as many; `estimate` is the measure, `row` the place.
/// Returns how many there are: fewer than wanted where bounds or measures are not numbers.
size_t ck_rabitq_nearest(const float *bounds, size_t count, const float *vectors, const float *biases, size_t n,
                         const float *q, float offset, size_t wanted, size_t tried, uint32_t *places, float *scratch,
                         ck_rabitq_best *out);

/// Offers one to a heap of `size` of at most `capacity`; returns the new size.
size_t ck_rabitq_keep(ck_rabitq_best candidate, ck_rabitq_best *heap, size_t size, size_t capacity);

/* One symbol an instruction set, so that tests run each; the scalar versions are the definition. Scans and warm products
   are the same at every level, sums of floats differ in their last bits. */
#define CK_RABITQ_DECLARE(level)                                                                                       \
    void ck_rabitq_encode_##level(const float *x, const float *centroid, const float *origin, size_t n, unsigned bits, \
                                  float step, float *residual, uint8_t *hot, uint8_t *warm, ck_rabitq_sums *sums);     \
    void ck_rabitq_scan_##level(const uint8_t *blocks, size_t count, size_t n, ck_rabitq_visit *visits,                \
                                size_t visit_count);                                                                   \
    int32_t ck_rabitq_warm_dot_##level(const uint8_t *warm, const int8_t *low, size_t n, unsigned bits);
CK_RABITQ_DECLARE(scalar)
CK_RABITQ_DECLARE(avx2)
CK_RABITQ_DECLARE(avx512)
#undef CK_RABITQ_DECLARE
