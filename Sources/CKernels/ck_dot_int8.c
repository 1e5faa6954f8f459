#include "ck_dot_int8.h"

#include "ck_level.h"

float ck_dot_int8_scalar(const int8_t *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * b[i];
    return (float)sum;
}

#if !defined(__x86_64__)
float ck_dot_int8_avx2(const int8_t *a, const float *b, size_t n) { return ck_dot_int8_scalar(a, b, n); }
float ck_dot_int8_avx512(const int8_t *a, const float *b, size_t n) { return ck_dot_int8_scalar(a, b, n); }
#endif

float ck_dot_int8(const int8_t *a, const float *b, size_t n) {
    switch (ck_current_level()) {
    case CK_AVX512: return ck_dot_int8_avx512(a, b, n);
    case CK_AVX2: return ck_dot_int8_avx2(a, b, n);
    default: return ck_dot_int8_scalar(a, b, n);
    }
}
