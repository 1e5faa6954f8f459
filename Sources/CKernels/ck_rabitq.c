#include "ck_rabitq.h"

#include <math.h>
#include <string.h>

#include "ck_level.h"

size_t ck_rabitq_warm_bytes(size_t n, unsigned bits) { return n / 8 * (bits - 1); }
size_t ck_rabitq_block_bytes(size_t n) { return 4 * n + 3 * sizeof(float) * CK_RABITQ_BLOCK; }

/* The low bits of dimension i of a warm code. */
static unsigned low_bits(const uint8_t *warm, size_t i, size_t n, unsigned low) {
    unsigned value = 0, bit = 0;
    if (low >= 4) {
        uint8_t pair = warm[i / 32 * 16 + i % 16];
        value = i % 32 < 16 ? pair & 15 : pair >> 4;
        warm += n / 2;
        bit = 4;
    }
    for (; bit < low; bit++, warm += n / 8) value |= (unsigned)(warm[i / 8] >> i % 8 & 1) << bit;
    return value;
}

static void set_low_bits(uint8_t *warm, size_t i, size_t n, unsigned low, unsigned value) {
    unsigned bit = 0;
    if (low >= 4) {
        warm[i / 32 * 16 + i % 16] |= (uint8_t)((value & 15) << (i % 32 < 16 ? 0 : 4));
        warm += n / 2;
        bit = 4;
    }
    for (; bit < low; bit++, warm += n / 8) warm[i / 8] |= (uint8_t)((value >> bit & 1) << i % 8);
}

void ck_rabitq_encode_scalar(const float *x, const float *centroid, const float *origin, size_t n, unsigned bits,
                             float step, float *residual, uint8_t *hot, uint8_t *warm, ck_rabitq_sums *sums) {
    memset(hot, 0, n / 8);
    memset(warm, 0, ck_rabitq_warm_bytes(n, bits));
    float squares = 0, along_centroid = 0, along_origin = 0;
    for (size_t i = 0; i < n; i++) {
        float r = x[i] - centroid[i];
        residual[i] = r;
        squares += r * r;
        along_centroid += r * centroid[i];
        if (origin) along_origin += r * origin[i];
    }
    float factor = squares > 0 ? step / sqrtf(squares) : 0, greatest = (float)((1u << (bits - 1)) - 1);
    float sign_residual = 0, sign_centroid = 0, code_residual = 0, code_centroid = 0;
    for (size_t i = 0; i < n; i++) {
        float r = residual[i], size = fabsf(r), c = r < 0 ? -centroid[i] : centroid[i];
        float magnitude = fminf(floorf(size * factor), greatest);
        unsigned low = (unsigned)magnitude;
        sign_residual += size;
        sign_centroid += c;
        code_residual += size * (magnitude + 0.5f);
        code_centroid += c * (magnitude + 0.5f);
        if (r < 0)
            low = (unsigned)greatest - low;
        else
            hot[i / 8] |= (uint8_t)(1 << i % 8);
        set_low_bits(warm, i, n, bits - 1, low);
    }
    *sums = (ck_rabitq_sums){squares,       sign_residual / 2, sign_centroid / 2, code_residual,
                             code_centroid, along_centroid,    along_origin};
}

void ck_rabitq_pack(const uint8_t *hot, size_t count, size_t n, uint8_t *block) {
    const size_t row = n / 8;
    for (size_t j = 0; j < row; j++)
        for (size_t i = 0; i < 16; i++) {
            uint8_t first = i < count ? hot[i * row + j] : 0, second = i + 16 < count ? hot[(i + 16) * row + j] : 0;
            block[32 * j + i] = (uint8_t)((first & 15) | second << 4);
            block[32 * j + 16 + i] = (uint8_t)(first >> 4 | (second & 0xf0));
        }
}

