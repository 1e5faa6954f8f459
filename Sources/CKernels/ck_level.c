#include "ck_level.h"

#include <stdatomic.h>

static atomic_int pinned = -1;

ck_level ck_highest_level(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        return CK_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) return CK_AVX2;
#endif
    return CK_SCALAR;
}

int ck_has_vnni(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512vnni") != 0;
#else
    return 0;
#endif
}

ck_level ck_current_level(void) {
    int level = atomic_load_explicit(&pinned, memory_order_relaxed);
    if (level >= 0) return (ck_level)level;
    level = ck_highest_level();
    atomic_store_explicit(&pinned, level, memory_order_relaxed);
    return (ck_level)level;
}

void ck_set_level(ck_level level) {
    ck_level highest = ck_highest_level();
    atomic_store_explicit(&pinned, level < highest ? level : highest, memory_order_relaxed);
}
