/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests drivers/net_dpdk/station.c
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/net_dpdk/station.h"
#include "frames.h"

#define BROADCAST "\xff\xff\xff\xff\xff\xff"
#define SECOND_US INT64_C(1000000)

static union tess_addr address(const char *text)
{
	union tess_addr address;

	memset(&address, 0, sizeof(address));
	if (inet_pton(AF_INET, text, &address.in.sin_addr) == 1) {
		address.in.sin_family = AF_INET;
		return address;
	}
	assert_int_equal(inet_pton(AF_INET6, text, &address.in6.sin6_addr), 1);
	address.in6.sin6_family = AF_INET6;
	return address;
}

/* 10.0.0.2/24 and fd00::2/64 with gateways. */
static struct dpdk_station *open_station(uint16_t vlan)
{
	struct dpdk_identity identity = {
		.addresses = {{address("10.0.0.2"), 24}, {address("fd00::2"), 64}},
		.address_count = 2,
		.gateway4 = address("10.0.0.254"),
		.gateway6 = address("fd00::fe"),
		.vlan = vlan,
	};
	struct dpdk_station *station;

	assert_int_equal(dpdk_station_alloc(&station, &identity, (const uint8_t *)OUR_MAC), 0);
	return station;
}

/* On the heap and exactly as long, so that a sanitizer sees a read past the end. */
static size_t receive(struct dpdk_station *station, const struct frame *frame, size_t length,
		      int64_t now_us, uint8_t *reply)
{
	uint8_t *copy = malloc(length ? length : 1);
	size_t replied;

	assert_non_null(copy);
	memcpy(copy, frame->data, length);
	replied = dpdk_station_receive(station, copy, length, now_us, reply);
	free(copy);
	return replied;
}

static void arp(struct frame *frame, unsigned operation, const void *from, const void *target)
{
	frame_start(frame, BROADCAST, THEIR_MAC);
	frame_16(frame, 0x0806);
	frame_add(frame, "\0\1\x08\0\6\4", 6);
	frame_16(frame, operation);
	frame_add(frame, THEIR_MAC, 6);
	frame_add(frame, from, 4);
	frame_add(frame, "\0\0\0\0\0\0", 6);
	frame_add(frame, target, 4);
}

static void arp_for_us_is_answered(void **state)
{
	struct dpdk_station *station = open_station(0);
	uint8_t reply[DPDK_STATION_FRAME];
	struct frame frame;

	(void)state;
	arp(&frame, 1, "\x0a\0\0\x01", "\x0a\0\0\x02");
	assert_int_equal(receive(station, &frame, frame.length, 0, reply), 42);
	assert_memory_equal(reply, THEIR_MAC OUR_MAC "\x08\x06\0\1\x08\0\6\4\0\2", 22);
	assert_memory_equal(reply + 22, OUR_MAC "\x0a\0\0\x02" THEIR_MAC "\x0a\0\0\x01", 20);
	for (size_t length = 0; length < frame.length; length++)
		assert_int_equal(receive(station, &frame, length, 0, reply), 0);
	arp(&frame, 1, "\x0a\0\0\x01", "\x0a\0\0\x03");
	assert_int_equal(receive(station, &frame, frame.length, 0, reply), 0);
	arp(&frame, 2, "\x0a\0\0\x01", "\x0a\0\0\x02");
	assert_int_equal(receive(station, &frame, frame.length, 0, reply), 0);
	dpdk_station_free(station);
}

static void tags_must_match(void **state)
{
	struct dpdk_station *plain = open_station(0), *tagged = open_station(7);
	uint8_t reply[DPDK_STATION_FRAME];
	struct frame frame, with_tag;

	(void)state;
	arp(&frame, 1, "\x0a\0\0\x01", "\x0a\0\0\x02");
	frame_start(&with_tag, BROADCAST, THEIR_MAC);
	frame_16(&with_tag, 0x8100);
	frame_16(&with_tag, 7);
	frame_add(&with_tag, frame.data + 12, frame.length - 12);
	assert_int_equal(receive(tagged, &frame, frame.length, 0, reply), 0);
	assert_int_equal(receive(plain, &with_tag, with_tag.length, 0, reply), 0);
	assert_int_equal(receive(tagged, &with_tag, with_tag.length, 0, reply), 46);
	assert_memory_equal(reply + 12, "\x81\0\0\7\x08\6", 6);
	with_tag.data[15] = 8;
	assert_int_equal(receive(tagged, &with_tag, with_tag.length, 0, reply), 0);
	dpdk_station_free(plain);
	dpdk_station_free(tagged);
}

