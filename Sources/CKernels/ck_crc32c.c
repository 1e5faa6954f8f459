#include "ck_crc32c.h"

#include "ck_level.h"

/// table[k][b]: the effect of byte b followed by k zero bytes, for slicing by eight.
static uint32_t table[8][256];

__attribute__((constructor)) static void fill_table(void) {
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0);
        table[0][b] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (int b = 0; b < 256; b++) table[k][b] = (table[k - 1][b] >> 8) ^ table[0][table[k - 1][b] & 0xff];
}

uint32_t ck_crc32c_scalar(uint32_t crc, const void *bytes, size_t n) {
    const uint8_t *p = bytes;
    crc = ~crc;
    for (; n >= 8; n -= 8, p += 8)
        crc = table[7][(crc ^ p[0]) & 0xff] ^ table[6][((crc >> 8) ^ p[1]) & 0xff] ^
              table[5][((crc >> 16) ^ p[2]) & 0xff] ^ table[4][(crc >> 24) ^ p[3]] ^ table[3][p[4]] ^ table[2][p[5]] ^
              table[1][p[6]] ^ table[0][p[7]];
    for (; n > 0; n--, p++) crc = (crc >> 8) ^ table[0][(crc ^ *p) & 0xff];
    return ~crc;
}

#if !defined(__x86_64__)
uint32_t ck_crc32c_sse42(uint32_t crc, const void *bytes, size_t n) { return ck_crc32c_scalar(crc, bytes, n); }
#endif

uint32_t ck_crc32c(uint32_t crc, const void *bytes, size_t n) {
    // Every processor with AVX2 has SSE4.2.
    return ck_current_level() >= CK_AVX2 ? ck_crc32c_sse42(crc, bytes, n) : ck_crc32c_scalar(crc, bytes, n);
}
