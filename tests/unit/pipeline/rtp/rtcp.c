/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/rtcp.c
 */
#include "pipeline/rtp/rtcp.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/pipeline/rtp/support.h"

struct heard {
	unsigned reports, byes;
	struct tess_rtcp_sender_report report;
	uint32_t bye[31];
};

static void on_report(void *arg, const struct tess_rtcp_sender_report *report)
{
	struct heard *heard = arg;

	heard->reports++;
	heard->report = *report;
}

static void on_bye(void *arg, uint32_t ssrc)
{
	struct heard *heard = arg;

	heard->bye[heard->byes++] = ssrc;
}

static int parse(struct heard *heard, const uint8_t *data, size_t length)
{
	static const struct tess_rtcp_events events = {on_report, on_bye};
	struct pool pool = {0};
	struct tess_packet *packet = pool_packet(&pool, data, length, 0);
	int rc;

	*heard = (struct heard){0};
	rc = tess_rtcp_parse(packet->data, length, &events, heard);
	tess_packet_release(packet);
	return rc;
}

/* SR with a report block, SDES with CNAME, BYE of two sources with a reason. */
static const uint8_t compound[] = {
	0x81,
	200,
	0,
	12,
	0x11,
	0x22,
	0x33,
	0x44,
	0xe0,
	0,
	0,
	1,
	0x80,
	0,
	0,
	0,
	0,
	1,
	2,
	3,
	0,
	0,
	0,
	9,
	0,
	0,
	1,
	0,
	/* block */
	1,
	2,
	3,
	4,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	/* SDES: type 1, 3 bytes, end and fill */
	0x81,
	202,
	0,
	3,
	0x11,
	0x22,
	0x33,
	0x44,
	1,
	3,
	'a',
	'@',
	'b',
	0,
	0,
	0,
	/* BYE */
	0x82,
	203,
	0,
	3,
	0x11,
	0x22,
	0x33,
	0x44,
	5,
	6,
	7,
	8,
	2,
	'o',
	'k',
	0,
};

static void compound_packet(void **state)
{
	struct heard heard;

	(void)state;
	assert_int_equal(parse(&heard, compound, sizeof(compound)), 0);
	assert_int_equal(heard.reports, 1);
	assert_int_equal(heard.report.ssrc, 0x11223344);
	assert_true(heard.report.ntp == 0xe000000180000000);
	assert_int_equal(heard.report.rtp_timestamp, 0x00010203);
	assert_int_equal(heard.report.packets, 9);
	assert_int_equal(heard.report.octets, 256);
	assert_int_equal(heard.byes, 2);
	assert_int_equal(heard.bye[0], 0x11223344);
	assert_int_equal(heard.bye[1], 0x05060708);
}

/* However it is cut, nothing of a broken packet is told; whole packets in front make it valid
 * again. */
static void cut_short(void **state)
{
	struct heard heard;

	(void)state;
	for (size_t length = 0; length < sizeof(compound); length++) {
		int rc = parse(&heard, compound, length);

		if (length == 52 || length == 68) {
			assert_int_equal(rc, 0);
		} else {
			assert_int_equal(rc, -EBADMSG);
			assert_int_equal(heard.reports, 0);
			assert_int_equal(heard.byes, 0);
		}
	}
}

