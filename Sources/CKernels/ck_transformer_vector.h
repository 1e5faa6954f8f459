/* The vector kernels, written over the lane type that the including file defines:
     SIMD        the function attribute           LANES   floats in a vector
     vec         the vector type                  LOAD, STORE, SET, ADD, SUB, MUL, DIV, MAX, MIN, FMA
     ROUND(v)    to the nearest integer           SCALE(p, n)  p · 2ⁿ, n integral
     KEEP_IF_ABOVE(v, x, bound)  v where !(x < bound), else 0
     SUM, HIGHEST                across lanes     NAME(f) the function's name
   Columns beyond the last whole vector take the scalar steps. */

#include "ck_transformer_math.h"

SIMD static inline vec NAME(erf_lanes)(vec x) {
    x = MIN(MAX(x, SET(-CK_ERF_BOUND)), SET(CK_ERF_BOUND));
    vec square = MUL(x, x), p = SET(0), q = SET(0);
#define STEP(c) p = FMA(p, square, SET(c));
    CK_ERF_P(STEP)
#undef STEP
#define STEP(c) q = FMA(q, square, SET(c));
    CK_ERF_Q(STEP)
#undef STEP
    return DIV(MUL(x, p), q);
}

SIMD static inline vec NAME(exp_lanes)(vec x) {
    vec n = ROUND(MUL(x, SET(CK_LOG2E))), p = SET(0);
    vec r = FMA(n, SET(-CK_LN2_LOW), FMA(n, SET(-CK_LN2_HIGH), x));
#define STEP(c) p = FMA(p, r, SET(c));
    CK_EXP_P(STEP)
#undef STEP
    p = ADD(FMA(MUL(p, r), r, r), SET(1));
    return KEEP_IF_ABOVE(SCALE(p, n), x, CK_EXP_LOWEST);
}

SIMD void NAME(ck_add_bias)(float *x, const float *bias, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns) {
        size_t c = 0;
        for (; c + LANES <= columns; c += LANES) STORE(x + c, ADD(LOAD(x + c), LOAD(bias + c)));
        for (; c < columns; c++) x[c] += bias[c];
    }
}

SIMD void NAME(ck_gelu_bias)(float *x, const float *bias, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns) {
        size_t c = 0;
        for (; c + LANES <= columns; c += LANES) {
            vec v = ADD(LOAD(x + c), LOAD(bias + c));
            vec half = MUL(v, SET(0.5f));
            STORE(x + c, FMA(half, NAME(erf_lanes)(MUL(v, SET(0.70710678118654752f))), half));
        }
        for (; c < columns; c++) x[c] = ck_gelu_one(x[c] + bias[c]);
    }
}

SIMD void NAME(ck_residual_layer_norm)(float *residual, const float *x, const float *bias, const float *gain,
                                       const float *shift, float epsilon, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns, residual += columns) {
        vec sums = SET(0), squares = SET(0);
        float sum = 0, square = 0;
        size_t c = 0;
        for (; c + LANES <= columns; c += LANES) {
            vec v = ADD(LOAD(residual + c), ADD(LOAD(x + c), LOAD(bias + c)));
            STORE(residual + c, v);
            sums = ADD(sums, v);
        }
        for (; c < columns; c++) sum += residual[c] += x[c] + bias[c];
        float mean = (SUM(sums) + sum) / (float)columns;
        for (c = 0; c + LANES <= columns; c += LANES) {
            vec v = SUB(LOAD(residual + c), SET(mean));
            squares = FMA(v, v, squares);
        }
        for (; c < columns; c++) square += (residual[c] - mean) * (residual[c] - mean);
        float scale = 1 / sqrtf((SUM(squares) + square) / (float)columns + epsilon);
        for (c = 0; c + LANES <= columns; c += LANES) {
            vec v = MUL(SUB(LOAD(residual + c), SET(mean)), SET(scale));
            STORE(residual + c, FMA(v, LOAD(gain + c), LOAD(shift + c)));
        }
        for (; c < columns; c++) residual[c] = (residual[c] - mean) * scale * gain[c] + shift[c];
    }
}

SIMD void NAME(ck_softmax_rows)(float *x, const float *bias, ptrdiff_t bias_step, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns) {
        const float *b = bias ? bias + (ptrdiff_t)r * bias_step : 0;
        float highest = -INFINITY, sum = 0;
        size_t c = 0;
        if (columns >= LANES) {
            vec highs = SET(-INFINITY);
            for (; c + LANES <= columns; c += LANES) {
                vec v = LOAD(x + c);
                if (b) STORE(x + c, v = ADD(v, LOAD(b + c)));
                highs = MAX(v, highs);
            }
            highest = HIGHEST(highs);
        }
        for (; c < columns; c++) {
            if (b) x[c] += b[c];
            highest = x[c] > highest ? x[c] : highest;
        }
        vec sums = SET(0);
        for (c = 0; c + LANES <= columns; c += LANES) {
            vec v = NAME(exp_lanes)(SUB(LOAD(x + c), SET(highest)));
            STORE(x + c, v);
            sums = ADD(sums, v);
        }
        for (; c < columns; c++) sum += x[c] = ck_exp_one(x[c] - highest);
        float scale = 1 / (SUM(sums) + sum);
        for (c = 0; c + LANES <= columns; c += LANES) STORE(x + c, MUL(LOAD(x + c), SET(scale)));
        for (; c < columns; c++) x[c] *= scale;
    }
}
