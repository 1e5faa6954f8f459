/* ck_residual_layer_norm over the names of ck_lanes_avx2.h; columns beyond the last whole vector take scalar steps. */

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
