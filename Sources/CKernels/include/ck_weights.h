#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// How a stored weight is to be read. Integers become the float of the same value.
typedef enum {
    CK_WEIGHT_F32,
    CK_WEIGHT_F16,
    CK_WEIGHT_BF16,
    CK_WEIGHT_F64,
    CK_WEIGHT_I8,
    CK_WEIGHT_U8,
} ck_weight_type;

/// Reads `count` little-endian weights, which need no alignment. F64 is rounded to nearest, the rest is exact.
void ck_weights_read(ck_weight_type type, const uint8_t *in, float *out, size_t count);

/// x[i] = (x[i] − zero) · scale.
void ck_weights_rescale(float *x, size_t count, float zero, float scale);

/// The index of the first NaN or infinity; `count` when there is none.
size_t ck_first_not_finite(const float *x, size_t count);

/// squares[c] += Σ_r x[r · columns + c]², rows in rising order.
void ck_add_squares(const float *x, size_t rows, size_t columns, float *squares);
/// out[i] = factor · row[indices[i]].
void ck_gather(const float *row, const uint32_t *indices, size_t count, float factor, float *out);
