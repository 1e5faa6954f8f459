/* ck_attention over the names of ck_lanes_avx2.h and the tile of ck_tile_vector.h: scores of TILE_ROWS queries with all keys,
   their softmax and its product with the values while they are in the first-level cache. */

/* One head's keys, as panels of TILE_COLUMNS of them with one coordinate after another; keys that are missing are 0. */
SIMD static void NAME(pack_keys)(const float *keys, size_t stride, size_t count, size_t width, float *packed) {
    for (size_t first = 0; first < count; first += TILE_COLUMNS, packed += TILE_COLUMNS * width)
        for (size_t c = 0; c < TILE_COLUMNS; c++) {
            const float *key = keys + (first + c) * stride;
            if (first + c < count)
                for (size_t i = 0; i < width; i++) packed[i * TILE_COLUMNS + c] = key[i];
            else
                for (size_t i = 0; i < width; i++) packed[i * TILE_COLUMNS + c] = 0;
        }
}

/* One head's values, as panels of TILE_COLUMNS coordinates of one token after another; coordinates that are missing are 0. */
SIMD static void NAME(pack_values)(const float *values, size_t stride, size_t count, size_t width, float *packed) {
    for (size_t first = 0; first < width; first += TILE_COLUMNS)
        for (size_t t = 0; t < count; t++, packed += TILE_COLUMNS) {
            const float *source = values + t * stride + first;
            if (first + TILE_COLUMNS <= width)
                STORE(packed, LOAD(source)), STORE(packed + LANES, LOAD(source + LANES));
            else
                for (size_t c = 0; c < TILE_COLUMNS; c++) packed[c] = first + c < width ? source[c] : 0;
        }
}

/* Products to weights, which are still to be divided by their sum; returns 1 / sum. */
SIMD static float NAME(weigh)(float *scores, float scale, const float *bias, size_t count) {
    vec highs = SET(-INFINITY), sums = SET(0);
    size_t c = 0;
    for (; c + LANES <= count; c += LANES) {
        vec score = MUL(LOAD(scores + c), SET(scale));
        if (bias) score = ADD(score, LOAD(bias + c));
        STORE(scores + c, score);
        highs = MAX(score, highs);
    }
    if (c < count) {
        size_t last = c;
        for (; c < count; c++) scores[c] = scores[c] * scale + (bias ? bias[c] : 0);
        for (; c < last + LANES; c++) scores[c] = -INFINITY;
        highs = MAX(LOAD(scores + last), highs);
    }
    vec highest = SET(HIGHEST(highs));
    size_t end = c;
    for (c = 0; c < end; c += LANES) {
        vec weight = NAME(exp_lanes)(SUB(LOAD(scores + c), highest));
        STORE(scores + c, weight);
        sums = ADD(sums, weight);
    }
    return 1 / SUM(sums);
}

SIMD void NAME(ck_attention)(const float *projected, size_t count, size_t heads, size_t width, const float *bias,
                             size_t bias_step, float *mixed, float *scratch) {
    size_t hidden = heads * width, stride = 3 * hidden;
    size_t padded = (count + TILE_COLUMNS - 1) / TILE_COLUMNS * TILE_COLUMNS;
    size_t padded_width = (width + TILE_COLUMNS - 1) / TILE_COLUMNS * TILE_COLUMNS;
    float *keys = scratch, *values = keys + padded * width, *queries = values + count * padded_width;
    float *scores = queries + TILE_ROWS * width;
    float scale = 1 / sqrtf((float)width), edge[TILE_ROWS * TILE_COLUMNS], inverse[TILE_ROWS] = {0};
    for (size_t head = 0; head < heads; head++) {
        const float *source = projected + head * width;
        NAME(pack_keys)(source + hidden, stride, count, width, keys);
        NAME(pack_values)(source + 2 * hidden, stride, count, width, values);
        for (size_t first = 0; first < count; first += TILE_ROWS) {
            size_t rows = first + TILE_ROWS < count ? TILE_ROWS : count - first;
            const float *strip = source + first * stride;
            if (rows < TILE_ROWS) NAME(copy_rows)(strip, stride, rows, width, queries);
            for (size_t key = 0; key < padded; key += TILE_COLUMNS) {
                vec sums[TILE_ROWS][2];
                EACH_ROW sums[r][0] = sums[r][1] = SET(0);
                NAME(multiply_tile)(sums, rows < TILE_ROWS ? queries : strip, rows < TILE_ROWS ? width : stride,
                                    keys + key * width, TILE_COLUMNS, LANES, width);
                EACH_ROW {
                    STORE(scores + (size_t)r * padded + key, sums[r][0]);
                    STORE(scores + (size_t)r * padded + key + LANES, sums[r][1]);
                }
            }
            for (size_t r = 0; r < rows; r++) {
                ptrdiff_t zero = (ptrdiff_t)(head * bias_step) - (ptrdiff_t)(first + r);
                inverse[r] = NAME(weigh)(scores + r * padded, scale, bias ? bias + zero : 0, count);
            }
            for (size_t column = 0; column < width; column += TILE_COLUMNS) {
                size_t columns = column + TILE_COLUMNS < width ? TILE_COLUMNS : width - column;
                float *target = mixed + first * hidden + head * width + column;
                vec sums[TILE_ROWS][2];
                EACH_ROW sums[r][0] = sums[r][1] = SET(0);
                NAME(multiply_tile)(sums, scores, padded, values + column * count, TILE_COLUMNS, LANES, count);
                EACH_ROW {
                    STORE(edge + r * TILE_COLUMNS, MUL(sums[r][0], SET(inverse[r])));
                    STORE(edge + r * TILE_COLUMNS + LANES, MUL(sums[r][1], SET(inverse[r])));
                }
                for (size_t r = 0; r < rows; r++)
                    memcpy(target + r * hidden, edge + r * TILE_COLUMNS, columns * sizeof *edge);
            }
        }
    }
}
