#pragma once
#include <stddef.h>
#include <stdint.h>

/// Rounds of ck_rotate; each has signs of its own.
enum { CK_ROTATION_ROUNDS = 4 };

/// Rotates x[n] in place by a random orthogonal matrix that the signs define; n is a multiple of 32.
///
/// Round t, with P the largest power of two not above n: x_i changes its sign where signs[t·n + i] is 0x80000000 (else
/// 0); the Walsh–Hadamard transform, scaled by 1/√P, runs over the first P elements when t is even and over the last P
/// when it is odd; and unless P = n, every pair (x_i, x_{i+n/2}) becomes (x_i + x_{i+n/2}, x_i − x_{i+n/2}) / √2.
/// Every level gives the same bits. Complexity: O(n log n).
void ck_rotate(float *x, const uint32_t *signs, size_t n);

/* One symbol an instruction set, so that tests run each; the scalar version is the definition. */
void ck_rotate_scalar(float *x, const uint32_t *signs, size_t n);
void ck_rotate_avx2(float *x, const uint32_t *signs, size_t n);
void ck_rotate_avx512(float *x, const uint32_t *signs, size_t n);
