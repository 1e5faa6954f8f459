#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

/* erf and 2^x as polynomials, written once: the vector versions repeat these steps lane by lane. */

/* erf(x) ≈ x·P(x²)/Q(x²) on [−4, 4], ±1 beyond: the minimax quotient that Eigen and XLA use, |error| < 4e-7. */
#define CK_ERF_BOUND 4.0f
#define CK_ERF_P(STEP)                                                                                                 \
    STEP(-2.72614225801306e-10f) STEP(2.77068142495902e-08f) STEP(-2.10102402082508e-06f) STEP(-5.69250639462346e-05f) \
        STEP(-7.34990630326855e-04f) STEP(-2.95459980854025e-03f) STEP(-1.60960333262415e-02f)
#define CK_ERF_Q(STEP)                                                                                                 \
    STEP(-1.45660718464996e-05f) STEP(-2.13374055278905e-04f) STEP(-1.68282697438203e-03f)                             \
        STEP(-7.37332916720468e-03f) STEP(-1.42647390514189e-02f)

#define CK_LOG2E 1.44269504088896341f

/* 2^x = 2ⁿ·2^r, |r| ≤ ½, 2^r ≈ 1 + r·P(r), relative error < 1e-7 by a fit. Below −126 it is 0; in vectors
   2⁻¹²⁶, which is 0 when it is rounded. */
#define CK_EXP2_LOWEST (-126.0f)
#define CK_EXP2_P(STEP)                                                                                                \
    STEP(1.32651208e-3f) STEP(9.67149995e-3f) STEP(5.55073246e-2f) STEP(2.40222424e-1f) STEP(6.93147004e-1f) STEP(1.0f)

/* 1.5·2²³ + 127: a small number added to it is rounded, and its lowest bits are the exponent of a power of two. */
#define CK_ROUNDING 12583039.0f

static inline float ck_erf_one(float x) {
    x = x > CK_ERF_BOUND ? CK_ERF_BOUND : x < -CK_ERF_BOUND ? -CK_ERF_BOUND : x;
    float square = x * x, p = 0, q = 0;
#define STEP(c) p = p * square + c;
    CK_ERF_P(STEP)
#undef STEP
#define STEP(c) q = q * square + c;
    CK_ERF_Q(STEP)
#undef STEP
    return x * p / q;
}

static inline float ck_gelu_one(float x) { return 0.5f * x * (1 + ck_erf_one(x * 0.70710678118654752f)); }

/* 2^x for x ≤ 0, as a softmax needs it; a NaN stays one. */
static inline float ck_exp2_one(float x) {
    if (x < CK_EXP2_LOWEST) return 0;
    if (x != x) return x;
    float n = rintf(x), r = x - n, p = 0;
#define STEP(c) p = p * r + c;
    CK_EXP2_P(STEP)
#undef STEP
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    float scale;
    memcpy(&scale, &bits, 4);
    return p * scale;
}
