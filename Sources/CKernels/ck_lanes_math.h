/* GELU and 2^x lane by lane, over the names of ck_lanes_avx2.h. */
#include "ck_encoder_math.h"

SIMD static inline vec NAME(gelu_lanes)(vec v) {
    vec u = MIN(MAX(MUL(v, SET(1 / CK_GELU_BOUND)), SET(-1)), SET(1));
    vec place = FMA(MUL(u, u), SET(2), SET(-1)), square = MUL(place, place), even = SET(0), odd = SET(0);
#define STEP(c) even = FMA(even, square, SET(c));
    CK_GELU_EVEN(STEP)
#undef STEP
#define STEP(c) odd = FMA(odd, square, SET(c));
    CK_GELU_ODD(STEP)
#undef STEP
    return MUL(v, FMA(u, FMA(odd, place, even), SET(0.5f)));
}

/* factor · 2^x for −126 ≤ x ≤ 0, relative error < 3e-6; a NaN stays one. */
SIMD static inline vec NAME(exp2_lanes)(vec x, float factor) {
    vec rounded = ADD(x, SET(CK_ROUNDING)), r = SUB(x, SUB(rounded, SET(CK_ROUNDING))), p = SET(0);
#define STEP(c) p = FMA(p, r, SET(c * factor));
    CK_EXP2_P(STEP)
#undef STEP
    return MUL(p, POWER(rounded));
}
