#include <string.h>

#include "ck_rabitq.h"
#include "ck_reduce.h"

static int before(ck_rabitq_best a, ck_rabitq_best b) { return a.key < b.key || (a.key == b.key && a.row < b.row); }

/* The heap has its worst on top. */
size_t ck_rabitq_keep(ck_rabitq_best candidate, ck_rabitq_best *heap, size_t size, size_t capacity) {
    if (capacity == 0 || candidate.key != candidate.key) return size;
    size_t hole;
    if (size < capacity) {
        hole = size++;
        for (; hole > 0 && before(heap[(hole - 1) / 2], candidate); hole = (hole - 1) / 2)
            heap[hole] = heap[(hole - 1) / 2];
    } else {
        if (!before(candidate, heap[0])) return size;
        hole = 0;
        for (size_t child; (child = 2 * hole + 1) < size; hole = child) {
            if (child + 1 < size && before(heap[child], heap[child + 1])) child++;
            if (!before(candidate, heap[child])) break;
            heap[hole] = heap[child];
        }
    }
    heap[hole] = candidate;
    return size;
}

/* Moves the `wanted` smallest bounds to the front (Hoare's selection). */
static void select_smallest(ck_rabitq_survivor *items, size_t count, size_t wanted) {
    size_t low = 0, high = count;
    while (high - low > 1 && wanted > low && wanted < high) {
        float pivot = items[low + (high - low) / 2].bound;
        size_t i = low, j = high - 1;
        for (;;) {
            while (items[i].bound < pivot) i++;
            while (items[j].bound > pivot) j--;
            if (i >= j) break;
            ck_rabitq_survivor swapped = items[i];
            items[i++] = items[j];
            items[j--] = swapped;
        }
        size_t split = j + 1;
        if (split == high || split == low) break;
        if (wanted <= split)
            high = split;
        else
            low = split;
    }
}

size_t ck_rabitq_rank(ck_rabitq_survivor *survivors, size_t count, const ck_rabitq_partition *partition, size_t n,
                      unsigned bits, const ck_rabitq_query *query, float offset, ck_rabitq_best *heap, size_t size,
                      size_t capacity) {
    const size_t record = 8 + ck_rabitq_warm_bytes(n, bits);
    const float weight = (float)(1u << (bits - 1));
    /* With the most promising first, the rest meets a low bar. */
    if (size < capacity && capacity - size < count) select_smallest(survivors, count, capacity - size);
    for (size_t i = 0; i < count; i++) {
        ck_rabitq_survivor survivor = survivors[i];
        if (size == capacity && survivor.bound > heap[0].key) continue;
        uint32_t row = partition->first_row + partition->rows[survivor.index];
        if (partition->allowed &&
            (row >= partition->allowed_rows || !(partition->allowed[row / 64] >> row % 64 & 1)))
            continue;
        const uint8_t *warm = partition->warm + survivor.index * record;
        float factors[2];
        memcpy(factors, warm, 8);
        float product = weight * (query->table_step * (float)survivor.sum + query->table_base);
        if (bits > 1)
            product += query->low_step * (float)ck_rabitq_warm_dot(warm + 8, query->low, n, bits) + query->low_base;
        float estimate = factors[0] + offset + factors[1] * product;
        float key = estimate > survivor.bound ? estimate : survivor.bound;
        size = ck_rabitq_keep((ck_rabitq_best){key, estimate, row}, heap, size, capacity);
    }
    return size;
}

size_t ck_rabitq_measure(ck_rabitq_survivor *survivors, size_t count, const float *vectors, const float *bias, size_t n,
                         const float *q, float factor, float offset, uint32_t first_row, ck_rabitq_best *heap, size_t size,
                         size_t capacity) {
    if (size < capacity && capacity - size < count) select_smallest(survivors, count, capacity - size);
    for (size_t i = 0; i < count; i++) {
        ck_rabitq_survivor survivor = survivors[i];
        if (size == capacity && survivor.bound > heap[0].key) continue;
        float measure = offset + bias[survivor.index] + factor * ck_dot(q, vectors + survivor.index * n, n);
        float key = measure > survivor.bound ? measure : survivor.bound;
        size = ck_rabitq_keep((ck_rabitq_best){key, measure, first_row + survivor.index}, heap, size, capacity);
    }
    return size;
}
