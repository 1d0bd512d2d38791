/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests drivers/net_pcap/parse.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "drivers/net_pcap/parse.h"

#define ETHERNET    1
#define RAW	    101
#define LINUX_SLL   113
#define LINUX_SLL2  276
#define MACS	    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
#define IPV4(total) 0x45, 0, 0, total, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2
#define IPV6(length, next)                                                                       \
	0x60, 0, 0, 0, 0, length, next, 64, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
		1, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2
#define UDP(length) 0x0f, 0xa0, 0x13, 0x88, 0, length, 0, 0

static void expect_abc(uint16_t link_type, const uint8_t *data, size_t length, int family)
{
	struct pcap_datagram datagram;

	assert_int_equal(pcap_parse_datagram(&datagram, link_type, data, length), 0);
	assert_int_equal(datagram.length, 3);
	assert_int_equal(datagram.captured, 3);
	assert_memory_equal(datagram.payload, "abc", 3);
	assert_int_equal(datagram.destination_port, 5000);
	assert_int_equal(datagram.source.sa.sa_family, family);
	assert_int_equal(datagram.source.in.sin_port, htons(4000));
	if (family == AF_INET)
		assert_int_equal(datagram.source.in.sin_addr.s_addr, htonl(0x0a000001));
	else
		assert_memory_equal(
			&datagram.source.in6.sin6_addr,
			((const uint8_t[]){0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}),
			16);
	/* no shorter capture of it is read past its end, or taken for the whole */
	for (size_t i = 0; i < length; i++) {
		uint8_t part[128];

		memcpy(part, data, i);
		if (pcap_parse_datagram(&datagram, link_type, part, i) == 0) {
			assert_true(datagram.captured <= datagram.length);
			assert_true(datagram.payload + datagram.captured <= part + i);
		}
	}
}

static void refuse(uint16_t link_type, const uint8_t *data, size_t length)
{
	struct pcap_datagram datagram;

	assert_int_equal(pcap_parse_datagram(&datagram, link_type, data, length), -EBADMSG);
}

static void all_link_types(void **state)
{
	static const uint8_t ethernet[] = {MACS, 8, 0, IPV4(31), UDP(11), 'a', 'b', 'c'};
	static const uint8_t vlan[] = {MACS, 0x81, 0, 0, 5, 8, 0, IPV4(31), UDP(11), 'a', 'b', 'c'};
	static const uint8_t two_vlans[] = {MACS, 0x88, 0xa8, 0,	7,	 0x81, 0,   0,
					    5,	  8,	0,    IPV4(31), UDP(11), 'a',  'b', 'c'};
	static const uint8_t ethernet6[] = {MACS, 0x86, 0xdd, IPV6(11, 17), UDP(11), 'a', 'b', 'c'};
	static const uint8_t padded[] = {MACS, 8,   0,	 IPV4(31), UDP(11), 'a',
					 'b',  'c', 'p', 'a',	   'd'};
	static const uint8_t sll[] = {0, 0, 0, 1, 0, 6,	       1,	2,   3,	  4,  5,
				      6, 0, 0, 8, 0, IPV4(31), UDP(11), 'a', 'b', 'c'};
	static const uint8_t sll2[] = {
		0x86, 0xdd,	    0,	     0,	  0,   0,  0, 2, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0,
		0,    IPV6(11, 17), UDP(11), 'a', 'b', 'c'};

	(void)state;
	expect_abc(ETHERNET, ethernet, sizeof(ethernet), AF_INET);
	expect_abc(ETHERNET, padded, sizeof(padded), AF_INET);
	expect_abc(ETHERNET, vlan, sizeof(vlan), AF_INET);
	expect_abc(ETHERNET, two_vlans, sizeof(two_vlans), AF_INET);
	expect_abc(ETHERNET, ethernet6, sizeof(ethernet6), AF_INET6);
	expect_abc(RAW, ethernet + 14, sizeof(ethernet) - 14, AF_INET);
	expect_abc(RAW, ethernet6 + 14, sizeof(ethernet6) - 14, AF_INET6);
	expect_abc(LINUX_SLL, sll, sizeof(sll), AF_INET);
	expect_abc(LINUX_SLL2, sll2, sizeof(sll2), AF_INET6);
}

