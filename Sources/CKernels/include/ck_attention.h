#pragma once
#include <stddef.h>

/// Floats of scratch that `ck_attention` needs for sequences of up to `count` tokens.
size_t ck_attention_scratch(size_t count, size_t width);

/// Multi-head attention of one sequence: per head softmax(Q·Kᵀ/√width + b)·V.
///
/// projected[count × 3·heads·width] has each token's queries, keys and values, head after head; mixed[count × heads·width]
/// gets the heads' results. With bias, head h adds bias[h · bias_step + key − query] to a score; without it is null.
/// A sequence's result depends on nothing else. The scalar version is in single precision; the vector versions take both
/// products in 16-bit integers with scales, as ck_linear does but with Σ|w_i| ≤ (2³¹ − 1) / max|a_i|: keys and values as
/// weights, queries as rows, and the softmax's weights as multiples of 1 / 16383 of the highest of 64 tokens: a row's
/// highest may be that of one token, beside which what all others have together would be rounded away.
void ck_attention(const float *projected, size_t count, size_t heads, size_t width, const float *bias, size_t bias_step,
                  float *mixed, float *scratch);

#define CK_ATTENTION_DECLARE(level)                                                                                    \
    void ck_attention_##level(const float *projected, size_t count, size_t heads, size_t width, const float *bias,     \
                              size_t bias_step, float *mixed, float *scratch);
CK_ATTENTION_DECLARE(scalar)
CK_ATTENTION_DECLARE(avx2)
CK_ATTENTION_DECLARE(avx512)
CK_ATTENTION_DECLARE(avx512vnni)
#undef CK_ATTENTION_DECLARE
