#pragma once

/// The instruction sets that kernels are written for, in rising order.
typedef enum { CK_SCALAR = 0, CK_AVX2 = 1, CK_AVX512 = 2 } ck_level;

/// The level in use: the highest this processor has, unless `ck_set_level` pinned a lower one.
ck_level ck_current_level(void);

/// The highest level this processor has.
ck_level ck_highest_level(void);

/// Whether the processor has AVX-512's products of integers, which kernels use at the level of AVX-512 where they change no
/// bit.
int ck_has_vnni(void);

/// Pins the level for the whole process; a level the processor lacks is lowered to the highest it has.
/// Call it before any thread uses a kernel.
void ck_set_level(ck_level level);
