/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests drivers/net_dpdk/classify.c
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/net_dpdk/classify.h"
#include "frames.h"

/* On the heap and exactly as long, so that a sanitizer sees a read past the end. */
static enum dpdk_class classify(struct dpdk_datagram *datagram, const uint8_t *data, size_t length)
{
	uint8_t *copy = malloc(length ? length : 1);
	enum dpdk_class class;

	assert_non_null(copy);
	memcpy(copy, data, length);
	class = dpdk_classify(datagram, copy, length);
	if (class == DPDK_DATAGRAM)
		assert_true((size_t)datagram->payload + datagram->length <= length);
	free(copy);
	return class;
}

static enum dpdk_class class_of(const struct frame *frame)
{
	struct dpdk_datagram datagram;

	return classify(&datagram, frame->data, frame->length);
}

static void datagrams_are_found(void **state)
{
	static const int families[] = {AF_INET, AF_INET6};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct dpdk_datagram datagram;
		union tess_addr source;
		struct frame frame;
		char text[64];

		frame_datagram(&frame, families[i], 20002, "hello", 5);
		frame_add(&frame, "padding of Ethernet", 19);
		assert_int_equal(classify(&datagram, frame.data, frame.length), DPDK_DATAGRAM);
		assert_int_equal(datagram.family, families[i]);
		assert_int_equal(datagram.port, 20002);
		assert_int_equal(datagram.source_port, 5004);
		assert_int_equal(datagram.vlan, 0);
		assert_int_equal(datagram.length, 5);
		assert_memory_equal(frame.data + datagram.payload, "hello", 5);
		dpdk_datagram_source(&datagram, frame.data, &source);
		assert_int_equal(source.sa.sa_family, families[i]);
		assert_int_equal(ntohs(source.in.sin_port), 5004);
		if (families[i] == AF_INET) {
			(void)inet_ntop(AF_INET, &source.in.sin_addr, text, sizeof(text));
			assert_string_equal(text, "10.0.0.1");
			assert_memory_equal(dpdk_datagram_destination(&datagram, frame.data),
					    "\x0a\0\0\x02", 4);
		} else {
			(void)inet_ntop(AF_INET6, &source.in6.sin6_addr, text, sizeof(text));
			assert_string_equal(text, "fd00::1");
			assert_int_equal(dpdk_datagram_destination(&datagram, frame.data)[15], 2);
		}
	}
}

/* Every length of a frame that is cut short: no datagram, and nothing read behind the end. */
static void cut_frames_are_malformed(void **state)
{
	static const int families[] = {AF_INET, AF_INET6};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct dpdk_datagram datagram;
		struct frame frame;

		frame_datagram(&frame, families[i], 20002, "hello", 5);
		for (size_t length = 0; length < frame.length; length++)
			assert_int_equal(classify(&datagram, frame.data, length), DPDK_MALFORMED);
	}
}

static void empty_datagrams_are_datagrams(void **state)
{
	struct dpdk_datagram datagram;
	struct frame frame;

	(void)state;
	frame_datagram(&frame, AF_INET, 20002, "", 0);
	assert_int_equal(classify(&datagram, frame.data, frame.length), DPDK_DATAGRAM);
	assert_int_equal(datagram.length, 0);
}

static void one_tag_is_read(void **state)
{
	struct dpdk_datagram datagram;
	struct frame frame;

	(void)state;
	frame_start(&frame, OUR_MAC, THEIR_MAC);
	frame_16(&frame, 0x8100);
	frame_16(&frame, 0xe007); /* priority 7, VLAN 7 */
	frame_ipv4(&frame, 17, 9);
	frame_udp(&frame, 20002, "x", 1);
	assert_int_equal(classify(&datagram, frame.data, frame.length), DPDK_DATAGRAM);
	assert_int_equal(datagram.vlan, 7);
	assert_int_equal(datagram.ip, 18);
	assert_memory_equal(frame.data + datagram.payload, "x", 1);
	for (size_t length = 0; length < frame.length; length++)
		assert_int_equal(classify(&datagram, frame.data, length), DPDK_MALFORMED);

	frame_start(&frame, OUR_MAC, THEIR_MAC);
	frame_16(&frame, 0x8100);
	frame_16(&frame, 7);
	frame_16(&frame, 0x8100); /* tags in tags are for nobody */
	frame_16(&frame, 8);
	frame_ipv4(&frame, 17, 9);
	frame_udp(&frame, 20002, "x", 1);
	assert_int_equal(class_of(&frame), DPDK_OTHER);
	frame.data[12] = 0x88; /* 802.1ad */
	frame.data[13] = 0xa8;
	assert_int_equal(class_of(&frame), DPDK_OTHER);
}

