/* GELU and 2^x lane by lane, over the names of ck_lanes_avx2.h. */
#include "ck_encoder_math.h"

SIMD static inline vec NAME(gelu_lanes)(vec v) {
    vec w = MIN(MAX(v, SET(-CK_GELU_BOUND)), SET(CK_GELU_BOUND));
    vec place = FMA(MUL(w, w), SET(CK_GELU_SQUARE), SET(-1)), p = SET(CK_GELU_HIGHEST);
#define STEP(c) p = FMA(p, place, SET(c));
    CK_GELU_P(STEP)
#undef STEP
    return MUL(v, FMA(w, p, SET(0.5f)));
}

/* factor · 2^x for −126 ≤ x ≤ 0, relative error < 3e-6; a NaN stays one. */
SIMD static inline vec NAME(exp2_lanes)(vec x, float factor) {
    vec rounded = ADD(x, SET(CK_ROUNDING)), r = SUB(x, SUB(rounded, SET(CK_ROUNDING))), p = SET(CK_EXP2_HIGHEST * factor);
#define STEP(c) p = FMA(p, r, SET(c * factor));
    CK_EXP2_P(STEP)
#undef STEP
    return MUL(p, POWER(rounded));
}
