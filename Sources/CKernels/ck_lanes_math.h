/* erf and 2^x lane by lane, over the names of ck_lanes_avx2.h. */
#include "ck_encoder_math.h"

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

SIMD static inline vec NAME(gelu_lanes)(vec v) {
    vec half = MUL(v, SET(0.5f));
    return FMA(half, NAME(erf_lanes)(MUL(v, SET(0.70710678118654752f))), half);
}

/* 2^x for x ≤ 0; a NaN stays one. */
SIMD static inline vec NAME(exp2_lanes)(vec x) {
    x = MAX(SET(CK_EXP2_LOWEST), x);
    vec rounded = ADD(x, SET(CK_ROUNDING)), r = SUB(x, SUB(rounded, SET(CK_ROUNDING))), p = SET(0);
#define STEP(c) p = FMA(p, r, SET(c));
    CK_EXP2_P(STEP)
#undef STEP
    return MUL(p, POWER(rounded));
}