static void hosts_are_learnt_when_asked_for(void **state)
{
	struct dpdk_station *station = open_station(0);
	union tess_addr host = address("10.0.0.1");
	uint8_t request[DPDK_STATION_FRAME], reply[DPDK_STATION_FRAME];
	struct dpdk_route route;
	struct frame frame;
	size_t length;

	(void)state;
	/* not asked for: nothing is learnt from it */
	arp(&frame, 2, "\x0a\0\0\x01", "\x0a\0\0\x02");
	(void)receive(station, &frame, frame.length, 0, reply);
	assert_false(dpdk_station_find(station, &host, 1, &route, request, &length));
	assert_int_equal(length, 42);
	assert_memory_equal(request, BROADCAST OUR_MAC "\x08\x06\0\1\x08\0\6\4\0\1", 22);
	assert_memory_equal(request + 22, OUR_MAC "\x0a\0\0\x02\0\0\0\0\0\0\x0a\0\0\x01", 20);
	/* asked again only after a while */
	assert_false(dpdk_station_find(station, &host, 2, &route, request, &length));
	assert_int_equal(length, 0);
	assert_false(dpdk_station_find(station, &host, SECOND_US, &route, request, &length));
	assert_int_equal(length, 42);
	(void)receive(station, &frame, frame.length, SECOND_US, reply);
	assert_true(dpdk_station_find(station, &host, SECOND_US, &route, request, &length));
	assert_int_equal(length, 0);
	assert_memory_equal(route.mac, THEIR_MAC, 6);
	assert_int_equal(route.source.in.sin_addr.s_addr, htonl(0x0a000002));
	/* confirmed while it serves, given up when nobody answers */
	assert_true(dpdk_station_find(station, &host, 22 * SECOND_US, &route, request, &length));
	assert_int_equal(length, 42);
	assert_false(dpdk_station_find(station, &host, 62 * SECOND_US, &route, request, &length));
	dpdk_station_free(station);
}

static void a_group_is_no_host(void **state)
{
	struct dpdk_station *station = open_station(0);
	union tess_addr host = address("10.0.0.1");
	uint8_t request[DPDK_STATION_FRAME], reply[DPDK_STATION_FRAME];
	struct dpdk_route route;
	struct frame frame;
	size_t length;

	(void)state;
	(void)dpdk_station_find(station, &host, 0, &route, request, &length);
	arp(&frame, 2, "\x0a\0\0\x01", "\x0a\0\0\x02");
	frame.data[22] = 0xff;
	(void)receive(station, &frame, frame.length, 0, reply);
	assert_false(dpdk_station_find(station, &host, 1, &route, request, &length));
	dpdk_station_free(station);
}

static void others_are_behind_the_gateway(void **state)
{
	struct dpdk_station *station = open_station(0);
	struct dpdk_identity lonely = {.addresses = {{address("10.0.0.2"), 24}},
				       .address_count = 1};
	union tess_addr far = address("192.0.2.1"), far6 = address("2001:db8::1");
	uint8_t request[DPDK_STATION_FRAME];
	struct dpdk_route route;
	size_t length;

	(void)state;
	assert_false(dpdk_station_find(station, &far, 0, &route, request, &length));
	assert_memory_equal(request + 38, "\x0a\0\0\xfe", 4);
	assert_false(dpdk_station_find(station, &far6, 0, &route, request, &length));
	assert_int_equal(length, 86);
	assert_memory_equal(request, "\x33\x33\xff\0\0\xfe" OUR_MAC "\x86\xdd", 14);
	assert_int_equal(request[14 + 40], 135);
	assert_int_equal(request[14 + 40 + 8 + 15], 0xfe);
	dpdk_station_free(station);
	assert_int_equal(dpdk_station_alloc(&station, &lonely, (const uint8_t *)OUR_MAC), 0);
	assert_false(dpdk_station_find(station, &far, 0, &route, request, &length));
	assert_int_equal(length, 0); /* there is nobody to ask */
	dpdk_station_free(station);
}

