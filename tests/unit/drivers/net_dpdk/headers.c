/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests drivers/net_dpdk/headers.c
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/net_dpdk/classify.h"
#include "drivers/net_dpdk/headers.h"
#include "frames.h"

static union tess_addr address(const char *text, uint16_t port)
{
	union tess_addr address;

	memset(&address, 0, sizeof(address));
	if (inet_pton(AF_INET, text, &address.in.sin_addr) == 1) {
		address.in.sin_family = AF_INET;
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &address.in6.sin6_addr), 1);
		address.in6.sin6_family = AF_INET6;
	}
	address.in.sin_port = htons(port);
	return address;
}

struct written {
	uint8_t room[DPDK_MAX_HEADERS + 256];
	const uint8_t *frame;
	size_t headers;
};

static void write_frame(struct written *written, const struct dpdk_headers *headers,
			const char *from, const char *to, const void *payload, uint16_t length)
{
	union tess_addr remote = address(to, 5004);
	struct dpdk_route route = {.mac = THEIR_MAC, .source = address(from, 0)};

	memset(written, 0xee, sizeof(*written));
	memcpy(written->room + DPDK_MAX_HEADERS, payload, length);
	written->headers = dpdk_headers_size(headers, remote.sa.sa_family);
	written->frame = written->room + DPDK_MAX_HEADERS - written->headers;
	dpdk_headers_write(headers, &route, &remote, 20002, written->room + DPDK_MAX_HEADERS,
			   written->room + DPDK_MAX_HEADERS, length);
	/* nothing in front of the headers, or behind the payload, is touched */
	for (size_t i = 0; i < DPDK_MAX_HEADERS - written->headers; i++)
		assert_int_equal(written->room[i], 0xee);
	assert_int_equal(written->room[DPDK_MAX_HEADERS + length], 0xee);
}

/* The whole of UDP with the pseudo header sums up to all ones. */
static unsigned udp_sum(const uint8_t *addresses, size_t size, const uint8_t *udp, size_t length)
{
	unsigned sum = frame_sum(addresses, size, 17 + (unsigned)length);

	return frame_sum(udp, length, sum);
}

static void ipv4_is_whole(void **state)
{
	const struct dpdk_headers headers = {.mac = OUR_MAC};
	struct dpdk_datagram datagram;
	struct written written;
	uint8_t payload[101];

	(void)state;
	for (uint16_t length = 0; length <= sizeof(payload); length++) {
		for (unsigned i = 0; i < length; i++)
			payload[i] = (uint8_t)(i * 37 + length);
		write_frame(&written, &headers, "10.0.0.2", "10.0.0.1", payload, length);
		assert_int_equal(written.headers, 42);
		assert_memory_equal(written.frame, THEIR_MAC OUR_MAC "\x08\0", 14);
		assert_int_equal(dpdk_classify(&datagram, written.frame, written.headers + length),
				 DPDK_DATAGRAM);
		assert_int_equal(datagram.length, length);
		assert_int_equal(datagram.port, 5004);
		assert_int_equal(datagram.source_port, 20002);
		assert_memory_equal(written.frame + 14 + 12, "\x0a\0\0\x02\x0a\0\0\x01", 8);
		assert_int_equal(frame_sum(written.frame + 14, 20, 0), 0xffff);
		assert_int_equal(udp_sum(written.frame + 26, 8, written.frame + 34, 8u + length),
				 0xffff);
		assert_memory_equal(written.frame + 42, payload, length);
	}
}

static void ipv6_is_whole_and_tagged(void **state)
{
	const struct dpdk_headers headers = {.mac = OUR_MAC, .vlan = 0x123};
	struct dpdk_datagram datagram;
	struct written written;

	(void)state;
	write_frame(&written, &headers, "fd00::2", "fd00::1", "hello", 5);
	assert_int_equal(written.headers, 66);
	assert_memory_equal(written.frame + 12, "\x81\0\x01\x23\x86\xdd", 6);
	assert_int_equal(dpdk_classify(&datagram, written.frame, 71), DPDK_DATAGRAM);
	assert_int_equal(datagram.vlan, 0x123);
	assert_int_equal(udp_sum(written.frame + 26, 32, written.frame + 58, 13), 0xffff);
}

static void a_sum_of_zero_is_not_none(void **state)
{
	const struct dpdk_headers headers = {.mac = OUR_MAC};
	struct written written;
	bool seen = false;

	(void)state;
	for (unsigned i = 0; i < 0x10000; i++) {
		const uint8_t payload[2] = {(uint8_t)(i >> 8), (uint8_t)i};

		write_frame(&written, &headers, "10.0.0.2", "10.0.0.1", payload, 2);
		assert_false(written.frame[40] == 0 && written.frame[41] == 0);
		seen = seen || (written.frame[40] == 0xff && written.frame[41] == 0xff);
	}
	assert_true(seen);
}

/* What a NIC is left to do: the sum over UDP with the pseudo header's in the field is complete. */
static void a_nic_can_complete_the_sum(void **state)
{
	const struct dpdk_headers headers = {.mac = OUR_MAC, .offload = true};
	const struct dpdk_headers whole = {.mac = OUR_MAC};
	struct written written, expected;
	unsigned sum;

	(void)state;
	write_frame(&written, &headers, "10.0.0.2", "10.0.0.1", "hello", 5);
	write_frame(&expected, &whole, "10.0.0.2", "10.0.0.1", "hello", 5);
	assert_memory_equal(written.frame + 24, "\0\0", 2);
	sum = ~frame_sum(written.frame + 34, 13, 0) & 0xffff;
	assert_int_equal(sum, expected.frame[40] << 8 | expected.frame[41]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_is_whole),
		cmocka_unit_test(ipv6_is_whole_and_tagged),
		cmocka_unit_test(a_sum_of_zero_is_not_none),
		cmocka_unit_test(a_nic_can_complete_the_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
