/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/opus.c
 */
#include "pipeline/rtp/opus.h"

#include <errno.h>

#include "tests/unit/pipeline/rtp/support.h"

#define TOC(config, code) (uint8_t)((config) << 3 | (code))

static int duration(uint8_t toc, uint8_t second, size_t length)
{
	const uint8_t packet[8] = {toc, second};

	return tess_rtp_opus_duration(packet, length);
}

/* RFC 6716 table 2 */
static void durations(void **state)
{
	static const int expected[32] = {
		480, 960, 1920, 2880, 480, 960, 1920, 2880, 480, 960, 1920, 2880, /* SILK */
		480, 960, 480,	960,						  /* hybrid */
		120, 240, 480,	960,  120, 240, 480,  960,  120, 240, 480,  960,
		120, 240, 480,	960, /* CELT */
	};

	(void)state;
	for (uint8_t config = 0; config < 32; config++) {
		assert_int_equal(duration(TOC(config, 0), 0, 4), expected[config]);
		assert_int_equal(duration(TOC(config, 1), 0, 5), 2 * expected[config]);
		assert_int_equal(duration(TOC(config, 2), 0, 4), 2 * expected[config]);
	}
	assert_int_equal(duration(TOC(31, 3), 6, 4), 5760);
	assert_int_equal(duration(TOC(16, 3), 48, 4), 5760);
	assert_int_equal(duration(TOC(31, 0), 0, 1), 960); /* a frame of nothing: DTX */
}

static void bad_packets(void **state)
{
	(void)state;
	assert_int_equal(duration(0, 0, 0), -EBADMSG);
	assert_int_equal(duration(TOC(31, 1), 0, 4), -EBADMSG);	 /* two halves of 3 bytes */
	assert_int_equal(duration(TOC(31, 2), 0, 1), -EBADMSG);	 /* size missing */
	assert_int_equal(duration(TOC(31, 3), 1, 1), -EBADMSG);	 /* count missing */
	assert_int_equal(duration(TOC(31, 3), 0, 4), -EBADMSG);	 /* no frame */
	assert_int_equal(duration(TOC(31, 3), 7, 4), -EBADMSG);	 /* 140 ms */
	assert_int_equal(duration(TOC(16, 3), 49, 4), -EBADMSG); /* 122.5 ms */
}

static uint32_t push(struct tess_rtp_opus *opus, uint32_t timestamp, uint32_t lost)
{
	static const uint8_t packet[] = {TOC(31, 0), 1, 2, 3}; /* 20 ms */
	uint32_t lost_frames = 0xdead;

	assert_int_equal(
		tess_rtp_opus_push(opus, packet, sizeof(packet), timestamp, lost, &lost_frames), 0);
	return lost_frames;
}

static void loss(void **state)
{
	struct tess_rtp_opus opus = {0};
	uint32_t timestamp = 0xfffffc40; /* wraps */

	(void)state;
	assert_int_equal(push(&opus, timestamp, 3), 0); /* nothing is known before the first */
	assert_int_equal(push(&opus, timestamp += 960, 0), 0);
	assert_int_equal(push(&opus, timestamp += 960 * 2, 1), 960);
	assert_int_equal(push(&opus, timestamp += 960 * 11, 10), 9600);
	/* packets were lost, but they were there twice, so no sound is missing */
	assert_int_equal(push(&opus, timestamp += 960, 1), 0);
}

static void pause_is_not_loss(void **state)
{
	struct tess_rtp_opus opus = {0};

	(void)state;
	assert_int_equal(push(&opus, 0, 0), 0);
	assert_int_equal(push(&opus, 48000, 0), 0);
	/* one packet lost somewhere in a pause of 400 ms holds 20 ms at most */
	assert_int_equal(push(&opus, 48000 + 19200, 1), 960);
	/* timestamps that go back */
	assert_int_equal(push(&opus, 100, 1), 0);
}

static void bad_one_is_lost(void **state)
{
	struct tess_rtp_opus opus = {0};
	uint32_t lost_frames;

	(void)state;
	assert_int_equal(push(&opus, 0, 0), 0);
	assert_int_equal(
		tess_rtp_opus_push(&opus, (const uint8_t[]){TOC(31, 3)}, 1, 960, 0, &lost_frames),
		-EBADMSG);
	assert_int_equal(push(&opus, 1920, 0), 960);
	assert_int_equal(push(&opus, 2880, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(bad_packets),
		cmocka_unit_test(loss),
		cmocka_unit_test(pause_is_not_loss),
		cmocka_unit_test(bad_one_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
