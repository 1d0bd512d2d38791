/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuvid/bits.c - see bits.h.
 */
#include "tests/emulated/nv/cuvid/bits.h"

#include "tests/emulated/nv/core.h"

void bits_put(struct bit_writer *writer, unsigned count, uint32_t value)
{
	EMU_REQUIRE(writer->bits + count <= 8 * sizeof(writer->data), "a header is too long");
	while (count--) {
		uint8_t *byte = &writer->data[writer->bits / 8];

		if (writer->bits % 8 == 0)
			*byte = 0;
		*byte |= (uint8_t)((value >> count & 1) << (7 - writer->bits % 8));
		writer->bits++;
	}
}

void bits_put_ue(struct bit_writer *writer, uint32_t value)
{
	unsigned length = 31 - (unsigned)__builtin_clz(value + 1);

	bits_put(writer, length, 0);
	bits_put(writer, length + 1, value + 1);
}

void bits_put_se(struct bit_writer *writer, int32_t value)
{
	bits_put_ue(writer, value > 0 ? 2 * (uint32_t)value - 1 : 2 * (uint32_t)-value);
}

size_t bits_nal(struct bit_writer *writer, uint8_t header, uint8_t *out)
{
	size_t length = 0;
	unsigned zeros = 0;

	bits_put(writer, 1, 1);
	while (writer->bits % 8)
		bits_put(writer, 1, 0);
	out[length++] = 0;
	out[length++] = 0;
	out[length++] = 0;
	out[length++] = 1;
	out[length++] = header;
	for (size_t i = 0; i < writer->bits / 8; i++) {
		if (zeros == 2 && writer->data[i] <= 3) {
			out[length++] = 3;
			zeros = 0;
		}
		zeros = writer->data[i] ? 0 : zeros + 1;
		out[length++] = writer->data[i];
	}
	return length;
}

void bits_open(struct bit_reader *reader, const uint8_t *payload, size_t length)
{
	size_t used = 0;
	unsigned zeros = 0;

	for (size_t i = 0; i < length && used < sizeof(reader->data); i++) {
		if (zeros >= 2 && payload[i] == 3) {
			zeros = 0;
			continue;
		}
		zeros = payload[i] ? 0 : zeros + 1;
		reader->data[used++] = payload[i];
	}
	reader->bits = 0;
	reader->end = 8 * used;
}

uint32_t bits_get(struct bit_reader *reader, unsigned count)
{
	uint32_t value = 0;

	for (; count; count--, reader->bits++) {
		unsigned bit = 0;

		if (reader->bits < reader->end)
			bit = reader->data[reader->bits / 8] >> (7 - reader->bits % 8) & 1;
		value = value << 1 | bit;
	}
	return value;
}

uint32_t bits_get_ue(struct bit_reader *reader)
{
	unsigned zeros = 0;

	while (zeros < 31 && !bits_get(reader, 1))
		zeros++;
	return (1u << zeros) - 1 + bits_get(reader, zeros);
}
