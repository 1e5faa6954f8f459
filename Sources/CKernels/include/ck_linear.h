#pragma once
#include <stddef.h>
#include <stdint.h>

/* y = f(bias + x · Wᵀ) in 16-bit integers with a scale for each block of 128 inputs.

   In a block, a row of x is a_i · s with a_i = round(x_i / s), s = h / 16000 and h its largest |x_i|, and s larger where
   Σ a_i² would be above 85000². An output's weights are w_i · t with t as small as |w_i| ≤ 32767 − 16000 and
   √Σ w_i² ≤ (2³¹ − 1) / 85000 allow. So |Σ a_i · w_i| ≤ √Σ a_i² · √Σ w_i² < 2³¹ is exact in 32 bits, and y = the bias, or
   0, and Σ over blocks, in their order, of fma(float(Σ a_i · w_i) · t, s, ·). With n inputs the error of a block is at most
   (s · Σ|W_i| + t · Σ|x_i| + n · s · t / 2) / 2 and what single precision rounds.

   A state a_i whose square is at least 32 times the sum of the others' is the block's outlier: the others' s is their own, and
   after the blocks of 384 inputs their outliers, in their order, are added as fma(float(w_i) · t, x_i, ·). (Dettmers et al., LLM.int8():
   8-bit Matrix Multiplication for Transformers at Scale, 2022, section 3.2, take whole columns out.) Encoders have tokens
   whose states grow from layer to layer, and with them what the others of the block lose.

   The version of AVX2 takes two products in one multiplication, with sums modulo 2³² (S. Winograd, A New Algorithm for Inner
   Product, IEEE Transactions on Computers C-17, 1968):

     a₀w₀ + a₂w₂ = (a₀ + w₂) · (a₂ + w₀) − a₀a₂ − w₀w₂

   The last two terms are summed once for a row and once for an output. It costs an addition more and saves a multiplication,
   of which many processors with 256 bits do half as many at once. With 512 bits the two take as long, and VNNI multiplies and
   adds in one.

   An element of y has the same bits at every kernel level and does not depend on how many rows are computed at once, nor on
   where its row stands among them. A row with an element that is not finite has NaN outputs, and so has an output with such a
   weight. Blocks whose elements are all below 2⁻¹⁰⁰ count as 0. */

typedef enum { CK_LINEAR_PLAIN, CK_LINEAR_GELU } ck_linear_end;

/// Outputs of the packed weights: `outputs` rounded up to a multiple of 16.
size_t ck_linear_padded(size_t outputs);

/// Elements of the packed weights, and how many scales they have.
size_t ck_linear_packed_count(size_t outputs, size_t inputs);
size_t ck_linear_scale_count(size_t outputs, size_t inputs);

/// Packs row-major `weight[outputs × inputs]`: for 384 inputs after another, for each panel of 16 outputs, block after block,
/// each output's −Σ w₀w₂ in 32 bits, then the outputs' 16 pairs of weights for one pair of inputs after another; and their
/// scales, for each block of the 384 inputs the panel's 16. What pads is 0.
void ck_linear_pack(const float *weight, size_t outputs, size_t inputs, int16_t *packed, float *scales);

/// Floats of scratch that `ck_linear` needs.
size_t ck_linear_scratch(void);

/// y[rows × outputs] = end(bias + x[rows × inputs] · Wᵀ). `bias` has ck_linear_padded(outputs) elements, or is null for
/// none; the GELU is v · (1 + erf(v / √2)) / 2, |error| < 1e-5 · max(1, |v|).
void ck_linear(const float *x, size_t rows, size_t inputs, const int16_t *packed, const float *scales, const float *bias,
               size_t outputs, ck_linear_end end, float *y, float *scratch);

#define CK_LINEAR_DECLARE(level)                                                                                       \
    void ck_linear_##level(const float *x, size_t rows, size_t inputs, const int16_t *packed, const float *scales,     \
                           const float *bias, size_t outputs, ck_linear_end end, float *y, float *scratch);
CK_LINEAR_DECLARE(scalar)
CK_LINEAR_DECLARE(avx2)
CK_LINEAR_DECLARE(avx512)
CK_LINEAR_DECLARE(avx512vnni)
#undef CK_LINEAR_DECLARE
