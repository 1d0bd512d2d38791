/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/economy.c - what is not decoded since nobody sees or needs it, and what
 * is shown of a user whose picture stands still.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/engine_soft/engine_soft.h"
#include "tests/integration/media/scenario.h"

#define HALF_US	  (INT64_C(500000) / 15)
#define AGE_US	  (TESS_TEST_PATTERN_UNIT_US + 1000) /* the clock's unit, slewing */
#define SHOWN_MS  SCENARIO_DELAY_MS
#define WIDTH	  640
#define HEIGHT	  360
#define HALF_WIDE (WIDTH / 2)

/* ---- the software engine with its decoders' access units counted ---- */

static struct tess_engine_driver counting;
static unsigned decoders, decoded;

static int decoder_open(struct tess_decoder **decoderp, struct tess_engine *engine,
			enum tess_codec codec)
{
	decoders++;
	return tess_engine_soft.decoder_open(decoderp, engine, codec);
}

static int decoder_decode(struct tess_decoder *decoder, const uint8_t *data, size_t length,
			  int64_t capture_us, struct tess_surface **surfacep)
{
	decoded++;
	return tess_engine_soft.decoder_decode(decoder, data, length, capture_us, surfacep);
}

static int engine_open(struct tess_engine **enginep, const struct tess_engine_config *config)
{
	int error = tess_engine_soft.open(enginep, config);

	if (!error)
		(*enginep)->driver = &counting;
	return error;
}

static struct scenario_result
run(struct tess_test_publisher *publishers, unsigned count, double duration_s, json_t *scenario,
    void (*on_picture)(void *arg, int64_t pts_us, const struct tess_test_i420 *picture), void *arg)
{
	const struct tess_engine_driver *const drivers[] = {&counting, NULL};
	const struct tess_test_capture capture = {
		.publishers = publishers, .count = count, .duration_s = duration_s, .seed = 3};
	const struct judge_handlers handlers = {.picture = on_picture, .arg = arg};

	counting = tess_engine_soft;
	counting.open = engine_open;
	counting.decoder_open = decoder_open;
	counting.decoder_decode = decoder_decode;
	decoders = decoded = 0;
	json_object_set_new(scenario, "end_ms", json_integer((json_int_t)(duration_s * 1000)));
	return scenario_run_on(&capture, scenario, &handlers, drivers);
}

static json_t *people(unsigned count)
{
	json_t *publishers = json_array();

	for (unsigned id = 0; id < count; id++)
		json_array_append_new(publishers, scenario_desired_publisher(id, id + 1));
	return publishers;
}

static json_t *mix_of(const char *layout)
{
	json_t *mix = scenario_desired_mix(WIDTH, HEIGHT), *more = json_loads(layout, 0, NULL);

	assert_non_null(more);
	json_object_update(json_object_get(mix, "layout"), more);
	json_decref(more);
	return mix;
}

static json_int_t video_fact(const struct scenario_result *result, unsigned publisher,
			     const char *name)
{
	const json_t *video = json_object_get(
		json_array_get(json_object_get(result->facts, "publishers"), publisher), "video");

	assert_true(json_is_integer(json_object_get(video, name)));
	return json_integer_value(json_object_get(video, name));
}

/* ---- pictures that nobody needs ---- */

struct clock_watch {
	unsigned count;
	int64_t half_us;
};

static void on_clock(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	const struct tess_rect all = {0, 0, WIDTH, HEIGHT};
	struct clock_watch *watch = arg;
	struct tess_test_pattern pattern;

	watch->count++;
	if (pts_us < 200000)
		return;
	assert_int_equal(tess_test_pattern_read(&pattern, picture, &all, TESS_RENDER_CROP, 160, 90),
			 0);
	/* never from the future, and never older than the distance of those that others refer to,
	 * though half of the pictures only repeat the one before them */
	assert_true(pattern.time_us <= pts_us + watch->half_us);
	assert_true(pts_us + watch->half_us - pattern.time_us <= 66667 + AGE_US);
}

static struct scenario_result run_disposable(unsigned frame_rate, struct clock_watch *watch)
{
	struct tess_test_publisher sender = scenario_publisher(0);
	json_t *scenario = scenario_new(), *mix = scenario_desired_mix(WIDTH, HEIGHT);

	sender.video = (struct tess_test_video_config){
		.width = 160, .height = 90, .frame_rate = 30, .half_disposable = true};
	json_object_set_new(json_object_get(mix, "video"), "frame_rate", json_integer(frame_rate));
	scenario_step(scenario, 0, scenario_desired(people(1), json_pack("[o]", mix)));
	return run(&sender, 1, 6, scenario, on_clock, watch);
}

