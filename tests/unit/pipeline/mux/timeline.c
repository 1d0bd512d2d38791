/* SPDX-License-Identifier: GPL-3.0-or-later
 * Media time to the time of an output: order, gaps, jumps and nonsense.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pipeline/mux/timeline.h"

#define ORIGIN 5000000

static int place_unit(struct tess_timeline *t, struct tess_timeline_place *place,
		      enum tess_track track, int64_t dts_us)
{
	struct tess_au au = {.track = track, .dts_us = dts_us, .pts_us = dts_us};

	return tess_timeline_place(t, &au, place);
}

static void time_begins_at_the_origin(void **state)
{
	struct tess_timeline_place place;
	struct tess_timeline t;

	(void)state;
	tess_timeline_init(&t, ORIGIN);
	assert_true(tess_timeline_last_media_us(&t) == INT64_MIN);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_AUDIO, ORIGIN - 1), -ESTALE);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, ORIGIN), 0);
	assert_int_equal(place.dts_us, 0);
	assert_int_equal(place.gap_us, 0);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_AUDIO, ORIGIN + 3), 0);
	assert_int_equal(place.dts_us, 3);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, ORIGIN + 66667), 0);
	assert_int_equal(place.dts_us, 66667);
	assert_int_equal(place.gap_us, 0);
	/* the sound is behind: what it lacks is still missing */
	assert_int_equal(tess_timeline_last_media_us(&t), ORIGIN + 3);
}

static void each_track_rises(void **state)
{
	struct tess_timeline_place place;
	struct tess_timeline t;

	(void)state;
	tess_timeline_init(&t, ORIGIN);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, ORIGIN + 1000), 0);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, ORIGIN + 1000), -ESTALE);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, ORIGIN + 999), -ESTALE);
	assert_int_equal(t.late, 2);
	/* the other track has its own order */
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_AUDIO, ORIGIN + 999), 0);
	assert_int_equal(place.gap_us, 0);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, ORIGIN + 1001), 0);
}

static void gaps_have_their_true_length(void **state)
{
	struct tess_au au = {.track = TESS_TRACK_VIDEO, .discontinuity = true};
	struct tess_timeline_place place;
	struct tess_timeline t;

	(void)state;
	tess_timeline_init(&t, ORIGIN);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, ORIGIN), 0);
	tess_timeline_mark_gap(&t);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, ORIGIN + 700000), 0);
	assert_int_equal(place.gap_us, 700000);
	assert_int_equal(place.dts_us, 700000);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, ORIGIN + 800000), 0);
	assert_int_equal(place.gap_us, 0);
	/* told by a unit that is too late itself: the next one has the gap */
	au.dts_us = au.pts_us = ORIGIN + 800000;
	assert_int_equal(tess_timeline_place(&t, &au, &place), -ESTALE);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, ORIGIN + 1000000), 0);
	assert_int_equal(place.gap_us, 200000);
	/* silence of all tracks needs no mark; of one track it is none */
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_AUDIO, ORIGIN + 1000000), 0);
	assert_int_equal(place.gap_us, 0);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_AUDIO, ORIGIN + 3000001), 0);
	assert_int_equal(place.gap_us, 2000001);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_AUDIO, ORIGIN + 4000000), 0);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, ORIGIN + 4000001), 0);
	assert_int_equal(place.gap_us, 0);
}

static void jumps_beyond_reason_anchor_anew(void **state)
{
	struct tess_timeline_place place;
	struct tess_timeline t;

	(void)state;
	tess_timeline_init(&t, ORIGIN);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, ORIGIN), 0);
	assert_int_equal(
		place_unit(&t, &place, TESS_TRACK_VIDEO, ORIGIN + TESS_TIMELINE_MAX_GAP_US), 0);
	assert_true(place.dts_us == TESS_TIMELINE_MAX_GAP_US);
	assert_int_equal(t.reanchored, 0);
	/* back to nearly nothing, as after a reboot that nobody saw */
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, 100), 0);
	assert_true(place.dts_us == TESS_TIMELINE_MAX_GAP_US + 1000000);
	assert_int_equal(place.gap_us, 1000000);
	assert_int_equal(t.reanchored, 1);
	/* and it goes on from there */
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, 66767), 0);
	assert_true(place.dts_us == TESS_TIMELINE_MAX_GAP_US + 1066667);
	assert_int_equal(place.gap_us, 0);
}

static void times_at_the_ends_of_64_bits(void **state)
{
	static const int64_t times[] = {INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX - 1, INT64_MAX};
	struct tess_timeline_place place;
	int64_t last_us = -1;
	struct tess_timeline t;

	(void)state;
	tess_timeline_init(&t, ORIGIN);
	for (unsigned i = 0; i < 36; i++) {
		struct tess_au au = {
			.track = TESS_TRACK_VIDEO, .dts_us = times[i % 6], .pts_us = times[i / 6]};

		if (tess_timeline_place(&t, &au, &place))
			continue;
		assert_true(place.dts_us > last_us);
		assert_true(place.pts_us >= place.dts_us);
		assert_true(place.pts_us - place.dts_us <= TESS_TIMELINE_MAX_SHOWN_AFTER_US);
		last_us = place.dts_us;
	}
}

static void shown_after_decoded(void **state)
{
	struct tess_au au = {.track = TESS_TRACK_VIDEO, .dts_us = ORIGIN, .pts_us = ORIGIN + 66667};
	struct tess_timeline_place place;
	struct tess_timeline t;

	(void)state;
	tess_timeline_init(&t, ORIGIN);
	assert_int_equal(tess_timeline_place(&t, &au, &place), 0);
	assert_int_equal(place.pts_us, 66667);
	au.dts_us += 100;
	au.pts_us = ORIGIN;
	assert_int_equal(tess_timeline_place(&t, &au, &place), 0);
	assert_int_equal(place.pts_us, 100);
}

/** Behind an output that exists: of a track that has gone long ago nothing is asked for. */
static void goes_on_behind_a_file(void **state)
{
	struct tess_timeline_place place;
	struct tess_timeline t;

	(void)state;
	tess_timeline_init(&t, ORIGIN);
	tess_timeline_resume(&t, TESS_TRACK_VIDEO, 60000000);
	tess_timeline_resume(&t, TESS_TRACK_AUDIO, 59980000);
	assert_int_equal(tess_timeline_last_media_us(&t), ORIGIN + 59980000);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_VIDEO, ORIGIN + 60000000), -ESTALE);
	assert_int_equal(place_unit(&t, &place, TESS_TRACK_AUDIO, ORIGIN + 60001000), 0);
	assert_int_equal(place.gap_us, 0);
	tess_timeline_init(&t, ORIGIN);
	tess_timeline_resume(&t, TESS_TRACK_VIDEO, 60000000);
	tess_timeline_resume(&t, TESS_TRACK_AUDIO, 10000000);
	assert_int_equal(tess_timeline_last_media_us(&t), ORIGIN + 60000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_begins_at_the_origin),
		cmocka_unit_test(each_track_rises),
		cmocka_unit_test(gaps_have_their_true_length),
		cmocka_unit_test(jumps_beyond_reason_anchor_anew),
		cmocka_unit_test(times_at_the_ends_of_64_bits),
		cmocka_unit_test(shown_after_decoded),
		cmocka_unit_test(goes_on_behind_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
