#pragma once
#include <stddef.h>
#include <stdint.h>

/// Inner product of a[n] and b[n].
float ck_dot(const float *a, const float *b, size_t n);
/// Inner product of a[n], signed bytes, and b[n].
float ck_dot_int8(const int8_t *a, const float *b, size_t n);
/// Squared Euclidean distance of a[n] and b[n].
float ck_squared_distance(const float *a, const float *b, size_t n);

/* One symbol an instruction set, so that tests run each; the scalar version is the definition. */
float ck_dot_scalar(const float *a, const float *b, size_t n);
float ck_dot_avx2(const float *a, const float *b, size_t n);
float ck_dot_avx512(const float *a, const float *b, size_t n);
float ck_dot_int8_scalar(const int8_t *a, const float *b, size_t n);
float ck_dot_int8_avx2(const int8_t *a, const float *b, size_t n);
float ck_dot_int8_avx512(const int8_t *a, const float *b, size_t n);
float ck_squared_distance_scalar(const float *a, const float *b, size_t n);
float ck_squared_distance_avx2(const float *a, const float *b, size_t n);
float ck_squared_distance_avx512(const float *a, const float *b, size_t n);
