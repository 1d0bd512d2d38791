/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/packets/numbered.c - RTP packets that say which they are, and the account of them.
 */
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "tests/support/packets/numbered.h"

#define PAYLOAD_TYPE 96
#define WINDOW	     64

static void put32(uint8_t *to, uint32_t value)
{
	value = htobe32(value);
	memcpy(to, &value, sizeof(value));
}

static uint32_t get32(const uint8_t *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return be32toh(value);
}

void tess_numbered_write(uint8_t *data, size_t length, uint32_t stream, uint64_t number)
{
	data[0] = 0x80; /* RFC 3550 §5.1: version 2 */
	data[1] = PAYLOAD_TYPE;
	data[2] = (uint8_t)(number >> 8);
	data[3] = (uint8_t)number;
	put32(data + 4, (uint32_t)number * 90);
	put32(data + 8, TESS_NUMBERED_SSRC + stream);
	put32(data + 12, (uint32_t)(number >> 32));
	put32(data + 16, (uint32_t)number);
	put32(data + length - 4, ~(uint32_t)number);
}

static void count_number(struct tess_numbered_stream *stream, uint64_t number)
{
	uint64_t bit;

	if (number >= stream->next) {
		uint64_t ahead = number + 1 - stream->next;

		stream->seen = ahead < WINDOW ? stream->seen << ahead : 0;
		stream->seen |= 1;
		stream->next = number + 1;
		stream->received++;
		return;
	}
	bit = stream->next - 1 - number;
	if (bit >= WINDOW || (stream->seen >> bit & 1)) {
		stream->duplicates++;
		return;
	}
	stream->seen |= (uint64_t)1 << bit;
	stream->received++;
	stream->late++;
}

int tess_numbered_count(struct tess_numbered_stream *streams, uint32_t count, const uint8_t *data,
			size_t length)
{
	uint64_t number;
	uint32_t index;

	if (length < TESS_NUMBERED_MIN || data[0] != 0x80 || data[1] != PAYLOAD_TYPE)
		return -EINVAL;
	index = get32(data + 8) - TESS_NUMBERED_SSRC;
	number = (uint64_t)get32(data + 12) << 32 | get32(data + 16);
	if (index >= count || get32(data + length - 4) != ~(uint32_t)number ||
	    (uint16_t)(data[2] << 8 | data[3]) != (uint16_t)number)
		return -EINVAL;
	count_number(&streams[index], number);
	return 0;
}
