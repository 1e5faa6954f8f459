#include "ck_select.h"

#include <math.h>

#include "ck_level.h"

static int before(ck_candidate a, ck_candidate b) { return a.key < b.key || (a.key == b.key && a.row < b.row); }

static void sift_down(ck_candidate *heap, size_t size, size_t hole, ck_candidate candidate) {
    for (;;) {
        size_t child = 2 * hole + 1;
        if (child >= size) break;
        if (child + 1 < size && before(heap[child], heap[child + 1])) child++;
        if (!before(candidate, heap[child])) break;
        heap[hole] = heap[child];
        hole = child;
    }
    heap[hole] = candidate;
}

size_t ck_select_one(ck_candidate candidate, ck_candidate *heap, size_t size, size_t capacity) {
    if (capacity == 0 || candidate.key != candidate.key) return size;
    if (size == capacity) {
        if (before(candidate, heap[0])) sift_down(heap, size, 0, candidate);
        return size;
    }
    size_t hole = size;
    while (hole > 0 && before(heap[(hole - 1) / 2], candidate)) {
        heap[hole] = heap[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    heap[hole] = candidate;
    return size + 1;
}

size_t ck_select_scalar(const float *dots, const float *bias, float factor, size_t n, uint32_t first,
                        const uint64_t *allowed, ck_candidate *heap, size_t size, size_t capacity) {
    for (size_t i = 0; i < n; i++) {
        ck_candidate candidate = {fmaf(factor, dots[i], bias ? bias[i] : 0), first + (uint32_t)i};
        if (allowed && !(allowed[candidate.row / 64] >> (candidate.row % 64) & 1)) continue;
        size = ck_select_one(candidate, heap, size, capacity);
    }
    return size;
}

#if !defined(__x86_64__)
size_t ck_select_avx2(const float *dots, const float *bias, float factor, size_t n, uint32_t first,
                      const uint64_t *allowed, ck_candidate *heap, size_t size, size_t capacity) {
    return ck_select_scalar(dots, bias, factor, n, first, allowed, heap, size, capacity);
}
#endif

size_t ck_select(const float *dots, const float *bias, float factor, size_t n, uint32_t first, const uint64_t *allowed,
                 ck_candidate *heap, size_t size, size_t capacity) {
    if (ck_current_level() >= CK_AVX2)
        return ck_select_avx2(dots, bias, factor, n, first, allowed, heap, size, capacity);
    return ck_select_scalar(dots, bias, factor, n, first, allowed, heap, size, capacity);
}

void ck_nearest(const float *dots, const float *half_norms, size_t rows, size_t count, uint32_t *labels) {
    for (size_t i = 0; i < rows; i++) {
        const float *row = dots + i * count;
        float best = -INFINITY;
        uint32_t label = UINT32_MAX;
        for (size_t c = 0; c < count; c++) {
            float key = row[c] - half_norms[c];
            label = key > best ? (uint32_t)c : label;
            best = key > best ? key : best;
        }
        labels[i] = label;
    }
}