static void bad_lengths(void **state)
{
	static const uint8_t reason_too_long[] = {0x81, 203, 0, 2, 1, 2, 3, 4, 200, 'x', 'y', 'z'};
	static const uint8_t bye_without_ssrc[] = {0x82, 203, 0, 1, 1, 2, 3, 4};
	static const uint8_t report_without_info[] = {0x80, 200, 0, 1, 1, 2, 3, 4};
	static const uint8_t blocks_missing[] = {0x9f, 201, 0, 1, 1, 2, 3, 4};
	static const uint8_t item_too_long[] = {0x81, 202, 0, 2, 1, 2, 3, 4, 1, 9, 'a', 0};
	static const uint8_t chunk_without_end[] = {0x81, 202, 0, 2, 1, 2, 3, 4, 1, 2, 'a', 'b'};
	static const uint8_t chunk_missing[] = {0x82, 202, 0, 2, 1, 2, 3, 4, 0, 0, 0, 0};
	static const uint8_t longer_than_packet[] = {0x80, 201, 0xff, 0xff, 1, 2, 3, 4};
	static const uint8_t bad_version[] = {0x40, 201, 0, 1, 1, 2, 3, 4};
	static const uint8_t padding_zero[] = {0xa0, 201, 0, 2, 1, 2, 3, 4, 0, 0, 0, 0};
	static const uint8_t padding_long[] = {0xa0, 201, 0, 2, 1, 2, 3, 4, 0, 0, 0, 12};
	static const uint8_t padding_in_first[] = {0xa0, 201, 0,    2,	 1, 2, 3, 4, 0, 0,
						   0,	 4,   0x80, 201, 0, 1, 1, 2, 3, 4};
	static const uint8_t padding_good[] = {0xa0, 201, 0, 2, 1, 2, 3, 4, 0, 0, 0, 4};
	static const uint8_t unknown[] = {0x9f, 207, 0, 0};
	struct heard heard;

	(void)state;
#define BAD(what) assert_int_equal(parse(&heard, what, sizeof(what)), -EBADMSG)
	BAD(reason_too_long);
	BAD(bye_without_ssrc);
	BAD(report_without_info);
	BAD(blocks_missing);
	BAD(item_too_long);
	BAD(chunk_without_end);
	BAD(chunk_missing);
	BAD(longer_than_packet);
	BAD(bad_version);
	BAD(padding_zero);
	BAD(padding_long);
	BAD(padding_in_first);
#undef BAD
	assert_int_equal(parse(&heard, padding_good, sizeof(padding_good)), 0);
	assert_int_equal(parse(&heard, unknown, sizeof(unknown)), 0);
}

static void write_bytes(void **state)
{
	static const uint8_t expected[] = {
		0x81, 201,  0,	  7,	1,   2,	   3,	 4,    /* RR */
		0xaa, 0xbb, 0xcc, 0xdd, 64,  0xff, 0xff, 0xfe, /* fraction, lost -2 */
		0,    1,    0,	  5,	0,   0,	   1,	 0x2c, /* highest, jitter */
		0x12, 0x34, 0x56, 0x78, 0,   0,	   0x80, 0,    /* LSR, DLSR */
		0x81, 202,  0,	  4,	1,   2,	   3,	 4,    /* SDES */
		1,    7,    't',  'e',	's', 's',  'e',	 'r',  'a', 0,
		0,    0,    0x81, 206,	0,   2,	   1,	 2,    3,   4, /* PLI */
		0xaa, 0xbb, 0xcc, 0xdd,
	};
	const struct tess_rtcp_report_block block = {
		.ssrc = 0xaabbccdd,
		.fraction_lost = 64,
		.cumulative_lost = -2,
		.highest_sequence = 0x10005,
		.jitter = 300,
		.last_sr = 0x12345678,
		.delay_since_last_sr = 0x8000,
	};
	uint8_t buffer[TESS_RTCP_WRITE_BYTES];
	struct heard heard;

	(void)state;
	assert_int_equal(tess_rtcp_write(buffer, sizeof(buffer), 0x01020304, &block, true),
			 sizeof(expected));
	assert_memory_equal(buffer, expected, sizeof(expected));
	assert_int_equal(parse(&heard, expected, sizeof(expected)), 0);
	assert_int_equal(tess_rtcp_write(buffer, sizeof(buffer), 0x01020304, &block, false),
			 sizeof(expected) - 12);
	assert_int_equal(tess_rtcp_write(buffer, sizeof(buffer) - 1, 1, &block, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compound_packet),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(bad_lengths),
		cmocka_unit_test(write_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
