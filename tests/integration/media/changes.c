/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/changes.c - a mix whose parameters change: they are applied in place, the
 * stream goes on; and the kinds of members that a mix can have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/media/scenario.h"
#include "tests/support/tone.h"

#define MAX_PICTURES 400
#define HALF_US	     (INT64_C(500000) / 15)

/* What was in which tile of a picture: the publisher's number, or one of these. */
#define BLACK	-1
#define DAMAGED -2
#define ABSENT	-3

struct seen {
	int64_t pts_us;
	unsigned width, height;
	int tiles[4]; /* of a grid of up to four */
};

struct watcher {
	unsigned tiles; /* that the grid is expected to have */
	bool deaf;
	struct seen pictures[MAX_PICTURES];
	unsigned count;
	uint64_t sound_frames;
	int64_t first_sound_us, last_sound_us;
	float pcm[48000 * 4];
	size_t pcm_frames;
	int64_t pcm_from_us;
};

static int look(const struct tess_test_i420 *picture, const struct tess_rect *rect)
{
	struct tess_test_pattern pattern;
	uint8_t mean[3];

	if (!tess_test_pattern_read(&pattern, picture, rect, TESS_RENDER_CROP, 160, 90))
		return (int)pattern.id;
	tess_test_i420_mean(mean, picture, rect);
	return mean[0] <= 18 ? BLACK : DAMAGED;
}

static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct watcher *watcher = arg;
	struct seen *seen = &watcher->pictures[watcher->count++];
	int32_t width = (int32_t)picture->width, height = (int32_t)picture->height;

	assert_true(watcher->count <= MAX_PICTURES);
	*seen = (struct seen){
		pts_us, picture->width, picture->height, {ABSENT, ABSENT, ABSENT, ABSENT}};
	for (unsigned i = 0; i < watcher->tiles; i++) {
		struct tess_rect rect = {0, 0, width, height};

		if (watcher->tiles > 1) {
			rect.width /= 2;
			rect.x = (int32_t)(i % 2) * rect.width;
		}
		if (watcher->tiles > 2) {
			rect.height /= 2;
			rect.y = (int32_t)(i / 2) * rect.height;
		}
		seen->tiles[i] = look(picture, &rect);
	}
}

static void on_sound(void *arg, int64_t pts_us, const float *left, const float *right,
		     unsigned frames)
{
	struct watcher *watcher = arg;

	(void)right;
	if (!watcher->sound_frames)
		watcher->first_sound_us = pts_us;
	else /* without a hole, whatever is changed */
		assert_in_range(pts_us - watcher->last_sound_us, 21332, 21335);
	watcher->last_sound_us = pts_us;
	watcher->sound_frames += frames;
	if (pts_us < watcher->pcm_from_us)
		return;
	for (unsigned i = 0; i < frames && watcher->pcm_frames < 48000; i++)
		watcher->pcm[watcher->pcm_frames++] = left[i];
}

/* @p count publishers and one mix, which @p change (if any) alters at 2 s; 4 s in all. */
static struct scenario_result run(struct watcher *watcher, unsigned count, json_t *publishers,
				  json_t *mix, json_t *changed)
{
	struct tess_test_publisher senders[20];
	const struct tess_test_capture capture = {
		.publishers = senders, .count = count, .duration_s = 4, .seed = 2};
	const struct judge_handlers handlers = {
		.picture = on_picture, .sound = watcher->deaf ? NULL : on_sound, .arg = watcher};
	json_t *scenario = scenario_new();

	for (unsigned id = 0; id < count; id++)
		senders[id] = scenario_publisher(id);
	if (changed) {
		json_object_set_new(changed, "epoch", json_integer(2));
		scenario_step(scenario, 0,
			      scenario_desired(json_deep_copy(publishers), json_pack("[o]", mix)));
		scenario_step(scenario, 2000,
			      scenario_desired(publishers, json_pack("[o]", changed)));
	} else {
		scenario_step(scenario, 0, scenario_desired(publishers, json_pack("[o]", mix)));
	}
	json_object_set_new(scenario, "end_ms", json_integer(4000));
	watcher->pcm_from_us = 2500000;
	return scenario_run(&capture, scenario, &handlers);
}

