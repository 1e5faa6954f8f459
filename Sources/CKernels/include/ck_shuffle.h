#pragma once
#include <stddef.h>
#include <stdint.h>

/// Byte shuffle: out[b * count + i] = in[i * size + b] for `count` elements of `size` bytes. `in` and `out` do not overlap.
void ck_shuffle(const uint8_t *in, uint8_t *out, size_t count, size_t size);
/// The inverse: out[i * size + b] = in[b * count + i].
void ck_unshuffle(const uint8_t *in, uint8_t *out, size_t count, size_t size);

/* One symbol an instruction set, so that tests run each; the scalar version is the definition. */
void ck_shuffle_scalar(const uint8_t *in, uint8_t *out, size_t count, size_t size);
void ck_unshuffle_scalar(const uint8_t *in, uint8_t *out, size_t count, size_t size);
void ck_shuffle_avx2(const uint8_t *in, uint8_t *out, size_t count, size_t size);
void ck_unshuffle_avx2(const uint8_t *in, uint8_t *out, size_t count, size_t size);
