#if defined(__x86_64__)
#include "ck_crc32c.h"

#include <nmmintrin.h>
#include <string.h>

__attribute__((target("sse4.2"))) uint32_t ck_crc32c_sse42(uint32_t crc, const void *bytes, size_t n) {
    const uint8_t *p = bytes;
    uint64_t state = (uint32_t)~crc;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        state = _mm_crc32_u64(state, word);
    }
    uint32_t tail = (uint32_t)state;
    for (; n > 0; n--, p++) tail = _mm_crc32_u8(tail, *p);
    return ~tail;
}
#endif
