#pragma once
#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, reflected polynomial 0x82f63b78) of bytes[n], continuing from `crc`, which is 0 at the start.
/// The result is the same at every level.
uint32_t ck_crc32c(uint32_t crc, const void *bytes, size_t n);

/* One symbol an instruction set, so that tests run each; the scalar version is the definition. */
uint32_t ck_crc32c_scalar(uint32_t crc, const void *bytes, size_t n);
uint32_t ck_crc32c_sse42(uint32_t crc, const void *bytes, size_t n);
