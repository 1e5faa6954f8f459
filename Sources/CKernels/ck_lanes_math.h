/* erf and exp lane by lane, over the names of ck_lanes_avx2.h. */
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

SIMD static inline vec NAME(exp_lanes)(vec x) {
    vec n = ROUND(MUL(x, SET(CK_LOG2E))), p = SET(0);
    vec r = FMA(n, SET(-CK_LN2_LOW), FMA(n, SET(-CK_LN2_HIGH), x));
#define STEP(c) p = FMA(p, r, SET(c));
    CK_EXP_P(STEP)
#undef STEP
    p = ADD(FMA(MUL(p, r), r, r), SET(1));
    return KEEP_IF_ABOVE(SCALE(p, n), x, CK_EXP_LOWEST);
}