static void extension_headers_are_passed_over(void **state)
{
	static const uint8_t options[] = {IPV6(35, 0), 60, 0,  1, 4, 0,	      0,   0,	0,  17,
					  1,	       1,  12, 0, 0, 0,	      0,   0,	0,  0,
					  0,	       0,  0,  0, 0, UDP(11), 'a', 'b', 'c'};
	static const uint8_t fragment[] = {IPV6(19, 44), 17,  0,   0,  1, 0, 0, 0, 1,
					   UDP(11),	 'a', 'b', 'c'};
	static const uint8_t beyond[] = {IPV6(19, 0), 17, 200,	   0,	0,   0,	 0,
					 0,	      0,  UDP(11), 'a', 'b', 'c'};

	(void)state;
	expect_abc(RAW, options, sizeof(options), AF_INET6);
	refuse(RAW, fragment, sizeof(fragment));
	refuse(RAW, beyond, sizeof(beyond));
}

static void what_is_no_whole_datagram(void **state)
{
	static const uint8_t whole[] = {IPV4(31), UDP(11), 'a', 'b', 'c'};
	struct pcap_datagram datagram;
	uint8_t data[sizeof(whole)];

	(void)state;
	memcpy(data, whole, sizeof(data));
	data[9] = 6; /* TCP */
	refuse(RAW, data, sizeof(data));
	memcpy(data, whole, sizeof(data));
	data[6] = 0x20; /* more fragments */
	refuse(RAW, data, sizeof(data));
	memcpy(data, whole, sizeof(data));
	data[7] = 1; /* a later fragment */
	refuse(RAW, data, sizeof(data));
	memcpy(data, whole, sizeof(data));
	data[0] = 0x44; /* header of 16 bytes */
	refuse(RAW, data, sizeof(data));
	memcpy(data, whole, sizeof(data));
	data[3] = 19; /* total shorter than the header */
	refuse(RAW, data, sizeof(data));
	memcpy(data, whole, sizeof(data));
	data[25] = 7; /* UDP length shorter than its header */
	refuse(RAW, data, sizeof(data));
	memcpy(data, whole, sizeof(data));
	data[25] = 12; /* UDP longer than IP */
	refuse(RAW, data, sizeof(data));
	refuse(RAW, data, 0);
	refuse(ETHERNET, data, sizeof(data));

	/* a snapshot length cut it: told, not refused */
	assert_int_equal(pcap_parse_datagram(&datagram, RAW, whole, sizeof(whole) - 2), 0);
	assert_int_equal(datagram.length, 3);
	assert_int_equal(datagram.captured, 1);
}

static void file_and_record_headers(void **state)
{
	static const struct {
		uint8_t header[PCAP_FILE_HEADER];
		uint8_t record[PCAP_RECORD_HEADER];
	} kinds[] = {
		/* little endian, big endian; microseconds, nanoseconds; an FCS length in the last
		 */
		{{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, [20] = 1},
		 {7, 0, 0, 0, 0x40, 0xe2, 1, 0, 42, 0, 0, 0, 0x2c, 1, 0, 0}},
		{{0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4, [23] = 1},
		 {0, 0, 0, 7, 0, 1, 0xe2, 0x40, 0, 0, 0, 42, 0, 0, 1, 0x2c}},
		{{0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0, [20] = 1},
		 {7, 0, 0, 0, 0xe7, 0xcd, 0x5b, 7, 42, 0, 0, 0, 0x2c, 1, 0, 0}},
		{{0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4, [20] = 0x40, [23] = 1},
		 {0, 0, 0, 7, 7, 0x5b, 0xcd, 0xe7, 0, 0, 0, 42, 0, 0, 1, 0x2c}},
	};
	struct pcap_format format;
	struct pcap_record record;
	uint8_t header[PCAP_FILE_HEADER];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(pcap_parse_format(&format, kinds[i].header), 0);
		assert_int_equal(format.link_type, ETHERNET);
		assert_int_equal(pcap_parse_record(&record, &format, kinds[i].record), 0);
		assert_int_equal(record.time_us, 7123456);
		assert_int_equal(record.captured, 42);
		assert_int_equal(record.original, 300);
	}
	memcpy(header, kinds[0].header, sizeof(header));
	header[20] = 147; /* a private link type */
	assert_int_equal(pcap_parse_format(&format, header), -EBADMSG);
	header[0]++;
	assert_int_equal(pcap_parse_format(&format, header), -EBADMSG);

	assert_int_equal(pcap_parse_format(&format, kinds[0].header), 0);
	assert_int_equal(pcap_parse_record(&record, &format, (const uint8_t[16]){[10] = 4}), 0);
	assert_int_equal(
		pcap_parse_record(&record, &format, (const uint8_t[16]){[8] = 1, [10] = 4}),
		-EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_link_types),
		cmocka_unit_test(extension_headers_are_passed_over),
		cmocka_unit_test(what_is_no_whole_datagram),
		cmocka_unit_test(file_and_record_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