static struct watcher *watcher_new(unsigned tiles)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));

	assert_non_null(watcher);
	watcher->tiles = tiles;
	return watcher;
}

static json_t *desired_publishers(unsigned count)
{
	json_t *publishers = json_array();

	for (unsigned id = 0; id < count; id++)
		json_array_append_new(publishers, scenario_desired_publisher(id, id + 1));
	return publishers;
}

static void set_video(json_t *mix, const char *name, int value)
{
	json_object_set_new(json_object_get(mix, "video"), name, json_integer(value));
}

static void set_layout(json_t *mix, const char *name, json_t *value)
{
	json_object_set_new(json_object_get(mix, "layout"), name, value);
}

static double heard(const struct watcher *watcher, unsigned id)
{
	assert_int_equal(watcher->pcm_frames, 48000);
	return tess_tone_level(watcher->pcm, watcher->pcm_frames, 1, 0, 48000,
			       scenario_tone_hz(id));
}

static void assert_heard(const struct watcher *watcher, unsigned id)
{
	assert_true(fabs(tess_tone_db(heard(watcher, id), 0.05)) <= 1);
}

static void assert_not_heard(const struct watcher *watcher, unsigned id)
{
	assert_true(heard(watcher, id) < 0.0005);
}

static void size_and_bit_rate(void **state)
{
	struct watcher *watcher = watcher_new(2);
	json_t *before = scenario_desired_mix(640, 360), *after = scenario_desired_mix(320, 180);
	struct scenario_result result;

	(void)state;
	set_video(after, "bitrate_kbps", 500);
	result = run(watcher, 2, desired_publishers(2), before, after);
	assert_int_equal(result.streams, 1); /* the same ring */
	assert_int_equal(watcher->count, 61);
	for (unsigned i = 0; i < watcher->count; i++) {
		const struct seen *seen = &watcher->pictures[i];
		bool old = seen->pts_us + HALF_US + SCENARIO_DELAY_MS * 1000 < 2000000;

		assert_int_equal(seen->width, old ? 640 : 320);
		assert_int_equal(seen->height, old ? 360 : 180);
		if (i)
			assert_in_range(seen->pts_us - watcher->pictures[i - 1].pts_us, 66666,
					66667);
	}
	assert_int_equal(watcher->pictures[60].tiles[0], 0);
	assert_int_equal(watcher->pictures[60].tiles[1], 1);
	json_decref(result.facts);
	free(watcher);
}

static void frame_rate(void **state)
{
	struct watcher *watcher = watcher_new(1);
	json_t *before = scenario_desired_mix(320, 180), *after = scenario_desired_mix(320, 180);
	struct scenario_result result;
	unsigned slow = 0, fast = 0;

	(void)state;
	set_video(after, "frame_rate", 25);
	result = run(watcher, 1, desired_publishers(1), before, after);
	assert_int_equal(result.streams, 1);
	for (unsigned i = 1; i < watcher->count; i++) {
		int64_t distance_us = watcher->pictures[i].pts_us - watcher->pictures[i - 1].pts_us;

		if (distance_us >= 66666 && distance_us <= 66667)
			slow++;
		else if (distance_us == 40000)
			fast++;
		else
			fail_msg("distance of %lld us", (long long)distance_us);
	}
	assert_in_range(slow, 29, 31);
	assert_in_range(fast, 48, 52);
	json_decref(result.facts);
	free(watcher);
}

/* far more pictures a second: the first of them are due at once, as the margin for half an interval
 * shrinks, and yet none is left out */
