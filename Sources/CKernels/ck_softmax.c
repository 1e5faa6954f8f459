#include "ck_softmax.h"

#include <math.h>

#include "ck_level.h"

void ck_exp_scalar(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = x[i] < -87.33654f ? 0 : expf(x[i]);
}

void ck_tanh_scalar(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = tanhf(x[i]);
}

#if !defined(__x86_64__)
void ck_exp_avx2(float *x, size_t n) { ck_exp_scalar(x, n); }
void ck_tanh_avx2(float *x, size_t n) { ck_tanh_scalar(x, n); }
#endif

void ck_exp(float *x, size_t n) {
    if (ck_current_level() >= CK_AVX2) ck_exp_avx2(x, n);
    else ck_exp_scalar(x, n);
}

void ck_tanh(float *x, size_t n) {
    if (ck_current_level() >= CK_AVX2) ck_tanh_avx2(x, n);
    else ck_tanh_scalar(x, n);
}

/* Subtracts the row's maximum, so that no exponential overflows; returns where it was. */
static size_t subtract_maximum(float *row, size_t count) {
    size_t best = 0;
    for (size_t c = 1; c < count; c++)
        if (row[c] > row[best]) best = c;
    float maximum = row[best];
    for (size_t c = 0; c < count; c++) row[c] -= maximum;
    return best;
}

static float normalize(float *row, size_t count) {
    float sum = 0;
    for (size_t c = 0; c < count; c++) sum += row[c];
    float scale = 1 / sum;
    for (size_t c = 0; c < count; c++) row[c] *= scale;
    return sum;
}

void ck_softmax(float *z, size_t rows, size_t count) {
    for (size_t i = 0; i < rows; i++) subtract_maximum(z + i * count, count);
    ck_exp(z, rows * count);
    for (size_t i = 0; i < rows; i++) normalize(z + i * count, count);
}

double ck_softmax_delta(float *z, const uint32_t *labels, size_t rows, size_t count, size_t *correct) {
    double loss = 0;
    *correct = 0;
    for (size_t i = 0; i < rows; i++) {
        float *row = z + i * count;
        *correct += subtract_maximum(row, count) == labels[i];
        loss -= row[labels[i]];
    }
    ck_exp(z, rows * count);
    for (size_t i = 0; i < rows; i++) {
        float *row = z + i * count;
        loss += logf(normalize(row, count));
        /* p − 1 would lose the digits of 1 − p; the others' sum keeps them. */
        row[labels[i]] = 0;
        float others = 0;
        for (size_t c = 0; c < count; c++) others += row[c];
        row[labels[i]] = -others;
    }
    return loss;
}
