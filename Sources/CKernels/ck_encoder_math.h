#pragma once
#include <math.h>

/* GELU and 2^x as polynomials; the vector versions repeat these steps lane by lane. */

/* GELU(v) = v · Φ(v), Φ(v) ≈ ½ + u · P(2u² − 1) with u = v / 5 between −1 and 1 and P(x) = EVEN(x²) + x · ODD(x²), by a
   minimax fit: |error| < 1e-6 · max(1, |v|). P(1) is ½, so that Φ ends in 0 and 1. */
#define CK_GELU_BOUND 5.0f
#define CK_GELU_EVEN(STEP)                                                                                             \
    STEP(1.68608502e-2f) STEP(2.37009432e-2f) STEP(8.58943164e-2f) STEP(1.56398177e-1f) STEP(2.57664502e-1f)           \
        STEP(7.06818223e-1f)
#define CK_GELU_ODD(STEP)                                                                                              \
    STEP(-6.36453228e-3f) STEP(-1.75507106e-2f) STEP(-5.22240996e-2f) STEP(-1.17700413e-1f) STEP(-2.02007234e-1f)      \
        STEP(-3.51489961e-1f)

#define CK_LOG2E 1.44269504088896341f

/* 2^x = 2ⁿ·2^r, |r| ≤ ½, 2^r ≈ P(r), relative error < 3e-6 by a fit with P(0) = 1: enough for what is rounded to 14
   bits. */
#define CK_EXP2_P(STEP) STEP(9.58285294e-3f) STEP(5.59064262e-2f) STEP(2.40240991e-1f) STEP(6.93124175e-1f) STEP(1.0f)

/* 1.5·2²³ + 127: a small number added to it is rounded, and its lowest bits are the exponent of a power of two. */
#define CK_ROUNDING 12583039.0f

static inline float ck_gelu_one(float v) {
    float u = v * (1 / CK_GELU_BOUND), even = 0, odd = 0;
    u = u > 1 ? 1 : u < -1 ? -1 : u;
    float place = fmaf(u * u, 2, -1), square = place * place;
#define STEP(c) even = fmaf(even, square, c);
    CK_GELU_EVEN(STEP)
#undef STEP
#define STEP(c) odd = fmaf(odd, square, c);
    CK_GELU_ODD(STEP)
#undef STEP
    return v * fmaf(u, fmaf(odd, place, even), 0.5f);
}
