#include "ck_shuffle.h"

#include "ck_level.h"

void ck_shuffle_scalar(const uint8_t *in, uint8_t *out, size_t count, size_t size) {
    for (size_t b = 0; b < size; b++)
        for (size_t i = 0; i < count; i++) out[b * count + i] = in[i * size + b];
}

void ck_unshuffle_scalar(const uint8_t *in, uint8_t *out, size_t count, size_t size) {
    for (size_t i = 0; i < count; i++)
        for (size_t b = 0; b < size; b++) out[i * size + b] = in[b * count + i];
}

#if !defined(__x86_64__)
void ck_shuffle_avx2(const uint8_t *in, uint8_t *out, size_t count, size_t size) {
    ck_shuffle_scalar(in, out, count, size);
}
void ck_unshuffle_avx2(const uint8_t *in, uint8_t *out, size_t count, size_t size) {
    ck_unshuffle_scalar(in, out, count, size);
}
#endif

void ck_shuffle(const uint8_t *in, uint8_t *out, size_t count, size_t size) {
    if (ck_current_level() >= CK_AVX2)
        ck_shuffle_avx2(in, out, count, size);
    else
        ck_shuffle_scalar(in, out, count, size);
}

void ck_unshuffle(const uint8_t *in, uint8_t *out, size_t count, size_t size) {
    if (ck_current_level() >= CK_AVX2)
        ck_unshuffle_avx2(in, out, count, size);
    else
        ck_unshuffle_scalar(in, out, count, size);
}
