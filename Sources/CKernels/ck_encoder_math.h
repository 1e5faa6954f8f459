#pragma once
#include <math.h>

/* GELU and 2^x as polynomials; the vector versions repeat these steps lane by lane. */

/* GELU(v) = v · Φ(v), Φ(v) ≈ ½ + w · P(2 (w / 4.3)² − 1) with w = v between −4.3 and 4.3, by a minimax fit:
   |error| < 1e-5 · max(1, |v|), and Φ ends within 1e-7 of 0 and 1. */
#define CK_GELU_BOUND 4.3f
#define CK_GELU_SQUARE (2 / (CK_GELU_BOUND * CK_GELU_BOUND))
#define CK_GELU_HIGHEST 2.62526097e-3f
#define CK_GELU_P(STEP)                                                                                                \
    STEP(-6.91928109e-3f) STEP(9.23736300e-3f) STEP(-1.46680176e-2f) STEP(2.60892175e-2f) STEP(-3.96633260e-2f)        \
        STEP(5.55667803e-2f) STEP(-8.00427198e-2f) STEP(1.64053798e-1f)

#define CK_LOG2E 1.44269504088896341f

/* 2^x = 2ⁿ·2^r, |r| ≤ ½, 2^r ≈ P(r), relative error < 3e-6 by a fit with P(0) = 1: enough for what is rounded to 14
   bits. */
#define CK_EXP2_HIGHEST 9.58285294e-3f
#define CK_EXP2_P(STEP) STEP(5.59064262e-2f) STEP(2.40240991e-1f) STEP(6.93124175e-1f) STEP(1.0f)

/* 1.5·2²³ + 127: a small number added to it is rounded, and its lowest bits are the exponent of a power of two. */
#define CK_ROUNDING 12583039.0f

static inline float ck_gelu_one(float v) {
    float w = v > CK_GELU_BOUND ? CK_GELU_BOUND : v < -CK_GELU_BOUND ? -CK_GELU_BOUND : v;
    float place = fmaf(w * w, CK_GELU_SQUARE, -1), p = CK_GELU_HIGHEST;
#define STEP(c) p = fmaf(p, place, c);
    CK_GELU_P(STEP)
#undef STEP
    return v * fmaf(w, p, 0.5f);
}
