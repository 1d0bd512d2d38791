/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/offset.c
 */
#include "pipeline/rtp/offset.h"

#include <stdlib.h>

#include "tests/unit/pipeline/rtp/support.h"

#define PACKET_US 20000

/* Jitter up to 300 ms hardly moves the value: it stays by the fastest packets. */
static void jitter(void **state)
{
	struct tess_rtp_offset offset;
	uint64_t seed = 1;

	(void)state;
	tess_rtp_offset_start(&offset, 5000000, 0);
	for (int64_t t = 0; t < 120000000; t += PACKET_US) {
		tess_rtp_offset_feed(&offset, 5000000 + next_random(&seed) % 300000, t);
		assert_in_range(tess_rtp_offset_value(&offset), 5000000, 5000000 + 4000);
	}
}

/* It follows drift of either sign with a small lag, without a step. */
static void drift(void **state)
{
	(void)state;
	for (int ppm = -500; ppm <= 500; ppm += 250) {
		struct tess_rtp_offset offset;
		int64_t last = -7000000;
		uint64_t seed = 2;

		tess_rtp_offset_start(&offset, -7000000, 0);
		for (int64_t t = 0; t < 600000000; t += PACKET_US) {
			int64_t truth = -7000000 + t / 1000000 * ppm + t % 1000000 * ppm / 1000000;
			int64_t value;

			tess_rtp_offset_feed(&offset, truth + next_random(&seed) % 20000, t);
			value = tess_rtp_offset_value(&offset);
			assert_true(llabs(value - truth) < 8000);
			assert_true(llabs(value - last) <= PACKET_US / 100 + 1);
			last = value;
		}
	}
}

static void small_error_is_slewed_and_large_one_steps(void **state)
{
	struct tess_rtp_offset offset;

	(void)state;
	tess_rtp_offset_start(&offset, 400000, 0);
	for (int64_t t = PACKET_US; t <= 5000000; t += PACKET_US) {
		tess_rtp_offset_feed(&offset, 0, t);
		/* 10 ms a second */
		assert_true(llabs(tess_rtp_offset_value(&offset) - (400000 - t / 100)) <= 2);
	}
	tess_rtp_offset_feed(&offset, -600000, 5000000);
	assert_true(tess_rtp_offset_value(&offset) == -600000);
}

/* The first packets after a pause may be late ones: they do not make it step up. */
static void pause_then_late(void **state)
{
	struct tess_rtp_offset offset;
	int64_t t = 60000000;

	(void)state;
	tess_rtp_offset_start(&offset, 0, 0);
	for (int i = 0; i < 20; i++, t += PACKET_US)
		tess_rtp_offset_feed(&offset, 900000, t);
	assert_in_range(tess_rtp_offset_value(&offset), 0, 15000);
	for (int i = 0; i < 500; i++, t += PACKET_US)
		tess_rtp_offset_feed(&offset, 0, t);
	assert_in_range(tess_rtp_offset_value(&offset), 0, 1000);
	/* but a path that stays so much longer does */
	for (int i = 0; i < 15 * 50; i++, t += PACKET_US)
		tess_rtp_offset_feed(&offset, 900000, t);
	assert_true(tess_rtp_offset_value(&offset) == 900000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jitter),
		cmocka_unit_test(drift),
		cmocka_unit_test(small_error_is_slewed_and_large_one_steps),
		cmocka_unit_test(pause_then_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
