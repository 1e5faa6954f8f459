#define _GNU_SOURCE
#include "ck_exchange.h"

#ifdef __APPLE__
#include <stdio.h>

int ck_exchange(const char *a, const char *b) { return renamex_np(a, b, RENAME_SWAP); }
#else
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int ck_exchange(const char *a, const char *b) {
    const unsigned exchange = 2;  // RENAME_EXCHANGE
    return (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, exchange);
}
#endif
