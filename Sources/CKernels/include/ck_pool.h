#pragma once
#include <stddef.h>
#include <stdint.h>

/// sums[c] += Σ_i table[ids[i] · dimension + c], exactly; `table` is row-major, `sums` has `dimension` elements.
/// At most 2^24 rows may be added to one sum.
void ck_pool_int8(const int8_t *table, size_t dimension, const int32_t *ids, size_t count, int32_t *sums);
/// The same for floats, added one row after another, so that every instruction set gives the same bits.
void ck_pool_float(const float *table, size_t dimension, const int32_t *ids, size_t count, float *sums);

/* One symbol an instruction set, so that tests run each; the scalar version is the definition. */
void ck_pool_int8_scalar(const int8_t *table, size_t dimension, const int32_t *ids, size_t count, int32_t *sums);
void ck_pool_int8_avx2(const int8_t *table, size_t dimension, const int32_t *ids, size_t count, int32_t *sums);
void ck_pool_float_scalar(const float *table, size_t dimension, const int32_t *ids, size_t count, float *sums);
void ck_pool_float_avx2(const float *table, size_t dimension, const int32_t *ids, size_t count, float *sums);
