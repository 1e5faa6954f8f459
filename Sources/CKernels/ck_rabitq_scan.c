#include <math.h>
#include <string.h>

#include "ck_level.h"
#include "ck_rabitq.h"

static void scan_one(const uint8_t *blocks, size_t count, size_t n, ck_rabitq_visit *visit) {
    const ck_rabitq_query *query = visit->query;
    visit->found = 0;
    for (size_t index = 0; index < count; index++) {
        const uint8_t *block = blocks + index / CK_RABITQ_BLOCK * ck_rabitq_block_bytes(n);
        size_t lane = index % CK_RABITQ_BLOCK;
        uint32_t sum = 0;
        for (size_t g = 0; g < n / 4; g++) {
            uint8_t pair = block[16 * g + lane % 16];
            sum += query->table[16 * g + (lane < 16 ? pair & 15 : pair >> 4)];
        }
        float factors[3];
        for (size_t f = 0; f < 3; f++) memcpy(factors + f, block + 4 * n + 4 * (f * CK_RABITQ_BLOCK + lane), 4);
        float product = fmaf(query->table_step, (float)sum, query->table_base);
        float bound = fmaf(-visit->spread, factors[2], fmaf(factors[1], product, factors[0] + visit->offset));
        if (visit->bounds)
            visit->bounds[index] = bound;
        else if (bound <= visit->threshold)
            visit->out[visit->found++] = (ck_rabitq_survivor){bound, (uint32_t)index, sum};
    }
}

void ck_rabitq_scan_scalar(const uint8_t *blocks, size_t count, size_t n, ck_rabitq_visit *visits, size_t visit_count) {
    for (size_t v = 0; v < visit_count; v++) scan_one(blocks, count, n, visits + v);
}

#if !defined(__x86_64__)
#define CK_RABITQ_SCALAR(level)                                                                                        \
    void ck_rabitq_scan_##level(const uint8_t *blocks, size_t count, size_t n, ck_rabitq_visit *visits,                \
                                size_t visit_count) {                                                                  \
        ck_rabitq_scan_scalar(blocks, count, n, visits, visit_count);                                                  \
    }
CK_RABITQ_SCALAR(avx2)
CK_RABITQ_SCALAR(avx512)
#endif

void ck_rabitq_scan(const uint8_t *blocks, size_t count, size_t n, ck_rabitq_visit *visits, size_t visit_count) {
    switch (ck_current_level()) {
    case CK_AVX512: ck_rabitq_scan_avx512(blocks, count, n, visits, visit_count); break;
    case CK_AVX2: ck_rabitq_scan_avx2(blocks, count, n, visits, visit_count); break;
    default: ck_rabitq_scan_scalar(blocks, count, n, visits, visit_count);
    }
}
