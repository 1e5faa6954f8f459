#include "ck_reduce.h"

#include "ck_level.h"

float ck_dot_scalar(const float *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * b[i];
    return (float)sum;
}

float ck_dot_int8_scalar(const int8_t *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * b[i];
    return (float)sum;
}

float ck_squared_distance_scalar(const float *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double difference = (double)a[i] - b[i];
        sum += difference * difference;
    }
    return (float)sum;
}

#if !defined(__x86_64__)
float ck_dot_avx2(const float *a, const float *b, size_t n) { return ck_dot_scalar(a, b, n); }
float ck_dot_avx512(const float *a, const float *b, size_t n) { return ck_dot_scalar(a, b, n); }
float ck_dot_int8_avx2(const int8_t *a, const float *b, size_t n) { return ck_dot_int8_scalar(a, b, n); }
float ck_dot_int8_avx512(const int8_t *a, const float *b, size_t n) { return ck_dot_int8_scalar(a, b, n); }
float ck_squared_distance_avx2(const float *a, const float *b, size_t n) { return ck_squared_distance_scalar(a, b, n); }
float ck_squared_distance_avx512(const float *a, const float *b, size_t n) { return ck_squared_distance_scalar(a, b, n); }
#endif

float ck_dot(const float *a, const float *b, size_t n) {
    switch (ck_current_level()) {
    case CK_AVX512: return ck_dot_avx512(a, b, n);
    case CK_AVX2: return ck_dot_avx2(a, b, n);
    default: return ck_dot_scalar(a, b, n);
    }
}

float ck_dot_int8(const int8_t *a, const float *b, size_t n) {
    switch (ck_current_level()) {
    case CK_AVX512: return ck_dot_int8_avx512(a, b, n);
    case CK_AVX2: return ck_dot_int8_avx2(a, b, n);
    default: return ck_dot_int8_scalar(a, b, n);
    }
}

float ck_squared_distance(const float *a, const float *b, size_t n) {
    switch (ck_current_level()) {
    case CK_AVX512: return ck_squared_distance_avx512(a, b, n);
    case CK_AVX2: return ck_squared_distance_avx2(a, b, n);
    default: return ck_squared_distance_scalar(a, b, n);
    }
}