static void rate_rises_and_no_picture_is_left_out(void **state)
{
	struct watcher *watcher = watcher_new(1);
	json_t *before = scenario_desired_mix(320, 180), *after = scenario_desired_mix(320, 180);
	struct scenario_result result;
	unsigned slow = 0, fast = 0;

	(void)state;
	set_video(before, "frame_rate", 5);
	set_video(after, "frame_rate", 60);
	result = run(watcher, 1, desired_publishers(1), before, after);
	assert_int_equal(result.streams, 1);
	for (unsigned i = 1; i < watcher->count; i++) {
		int64_t distance_us = watcher->pictures[i].pts_us - watcher->pictures[i - 1].pts_us;

		slow += distance_us == 200000;
		fast += distance_us == 16666 || distance_us == 16667;
		assert_int_equal(slow + fast, i);
		assert_true(slow >= 9 || !fast); /* first these, then those */
	}
	assert_in_range(slow, 9, 11);
	assert_in_range(fast, 2 * 60 - 6, 2 * 60 + 6);
	assert_int_equal(scenario_counter(&result, "mixes", 0, "", "late_ticks"), 0);
	assert_int_equal(scenario_counter(&result, "mixes", 0, "", "encoder_busy"), 0);
	json_decref(result.facts);
	free(watcher);
}

/* as little as a change that comes again and again, each time before the picture that it is for */
static void rate_to_and_fro(void **state)
{
	struct watcher *watcher = watcher_new(1);
	const struct judge_handlers handlers = {.picture = on_picture, .arg = watcher};
	struct tess_test_publisher sender = scenario_publisher(0);
	const struct tess_test_capture capture = {
		.publishers = &sender, .count = 1, .duration_s = 4, .seed = 2};
	json_t *scenario = scenario_new();
	struct scenario_result result;

	(void)state;
	for (unsigned i = 0; i < 175; i++) {
		json_t *mix = scenario_desired_mix(320, 180);

		json_object_set_new(mix, "epoch", json_integer(1 + i));
		set_video(mix, "frame_rate", i % 2 ? 30 : 10);
		scenario_step(scenario, 20 * i,
			      scenario_desired(desired_publishers(1), json_pack("[o]", mix)));
	}
	json_object_set_new(scenario, "end_ms", json_integer(4000));
	result = scenario_run(&capture, scenario, &handlers);
	assert_int_equal(result.streams, 1);
	for (unsigned i = 1; i < watcher->count; i++) {
		int64_t distance_us = watcher->pictures[i].pts_us - watcher->pictures[i - 1].pts_us;

		if (distance_us != 100000 && distance_us != 33333 && distance_us != 33334)
			fail_msg("distance of %lld us", (long long)distance_us);
	}
	/* in the last half second it stays at ten a second */
	assert_in_range(watcher->pictures[watcher->count - 1].pts_us,
			4000000 - SCENARIO_DELAY_MS * 1000 - 150001,
			4000000 - SCENARIO_DELAY_MS * 1000);
	assert_int_equal(scenario_counter(&result, "mixes", 0, "", "late_ticks"), 0);
	assert_int_equal(scenario_counter(&result, "mixes", 0, "", "encoder_busy"), 0);
	json_decref(result.facts);
	free(watcher);
}

static void only_those_named_are_seen(void **state)
{
	struct watcher *watcher = watcher_new(2);
	json_t *before = scenario_desired_mix(640, 360), *after = scenario_desired_mix(640, 360);
	struct scenario_result result;
	const struct seen *last;

	(void)state;
	set_layout(before, "users", json_pack("[s]", "nobody"));
	set_layout(after, "users", json_pack("[s,s]", "u2", "u1"));
	result = run(watcher, 3, desired_publishers(3), before, after);
	/* nobody has a tile: the background alone */
	assert_int_equal(watcher->pictures[20].tiles[0], BLACK);
	last = &watcher->pictures[watcher->count - 1];
	assert_int_equal(last->tiles[0], 1);
	assert_int_equal(last->tiles[1], 2);
	/* all are heard */
	for (unsigned id = 0; id < 3; id++)
		assert_heard(watcher, id);
	json_decref(result.facts);
	free(watcher);
}

static void audio_only_users_hold_a_place_or_not(void **state)
{
	struct watcher *watcher = watcher_new(2);
	json_t *before = scenario_desired_mix(640, 360), *after = scenario_desired_mix(640, 360);
	json_t *publishers = desired_publishers(2);
	struct scenario_result result;
	const json_t *tiles;

	(void)state;
	json_object_set_new(json_array_get(publishers, 0), "video", json_null());
	set_layout(after, "pure_audio_hold_place", json_integer(2));
	result = run(watcher, 2, publishers, before, after);
	assert_int_equal(watcher->pictures[20].tiles[0], BLACK);
	assert_int_equal(watcher->pictures[20].tiles[1], 1);
	assert_heard(watcher, 0);
	tiles = json_object_get(json_array_get(json_object_get(result.facts, "mixes"), 0), "tiles");
	assert_int_equal(json_array_size(tiles), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(tiles, 0), "user")),
			    "u1");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(tiles, 0), "width")),
			 640);
	json_decref(result.facts);
	free(watcher);
}

