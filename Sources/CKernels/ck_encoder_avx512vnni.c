#if defined(__x86_64__)
#include <string.h>

#include "ck_attention.h"
#include "ck_linear.h"

#define CK_VNNI
#include "ck_lanes_avx512.h"
#define PAIR_ROWS 12
#include "ck_lanes_math.h"

#include "ck_linear_vector.h"

#include "ck_attention_vector.h"
#endif