static void half_of_thirty_is_enough_for_fifteen(void **state)
{
	struct clock_watch watch = {.half_us = HALF_US};
	struct scenario_result result = run_disposable(15, &watch);
	json_int_t left_out = scenario_counter(&result, "publishers", 0, "video", "left_out");

	(void)state;
	assert_int_equal(watch.count, 6 * 15 + 1);
	/* all but the first second's of 90 */
	assert_in_range(left_out, 68, 75);
	assert_in_range(decoded + left_out, 174, 181);
	assert_int_equal(scenario_counter(&result, "publishers", 0, "video", "decode_errors"), 0);
	json_decref(result.facts);
}

static void thirty_are_shown_where_thirty_are_asked_for(void **state)
{
	struct clock_watch watch = {.half_us = HALF_US / 2};
	struct scenario_result result = run_disposable(30, &watch);

	(void)state;
	assert_int_equal(watch.count, 6 * 30 + 1);
	assert_int_equal(scenario_counter(&result, "publishers", 0, "video", "left_out"), 0);
	assert_in_range(decoded, 174, 181);
	json_decref(result.facts);
}

/* ---- users who are not seen ---- */

struct cover_watch {
	unsigned uncovered;
};

/* u1 lies over all of u0, but from 3 s to 5 s only over its right half. */
static void on_cover(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	const struct tess_rect all = {0, 0, WIDTH, HEIGHT}, left = {0, 0, HALF_WIDE, HEIGHT},
			       right = {HALF_WIDE, 0, HALF_WIDE, HEIGHT};
	int64_t drawn_us = pts_us + HALF_US + SHOWN_MS * 1000;
	struct cover_watch *watch = arg;
	struct tess_test_pattern pattern;

	if (pts_us < 200000)
		return;
	if (drawn_us < 3000000 || drawn_us >= 5000000) {
		assert_int_equal(
			tess_test_pattern_read(&pattern, picture, &all, TESS_RENDER_CROP, 160, 90),
			0);
		assert_int_equal(pattern.id, 1);
		return;
	}
	watch->uncovered++;
	assert_int_equal(
		tess_test_pattern_read(&pattern, picture, &right, TESS_RENDER_CROP, 160, 90), 0);
	assert_int_equal(pattern.id, 1);
	/* its key frames are two seconds apart: a tenth of a second to come from there to the
	 * present, and then it is up to date */
	if (drawn_us < 3100000)
		return;
	assert_int_equal(
		tess_test_pattern_read(&pattern, picture, &left, TESS_RENDER_CROP, 160, 90), 0);
	assert_int_equal(pattern.id, 0);
	assert_true(pattern.time_us <= pts_us + HALF_US);
	assert_true(pts_us + HALF_US - pattern.time_us <= 66667 + AGE_US);
}

static json_t *two_places(int under_width, int over_x, int over_width)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "{\"template\":4,\"presets\":["
		       "{\"user\":\"u0\",\"stream_type\":\"main\",\"x\":0,\"y\":0,\"width\":%d,"
		       "\"height\":360,\"z\":0,\"render\":0,\"input\":0},"
		       "{\"user\":\"u1\",\"stream_type\":\"main\",\"x\":%d,\"y\":0,\"width\":%d,"
		       "\"height\":360,\"z\":1,\"render\":0,\"input\":0}]}",
		       under_width, over_x, over_width);
	return mix_of(text);
}

static void who_is_covered_is_not_decoded(void **state)
{
	struct tess_test_publisher senders[2] = {scenario_publisher(0), scenario_publisher(1)};
	json_t *scenario = scenario_new(), *uncovered = two_places(HALF_WIDE, HALF_WIDE, HALF_WIDE),
	       *again = two_places(WIDTH, 0, WIDTH);
	struct cover_watch watch = {0};
	struct scenario_result result;

	(void)state;
	senders[0].video =
		(struct tess_test_video_config){.width = 160, .height = 90, .gop_frames = 30};
	json_object_set_new(uncovered, "epoch", json_integer(2));
	json_object_set_new(again, "epoch", json_integer(3));
	scenario_step(scenario, 0,
		      scenario_desired(people(2), json_pack("[o]", two_places(WIDTH, 0, WIDTH))));
	scenario_step(scenario, 3000, scenario_desired(people(2), json_pack("[o]", uncovered)));
	scenario_step(scenario, 5000, scenario_desired(people(2), json_pack("[o]", again)));
	result = run(senders, 2, 7, scenario, on_cover, &watch);
	assert_int_equal(watch.uncovered, 30);
	/* 105 of u1; of u0 30, and 15 since its key frame */
	assert_in_range(decoded, 105 + 43, 105 + 47);
	assert_int_equal(decoders, 2);
	assert_int_equal(video_fact(&result, 0, "decoders"), 0);
	assert_int_equal(video_fact(&result, 0, "tile_width"), 0);
	assert_int_equal(video_fact(&result, 1, "decoders"), 1);
	assert_int_equal(video_fact(&result, 1, "tile_width"), WIDTH);
	assert_int_equal(video_fact(&result, 1, "tile_height"), HEIGHT);
	json_decref(result.facts);
}

