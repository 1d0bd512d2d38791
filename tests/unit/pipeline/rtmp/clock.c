/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of pipeline/rtmp/clock.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pipeline/rtmp/clock.h"

#define START_US 5000000000
/* a frame of AAC at 44.1 kHz */
#define FRAME_US (1024 * 1e6 / 44100)

static struct tess_rtmp_clock clock_;

static int setup(void **state)
{
	(void)state;
	clock_ = (struct tess_rtmp_clock){0};
	return 0;
}

static struct tess_rtmp_times picture(uint32_t ms, int64_t arrival_us)
{
	return tess_rtmp_clock_map(&clock_, TESS_TRACK_VIDEO, ms, 0, 0, arrival_us);
}

static void test_first(void **state)
{
	struct tess_rtmp_times times = picture(123456, START_US);

	(void)state;
	assert_int_equal(times.dts_us, START_US + TESS_RTMP_DELAY_US);
	assert_int_equal(times.pts_us, times.dts_us);
	assert_false(times.jumped);
	times = tess_rtmp_clock_map(&clock_, TESS_TRACK_VIDEO, 123496, 80, 0, START_US + 40000);
	assert_int_equal(times.pts_us - times.dts_us, 80000);
	/* shown before it is decoded: damage */
	times = tess_rtmp_clock_map(&clock_, TESS_TRACK_VIDEO, 123536, -500, 0, START_US + 80000);
	assert_int_equal(times.pts_us, times.dts_us);
}

static void test_quicker_counts_at_once(void **state)
{
	struct tess_rtmp_times times;

	(void)state;
	picture(0, START_US + 300000); /* an encoder warms up */
	for (uint32_t i = 1; i < 20; i++)
		times = picture(40 * i, START_US + 40000 * (int64_t)i);
	assert_int_equal(times.dts_us, START_US + 40000 * 19 + TESS_RTMP_DELAY_US);
}

/* jitter moves nothing, and no time stamp comes later than the delay allows */
static void test_jitter(void **state)
{
	int64_t last = 0;

	(void)state;
	srand(1);
	for (uint32_t i = 0; i < 1000; i++) {
		int64_t late = i % 10 ? rand() % 80000 : 0;
		struct tess_rtmp_times times =
			picture(40 * i, START_US + 40000 * (int64_t)i + late);

		if (i > 100)
			assert_true(llabs(times.dts_us - START_US - 40000 * (int64_t)i -
					  TESS_RTMP_DELAY_US) < 2000);
		assert_true(times.dts_us > last);
		last = times.dts_us;
	}
}

static void test_drift(void **state)
{
	(void)state;
	/* the sender's clock is 100 ppm slow, for ten minutes */
	for (uint32_t i = 0; i < 15000; i++) {
		int64_t arrival = START_US + 40004 * (int64_t)i;
		struct tess_rtmp_times times = picture(40 * i, arrival);

		assert_true(llabs(times.dts_us - arrival - TESS_RTMP_DELAY_US) < 10000);
	}
}

static void test_wraps(void **state)
{
	uint32_t from = UINT32_MAX - 1000;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		struct tess_rtmp_times times =
			picture(from + 40 * i, START_US + 40000 * (int64_t)i);

		assert_false(times.jumped);
		assert_int_equal(times.dts_us, START_US + 40000 * (int64_t)i + TESS_RTMP_DELAY_US);
	}
}

static void test_jumps(void **state)
{
	static const uint32_t to[] = {0, 4000000000, 7200000};

	(void)state;
	for (size_t n = 0; n < sizeof(to) / sizeof(to[0]); n++) {
		int64_t at = START_US + (int64_t)n * 1000000;
		struct tess_rtmp_times times = {0};

		for (uint32_t i = 0; i < 25; i++) {
			int64_t arrival = at + 40000 * (int64_t)i;

			times = picture(to[n] + 40 * i, arrival);
			assert_int_equal(times.jumped, n && !i);
			assert_int_equal(times.dts_us, arrival + TESS_RTMP_DELAY_US);
		}
	}
}

/* a pause of the network, and all that waited at once */
static void test_stall(void **state)
{
	struct tess_rtmp_times times = {0};

	(void)state;
	for (uint32_t i = 0; i < 250; i++) {
		int64_t sent = START_US + 40000 * (int64_t)i;
		int64_t stalled = START_US + 8000000;
		bool waits = i > 125 && sent < stalled;

		times = picture(40 * i, waits ? stalled : sent);
		assert_false(times.jumped);
		assert_true(llabs(times.dts_us - sent - TESS_RTMP_DELAY_US) < 1000);
	}
}

/* sound in whole milliseconds goes on by its frames, and stays with the picture */
static void test_sound(void **state)
{
	int64_t last = 0;

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		int64_t sent = START_US + llround(i * FRAME_US);
		struct tess_rtmp_times times =
			tess_rtmp_clock_map(&clock_, TESS_TRACK_AUDIO,
					    (uint32_t)(i * FRAME_US / 1000), 0, FRAME_US, sent);

		if (i > 200) {
			assert_true(llabs(times.dts_us - last - llround(FRAME_US)) < 30);
			assert_true(llabs(times.dts_us - sent - TESS_RTMP_DELAY_US) < 1500);
		}
		last = times.dts_us;
	}
	/* a hole of half a second is one */
	{
		int64_t sent = START_US + llround(2000 * FRAME_US) + 500000;
		struct tess_rtmp_times times = tess_rtmp_clock_map(
			&clock_, TESS_TRACK_AUDIO, (uint32_t)((sent - START_US) / 1000), 0,
			FRAME_US, sent);

		assert_true(llabs(times.dts_us - sent - TESS_RTMP_DELAY_US) < 2000);
	}
}

static void test_times_rise(void **state)
{
	struct tess_rtmp_times a = picture(1000, START_US), b = picture(1000, START_US + 10),
			       c = picture(900, START_US + 20);

	(void)state;
	assert_true(b.dts_us > a.dts_us);
	assert_true(c.dts_us > b.dts_us);
	assert_false(c.jumped);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_first, setup),
		cmocka_unit_test_setup(test_quicker_counts_at_once, setup),
		cmocka_unit_test_setup(test_jitter, setup),
		cmocka_unit_test_setup(test_drift, setup),
		cmocka_unit_test_setup(test_wraps, setup),
		cmocka_unit_test_setup(test_jumps, setup),
		cmocka_unit_test_setup(test_stall, setup),
		cmocka_unit_test_setup(test_sound, setup),
		cmocka_unit_test_setup(test_times_rise, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