static void ipv4_lengths_must_agree(void **state)
{
	struct frame good, frame;

	(void)state;
	frame_datagram(&good, AF_INET, 20002, "hello", 5);
	for (unsigned header = 0; header < 16; header++) {
		frame = good;
		frame.data[14] = (uint8_t)(0x40 | header);
		/* more than 5 words would leave too little for UDP */
		assert_int_equal(class_of(&frame), header == 5 ? DPDK_DATAGRAM : DPDK_MALFORMED);
	}
	for (unsigned version = 0; version < 16; version++) {
		frame = good;
		frame.data[14] = (uint8_t)(version << 4 | 5);
		assert_int_equal(class_of(&frame), version == 4 ? DPDK_DATAGRAM : DPDK_MALFORMED);
	}
	for (unsigned total = 0; total < 64; total++) {
		frame = good;
		frame.data[17] = (uint8_t)total;
		assert_int_equal(class_of(&frame), total == 33 ? DPDK_DATAGRAM : DPDK_MALFORMED);
	}
	for (unsigned length = 0; length < 64; length++) {
		frame = good;
		frame.data[14 + 20 + 5] = (uint8_t)length;
		assert_int_equal(class_of(&frame),
				 length >= 8 && length <= 13 ? DPDK_DATAGRAM : DPDK_MALFORMED);
	}
}

static void ipv4_options_are_passed_over(void **state)
{
	struct dpdk_datagram datagram;
	struct frame frame;

	(void)state;
	for (unsigned words = 1; words <= 10; words++) {
		frame_start(&frame, OUR_MAC, THEIR_MAC);
		frame_ipv4(&frame, 17, words * 4 + 10);
		frame.data[14] = (uint8_t)(0x45 + words);
		for (unsigned i = 0; i < words * 4; i++)
			frame_byte(&frame, 1);
		frame_udp(&frame, 20002, "ab", 2);
		assert_int_equal(classify(&datagram, frame.data, frame.length), DPDK_DATAGRAM);
		assert_int_equal(datagram.port, 20002);
		assert_memory_equal(frame.data + datagram.payload, "ab", 2);
	}
}

static void fragments_are_told(void **state)
{
	struct dpdk_datagram datagram;
	struct frame frame;

	(void)state;
	frame_datagram(&frame, AF_INET, 20002, "hello", 5);
	frame.data[20] = 0x20; /* more to come */
	assert_int_equal(classify(&datagram, frame.data, frame.length), DPDK_FRAGMENT);
	assert_int_equal(datagram.port, 20002);
	frame.data[20] = 0;
	frame.data[21] = 1; /* the last, at 8 bytes: what looks like a port is none */
	assert_int_equal(classify(&datagram, frame.data, frame.length), DPDK_FRAGMENT);
	assert_int_equal(datagram.port, 0);
	frame.data[20] = 0x40; /* "don't" is no fragment */
	frame.data[21] = 0;
	assert_int_equal(class_of(&frame), DPDK_DATAGRAM);

	for (unsigned offset = 0; offset < 2; offset++) {
		frame_start(&frame, OUR_MAC, THEIR_MAC);
		frame_ipv6(&frame, 44, 8 + 13);
		frame_byte(&frame, 17);
		frame_byte(&frame, 0);
		frame_16(&frame, offset << 3 | 1);
		frame_add(&frame, "\0\0\0\1", 4);
		frame_udp(&frame, 20002, "hello", 5);
		assert_int_equal(classify(&datagram, frame.data, frame.length), DPDK_FRAGMENT);
		assert_int_equal(datagram.port, offset ? 0 : 20002);
		for (size_t length = 0; length < frame.length; length++)
			assert_int_equal(classify(&datagram, frame.data, length), DPDK_MALFORMED);
		frame.data[14 + 40] = 6; /* of TCP */
		assert_int_equal(class_of(&frame), DPDK_OTHER);
		frame.data[14 + 5] = 7; /* shorter than the fragment header */
		assert_int_equal(class_of(&frame), DPDK_MALFORMED);
	}
}

/* @count options headers of 8 * (1 + @units) bytes, the first of type @first. */
static void extended(struct frame *frame, unsigned first, unsigned count, unsigned units)
{
	frame_start(frame, OUR_MAC, THEIR_MAC);
	frame_ipv6(frame, count ? first : 17, count * 8 * (1 + units) + 9);
	for (unsigned i = 0; i < count; i++) {
		frame_byte(frame, i + 1 < count ? 60 : 17);
		frame_byte(frame, units);
		for (unsigned j = 0; j < 6 + 8 * units; j++)
			frame_byte(frame, 0);
	}
	frame_udp(frame, 20002, "x", 1);
}

