/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/header.c
 */
#include "pipeline/rtp/header.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/pipeline/rtp/support.h"

static void plain(void **state)
{
	static const uint8_t data[] = {0x80, 0xe0, 0x12, 0x34, 0x01, 0x02, 0x03,
				       0x04, 0xaa, 0xbb, 0xcc, 0xdd, 0x65, 0x66};
	struct tess_rtp_header header;

	(void)state;
	assert_int_equal(tess_rtp_header_parse(&header, data, sizeof(data)), 0);
	assert_true(header.marker);
	assert_int_equal(header.payload_type, 96);
	assert_int_equal(header.sequence, 0x1234);
	assert_int_equal(header.timestamp, 0x01020304);
	assert_int_equal(header.ssrc, 0xaabbccdd);
	assert_int_equal(header.payload_offset, 12);
	assert_int_equal(header.payload_length, 2);
	assert_false(header.padded);
}

static void csrc_extension_padding(void **state)
{
	static const uint8_t data[] = {
		0xb2, 0x60, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, /* padding, extension, two CSRCs */
		1,    1,    1, 1, 2, 2, 2, 2,		  /* CSRC */
		0xbe, 0xde, 0, 1, 9, 9, 9, 9,		  /* extension of one word */
		7,    8,    9,				  /* payload */
		0,    0,    3,				  /* padding */
	};
	struct tess_rtp_header header;

	(void)state;
	assert_int_equal(tess_rtp_header_parse(&header, data, sizeof(data)), 0);
	assert_false(header.marker);
	assert_true(header.padded);
	assert_int_equal(header.payload_offset, 28);
	assert_int_equal(header.payload_length, 3);
	assert_int_equal(data[header.payload_offset], 7);
}

/* Every shortening of a packet with all parts must be refused or give a payload inside it. */
static void cut_short(void **state)
{
	static const uint8_t whole[] = {0x92, 0x60, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 1, 1,
					1,    2,    2, 2, 2, 0, 0, 0, 1, 9, 9, 9, 9, 7};
	struct tess_rtp_header header;
	struct pool pool = {0};

	(void)state;
	for (size_t length = 0; length < sizeof(whole); length++) {
		struct tess_packet *packet = pool_packet(&pool, whole, length, 0);
		int rc = tess_rtp_header_parse(&header, packet->data, length);

		if (length < 28)
			assert_int_equal(rc, -EBADMSG);
		else
			assert_int_equal(rc, 0);
		tess_packet_release(packet);
	}
	assert_int_equal(header.payload_length, 0);
}

static void bad_version_and_padding(void **state)
{
	uint8_t data[16] = {0x80, 96};
	struct tess_rtp_header header;

	(void)state;
	data[0] = 0x40;
	assert_int_equal(tess_rtp_header_parse(&header, data, sizeof(data)), -EBADMSG);
	data[0] = 0xa0; /* padding of 0 octets */
	assert_int_equal(tess_rtp_header_parse(&header, data, sizeof(data)), -EBADMSG);
	data[15] = 5; /* more than there is */
	assert_int_equal(tess_rtp_header_parse(&header, data, sizeof(data)), -EBADMSG);
	data[15] = 4; /* all of it */
	assert_int_equal(tess_rtp_header_parse(&header, data, sizeof(data)), 0);
	assert_int_equal(header.payload_length, 0);
	assert_true(header.padded);
}

static void demultiplex(void **state)
{
	const uint8_t report[] = {0x80, 200}, feedback[] = {0x81, 206}, media[] = {0x80, 0xe0},
		      old[] = {0x40, 200};

	(void)state;
	assert_true(tess_rtp_is_rtcp(report, 2));
	assert_true(tess_rtp_is_rtcp(feedback, 2));
	assert_false(tess_rtp_is_rtcp(media, 2));
	assert_false(tess_rtp_is_rtcp(old, 2));
	assert_false(tess_rtp_is_rtcp(report, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),       cmocka_unit_test(csrc_extension_padding),
		cmocka_unit_test(cut_short),   cmocka_unit_test(bad_version_and_padding),
		cmocka_unit_test(demultiplex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