/* The checksum of ICMPv6 at the end of the IPv6 header that begins at @at. */
static unsigned icmpv6_sum(const uint8_t *frame, size_t at, size_t length)
{
	unsigned sum = frame_sum(frame + at + 8, 32, 58 + (unsigned)length);

	return frame_sum(frame + at + 40, length, sum);
}

static void finish_icmpv6(struct frame *frame, size_t length)
{
	unsigned sum = ~icmpv6_sum(frame->data, 14, length) & 0xffff;

	frame->data[14 + 42] = (uint8_t)(sum >> 8);
	frame->data[14 + 43] = (uint8_t)sum;
}

static void pings_are_answered(void **state)
{
	struct dpdk_station *station = open_station(0);
	uint8_t reply[DPDK_STATION_FRAME];
	struct frame frame, bad;
	unsigned sum;

	(void)state;
	frame_start(&frame, OUR_MAC, THEIR_MAC);
	frame_ipv4(&frame, 1, 8 + 5);
	frame_add(&frame, "\x08\0\0\0\x12\x34\0\1hello", 13);
	sum = ~frame_sum(frame.data + 34, 13, 0) & 0xffff;
	frame.data[36] = (uint8_t)(sum >> 8);
	frame.data[37] = (uint8_t)sum;
	assert_int_equal(receive(station, &frame, frame.length, 0, reply), frame.length);
	assert_memory_equal(reply, THEIR_MAC OUR_MAC "\x08\0", 14);
	assert_memory_equal(reply + 26, "\x0a\0\0\x02\x0a\0\0\x01", 8);
	assert_int_equal(reply[34], 0);
	assert_memory_equal(reply + 38, "\x12\x34\0\1hello", 9);
	assert_int_equal(frame_sum(reply + 14, 20, 0), 0xffff);
	assert_int_equal(frame_sum(reply + 34, 13, 0), 0xffff);
	for (size_t length = 0; length < frame.length; length++)
		assert_int_equal(receive(station, &frame, length, 0, reply), 0);
	bad = frame;
	bad.data[42] ^= 1; /* wrong sum */
	assert_int_equal(receive(station, &bad, bad.length, 0, reply), 0);
	bad = frame;
	bad.data[33] = 3; /* to somebody else */
	assert_int_equal(receive(station, &bad, bad.length, 0, reply), 0);
	bad = frame;
	bad.data[20] = 0x20; /* a fragment */
	assert_int_equal(receive(station, &bad, bad.length, 0, reply), 0);

	frame_start(&frame, OUR_MAC, THEIR_MAC);
	frame_ipv6(&frame, 58, 13);
	frame_add(&frame, "\x80\0\0\0\x12\x34\0\1hello", 13);
	finish_icmpv6(&frame, 13);
	assert_int_equal(receive(station, &frame, frame.length, 0, reply), frame.length);
	assert_int_equal(reply[54], 129);
	assert_memory_equal(reply + 58, "\x12\x34\0\1hello", 9);
	assert_int_equal(reply[14 + 8 + 15], 2);
	assert_int_equal(reply[14 + 24 + 15], 1);
	assert_int_equal(icmpv6_sum(reply, 14, 13), 0xffff);
	for (size_t length = 0; length < frame.length; length++)
		assert_int_equal(receive(station, &frame, length, 0, reply), 0);
	dpdk_station_free(station);
}

/* The largest ping that fits goes through, larger ones get no answer. */
static void pings_have_a_limit(void **state)
{
	static const uint8_t zeros[1600];
	struct dpdk_station *station = open_station(0);
	uint8_t reply[DPDK_STATION_FRAME];

	(void)state;
	for (size_t size = 1460; size < 1520; size++) {
		struct frame frame;

		frame_start(&frame, OUR_MAC, THEIR_MAC);
		frame_ipv4(&frame, 1, 8 + size);
		frame_add(&frame, "\x08\0\xf7\xff\0\0\0\0", 8);
		frame_add(&frame, zeros, size);
		assert_int_equal(receive(station, &frame, frame.length, 0, reply),
				 size <= 1476 ? frame.length : 0);
	}
	dpdk_station_free(station);
}