static void seventeen_is_one_too_many(void **state)
{
	struct watcher *watcher = watcher_new(1);
	json_t *mix = scenario_desired_mix(640, 360);
	struct scenario_result result;

	(void)state;
	result = run(watcher, 17, desired_publishers(17), mix, NULL);
	assert_heard(watcher, 15);
	assert_not_heard(watcher, 16);
	json_decref(result.facts);
	free(watcher);
}

static void sound_alone(void **state)
{
	struct watcher *watcher = watcher_new(1);
	json_t *mix = scenario_desired_mix(320, 180);
	struct scenario_result result;
	const json_t *facts;

	(void)state;
	json_object_set_new(mix, "video", json_null());
	result = run(watcher, 1, desired_publishers(1), mix, NULL);
	assert_int_equal(watcher->count, 0);
	assert_heard(watcher, 0);
	assert_true(watcher->sound_frames > 48000 * 3);
	facts = json_array_get(json_object_get(result.facts, "mixes"), 0);
	assert_string_equal(json_string_value(json_object_get(facts, "state")), "running");
	/* nobody wants the picture: it is not decoded */
	assert_int_equal(
		json_integer_value(json_object_get(
			json_object_get(
				json_array_get(json_object_get(result.facts, "publishers"), 0),
				"video"),
			"width")),
		0);
	json_decref(result.facts);
	free(watcher);
}

static void picture_taken_away_is_a_new_stream(void **state)
{
	struct watcher *watcher = watcher_new(1);
	json_t *before = scenario_desired_mix(320, 180), *after = scenario_desired_mix(320, 180);
	struct scenario_result result;

	(void)state;
	json_object_set_new(after, "video", json_null());
	watcher->deaf = true; /* sound begins anew with it */
	result = run(watcher, 1, desired_publishers(1), before, after);
	assert_int_equal(result.streams, 2);
	assert_in_range(watcher->count, 29, 31);
	json_decref(result.facts);
	free(watcher);
}

static void on_black_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	const struct tess_rect all = {0, 0, 320, 180};
	unsigned *count = arg;
	uint8_t mean[3];

	(void)pts_us;
	tess_test_i420_mean(mean, picture, &all);
	assert_in_range(mean[0], 15, 17);
	++*count;
}

static void without_publishers_the_canvas_goes_on(void **state)
{
	struct tess_test_publisher publishers[1] = {scenario_publisher(0)};
	const struct tess_test_capture capture = {
		.publishers = publishers, .count = 1, .duration_s = 1, .seed = 1};
	unsigned count = 0;
	const struct judge_handlers handlers = {.picture = on_black_picture, .arg = &count};
	json_t *scenario = scenario_new(), *mixes = json_array();
	struct scenario_result result;

	(void)state;
	json_array_append_new(mixes, scenario_desired_mix(320, 180));
	scenario_step(scenario, 0, scenario_desired(json_array(), mixes));
	json_object_set_new(scenario, "end_ms", json_integer(3000));
	result = scenario_run(&capture, scenario, &handlers);
	assert_int_equal(count, 46);
	json_decref(result.facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_publishers_the_canvas_goes_on),
		cmocka_unit_test(size_and_bit_rate),
		cmocka_unit_test(frame_rate),
		cmocka_unit_test(rate_rises_and_no_picture_is_left_out),
		cmocka_unit_test(rate_to_and_fro),
		cmocka_unit_test(only_those_named_are_seen),
		cmocka_unit_test(audio_only_users_hold_a_place_or_not),
		cmocka_unit_test(seventeen_is_one_too_many),
		cmocka_unit_test(sound_alone),
		cmocka_unit_test(picture_taken_away_is_a_new_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
