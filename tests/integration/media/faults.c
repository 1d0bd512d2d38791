/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/faults.c - bad publishers: loss, reordering, another SSRC, another size,
 * an end. The canvas goes on at its fixed rate, the others are not touched, and each fault has its
 * counter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/media/scenario.h"

#define DURATION_S 12
#define HALF_US	   (INT64_C(500000) / 15)
/* as in picture.c; the path may hold packets back by 30 ms more, and time lines are slewed */
#define MAX_AGE_US (HALF_US + TESS_TEST_PATTERN_UNIT_US + 1000)

/* A 2x2 grid: the good one first, the bad one second. */
static const struct tess_rect good_tile = {0, 0, 320, 180}, bad_tile = {320, 0, 320, 180};

struct watcher {
	int64_t last_us;
	unsigned pictures;
	/* of the bad publisher */
	unsigned readable;	    /* pictures in which it could be read */
	int64_t newest_us;	    /* its newest clock */
	int64_t longest_us;	    /* the longest time that its clock stood */
	int64_t clock_us, since_us; /* what it shows, and since when */
};

static void watch_bad(struct watcher *watcher, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct tess_test_pattern pattern;

	if (tess_test_pattern_read(&pattern, picture, &bad_tile, TESS_RENDER_CROP, 160, 90))
		return;
	assert_int_equal(pattern.id, 1);
	assert_true(pattern.time_us <= pts_us + HALF_US + 50000);
	watcher->readable++;
	if (pattern.time_us != watcher->clock_us) {
		watcher->clock_us = pattern.time_us;
		watcher->since_us = pts_us;
	}
	if (pattern.time_us > watcher->newest_us)
		watcher->newest_us = pattern.time_us;
	if (pts_us - watcher->since_us > watcher->longest_us)
		watcher->longest_us = pts_us - watcher->since_us;
}

static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct watcher *watcher = arg;
	struct tess_test_pattern pattern;

	if (watcher->pictures++)
		assert_in_range(pts_us - watcher->last_us, 66666, 66667);
	watcher->last_us = pts_us;
	if (pts_us < 200000)
		return;
	/* the good one is always there, and fresh */
	assert_int_equal(
		tess_test_pattern_read(&pattern, picture, &good_tile, TESS_RENDER_CROP, 160, 90),
		0);
	assert_int_equal(pattern.id, 0);
	assert_true(pattern.time_us <= pts_us + HALF_US);
	assert_true(pattern.time_us >= pts_us - MAX_AGE_US);
	watch_bad(watcher, pts_us, picture);
}

static struct scenario_result run(struct watcher *watcher, const struct tess_test_publisher *bad)
{
	struct tess_test_publisher publishers[2] = {scenario_publisher(0), *bad};
	const struct tess_test_capture capture = {
		.publishers = publishers, .count = 2, .duration_s = DURATION_S, .seed = 5};
	const struct judge_handlers handlers = {.picture = on_picture, .arg = watcher};
	json_t *scenario = scenario_new(), *desired = json_array(), *mixes = json_array();
	json_t *mix = scenario_desired_mix(640, 360);
	struct scenario_result result;

	json_object_set_new(mix, "frozen", json_string("keep"));
	/* three users, of whom the third sends nothing: a black tile, and a grid of four */
	for (unsigned id = 0; id < 3; id++)
		json_array_append_new(desired, scenario_desired_publisher(id, id + 1));
	json_array_append_new(mixes, mix);
	scenario_step(scenario, 0, scenario_desired(desired, mixes));
	json_object_set_new(scenario, "end_ms", json_integer(DURATION_S * 1000));
	*watcher = (struct watcher){0};
	result = scenario_run(&capture, scenario, &handlers);
	assert_int_equal(result.streams, 1);
	/* 12 s at 15 a second, the first at once */
	assert_int_equal(watcher->pictures, DURATION_S * 15 + 1);
	assert_int_equal(scenario_counter(&result, "mixes", 0, "", "late_ticks"), 0);
	assert_int_equal(scenario_counter(&result, "mixes", 0, "", "encoder_busy"), 0);
	assert_int_equal(scenario_counter(&result, "mixes", 0, "", "draw_errors"), 0);
	return result;
}

