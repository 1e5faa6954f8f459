#pragma once
#include <stddef.h>
#include <stdint.h>

/// A candidate of a search: the smaller (key, row) is the better.
typedef struct {
    float key;
    uint32_t row;
} ck_candidate;

/// Keeps the `capacity` smallest candidates of all those offered, whatever the order they are offered in.
///
/// Offers n rows, first … first + n − 1, with key_i = factor · dots[i] + (bias ? bias[i] : 0), rounded once. A NaN key is never kept.
/// heap: room for `capacity` candidates, `size` of them in use (a heap with the greatest on top). allowed: when not null,
/// bit r of the map says whether row r may be kept. Returns the new size.
size_t ck_select(const float *dots, const float *bias, float factor, size_t n, uint32_t first, const uint64_t *allowed,
                 ck_candidate *heap, size_t size, size_t capacity);

/// Adds one candidate to such a heap.
size_t ck_select_one(ck_candidate candidate, ck_candidate *heap, size_t size, size_t capacity);

/// labels[i] = the first c with the greatest dots[i·count + c] − half_norms[c]: the nearest centroid, when half_norms are
/// half the squared norms. UINT32_MAX when no comparison holds (the row has a NaN). Plain C at every level.
void ck_nearest(const float *dots, const float *half_norms, size_t rows, size_t count, uint32_t *labels);

/* The scalar version is the definition; both give the same bits. AVX-512 processors run the AVX2 version: the scan is
   bound by memory. */
size_t ck_select_scalar(const float *dots, const float *bias, float factor, size_t n, uint32_t first,
                        const uint64_t *allowed, ck_candidate *heap, size_t size, size_t capacity);
size_t ck_select_avx2(const float *dots, const float *bias, float factor, size_t n, uint32_t first,
                      const uint64_t *allowed, ck_candidate *heap, size_t size, size_t capacity);
