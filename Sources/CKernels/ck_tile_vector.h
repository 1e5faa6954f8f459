/* The register tile that the matrix products of an encoder are made of, over the names of ck_lanes_avx2.h and
     TILE_ROWS   rows of a tile; 2 · TILE_ROWS + 3 vectors fit the registers
   A tile is TILE_ROWS × TILE_COLUMNS sums. */
#define TILE_COLUMNS (2 * LANES)
#define EACH_ROW _Pragma("clang loop unroll(full)") for (int r = 0; r < TILE_ROWS; r++)

/* sums += a · b over `count` steps. Row r's factor of step i is a[r · row + i]; the step's weights are the vectors at
   b + i · b_step and b + second + i · b_step. */
SIMD static inline __attribute__((always_inline)) void NAME(multiply_tile)(vec sums[TILE_ROWS][2], const float *a,
                                                                           size_t row, const float *b, size_t b_step,
                                                                           size_t second, size_t count) {
    vec s[TILE_ROWS][2];
    EACH_ROW s[r][0] = sums[r][0], s[r][1] = sums[r][1];
    for (size_t i = 0; i < count; i++, a++, b += b_step) {
        vec b0 = LOAD(b), b1 = LOAD(b + second);
        EACH_ROW {
            vec factor = SET(a[(size_t)r * row]);
            s[r][0] = FMA(factor, b0, s[r][0]);
            s[r][1] = FMA(factor, b1, s[r][1]);
        }
    }
    EACH_ROW sums[r][0] = s[r][0], sums[r][1] = s[r][1];
}

/* The last rows of a product as a whole tile: `rows` of them, `count` floats each, and rows of zeros. */
SIMD static void NAME(copy_rows)(const float *source, size_t stride, size_t rows, size_t count, float *copy) {
    for (size_t r = 0; r < TILE_ROWS; r++, copy += count)
        if (r < rows) memcpy(copy, source + r * stride, count * sizeof *copy);
        else memset(copy, 0, count * sizeof *copy);
}
