/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests tests/support/rtp_sender.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/support/rtp_sender.h"

struct sent {
	uint8_t data[16][TESS_RTP_SENDER_MTU];
	size_t length[16];
	unsigned count;
};

static const struct tess_rtp_sender_config video = {
	.ssrc = 0x11223344,
	.payload_type = 96,
	.clock_rate = 90000,
	.first_sequence = 65534,
	.first_timestamp = 0xffffff00,
	.origin_us = 1000000,
};

static void on_packet(void *arg, const uint8_t *data, size_t length, bool rtcp)
{
	struct sent *sent = arg;

	assert_true(sent->count < 16 && length <= TESS_RTP_SENDER_MTU);
	assert_int_equal(rtcp, data[1] >= 200 && data[1] < 207);
	memcpy(sent->data[sent->count], data, length);
	sent->length[sent->count++] = length;
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void expect_header(const struct sent *sent, unsigned i, bool marker, uint16_t sequence,
			  uint32_t timestamp)
{
	assert_int_equal(sent->data[i][0], 0x80);
	assert_int_equal(sent->data[i][1], 96 | (marker ? 0x80 : 0));
	assert_int_equal(sent->data[i][2] << 8 | sent->data[i][3], sequence);
	assert_int_equal(get32(sent->data[i] + 4), timestamp);
	assert_int_equal(get32(sent->data[i] + 8), 0x11223344);
}

static void h264_is_packetised(void **state)
{
	static uint8_t unit[4000] = {0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4, 0, 0, 1, 0x65};
	static const uint8_t stap_a[] = {0x78, 0, 4, 0x67, 1, 2, 3, 0, 2, 0x68, 4};
	static struct sent sent;
	struct tess_rtp_sender sender;
	size_t total = 0;

	(void)state;
	for (size_t i = 18; i < sizeof(unit); i++)
		unit[i] = (uint8_t)(i % 251 + 1);
	tess_rtp_sender_init(&sender, &video, on_packet, &sent);
	/* 0.1 s after the origin: 9000 ticks, over the wrap */
	tess_rtp_sender_h264(&sender, 1100000, unit, sizeof(unit));
	assert_int_equal(sent.count, 1 + 4);
	for (unsigned i = 0; i < 5; i++)
		expect_header(&sent, i, i == 4, (uint16_t)(65534 + i), 0xffffff00U + 9000);
	assert_int_equal(sent.length[0], 12 + sizeof(stap_a));
	assert_memory_equal(sent.data[0] + 12, stap_a, sizeof(stap_a));
	for (unsigned i = 1; i < 5; i++) {
		assert_int_equal(sent.data[i][12], 0x7c); /* FU-A with the NRI of 0x65 */
		assert_int_equal(sent.data[i][13], 5 | (i == 1 ? 0x80 : 0) | (i == 4 ? 0x40 : 0));
		assert_memory_equal(sent.data[i] + 14, unit + 18 + total, sent.length[i] - 14);
		total += sent.length[i] - 14;
	}
	assert_int_equal(total, sizeof(unit) - 18);

	/* a unit that fits alone, of two slices */
	sent.count = 0;
	tess_rtp_sender_h264(&sender, 1100000, (const uint8_t *)"\0\0\1\x41q\0\0\0\1\x41rs", 12);
	assert_int_equal(sent.count, 2);
	expect_header(&sent, 0, false, 3, 0xffffff00U + 9000);
	expect_header(&sent, 1, true, 4, 0xffffff00U + 9000);
	assert_int_equal(sent.length[0], 14);
	assert_memory_equal(sent.data[0] + 12, "\x41q", 2);
	assert_int_equal(sent.length[1], 15);
	assert_memory_equal(sent.data[1] + 12, "\x41rs", 3);
}

static void clocks_can_be_wrong(void **state)
{
	struct tess_rtp_sender_config config = video;
	struct tess_rtp_sender sender;

	(void)state;
	config.clock_ppm = 200;
	tess_rtp_sender_init(&sender, &config, on_packet, NULL);
	/* ten minutes: 54,000,000 ticks and 10,800 too many */
	assert_int_equal(tess_rtp_sender_timestamp(&sender, 601000000),
			 (uint32_t)(0xffffff00U + 54010800U));
	assert_int_equal(tess_rtp_sender_timestamp(&sender, 0), 0xffffff00U - 90018U);
}

static void opus_and_reports(void **state)
{
	static struct sent sent;
	struct tess_rtp_sender_config config = video;
	struct tess_rtp_sender sender;
	size_t words;

	(void)state;
	config.clock_rate = 48000;
	tess_rtp_sender_init(&sender, &config, on_packet, &sent);
	for (unsigned i = 0; i < 3; i++) {
		tess_rtp_sender_opus(&sender, 1000000 + i * 20000, (const uint8_t *)"opus", 4);
		expect_header(&sent, i, false, (uint16_t)(65534 + i), 0xffffff00U + i * 960);
		assert_int_equal(sent.length[i], 16);
		assert_memory_equal(sent.data[i] + 12, "opus", 4);
	}
	tess_rtp_sender_report(&sender, 2000000, 1700000000250000);
	assert_int_equal(sent.count, 4);
	assert_int_equal(get32(sent.data[3]), 0x80c80006);
	assert_int_equal(get32(sent.data[3] + 4), 0x11223344);
	assert_int_equal(get32(sent.data[3] + 8), 1700000000 + 2208988800U);
	assert_int_equal(get32(sent.data[3] + 12), 0x40000000); /* a quarter of a second */
	assert_int_equal(get32(sent.data[3] + 16), 0xffffff00U + 48000);
	assert_int_equal(get32(sent.data[3] + 20), 3);
	assert_int_equal(get32(sent.data[3] + 24), 12);
	/* SDES: its length fits, one item, a zero at the end */
	assert_int_equal(sent.data[3][28], 0x81);
	assert_int_equal(sent.data[3][29], 202);
	words = (size_t)(sent.data[3][30] << 8 | sent.data[3][31]);
	assert_int_equal(sent.length[3], 28 + 4 * (words + 1));
	assert_int_equal(get32(sent.data[3] + 32), 0x11223344);
	assert_int_equal(sent.data[3][36], 1);
	assert_int_equal(sent.data[3][37], 13);
	assert_memory_equal(sent.data[3] + 38, "test-11223344", 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(h264_is_packetised),
		cmocka_unit_test(clocks_can_be_wrong),
		cmocka_unit_test(opus_and_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