void ck_rabitq_prepare(const float *q, size_t n, uint8_t *table, int8_t *low, ck_rabitq_query *query) {
    float widest = 0, greatest = 0, total = 0, least = 0;
    for (size_t g = 0; g < n; g += 4) {
        float range = 0;
        for (size_t j = g; j < g + 4; j++) {
            float size = fabsf(q[j]);
            range += size;
            greatest = size > greatest ? size : greatest;
            total += q[j];
            least += q[j] < 0 ? q[j] : 0;
        }
        widest = range > widest ? range : widest;
    }
    float step = widest / CK_RABITQ_ENTRY, inverse = widest > 1e-30f ? CK_RABITQ_ENTRY / widest : 0;
    for (size_t g = 0; g < n; g += 4, table += 16) {
        /* Each entry is the sum less the least of the 16, so that it is not negative. */
        float sums[16] = {0};
        for (int j = 0; j < 4; j++) sums[0] -= q[g + j] < 0 ? q[g + j] : 0;
        for (int j = 0; j < 4; j++)
            for (int b = 0; b < 1 << j; b++) sums[b + (1 << j)] = sums[b] + q[g + j];
        for (int b = 0; b < 16; b++) {
            int32_t entry = (int32_t)(sums[b] * inverse + 0.5f);
            table[b] = (uint8_t)(entry < 0 ? 0 : entry > CK_RABITQ_ENTRY ? CK_RABITQ_ENTRY : entry);
        }
    }
    float low_inverse = greatest > 1e-30f ? 127 / greatest : 0; /* below that the quotient is no number */
    int32_t low_total = 0;
    for (size_t i = 0; i < n; i++) {
        float value = q[i] * low_inverse;
        low[i] = (int8_t)(value + (value < 0 ? -0.5f : 0.5f));
        low_total += low[i];
    }
    query->table = table - 4 * n;
    query->low = low;
    query->table_step = step;
    query->table_base = least - total / 2;
    query->low_step = greatest / 127;
    query->low_total = low_total;
    query->table_margin = 4 * step * sqrtf((float)n / 48); /* n/4 roundings, each of variance step²/12 */
}

int32_t ck_rabitq_warm_dot_scalar(const uint8_t *warm, const int8_t *low, size_t n, unsigned bits) {
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += (int32_t)low_bits(warm, i, n, bits - 1) * low[i];
    return sum;
}

#if !defined(__x86_64__)
#define CK_RABITQ_SCALAR(level)                                                                                        \
    void ck_rabitq_encode_##level(const float *x, const float *centroid, const float *origin, size_t n, unsigned bits, \
                                  float step, float *residual, uint8_t *hot, uint8_t *warm, ck_rabitq_sums *sums) {    \
        ck_rabitq_encode_scalar(x, centroid, origin, n, bits, step, residual, hot, warm, sums);                        \
    }                                                                                                                  \
    int32_t ck_rabitq_warm_dot_##level(const uint8_t *warm, const int8_t *low, size_t n, unsigned bits) {              \
        return ck_rabitq_warm_dot_scalar(warm, low, n, bits);                                                          \
    }
CK_RABITQ_SCALAR(avx2)
CK_RABITQ_SCALAR(avx512)
#endif

void ck_rabitq_encode(const float *x, const float *centroid, const float *origin, size_t n, unsigned bits, float step,
                      float *residual, uint8_t *hot, uint8_t *warm, ck_rabitq_sums *sums) {
    switch (ck_current_level()) {
    case CK_AVX512: ck_rabitq_encode_avx512(x, centroid, origin, n, bits, step, residual, hot, warm, sums); break;
    case CK_AVX2: ck_rabitq_encode_avx2(x, centroid, origin, n, bits, step, residual, hot, warm, sums); break;
    default: ck_rabitq_encode_scalar(x, centroid, origin, n, bits, step, residual, hot, warm, sums);
    }
}

int32_t ck_rabitq_warm_dot(const uint8_t *warm, const int8_t *low, size_t n, unsigned bits) {
    switch (ck_current_level()) {
    case CK_AVX512: return ck_rabitq_warm_dot_avx512(warm, low, n, bits);
    case CK_AVX2: return ck_rabitq_warm_dot_avx2(warm, low, n, bits);
    default: return ck_rabitq_warm_dot_scalar(warm, low, n, bits);
    }
}
