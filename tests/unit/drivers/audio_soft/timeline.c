/* SPDX-License-Identifier: GPL-3.0-or-later
 * Sample numbers to media time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "drivers/audio_soft/timeline.h"

static void runs_on_from_the_anchor(void **state)
{
	(void)state;
	struct audio_timeline timeline = {.rate = 44100};
	audio_timeline_anchor(&timeline, 0, 5000000);
	assert_int_equal(audio_timeline_pts(&timeline, 0), 5000000);
	assert_int_equal(audio_timeline_pts(&timeline, 44100), 6000000);
	assert_int_equal(audio_timeline_pts(&timeline, 1024), 5023220); /* 23219.95 */
	assert_int_equal(audio_timeline_pts(&timeline, -1024),
			 4976780); /* also rounded to nearest */
	assert_int_equal(audio_timeline_pts(&timeline, 44100LL * 86400 * 365),
			 5000000 + 31536000000000);
}

static void jumps_at_each_anchor(void **state)
{
	(void)state;
	struct audio_timeline timeline = {.rate = 48000};
	audio_timeline_anchor(&timeline, 0, 0);
	audio_timeline_anchor(&timeline, 1024, 1000000);
	assert_int_equal(audio_timeline_pts(&timeline, 1023), 21313);
	assert_int_equal(audio_timeline_pts(&timeline, 1024), 1000000);
	assert_int_equal(audio_timeline_pts(&timeline, 2048), 1021333);
}

static void forgets_the_oldest(void **state)
{
	(void)state;
	struct audio_timeline timeline = {.rate = 48000};
	for (int64_t i = 0; i < AUDIO_TIMELINE_ANCHORS + 3; i++)
		audio_timeline_anchor(&timeline, i * 480, i * 1000000);
	assert_int_equal(audio_timeline_pts(&timeline, 3 * 480), 3000000);
	assert_int_equal(audio_timeline_pts(&timeline, 0), 3000000 - 30000);
	assert_int_equal(audio_timeline_pts(&timeline, 10 * 480), 10000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_on_from_the_anchor),
		cmocka_unit_test(jumps_at_each_anchor),
		cmocka_unit_test(forgets_the_oldest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
