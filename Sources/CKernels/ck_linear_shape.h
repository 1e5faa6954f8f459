#pragma once

/* What the packing and the kernels must agree on. A panel's block of weights (24 KB) stays in the first-level cache while the
   rows of a block (288 KB) pass by it from the second. */
enum {
    CK_LINEAR_PANEL = 16,      /* outputs in a panel */
    CK_LINEAR_PADDING = 32,    /* outputs are padded to a multiple of it: two panels, for AVX-512 */
    CK_LINEAR_INPUTS = 384,    /* inputs in a block */
    CK_LINEAR_TILE = 12,       /* rows of the largest tile */
    CK_LINEAR_ROWS = 192       /* rows in a block; a multiple of each kernel's rows */
};