static void neighbour(struct frame *frame, unsigned type, const void *target, unsigned option)
{
	frame_start(frame, "\x33\x33\xff\0\0\x02", THEIR_MAC);
	frame_ipv6(frame, 58, 32);
	frame->data[14 + 7] = 255;
	frame_byte(frame, type);
	frame_add(frame, "\0\0\0\0\0\0\0", 7);
	frame_add(frame, target, 16);
	frame_byte(frame, option);
	frame_byte(frame, 1);
	frame_add(frame, THEIR_MAC, 6);
	finish_icmpv6(frame, 32);
}

static void solicitations_are_answered(void **state)
{
	struct dpdk_station *station = open_station(0);
	uint8_t reply[DPDK_STATION_FRAME];
	struct frame frame, bad;

	(void)state;
	neighbour(&frame, 135, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02", 1);
	assert_int_equal(receive(station, &frame, frame.length, 0, reply), 86);
	assert_memory_equal(reply, THEIR_MAC OUR_MAC "\x86\xdd", 14);
	assert_int_equal(reply[14 + 7], 255);
	assert_memory_equal(reply + 54, "\x88\0", 2);
	assert_int_equal(reply[58], 0x60);
	assert_memory_equal(reply + 62, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\x02\x01" OUR_MAC, 24);
	assert_int_equal(icmpv6_sum(reply, 14, 32), 0xffff);
	for (size_t length = 0; length < frame.length; length++)
		assert_int_equal(receive(station, &frame, length, 0, reply), 0);
	bad = frame;
	bad.data[14 + 7] = 254; /* from beyond a router */
	assert_int_equal(receive(station, &bad, bad.length, 0, reply), 0);
	bad = frame;
	bad.data[70] ^= 1;
	assert_int_equal(receive(station, &bad, bad.length, 0, reply), 0);
	/* an option of length 0 is passed over with the rest, and we answer all the same */
	bad = frame;
	bad.data[79] = 0;
	finish_icmpv6(&bad, 32);
	memset(bad.data + 56, 0, 2);
	finish_icmpv6(&bad, 32);
	assert_int_equal(receive(station, &bad, bad.length, 0, reply), 86);
	/* duplicate address detection: the answer goes to all */
	bad = frame;
	memset(bad.data + 22, 0, 16);
	memset(bad.data + 56, 0, 2);
	finish_icmpv6(&bad, 32);
	assert_int_equal(receive(station, &bad, bad.length, 0, reply), 86);
	assert_memory_equal(reply + 38, "\xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	assert_int_equal(reply[58], 0x20);
	neighbour(&frame, 135, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x03", 1);
	assert_int_equal(receive(station, &frame, frame.length, 0, reply), 0);
	dpdk_station_free(station);
}

static void advertisements_are_learnt(void **state)
{
	struct dpdk_station *station = open_station(0);
	union tess_addr host = address("fd00::1");
	uint8_t request[DPDK_STATION_FRAME], reply[DPDK_STATION_FRAME];
	struct dpdk_route route;
	struct frame frame;
	size_t length;

	(void)state;
	assert_false(dpdk_station_find(station, &host, 0, &route, request, &length));
	assert_int_equal(icmpv6_sum(request, 14, 32), 0xffff);
	neighbour(&frame, 136, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 2);
	assert_int_equal(receive(station, &frame, frame.length, 0, reply), 0);
	assert_true(dpdk_station_find(station, &host, 1, &route, request, &length));
	assert_memory_equal(route.mac, THEIR_MAC, 6);
	assert_int_equal(route.source.in6.sin6_addr.s6_addr[15], 2);
	dpdk_station_free(station);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_for_us_is_answered),
		cmocka_unit_test(tags_must_match),
		cmocka_unit_test(hosts_are_learnt_when_asked_for),
		cmocka_unit_test(a_group_is_no_host),
		cmocka_unit_test(others_are_behind_the_gateway),
		cmocka_unit_test(pings_are_answered),
		cmocka_unit_test(pings_have_a_limit),
		cmocka_unit_test(solicitations_are_answered),
		cmocka_unit_test(advertisements_are_learnt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
