#if defined(__x86_64__)
#include <immintrin.h>

#include "ck_select.h"

/* Once the heap is full, eight keys at a time are held against its top; few pass. */
__attribute__((target("avx2,fma"))) size_t ck_select_avx2(const float *dots, const float *bias, float factor, size_t n,
                                                          uint32_t first, const uint64_t *allowed, ck_candidate *heap,
                                                          size_t size, size_t capacity) {
    size_t i = 0;
    const __m256 scale = _mm256_set1_ps(factor);
    for (; i + 8 <= n && capacity > 0; i += 8) {
        __m256 keys = _mm256_fmadd_ps(scale, _mm256_loadu_ps(dots + i), bias ? _mm256_loadu_ps(bias + i) : _mm256_setzero_ps());
        __m256 top = _mm256_set1_ps(size == capacity ? heap[0].key : __builtin_inff());
        int passing = _mm256_movemask_ps(_mm256_cmp_ps(keys, top, _CMP_LE_OQ));
        if (!passing) continue;
        float values[8];
        _mm256_storeu_ps(values, keys);
        for (; passing; passing &= passing - 1) {
            int lane = __builtin_ctz(passing);
            ck_candidate candidate = {values[lane], first + (uint32_t)i + lane};
            if (allowed && !(allowed[candidate.row / 64] >> (candidate.row % 64) & 1)) continue;
            size = ck_select_one(candidate, heap, size, capacity);
        }
    }
    const float *rest = bias ? bias + i : 0;
    return ck_select_scalar(dots + i, rest, factor, n - i, first + (uint32_t)i, allowed, heap, size, capacity);
}
#endif
