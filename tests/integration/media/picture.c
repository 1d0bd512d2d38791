/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/picture.c - the truth of the picture: each publisher is in its tile, by
 * content, at the place the specification says, as users join and leave; and the same capture gives
 * the same bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/media/scenario.h"

#define MAX_PHASES 12
/* After a change of who is there: a newcomer's first picture is its key frame. */
#define SETTLE_US INT64_C(200000)
/* Half the distance of two pictures of the mix: up to this much a picture may be newer than its
 * time stamp, or older, but for the steps of the burnt-in clock and a millisecond of the path. */
#define HALF_US	   (INT64_C(500000) / 15)
#define MAX_AGE_US (HALF_US + TESS_TEST_PATTERN_UNIT_US + 1000)
/* As the specification has it: how far apart the burnt-in clocks of two tiles may be. */
#define MAX_SKEW_US INT64_C(400000)

/* Who is in the room from a moment on, in the order of entry. */
struct phase {
	unsigned at_ms;
	unsigned count;
	unsigned ids[TESS_ROOM_MAX_SEATS];
};

struct expectation {
	unsigned width, height;
	const struct phase *phases;
	unsigned phase_count;
	int64_t last_us;
	unsigned pictures, checked;
	unsigned seen[MAX_PHASES]; /* pictures of each phase */
};

/* Written out from the tables of the specification (1280x720), independent of the code. */
static struct tess_rect expected_rect(const struct expectation *expectation, unsigned count,
				      unsigned slot)
{
	static const struct {
		unsigned columns, width, height;
	} grid[] = {
		{1, 1280, 720}, {2, 640, 720}, {2, 640, 360}, {2, 640, 360},
		{3, 426, 240},	{3, 426, 240}, {3, 426, 240}, {3, 426, 240},
		{3, 426, 240},	{4, 320, 180}, {4, 320, 180}, {4, 320, 180},
		{4, 320, 180},	{4, 320, 180}, {4, 320, 180}, {4, 320, 180},
	};
	unsigned columns = grid[count - 1].columns;

	assert_int_equal(expectation->width, 1280);
	return (struct tess_rect){
		.x = (int32_t)(slot % columns * grid[count - 1].width),
		.y = (int32_t)(slot / columns * grid[count - 1].height),
		.width = (int32_t)grid[count - 1].width,
		.height = (int32_t)grid[count - 1].height,
	};
}

static void check_tiles(const struct expectation *expectation, const struct phase *phase,
			int64_t pts_us, const struct tess_test_i420 *picture)
{
	int64_t newest_us = INT64_MIN, oldest_us = INT64_MAX;

	for (unsigned slot = 0; slot < phase->count; slot++) {
		struct tess_rect rect = expected_rect(expectation, phase->count, slot);
		struct tess_test_pattern pattern;

		if (tess_test_pattern_read(&pattern, picture, &rect, TESS_RENDER_CROP, 160, 90))
			fail_msg("nothing to read in tile %u of %u at %lld us", slot, phase->count,
				 (long long)pts_us);
		assert_int_equal(pattern.id, phase->ids[slot]);
		assert_true(pattern.time_us <= pts_us + HALF_US);
		assert_true(pattern.time_us >= pts_us - MAX_AGE_US);
		newest_us = pattern.time_us > newest_us ? pattern.time_us : newest_us;
		oldest_us = pattern.time_us < oldest_us ? pattern.time_us : oldest_us;
	}
	assert_true(newest_us - oldest_us <= MAX_SKEW_US);
}

/* The unused cells of the grid show the background, which is black. */
static void check_background(const struct expectation *expectation, const struct phase *phase,
			     const struct tess_test_i420 *picture)
{
	unsigned cells = phase->count <= 2   ? phase->count
			 : phase->count <= 4 ? 4
			 : phase->count <= 9 ? 9
					     : 16;

	for (unsigned slot = phase->count; slot < cells; slot++) {
		struct tess_rect rect = expected_rect(expectation, phase->count, slot);
		uint8_t mean[3];

		tess_test_i420_mean(mean, picture, &rect);
		assert_in_range(mean[0], 14, 20);
		assert_in_range(mean[1], 124, 132);
		assert_in_range(mean[2], 124, 132);
	}
}

