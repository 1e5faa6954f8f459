#pragma once
#include <stddef.h>
#include <stdint.h>

/* Projection of δ ⊗ [x;1] by a matrix of signs, without a matrix product.

   out_i = scale · Σ_k x_k · Σ_c ±δ_c: for each (i, k) the inner sum is one of 2^classes numbers, which depend on the row
   alone. So a row's sums are tabulated once and each (i, k) costs one look-up and one multiply-add in place of `classes`
   of them. Classes are taken in groups of at most CK_SIGN_GROUP, each with a table of its own. */

/// The most classes that share a table: 2^10 sums of 8 rows are 32 KiB, a first-level cache.
enum { CK_SIGN_GROUP = 10 };
/// A code is a bit mask of the group's classes with sign +, times this: a table entry's offset in bytes.
enum { CK_SIGN_STEP = 32 };

/// The number of groups that `classes` are split into, and the first class of group g (of group `groups`: `classes`).
size_t ck_sign_groups(size_t classes);
size_t ck_sign_group_start(size_t classes, size_t g);
/// The position of the code of (group g, output i, input k) in `codes`, and how many codes there are.
/// Outputs are in blocks of 8 (the last one padded with any valid code): [group][i / 8][k][i % 8], k ≤ n, k = n the bias.
size_t ck_sign_code_index(size_t g, size_t i, size_t k, size_t n, size_t m);
size_t ck_sign_code_count(size_t classes, size_t n, size_t m);
/// How many floats of scratch a call needs.
size_t ck_sign_scratch(size_t classes, size_t n, size_t m);

/// out[r·m + i] = scale · Σ_c Σ_k sign(i, c, k) · delta[r·classes + c] · [x_r;1]_k for r < rows, i < m, k ≤ n.
///
/// Each row's result depends on that row alone.
void ck_sign_project(const float *x, size_t stride_x, size_t n, const float *delta, size_t classes, size_t rows,
                     const uint16_t *codes, size_t m, float scale, float *scratch, float *out);

/* The scalar version is the definition; AVX-512 processors run the AVX2 version. */
void ck_sign_project_scalar(const float *x, size_t stride_x, size_t n, const float *delta, size_t classes, size_t rows,
                            const uint16_t *codes, size_t m, float scale, float *scratch, float *out);
void ck_sign_project_avx2(const float *x, size_t stride_x, size_t n, const float *delta, size_t classes, size_t rows,
                          const uint16_t *codes, size_t m, float scale, float *scratch, float *out);
