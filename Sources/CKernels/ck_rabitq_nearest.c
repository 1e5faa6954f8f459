#include <math.h>
#include <stdint.h>

#include "ck_level.h"
#include "ck_rabitq.h"
#include "ck_reduce.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* How many vectors ahead of the one being measured are asked for. */
enum { AHEAD = 2 };

/* The places of bounds that are not up to `low`, but up to `high`, in order. */
static size_t places_scalar(const float *bounds, size_t count, float low, float high, uint32_t *places) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        places[found] = (uint32_t)i;
        found += !(bounds[i] <= low) && bounds[i] <= high;
    }
    return found;
}

static float least_scalar(const float *bounds, size_t count) {
    float least = INFINITY;
    for (size_t i = 0; i < count; i++) least = bounds[i] < least ? bounds[i] : least;
    return least;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static size_t places_avx2(const float *bounds, size_t count, float low, float high,
                                                          uint32_t *places) {
    const __m256 floor = _mm256_set1_ps(low), top = _mm256_set1_ps(high);
    size_t found = 0, i = 0;
    for (; i + 8 <= count; i += 8) {
        __m256 bound = _mm256_loadu_ps(bounds + i);
        __m256 inside = _mm256_and_ps(_mm256_cmp_ps(bound, floor, _CMP_NLE_UQ), _mm256_cmp_ps(bound, top, _CMP_LE_OQ));
        for (unsigned mask = (unsigned)_mm256_movemask_ps(inside); mask; mask &= mask - 1)
            places[found++] = (uint32_t)i + (uint32_t)__builtin_ctz(mask);
    }
    for (; i < count; i++)
        if (!(bounds[i] <= low) && bounds[i] <= high) places[found++] = (uint32_t)i;
    return found;
}

__attribute__((target("avx2"))) static float least_avx2(const float *bounds, size_t count) {
    __m256 least = _mm256_set1_ps(INFINITY);
    size_t i = 0;
    /* The second operand is the result where the first is not a number. */
    for (; i + 8 <= count; i += 8) least = _mm256_min_ps(_mm256_loadu_ps(bounds + i), least);
    float values[8];
    _mm256_storeu_ps(values, least);
    float rest = least_scalar(bounds + i, count - i), all = least_scalar(values, 8);
    return all < rest ? all : rest;
}

static int wide(void) { return ck_current_level() != CK_SCALAR; }
static size_t places_between(const float *bounds, size_t count, float low, float high, uint32_t *places) {
    return wide() ? places_avx2(bounds, count, low, high, places) : places_scalar(bounds, count, low, high, places);
}
static float least(const float *bounds, size_t count) {
    return wide() ? least_avx2(bounds, count) : least_scalar(bounds, count);
}
#else
#define places_between places_scalar
#define least least_scalar
#endif

/* The value that would stand at `place` if all were sorted (Hoare's selection); reorders them. */
static float at_place(float *values, size_t count, size_t place) {
    size_t low = 0, high = count;
    while (high - low > 1) {
        float pivot = values[low + (high - low) / 2];
        size_t i = low, j = high - 1;
        for (;;) {
            while (values[i] < pivot) i++;
            while (values[j] > pivot) j--;
            if (i >= j) break;
            float swapped = values[i];
            values[i++] = values[j];
            values[j--] = swapped;
        }
        /* Up to the split nothing is above the pivot, from there on nothing below. */
        size_t split = i == j ? i + 1 : i;
        if (place >= split)
            low = split;
        else if (split < high)
            high = split;
        else
            high = split - 1; /* The last is the pivot, and the greatest. */
    }
    return values[place];
}

enum { SAMPLE = 512 };

/* About the `tried`-th least bound, from a sample. */
static float about(const float *bounds, size_t count, size_t tried) {
    float sample[SAMPLE];
    size_t step = (count + SAMPLE - 1) / SAMPLE, size = 0;
    for (size_t i = 0; i < count; i += step)
        if (bounds[i] == bounds[i]) sample[size++] = bounds[i];
    return tried / step < size ? at_place(sample, size, tried / step) : INFINITY;
}

/* Keeps the `wanted` least of more, by the first where they are equal; returns the greatest kept. */
static float keep_least(ck_rabitq_best *items, size_t count, size_t wanted, float *scratch) {
    for (size_t i = 0; i < count; i++) scratch[i] = items[i].estimate;
    float top = at_place(scratch, count, wanted - 1);
    size_t below = 0, kept = 0;
    for (size_t i = 0; i < count; i++) below += items[i].estimate < top;
    size_t equal = wanted - below;
    for (size_t i = 0; i < count; i++) {
        if (items[i].estimate > top) continue;
        if (items[i].estimate == top) {
            if (equal == 0) continue;
            equal--;
        }
        items[kept++] = items[i];
    }
    return top;
}

size_t ck_rabitq_nearest(const float *bounds, size_t count, const float *vectors, const float *biases, size_t n,
                         const float *q, float offset, size_t wanted, size_t tried, uint32_t *places, float *scratch,
                         ck_rabitq_best *out) {
    if (wanted == 0) return 0;
    float low = NAN, high = tried > 1 ? about(bounds, count, tried) : least(bounds, count);
    size_t size = 0;
    for (int pass = 0;; pass++) {
        size_t found = places_between(bounds, count, low, high, places);
        for (size_t i = 0; i < found; i++) {
            if (i + AHEAD < found) {
                const char *next = (const char *)(vectors + places[i + AHEAD] * n);
                for (size_t line = 0; line < n * sizeof(float); line += 64) __builtin_prefetch(next + line);
            }
            float measure = offset + biases[places[i]] - 2 * ck_dot(q, vectors + places[i] * n, n);
            if (measure == measure) out[size++] = (ck_rabitq_best){measure, measure, places[i]};
        }
        low = high;
        if (size >= wanted) {
            high = keep_least(out, size, wanted, scratch);
            size = wanted;
            if (pass > 0 || high <= low) break;
        } else {
            if (high == INFINITY) break;
            high = INFINITY;
            pass = 0;
        }
    }
    size_t first = 0;
    for (size_t i = 1; i < size; i++)
        if (out[i].estimate < out[first].estimate) first = i;
    if (size > 0) {
        ck_rabitq_best nearest = out[first];
        out[first] = out[0];
        out[0] = nearest;
    }
    return size;
}
