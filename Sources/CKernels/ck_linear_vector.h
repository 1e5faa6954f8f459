/* ck_linear over the names of ck_lanes_avx2.h and the tile of ck_tile_vector.h. */

#include "ck_linear_shape.h"

/* One tile of y, `rows` × `columns` of it real; `adds` to what stands there; `bias` is null but at the last block. */
SIMD static inline __attribute__((always_inline)) void NAME(linear_tile)(const float *x, size_t x_stride,
                                                                         const float *weights, size_t count,
                                                                         size_t rows, size_t columns,
                                                                         int adds, const float *bias, int gelu,
                                                                         float *y, size_t stride) {
    const size_t second = LANES == CK_LINEAR_PANEL ? count * CK_LINEAR_PANEL : LANES;
    float edge[TILE_ROWS * TILE_COLUMNS];
    int whole = rows == TILE_ROWS && columns == TILE_COLUMNS;
    float *target = whole ? y : edge;
    size_t step = whole ? stride : TILE_COLUMNS;
    vec sums[TILE_ROWS][2];
    // What stands in y is fetched while the tile is computed, and added to its sums.
    EACH_ROW __builtin_prefetch(target + (size_t)r * step, 1), sums[r][0] = sums[r][1] = SET(0);
    NAME(multiply_tile)(sums, x, x_stride, weights, CK_LINEAR_PANEL, second, count);
    if (adds) {
        if (!whole)
            for (size_t r = 0; r < rows; r++) memcpy(edge + r * TILE_COLUMNS, y + r * stride, columns * sizeof *y);
        EACH_ROW {
            sums[r][0] = ADD(sums[r][0], LOAD(target + (size_t)r * step));
            sums[r][1] = ADD(sums[r][1], LOAD(target + (size_t)r * step + LANES));
        }
    }
    if (bias) {
        vec b0 = LOAD(bias), b1 = LOAD(bias + LANES);
        EACH_ROW sums[r][0] = ADD(sums[r][0], b0), sums[r][1] = ADD(sums[r][1], b1);
    }
    if (gelu) EACH_ROW sums[r][0] = NAME(gelu_lanes)(sums[r][0]), sums[r][1] = NAME(gelu_lanes)(sums[r][1]);
    EACH_ROW STORE(target + (size_t)r * step, sums[r][0]), STORE(target + (size_t)r * step + LANES, sums[r][1]);
    if (!whole)
        for (size_t r = 0; r < rows; r++) memcpy(y + r * stride, edge + r * TILE_COLUMNS, columns * sizeof *y);
}

SIMD void NAME(ck_linear)(const float *x, size_t rows, size_t inputs, const float *packed, const float *bias,
                          size_t outputs, ck_linear_end end, float *y, float *scratch) {
    size_t padded = ck_linear_padded(outputs);
    for (size_t top = 0; top < rows; top += CK_LINEAR_ROWS) {
        size_t height = top + CK_LINEAR_ROWS < rows ? CK_LINEAR_ROWS : rows - top;
        for (size_t first = 0; first < inputs; first += CK_LINEAR_INPUTS) {
            size_t count = first + CK_LINEAR_INPUTS < inputs ? CK_LINEAR_INPUTS : inputs - first;
            int last = first + count == inputs;
            size_t odd = height % TILE_ROWS;
            const float *source = x + top * inputs + first;
            NAME(copy_rows)(source + (height - odd) * inputs, inputs, odd, count, scratch);
            for (size_t column = 0; column < outputs; column += TILE_COLUMNS) {
                size_t columns = column + TILE_COLUMNS < outputs ? TILE_COLUMNS : outputs - column;
                const float *weights = packed + padded * first + column * count;
                const float *shift = last && bias ? bias + column : 0;
                for (size_t r = 0; r < height; r += TILE_ROWS) {
                    int whole = r + TILE_ROWS <= height;
                    NAME(linear_tile)(whole ? source + r * inputs : scratch, whole ? inputs : count, weights, count,
                                      whole ? TILE_ROWS : odd, columns, first > 0, shift,
                                      last && end == CK_LINEAR_GELU, y + (top + r) * outputs + column, outputs);
                }
            }
        }
    }
}
