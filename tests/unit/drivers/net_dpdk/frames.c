/* SPDX-License-Identifier: GPL-3.0-or-later
 * Frames for the tests of the DPDK driver.
 */
#include "frames.h"

#include <string.h>
#include <sys/socket.h>

void frame_add(struct frame *frame, const void *data, size_t length)
{
	assert_true(frame->length + length <= sizeof(frame->data));
	memcpy(frame->data + frame->length, data, length);
	frame->length += length;
}

void frame_byte(struct frame *frame, unsigned value)
{
	frame_add(frame, &(uint8_t){(uint8_t)value}, 1);
}

void frame_16(struct frame *frame, unsigned value)
{
	frame_byte(frame, value >> 8 & 255);
	frame_byte(frame, value & 255);
}

void frame_start(struct frame *frame, const void *to, const void *from)
{
	memset(frame, 0, sizeof(*frame));
	frame_add(frame, to, 6);
	frame_add(frame, from, 6);
}

unsigned frame_sum(const uint8_t *data, size_t length, unsigned sum)
{
	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? data[i] : (unsigned)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

void frame_ipv4(struct frame *frame, unsigned protocol, size_t length)
{
	size_t at = frame->length + 2;
	unsigned sum;

	frame_16(frame, 0x0800);
	frame_16(frame, 0x4500);
	frame_16(frame, 20 + (unsigned)length);
	frame_add(frame, "\0\0\0\0\x40", 5);
	frame_byte(frame, protocol);
	frame_add(frame, "\0\0\x0a\0\0\x01\x0a\0\0\x02", 10);
	sum = ~frame_sum(frame->data + at, 20, 0) & 0xffff;
	frame->data[at + 10] = (uint8_t)(sum >> 8);
	frame->data[at + 11] = (uint8_t)sum;
}

void frame_ipv6(struct frame *frame, unsigned next, size_t length)
{
	frame_16(frame, 0x86dd);
	frame_add(frame, "\x60\0\0\0", 4);
	frame_16(frame, (unsigned)length);
	frame_byte(frame, next);
	frame_byte(frame, 64);
	frame_add(frame, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	frame_add(frame, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
}

void frame_udp(struct frame *frame, unsigned port, const void *payload, size_t length)
{
	frame_16(frame, 5004);
	frame_16(frame, port);
	frame_16(frame, 8 + (unsigned)length);
	frame_16(frame, 0x1234); /* nobody looks at it */
	frame_add(frame, payload, length);
}

void frame_datagram(struct frame *frame, int family, unsigned port, const void *payload,
		    size_t length)
{
	frame_start(frame, OUR_MAC, THEIR_MAC);
	if (family == AF_INET)
		frame_ipv4(frame, 17, 8 + length);
	else
		frame_ipv6(frame, 17, 8 + length);
	frame_udp(frame, port, payload, length);
}
