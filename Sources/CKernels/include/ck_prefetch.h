#pragma once
#include <stddef.h>

/// Asks for the cache lines of some memory, which may be any: nothing is read, and no result depends on it.
static inline void ck_prefetch(const void *memory, size_t bytes) {
    const char *first = (const char *)memory;
    for (size_t offset = 0; offset < bytes; offset += 64) __builtin_prefetch(first + offset, 0, 2);
}
