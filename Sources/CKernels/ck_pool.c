#include "ck_pool.h"

#include "ck_level.h"

void ck_pool_int8_scalar(const int8_t *table, size_t dimension, const int32_t *ids, size_t count, int32_t *sums) {
    for (size_t i = 0; i < count; i++) {
        const int8_t *row = table + (size_t)ids[i] * dimension;
        for (size_t c = 0; c < dimension; c++) sums[c] += row[c];
    }
}

void ck_pool_float_scalar(const float *table, size_t dimension, const int32_t *ids, size_t count, float *sums) {
    for (size_t i = 0; i < count; i++) {
        const float *row = table + (size_t)ids[i] * dimension;
        for (size_t c = 0; c < dimension; c++) sums[c] += row[c];
    }
}

#if !defined(__x86_64__)
void ck_pool_int8_avx2(const int8_t *table, size_t dimension, const int32_t *ids, size_t count, int32_t *sums) {
    ck_pool_int8_scalar(table, dimension, ids, count, sums);
}
void ck_pool_float_avx2(const float *table, size_t dimension, const int32_t *ids, size_t count, float *sums) {
    ck_pool_float_scalar(table, dimension, ids, count, sums);
}
#endif

void ck_pool_int8(const int8_t *table, size_t dimension, const int32_t *ids, size_t count, int32_t *sums) {
    if (ck_current_level() >= CK_AVX2) {
        ck_pool_int8_avx2(table, dimension, ids, count, sums);
    } else {
        ck_pool_int8_scalar(table, dimension, ids, count, sums);
    }
}

void ck_pool_float(const float *table, size_t dimension, const int32_t *ids, size_t count, float *sums) {
    if (ck_current_level() >= CK_AVX2) {
        ck_pool_float_avx2(table, dimension, ids, count, sums);
    } else {
        ck_pool_float_scalar(table, dimension, ids, count, sums);
    }
}
