/* ck_residual_layer_norm over the names of ck_lanes_avx2.h; columns beyond the last whole vectors take scalar steps. */

enum { CK_NORM_SUMS = 4 }; /* vectors whose sums run side by side, as one would wait for each addition */
#define EACH_SUM for (size_t l = 0; l < CK_NORM_SUMS; l++)

SIMD static inline float NAME(total)(const vec *sums) {
    return SUM(ADD(ADD(sums[0], sums[1]), ADD(sums[2], sums[3])));
}

SIMD void NAME(ck_residual_layer_norm)(float *residual, const float *x, const float *bias, const float *gain,
                                       const float *shift, float epsilon, size_t rows, size_t columns) {
    size_t step = CK_NORM_SUMS * LANES, whole = columns / step * step;
    for (size_t r = 0; r < rows; r++, x += columns, residual += columns) {
        vec sums[CK_NORM_SUMS], squares[CK_NORM_SUMS];
        EACH_SUM sums[l] = squares[l] = SET(0);
        float sum = 0, square = 0;
        for (size_t c = 0; c < whole; c += step) EACH_SUM {
            size_t at = c + LANES * l;
            vec v = ADD(LOAD(residual + at), ADD(LOAD(x + at), LOAD(bias + at)));
            STORE(residual + at, v);
            sums[l] = ADD(sums[l], v);
        }
        for (size_t c = whole; c < columns; c++) sum += residual[c] += x[c] + bias[c];
        float mean = (NAME(total)(sums) + sum) / (float)columns;
        for (size_t c = 0; c < whole; c += step) EACH_SUM {
            vec v = SUB(LOAD(residual + c + LANES * l), SET(mean));
            squares[l] = FMA(v, v, squares[l]);
        }
        for (size_t c = whole; c < columns; c++) square += (residual[c] - mean) * (residual[c] - mean);
        float scale = 1 / sqrtf((NAME(total)(squares) + square) / (float)columns + epsilon);
        for (size_t c = 0; c < whole; c += LANES) {
            vec v = MUL(SUB(LOAD(residual + c), SET(mean)), SET(scale));
            STORE(residual + c, FMA(v, LOAD(gain + c), LOAD(shift + c)));
        }
        for (size_t c = whole; c < columns; c++) residual[c] = (residual[c] - mean) * scale * gain[c] + shift[c];
    }
}
