/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/crc32c.h - CRC-32C (Castagnoli, RFC 3720 appendix B.4): proves a fragment or a
 * journal record whole.
 */
#ifndef TESS_MUX_CRC32C_H
#define TESS_MUX_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/** Continue @p crc (0 at the beginning) over more bytes. */
uint32_t tess_crc32c(uint32_t crc, const void *data, size_t length);

#endif
