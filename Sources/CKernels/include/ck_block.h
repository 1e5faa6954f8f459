#pragma once
#include <stddef.h>
#include <stdint.h>

/// Inner products of every row of a block with every row of another: out[i·stride_out + j] = ⟨a_i, b_j⟩.
///
/// a: rows × n, b: count × n, row-major with the given strides (in floats). Each product is summed in an order that
/// depends on n alone, so it has the same bits whatever block, batch or thread it is computed in; a BLAS product has not.
void ck_block_dots(const float *a, size_t stride_a, size_t rows, const float *b, size_t stride_b, size_t count, size_t n,
                   float *out, size_t stride_out);

/// Sum of outer products: g[c·stride_g + k] += Σ_i d[i·stride_d + c] · x[i·stride_x + k] for c < count, k < n.
///
/// Rows are added one after another, in rising order, so splitting them over calls changes no bit.
void ck_block_outer(const float *d, size_t stride_d, size_t count, const float *x, size_t stride_x, size_t rows, size_t n,
                    float *g, size_t stride_g);

/// Sums rows by label: sums[labels[i]·n + k] += x[i·n + k], in rising order of i. Labels must be in range.
void ck_block_sum_by_label(const float *x, size_t rows, size_t n, const uint32_t *labels, float *sums);

/* One symbol an instruction set, so that tests run each; the scalar version is the definition. */
#define CK_BLOCK_DECLARE(level)                                                                                         \
    void ck_block_dots_##level(const float *a, size_t stride_a, size_t rows, const float *b, size_t stride_b,           \
                               size_t count, size_t n, float *out, size_t stride_out);                                  \
    void ck_block_outer_##level(const float *d, size_t stride_d, size_t count, const float *x, size_t stride_x,         \
                                size_t rows, size_t n, float *g, size_t stride_g);                                      \
    void ck_block_sum_by_label_##level(const float *x, size_t rows, size_t n, const uint32_t *labels, float *sums);
CK_BLOCK_DECLARE(scalar)
CK_BLOCK_DECLARE(avx2)
CK_BLOCK_DECLARE(avx512)
#undef CK_BLOCK_DECLARE
