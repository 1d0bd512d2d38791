/* SPDX-License-Identifier: GPL-3.0-or-later
 * Frames for the tests of the DPDK driver, written by hand so that they judge headers.c too.
 */
#ifndef TESTS_NET_DPDK_FRAMES_H
#define TESTS_NET_DPDK_FRAMES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define OUR_MAC	  "\x02\0\0\0\0\x02"
#define THEIR_MAC "\x02\0\0\0\0\x01"

struct frame {
	uint8_t data[2200];
	size_t length;
};

void frame_start(struct frame *frame, const void *to, const void *from);
void frame_add(struct frame *frame, const void *data, size_t length);
void frame_byte(struct frame *frame, unsigned value);
void frame_16(struct frame *frame, unsigned value);
/** The EtherType and 20 bytes from 10.0.0.1 to 10.0.0.2 over @p length bytes of content. */
void frame_ipv4(struct frame *frame, unsigned protocol, size_t length);
/** The EtherType and 40 bytes from fd00::1 to fd00::2. */
void frame_ipv6(struct frame *frame, unsigned next, size_t length);
/** From port 5004 to @p port. */
void frame_udp(struct frame *frame, unsigned port, const void *payload, size_t length);
/** A whole datagram of either family. */
void frame_datagram(struct frame *frame, int family, unsigned port, const void *payload,
		    size_t length);
/** The sum of RFC 1071 by the book, 16 bits at a time. */
unsigned frame_sum(const uint8_t *data, size_t length, unsigned sum);

#endif
