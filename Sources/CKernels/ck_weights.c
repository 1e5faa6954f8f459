#include "ck_weights.h"

#include "ck_half.h"

#include <string.h>

/* One plain version for all instruction sets: the loops are as fast as memory, and exact. */

static void read_halves(const uint8_t *in, float *out, size_t count) {
    uint16_t halves[256];
    for (size_t start = 0; start < count; start += 256) {
        size_t n = count - start < 256 ? count - start : 256;
        memcpy(halves, in + 2 * start, 2 * n);
        ck_half_to_float(halves, out + start, n);
    }
}

static void read_brain_floats(const uint8_t *in, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, in + 2 * i, 2);
        uint32_t bits = (uint32_t)half << 16;
        memcpy(out + i, &bits, 4);
    }
}

static void read_doubles(const uint8_t *in, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        double value;
        memcpy(&value, in + 8 * i, 8);
        out[i] = (float)value;
    }
}

void ck_weights_read(ck_weight_type type, const uint8_t *in, float *out, size_t count) {
    switch (type) {
    case CK_WEIGHT_F32: memcpy(out, in, 4 * count); break;
    case CK_WEIGHT_F16: read_halves(in, out, count); break;
    case CK_WEIGHT_BF16: read_brain_floats(in, out, count); break;
    case CK_WEIGHT_F64: read_doubles(in, out, count); break;
    case CK_WEIGHT_I8:
        for (size_t i = 0; i < count; i++) out[i] = (int8_t)in[i];
        break;
    case CK_WEIGHT_U8:
        for (size_t i = 0; i < count; i++) out[i] = in[i];
        break;
    }
}

void ck_weights_rescale(float *x, size_t count, float zero, float scale) {
    for (size_t i = 0; i < count; i++) x[i] = (x[i] - zero) * scale;
}

size_t ck_first_not_finite(const float *x, size_t count) {
    const uint32_t exponent = 0x7f800000;
    // Blocks first, because a loop that may leave early does not vectorise.
    for (size_t start = 0; start < count; start += 1024) {
        size_t end = count - start < 1024 ? count : start + 1024;
        uint32_t found = 0;
        for (size_t i = start; i < end; i++) {
            uint32_t bits;
            memcpy(&bits, x + i, 4);
            found |= (bits & exponent) == exponent;
        }
        if (!found) continue;
        for (size_t i = start; i < end; i++) {
            uint32_t bits;
            memcpy(&bits, x + i, 4);
            if ((bits & exponent) == exponent) return i;
        }
    }
    return count;
}

void ck_add_squares(const float *x, size_t rows, size_t columns, float *squares) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) squares[c] += x[r * columns + c] * x[r * columns + c];
}

void ck_gather(const float *row, const uint32_t *indices, size_t count, float factor, float *out) {
    for (size_t i = 0; i < count; i++) out[i] = factor * row[indices[i]];
}