/* ---- a picture that stands still ---- */

struct frozen_watch {
	unsigned fresh, kept, frozen, back; /* pictures of each kind */
	const char *how;
};

/* The luma beside the pattern, at the tile's upper left. */
static unsigned corner_of(const struct tess_test_i420 *picture)
{
	const struct tess_rect corner = {2, 2, 40, 20};
	uint8_t mean[3];

	tess_test_i420_mean(mean, picture, &corner);
	return mean[0];
}

static bool is_readable(const struct tess_test_i420 *picture)
{
	const struct tess_rect left = {0, 0, HALF_WIDE, HEIGHT};
	struct tess_test_pattern pattern;

	return !tess_test_pattern_read(&pattern, picture, &left, TESS_RENDER_CROP, 160, 90);
}

/* u0 sends from 0 to 2 s and from 8.5 s on; it stands still from 7 s to 8.5 s. */
static void on_frozen(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct frozen_watch *watch = arg;
	uint8_t colour[3];
	unsigned luma = corner_of(picture);

	if (pts_us < 200000)
		return;
	tess_test_pattern_colour(colour, 0);
	if (pts_us < 6800000) {
		assert_true(is_readable(picture));
		assert_in_range(luma, colour[0] - 6, colour[0] + 6);
		watch->kept++;
	} else if (pts_us > 7100000 && pts_us < 8400000) {
		watch->frozen++;
		assert_int_equal(is_readable(picture), !strcmp(watch->how, "keep"));
		if (!strcmp(watch->how, "dim")) {
			unsigned dimmed = colour[0] - (colour[0] - 16u) * 150 / 255;

			assert_in_range(luma, dimmed - 6, dimmed + 6);
		}
	} else if (pts_us > 9100000) { /* another SSRC is believed after half a second */
		assert_true(is_readable(picture));
		assert_in_range(luma, colour[0] - 6, colour[0] + 6);
		watch->back++;
	}
}

static struct scenario_result run_frozen(const char *how)
{
	/* one who is there twice: the second part begins anew, from another port */
	struct tess_test_publisher senders[3] = {scenario_publisher(0), scenario_publisher(1),
						 scenario_publisher(0)};
	struct frozen_watch watch = {.how = how};
	json_t *scenario = scenario_new(), *mix = mix_of("{}");
	struct scenario_result result;

	senders[0].stop_s = 2;
	senders[2].start_s = senders[2].ssrc_change_at_s = 8.5;
	if (strcmp(how, "dim") != 0) /* which is what is done if nothing is said */
		json_object_set_new(mix, "frozen", json_string(how));
	scenario_step(scenario, 0, scenario_desired(people(2), json_pack("[o]", mix)));
	result = run(senders, 3, 10, scenario, on_frozen, &watch);
	assert_true(watch.kept >= 98 && watch.frozen >= 18 && watch.back >= 10);
	return result;
}

static void kept(void **state)
{
	struct scenario_result result = run_frozen("keep");

	(void)state;
	json_decref(result.facts);
}

static void dimmed(void **state)
{
	struct scenario_result result = run_frozen("dim");

	(void)state;
	json_decref(result.facts);
}

static void an_avatar(void **state)
{
	struct scenario_result result = run_frozen("avatar");

	(void)state;
	json_decref(result.facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_of_thirty_is_enough_for_fifteen),
		cmocka_unit_test(thirty_are_shown_where_thirty_are_asked_for),
		cmocka_unit_test(who_is_covered_is_not_decoded),
		cmocka_unit_test(kept),
		cmocka_unit_test(dimmed),
		cmocka_unit_test(an_avatar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
