#include <math.h>
#include <string.h>

#include "ck_rabitq.h"

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

/* The hot code of one vector of a block, as it was before ck_rabitq_pack. */
static void unpack(const uint8_t *block, size_t lane, size_t n, uint8_t *hot) {
    const unsigned shift = lane < 16 ? 0 : 4;
    block += lane % 16;
    for (size_t j = 0; j < n / 8; j++, block += 32)
        hot[j] = (uint8_t)((block[0] >> shift & 15) | (block[16] >> shift & 15) << 4);
}

size_t ck_rabitq_rank(ck_rabitq_survivor *survivors, size_t count, const ck_rabitq_partition *partition, size_t n,
                      unsigned bits, const ck_rabitq_query *query, float offset, uint8_t *hot_code, ck_rabitq_best *heap,
                      size_t size, size_t capacity) {
    const size_t record = 8 + ck_rabitq_warm_bytes(n, bits), block = ck_rabitq_block_bytes(n);
    const int32_t weight = 1 << (bits - 1);
    /* Of all bits, and of the low ones alone: the middle of a code's numbers times Σ q. */
    const float middle = query->low_step * (float)(2 * weight - 1) / 2 * (float)query->low_total;
    const float low_middle = query->low_step * (float)(weight - 1) / 2 * (float)query->low_total;
    /* With the most promising first, the rest meets a low bar. */
    if (size < capacity && capacity - size < count) select_smallest(survivors, count, capacity - size);
    for (size_t i = 0; i < count; i++) {
        ck_rabitq_survivor survivor = survivors[i];
        if (size == capacity && survivor.bound > heap[0].key) continue;
        if (partition->allowed) {
            uint32_t row = partition->first_row + partition->rows[survivor.index];
            if (row >= partition->allowed_rows || !(partition->allowed[row / 64] >> row % 64 & 1)) continue;
        }
        const uint8_t *warm = partition->warm + survivor.index * record;
        float factors[2];
        memcpy(factors, warm, 8);
        int32_t low = bits > 1 ? ck_rabitq_warm_dot(warm + 8, query->low, n, bits) : 0;
        float top_share = (float)weight * (query->table_step * (float)survivor.sum + query->table_base);
        float rough = factors[0] + offset + factors[1] * (top_share + query->low_step * (float)low - low_middle);
        float floor = rough - fabsf(factors[1]) * (float)weight * query->table_margin;
        float key = floor > survivor.bound ? floor : survivor.bound;
        if (size == capacity && key > heap[0].key) continue;
        unpack(partition->hot + survivor.index / CK_RABITQ_BLOCK * block, survivor.index % CK_RABITQ_BLOCK, n, hot_code);
        /* A hot code is laid out as the one low bit of a code of two. */
        int32_t all = weight * ck_rabitq_warm_dot(hot_code, query->low, n, 2) + low;
        float estimate = factors[0] + offset + factors[1] * (query->low_step * (float)all - middle);
        key = estimate > key ? estimate : key;
        if (size == capacity && key > heap[0].key) continue;
        uint32_t row = partition->first_row + partition->rows[survivor.index];
        size = ck_rabitq_keep((ck_rabitq_best){key, estimate, row}, heap, size, capacity);
    }
    return size;
}
