#if defined(__x86_64__)
#include <string.h>

#include "ck_attention.h"
#include "ck_layer_norm.h"
#include "ck_linear.h"

#include "ck_lanes_avx2.h"
#define PAIR_ROWS 4
#include "ck_lanes_math.h"

#include "ck_linear_vector.h"

#include "ck_attention_vector.h"
#include "ck_layer_norm_vector.h"
#endif
