#ifndef CK_EXCHANGE_H
#define CK_EXCHANGE_H

/// Makes two paths of one filesystem change places, in one step. Returns 0, or -1 with errno.
int ck_exchange(const char *a, const char *b);

#endif