static void extension_headers_are_bounded(void **state)
{
	struct dpdk_datagram datagram;
	struct frame frame;

	(void)state;
	for (unsigned count = 0; count <= 5; count++) {
		for (unsigned units = 0; units < 3; units++) {
			extended(&frame, 0, count, units);
			if (count == 5) {
				assert_int_equal(class_of(&frame), DPDK_OTHER);
				continue;
			}
			assert_int_equal(classify(&datagram, frame.data, frame.length),
					 DPDK_DATAGRAM);
			assert_int_equal(datagram.port, 20002);
			assert_memory_equal(frame.data + datagram.payload, "x", 1);
			for (size_t length = 0; length < frame.length; length++)
				assert_int_equal(classify(&datagram, frame.data, length),
						 DPDK_MALFORMED);
		}
	}
	extended(&frame, 60, 2, 0);
	assert_int_equal(class_of(&frame), DPDK_DATAGRAM);
	frame.data[14 + 40] = 0; /* hop-by-hop options behind others */
	assert_int_equal(class_of(&frame), DPDK_OTHER);
	extended(&frame, 43, 1, 0); /* a routing header */
	assert_int_equal(class_of(&frame), DPDK_OTHER);
	extended(&frame, 0, 1, 0);
	frame.data[14 + 40 + 1] = 255; /* longer than the packet */
	assert_int_equal(class_of(&frame), DPDK_MALFORMED);
}

static void ipv6_needs_a_checksum(void **state)
{
	struct frame frame;

	(void)state;
	frame_datagram(&frame, AF_INET6, 20002, "x", 1);
	memset(frame.data + 14 + 40 + 6, 0, 2);
	assert_int_equal(class_of(&frame), DPDK_MALFORMED);
	frame_datagram(&frame, AF_INET, 20002, "x", 1);
	memset(frame.data + 14 + 20 + 6, 0, 2);
	assert_int_equal(class_of(&frame), DPDK_DATAGRAM);
	frame_datagram(&frame, AF_INET6, 20002, "x", 1);
	frame.data[14] = 0x40;
	assert_int_equal(class_of(&frame), DPDK_MALFORMED);
	frame_datagram(&frame, AF_INET6, 20002, "x", 1);
	memset(frame.data + 14 + 4, 0, 2); /* a jumbogram's length */
	assert_int_equal(class_of(&frame), DPDK_MALFORMED);
}

static void others_are_others(void **state)
{
	struct frame frame;

	(void)state;
	frame_start(&frame, OUR_MAC, THEIR_MAC);
	frame_16(&frame, 0x0806);
	assert_int_equal(class_of(&frame), DPDK_OTHER);
	frame_start(&frame, OUR_MAC, THEIR_MAC);
	frame_ipv4(&frame, 6, 20);
	frame_add(&frame, "a TCP header, perhaps", 20);
	assert_int_equal(class_of(&frame), DPDK_OTHER);
	frame_start(&frame, OUR_MAC, THEIR_MAC);
	frame_ipv6(&frame, 58, 20);
	frame_add(&frame, "an ICMPv6 message....", 20);
	assert_int_equal(class_of(&frame), DPDK_OTHER);
}

/* RFC 7983 §7, RFC 5761 §4: at the borders of each range. */
static void payloads_are_told_by_their_first_bytes(void **state)
{
	static const struct {
		uint8_t first, second;
		size_t length;
		enum dpdk_payload payload;
	} cases[] = {
		{0, 1, 20, DPDK_STUN},	      {3, 0, 20, DPDK_STUN},
		{4, 0, 20, DPDK_UNKNOWN},     {16, 0, 20, DPDK_UNKNOWN},
		{19, 0, 20, DPDK_UNKNOWN},    {20, 0, 20, DPDK_DTLS},
		{63, 0, 20, DPDK_DTLS},	      {64, 0, 20, DPDK_UNKNOWN},
		{127, 0, 20, DPDK_UNKNOWN},   {128, 96, 12, DPDK_RTP},
		{128, 96, 11, DPDK_UNKNOWN},  {191, 191, 12, DPDK_RTP},
		{128, 192, 2, DPDK_RTCP},     {191, 223, 12, DPDK_RTCP},
		{128, 224, 12, DPDK_RTP},     {128, 200, 1, DPDK_UNKNOWN},
		{192, 200, 20, DPDK_UNKNOWN}, {255, 0, 20, DPDK_UNKNOWN},
		{0, 0, 0, DPDK_UNKNOWN},      {0, 0, 1, DPDK_STUN},
	};
	uint8_t data[20] = {[8] = 0x12, [9] = 0x34, [10] = 0x56, [11] = 0x78};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		data[0] = cases[i].first;
		data[1] = cases[i].second;
		if (dpdk_demultiplex(data, cases[i].length) != cases[i].payload)
			fail_msg("case %zu", i);
	}
	assert_int_equal(dpdk_rtp_ssrc(data), 0x12345678);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_are_found),
		cmocka_unit_test(cut_frames_are_malformed),
		cmocka_unit_test(empty_datagrams_are_datagrams),
		cmocka_unit_test(one_tag_is_read),
		cmocka_unit_test(ipv4_lengths_must_agree),
		cmocka_unit_test(ipv4_options_are_passed_over),
		cmocka_unit_test(fragments_are_told),
		cmocka_unit_test(extension_headers_are_bounded),
		cmocka_unit_test(ipv6_needs_a_checksum),
		cmocka_unit_test(others_are_others),
		cmocka_unit_test(payloads_are_told_by_their_first_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