static void on_picture(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct expectation *expectation = arg;
	int64_t now_us = pts_us + HALF_US + SCENARIO_DELAY_MS * 1000;
	unsigned current = 0;

	assert_int_equal(picture->width, expectation->width);
	assert_int_equal(picture->height, expectation->height);
	/* a fixed rate, whatever happens */
	if (expectation->pictures++)
		assert_in_range(pts_us - expectation->last_us, 66666, 66667);
	expectation->last_us = pts_us;
	while (current + 1 < expectation->phase_count &&
	       now_us >= expectation->phases[current + 1].at_ms * 1000)
		current++;
	expectation->seen[current]++;
	/* what was captured before the change is shown after it in the new places */
	if (pts_us < expectation->phases[current].at_ms * 1000 + SETTLE_US)
		return;
	check_tiles(expectation, &expectation->phases[current], pts_us, picture);
	check_background(expectation, &expectation->phases[current], picture);
	expectation->checked++;
}

static const struct phase phases[] = {
	{0, 1, {0}},
	{1000, 2, {0, 1}},
	{2000, 3, {0, 1, 2}},
	{3000, 5, {0, 1, 2, 3, 4}},
	{4000, 9, {0, 1, 2, 3, 4, 5, 6, 7, 8}},
	{5000, 16, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
	/* the first and one of the middle leave: the later ones move up */
	{6000, 14, {1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15}},
	{7000, 5, {2, 5, 8, 11, 15}},
	{8000, 1, {15}},
	/* somebody comes back, and stands at the end now */
	{8950, 2, {15, 0}},
};
#define PHASES (sizeof(phases) / sizeof(phases[0]))
#define END_MS 10000

/* When a publisher comes in at first: it begins to send, with a key frame, a little later. */
static unsigned first_phase(unsigned id)
{
	for (unsigned p = 0; p < PHASES; p++) {
		for (unsigned i = 0; i < phases[p].count; i++) {
			if (phases[p].ids[i] == id)
				return p;
		}
	}
	return 0;
}

static json_t *phase_desired(const struct phase *phase)
{
	json_t *publishers = json_array(), *mixes = json_array();

	for (unsigned i = 0; i < phase->count; i++)
		json_array_append_new(publishers, scenario_desired_publisher(phase->ids[i], i + 1));
	json_array_append_new(mixes, scenario_desired_mix(1280, 720));
	return scenario_desired(publishers, mixes);
}

static struct scenario_result run_room(struct expectation *expectation)
{
	struct tess_test_publisher publishers[16];
	const struct tess_test_capture capture = {
		.publishers = publishers, .count = 16, .duration_s = END_MS / 1000, .seed = 7};
	const struct judge_handlers handlers = {.picture = on_picture, .arg = expectation};
	json_t *scenario = scenario_new();

	for (unsigned id = 0; id < 16; id++) {
		publishers[id] = scenario_publisher(id);
		if (first_phase(id))
			publishers[id].start_s = phases[first_phase(id)].at_ms / 1000.0 + 0.05;
	}
	for (unsigned p = 0; p < PHASES; p++)
		scenario_step(scenario, phases[p].at_ms, phase_desired(&phases[p]));
	json_object_set_new(scenario, "end_ms", json_integer(END_MS));
	*expectation = (struct expectation){
		.width = 1280, .height = 720, .phases = phases, .phase_count = PHASES};
	return scenario_run(&capture, scenario, &handlers);
}

static void each_publisher_is_in_its_tile(void **state)
{
	struct expectation expectation;
	struct scenario_result result = run_room(&expectation);

	(void)state;
	assert_int_equal(result.streams, 1);
	/* 10 s at 15 a second, the first at once */
	assert_int_equal(expectation.pictures, 151);
	for (unsigned p = 0; p < PHASES; p++)
		assert_true(expectation.seen[p] >= 14);
	assert_true(expectation.checked >= PHASES * 9);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(
			scenario_counter(&result, "publishers", i, "video", "decode_errors"), 0);
		assert_int_equal(scenario_counter(&result, "publishers", i, "video", "lost"), 0);
	}
	assert_int_equal(scenario_counter(&result, "mixes", 0, "", "late_ticks"), 0);
	assert_int_equal(scenario_counter(&result, "mixes", 0, "", "draw_errors"), 0);
	json_decref(result.facts);
}

static void the_same_capture_gives_the_same_bytes(void **state)
{
	struct expectation expectation;
	struct scenario_result first = run_room(&expectation);
	struct scenario_result second = run_room(&expectation);

	(void)state;
	assert_true(first.digest == second.digest);
	json_decref(first.facts);
	json_decref(second.facts);
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
		cmocka_unit_test(each_publisher_is_in_its_tile),
		cmocka_unit_test(the_same_capture_gives_the_same_bytes),
		cmocka_unit_test(without_publishers_the_canvas_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
