/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuvid/bits.h - bits of H.264 syntax, written and read (ITU-T H.264 clause 9.1).
 */
#ifndef TESS_EMULATED_NV_CUVID_BITS_H
#define TESS_EMULATED_NV_CUVID_BITS_H

#include <stddef.h>
#include <stdint.h>

struct bit_writer {
	uint8_t data[1024];
	size_t bits;
};

void bits_put(struct bit_writer *writer, unsigned count, uint32_t value);
void bits_put_ue(struct bit_writer *writer, uint32_t value);
void bits_put_se(struct bit_writer *writer, int32_t value);
/** End a NAL unit: trailing bits, start code and emulation prevention. @return its bytes in @p out
 */
size_t bits_nal(struct bit_writer *writer, uint8_t header, uint8_t *out);

struct bit_reader {
	uint8_t data[64]; /* the first bytes behind the NAL unit's header, without emulation
			     prevention */
	size_t bits, end;
};

void bits_open(struct bit_reader *reader, const uint8_t *payload, size_t length);
/** Behind the end all bits are 0. */
uint32_t bits_get(struct bit_reader *reader, unsigned count);
uint32_t bits_get_ue(struct bit_reader *reader);

#endif