static void loss(void **state)
{
	struct tess_test_publisher bad = scenario_publisher(1);
	struct watcher watcher;
	struct scenario_result result;

	(void)state;
	bad.loss_percent = 10;
	result = run(&watcher, &bad);
	assert_true(scenario_counter(&result, "publishers", 1, "video", "lost") > 5);
	assert_true(scenario_counter(&result, "publishers", 1, "audio", "lost") > 20);
	assert_true(scenario_counter(&result, "publishers", 1, "audio", "concealed_frames") >
		    20 * 960);
	assert_int_equal(scenario_counter(&result, "publishers", 0, "video", "lost"), 0);
	/* it goes on, with the damage that a key frame a second leaves */
	assert_true(watcher.newest_us > (DURATION_S - 2) * INT64_C(1000000));
	assert_true(watcher.longest_us < 2500000);
	json_decref(result.facts);
}

static void reordering_duplicates_and_jitter(void **state)
{
	struct tess_test_publisher bad = scenario_publisher(1);
	struct watcher watcher;
	struct scenario_result result;

	(void)state;
	bad.reorder_percent = 20;
	bad.duplicate_percent = 10;
	bad.jitter_ms = 30;
	result = run(&watcher, &bad);
	assert_true(scenario_counter(&result, "publishers", 1, "video", "duplicate") > 5);
	assert_true(scenario_counter(&result, "publishers", 1, "audio", "reordered") > 20);
	/* nothing of it is seen: the jitter buffer is longer */
	assert_int_equal(scenario_counter(&result, "publishers", 1, "video", "lost"), 0);
	assert_int_equal(scenario_counter(&result, "publishers", 1, "audio", "lost"), 0);
	assert_int_equal(scenario_counter(&result, "publishers", 1, "video", "decode_errors"), 0);
	assert_true(watcher.longest_us <= 3 * INT64_C(66667));
	json_decref(result.facts);
}

static void another_ssrc(void **state)
{
	struct tess_test_publisher bad = scenario_publisher(1);
	struct watcher watcher;
	struct scenario_result result;

	(void)state;
	bad.ssrc_change_at_s = 6;
	result = run(&watcher, &bad);
	assert_int_equal(scenario_counter(&result, "publishers", 1, "video", "ssrc_changes"), 1);
	assert_int_equal(scenario_counter(&result, "publishers", 1, "audio", "ssrc_changes"), 1);
	assert_int_equal(scenario_counter(&result, "publishers", 1, "video", "wrong_source"), 0);
	assert_true(watcher.longest_us < 500000);
	assert_true(watcher.newest_us > DURATION_S * INT64_C(1000000) - 300000);
	json_decref(result.facts);
}

static void another_size(void **state)
{
	struct tess_test_publisher bad = scenario_publisher(1);
	struct watcher watcher;
	struct scenario_result result;
	const json_t *video;

	(void)state;
	bad.resize_at_s = 6;
	bad.resize_width = 320;
	bad.resize_height = 180;
	result = run(&watcher, &bad);
	assert_int_equal(scenario_counter(&result, "publishers", 1, "video", "decode_errors"), 0);
	assert_true(watcher.longest_us <= 2 * INT64_C(66667));
	assert_true(watcher.newest_us > DURATION_S * INT64_C(1000000) - 300000);
	assert_true(watcher.readable >= DURATION_S * 15 - 8);
	video = json_object_get(json_array_get(json_object_get(result.facts, "publishers"), 1),
				"video");
	assert_int_equal(json_integer_value(json_object_get(video, "width")), 320);
	assert_int_equal(json_integer_value(json_object_get(video, "height")), 180);
	json_decref(result.facts);
}

static void an_end(void **state)
{
	struct tess_test_publisher bad = scenario_publisher(1);
	struct watcher watcher;
	struct scenario_result result;
	const json_t *publishers;

	(void)state;
	bad.stop_s = 4;
	result = run(&watcher, &bad);
	publishers = json_object_get(result.facts, "publishers");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(publishers, 0), "state")),
		"receiving");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(publishers, 1), "state")),
		"stalled");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(publishers, 2), "state")),
		"waiting");
	/* its last picture stays */
	assert_true(watcher.newest_us > 3900000 && watcher.newest_us <= 4000000);
	assert_true(watcher.readable >= DURATION_S * 15 - 8);
	assert_true(watcher.longest_us > 7500000);
	json_decref(result.facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loss),		cmocka_unit_test(reordering_duplicates_and_jitter),
		cmocka_unit_test(another_ssrc), cmocka_unit_test(another_size),
		cmocka_unit_test(an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
