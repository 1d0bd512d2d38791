/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/bits.c - reading and writing bits and NAL units of H.264.
 */
#include "tests/emulated/va/bits.h"

unsigned emu_bits_get(struct emu_bits_in *in, unsigned count)
{
	unsigned value = 0;
	for (; count > 0; count--, in->at++) {
		unsigned bit =
			in->at < in->end ? in->data[in->at >> 3] >> (7 - (in->at & 7)) & 1u : 0;
		value = value << 1 | bit;
	}
	return value;
}

unsigned emu_bits_get_ue(struct emu_bits_in *in)
{
	unsigned zeros = 0;
	while (zeros < 31 && emu_bits_get(in, 1) == 0)
		zeros++;
	return (1u << zeros) - 1 + emu_bits_get(in, zeros);
}

int emu_bits_get_se(struct emu_bits_in *in)
{
	unsigned value = emu_bits_get_ue(in);
	return value & 1 ? (int)(value / 2) + 1 : -(int)(value / 2);
}

void emu_bits_put(struct emu_bits_out *out, unsigned count, unsigned value)
{
	while (count > 0) {
		count--;
		if ((out->at & 7) == 0)
			out->data[out->at >> 3] = 0;
		out->data[out->at >> 3] |= (uint8_t)((value >> count & 1u) << (7 - (out->at & 7)));
		out->at++;
	}
}

void emu_bits_put_ue(struct emu_bits_out *out, unsigned value)
{
	unsigned length = 31u - (unsigned)__builtin_clz(value + 1);
	emu_bits_put(out, length, 0);
	emu_bits_put(out, length + 1, value + 1);
}

void emu_bits_put_se(struct emu_bits_out *out, int value)
{
	emu_bits_put_ue(out, value > 0 ? 2 * (unsigned)value - 1 : 2 * (unsigned)-value);
}

void emu_bits_trail(struct emu_bits_out *out)
{
	emu_bits_put(out, 1, 1);
	while (out->at & 7)
		emu_bits_put(out, 1, 0);
}

size_t emu_nal_escape(uint8_t *to, const uint8_t *from, size_t length)
{
	size_t written = 0;
	unsigned zeros = 0;
	for (size_t i = 0; i < length; i++) {
		if (zeros == 2 && from[i] <= 3) {
			to[written++] = 3;
			zeros = 0;
		}
		zeros = from[i] == 0 ? zeros + 1 : 0;
		to[written++] = from[i];
	}
	return written;
}

size_t emu_nal_unescape(uint8_t *to, const uint8_t *from, size_t length)
{
	size_t written = 0;
	unsigned zeros = 0;
	for (size_t i = 0; i < length; i++) {
		if (zeros == 2 && from[i] == 3) {
			zeros = 0;
			continue;
		}
		zeros = from[i] == 0 ? (zeros < 2 ? zeros + 1 : 2) : 0;
		to[written++] = from[i];
	}
	return written;
}

static size_t start_code(const uint8_t *data, size_t length, size_t at)
{
	while (at + 3 <= length && (data[at] != 0 || data[at + 1] != 0 || data[at + 2] != 1))
		at++;
	return at + 3 <= length ? at : length;
}

const uint8_t *emu_nal_next(const uint8_t *data, size_t length, size_t *at, size_t *nal_length)
{
	size_t begin = start_code(data, length, *at);
	if (begin == length)
		return NULL;
	begin += 3;
	size_t end = start_code(data, length, begin);
	*at = end;
	while (end > begin && data[end - 1] == 0) /* the next start code's zero_byte, or trailing */
		end--;
	*nal_length = end - begin;
	return data + begin;
}
