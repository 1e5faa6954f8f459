#pragma once
#include <stddef.h>

/* y = f(x · Wᵀ + bias) with weights that are packed once. Each element of y is a sum over blocks of inputs, each a
   chain of multiply-adds in the inputs' order, so it does not depend on how many rows are computed at once, nor on where its
   row stands among them. */

typedef enum { CK_LINEAR_PLAIN, CK_LINEAR_GELU } ck_linear_end;

/// Outputs of the packed weights: `outputs` rounded up to a multiple of 32.
size_t ck_linear_padded(size_t outputs);

/// Packs row-major `weight[outputs × inputs]` into `packed[ck_linear_padded(outputs) × inputs]`: for each block of inputs,
/// panels of 16 outputs; in a panel the outputs' 16 weights for one input after another. What pads is 0.
void ck_linear_pack(const float *weight, size_t outputs, size_t inputs, float *packed);

/// Floats of scratch that `ck_linear` needs.
size_t ck_linear_scratch(void);

/// y[rows × outputs] = end(x[rows × inputs] · Wᵀ + bias). `bias` has ck_linear_padded(outputs) elements, or is null for
/// none; the GELU is v · (1 + erf(v / √2)) / 2, |error| of the erf < 1e-6.
void ck_linear(const float *x, size_t rows, size_t inputs, const float *packed, const float *bias, size_t outputs,
               ck_linear_end end, float *y, float *scratch);

#define CK_LINEAR_DECLARE(level)                                                                                       \
    void ck_linear_##level(const float *x, size_t rows, size_t inputs, const float *packed, const float *bias,         \
                           size_t outputs, ck_linear_end end, float *y, float *scratch);
CK_LINEAR_DECLARE(scalar)
CK_LINEAR_DECLARE(avx2)
CK_LINEAR_DECLARE(avx512)
#undef CK_LINEAR_DECLARE
