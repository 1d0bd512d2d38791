/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/feedback.c
 */
#include "pipeline/rtp/feedback.h"

#include "pipeline/rtp/rtcp.h"
#include "pipeline/rtp/sequence.h"
#include "pipeline/rtp/wire.h"
#include "tests/unit/pipeline/rtp/support.h"

#define FIRST (TESS_RTP_FIRST_CYCLE + 65000)

static void packet(struct tess_rtp_feedback *feedback, int64_t number, int64_t late_us)
{
	tess_rtp_feedback_packet(feedback, 0x11111111, FIRST + number, (uint32_t)(number * 960),
				 number * 20000 + late_us);
}

static void statistics(void **state)
{
	struct tess_rtp_feedback feedback;
	uint8_t buffer[TESS_RTCP_WRITE_BYTES];

	(void)state;
	tess_rtp_feedback_init(&feedback, 48000);
	assert_int_equal(tess_rtp_feedback_write(&feedback, true, 0, buffer, sizeof(buffer)), 0);
	for (int i = 0; i < 1000; i++) {
		if (i % 4 != 1)
			packet(&feedback, i, 0);
	}
	tess_rtp_feedback_sender_report(&feedback, 0x0123456789abcdef, 19500000);
	assert_int_equal(
		tess_rtp_feedback_write(&feedback, false, 20000000, buffer, sizeof(buffer) - 1), 0);
	assert_int_equal(
		tess_rtp_feedback_write(&feedback, false, 20000000, buffer, sizeof(buffer)), 52);
	assert_int_equal(tess_rtp_get32(buffer + 4), 0xeeeeeeee);
	assert_int_equal(tess_rtp_get32(buffer + 8), 0x11111111);
	assert_int_equal(buffer[12], 64); /* a quarter */
	assert_int_equal(tess_rtp_get32(buffer + 12) & 0xffffff, 250);
	assert_int_equal(tess_rtp_get32(buffer + 16), 65000 + 999); /* one wrap */
	assert_int_equal(tess_rtp_get32(buffer + 20), 0);	    /* no jitter */
	assert_int_equal(tess_rtp_get32(buffer + 24), 0x456789ab);
	assert_int_equal(tess_rtp_get32(buffer + 28), 0x8000); /* half a second */

	/* the interval counts anew, the sum goes on; duplicates make up for losses (A.3) */
	for (int i = 1000; i < 1100; i++) {
		packet(&feedback, i, 0);
		if (i < 1010)
			packet(&feedback, i, 0);
	}
	assert_int_equal(
		tess_rtp_feedback_write(&feedback, false, 22000000, buffer, sizeof(buffer)), 52);
	assert_int_equal(buffer[12], 0);
	assert_int_equal(tess_rtp_get32(buffer + 12) & 0xffffff, 240);
}

static void times(void **state)
{
	struct tess_rtp_feedback feedback;
	uint8_t buffer[TESS_RTCP_WRITE_BYTES];
	unsigned reports = 0, indications = 0;

	(void)state;
	tess_rtp_feedback_init(&feedback, 48000);
	for (int i = 0; i < 500; i++) { /* 10 s */
		size_t length;

		packet(&feedback, i, 0);
		length = tess_rtp_feedback_write(&feedback, i >= 250, (int64_t)i * 20000, buffer,
						 sizeof(buffer));
		reports += length == 52;
		indications += length == 64;
	}
	assert_int_equal(reports, 5);	   /* 0.5 s, then each second */
	assert_int_equal(indications, 10); /* each 500 ms, and with each a report */
	/* silence: nobody listens */
	assert_int_equal(tess_rtp_feedback_write(&feedback, true, 13000000, buffer, sizeof(buffer)),
			 0);
	/* the limit holds across a restart */
	packet(&feedback, 650, 0);
	assert_int_equal(tess_rtp_feedback_write(&feedback, true, 13000000, buffer, sizeof(buffer)),
			 64);
	tess_rtp_feedback_restart(&feedback);
	packet(&feedback, 655, 0);
	assert_int_equal(tess_rtp_feedback_write(&feedback, true, 13400000, buffer, sizeof(buffer)),
			 0);
	assert_int_equal(tess_rtp_feedback_write(&feedback, true, 13500000, buffer, sizeof(buffer)),
			 64);
}

/* Alternately 0 and 10 ms late: differences of 10 ms, to which A.8 converges. */
static void jitter(void **state)
{
	struct tess_rtp_feedback feedback;

	(void)state;
	tess_rtp_feedback_init(&feedback, 48000);
	for (int i = 0; i < 1000; i++)
		packet(&feedback, i, i % 2 ? 10000 : 0);
	assert_in_range(tess_rtp_feedback_jitter_us(&feedback), 9900, 10100);
	/* a jump of the timestamps is none */
	tess_rtp_feedback_packet(&feedback, 0x11111111, FIRST + 1000, 4000000000U, 20000000);
	assert_in_range(tess_rtp_feedback_jitter_us(&feedback), 9900, 10100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statistics),
		cmocka_unit_test(times),
		cmocka_unit_test(jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
