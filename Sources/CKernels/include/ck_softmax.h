#pragma once
#include <stddef.h>
#include <stdint.h>

/// x[i] = e^x[i], within 2 ulp of the true value for −87 ≤ x ≤ 88; 0 below, +inf above. NaN stays NaN.
void ck_exp(float *x, size_t n);
/// x[i] = tanh x[i], with an absolute error below 3e-7.
void ck_tanh(float *x, size_t n);

/// Rows of logits to rows of probabilities, in place: z is rows × count.
void ck_softmax(float *z, size_t rows, size_t count);

/// Rows of logits to rows of softmax(z) − onehot(label), in place; each row sums to 0 up to one rounding.
///
/// Returns the sum of the rows' cross entropies, −log softmax(z)[label]; *correct is the number of rows whose greatest
/// logit (the first, when several are equal) is the label's. Labels must be below count.
double ck_softmax_delta(float *z, const uint32_t *labels, size_t rows, size_t count, size_t *correct);

/* One symbol an instruction set, so that tests run each; the scalar version is the definition. AVX-512 processors run
   the AVX2 version: the time goes to memory and to the rows' short loops. */
void ck_exp_scalar(float *x, size_t n);
void ck_exp_avx2(float *x, size_t n);
void ck_tanh_scalar(float *x, size_t n);
void ck_tanh_avx2(float *x, size_t n);
