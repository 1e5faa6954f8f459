#pragma once
#include <stddef.h>
#include <stdint.h>

/// IEEE 754 binary16 bits to binary32, exact; signalling NaNs become quiet.
void ck_half_to_float(const uint16_t *in, float *out, size_t n);
/// Binary32 to binary16 bits, to nearest, ties to even; too large a value becomes an infinity, a NaN a quiet NaN.
void ck_float_to_half(const float *in, uint16_t *out, size_t n);

/* One symbol an instruction set, so that tests run each; the scalar version is the definition. */
void ck_half_to_float_scalar(const uint16_t *in, float *out, size_t n);
void ck_float_to_half_scalar(const float *in, uint16_t *out, size_t n);
void ck_half_to_float_avx2(const uint16_t *in, float *out, size_t n);
void ck_float_to_half_avx2(const float *in, uint16_t *out, size_t n);
