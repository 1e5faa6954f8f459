#pragma once
#include "ck_rabitq.h"

/* Adds the vectors of a block whose bits are set in `passing`; `index` is that of its first. What ranks them is fetched. */
static inline void ck_rabitq_add(uint32_t passing, const float bounds[CK_RABITQ_BLOCK],
                                 const uint32_t sums[CK_RABITQ_BLOCK], uint32_t index, ck_rabitq_visit *visit) {
    for (; passing; passing &= passing - 1) {
        uint32_t lane = (uint32_t)__builtin_ctz(passing);
        visit->out[visit->found++] = (ck_rabitq_survivor){bounds[lane], index + lane, sums[lane]};
        if (!visit->warm) continue;
        const uint8_t *record = visit->warm + (size_t)(index + lane) * visit->record;
        for (size_t byte = 0; byte < visit->record; byte += 64) __builtin_prefetch(record + byte);
    }
}
