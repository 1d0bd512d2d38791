/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/bits.h - reading and writing bits of H.264 (§7.2, §9.1), and NAL units
 * (§7.4.1).
 */
#ifndef TESS_TESTS_EMU_BITS_H
#define TESS_TESTS_EMU_BITS_H

#include <stddef.h>
#include <stdint.h>

struct emu_bits_in {
	const uint8_t *data;
	size_t at, end; /* bits; past the end zeros are read and at > end */
};
unsigned emu_bits_get(struct emu_bits_in *in, unsigned count); /* count <= 32 */
unsigned emu_bits_get_ue(struct emu_bits_in *in);
int emu_bits_get_se(struct emu_bits_in *in);

/** The buffer must be large enough; bytes are cleared as they are begun. */
struct emu_bits_out {
	uint8_t *data;
	size_t at; /* bits */
};
void emu_bits_put(struct emu_bits_out *out, unsigned count, unsigned value);
void emu_bits_put_ue(struct emu_bits_out *out, unsigned value);
void emu_bits_put_se(struct emu_bits_out *out, int value);
/** rbsp_trailing_bits */
void emu_bits_trail(struct emu_bits_out *out);

/** Insert emulation prevention bytes; @p to holds 3 / 2 * length + 1. @return bytes */
size_t emu_nal_escape(uint8_t *to, const uint8_t *from, size_t length);
/** Take them out; @p to holds length, and may be @p from. @return bytes */
size_t emu_nal_unescape(uint8_t *to, const uint8_t *from, size_t length);
/** The next NAL unit behind a start code, from *at on. @return NULL: none */
const uint8_t *emu_nal_next(const uint8_t *data, size_t length, size_t *at, size_t *nal_length);

#endif
