/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/files/picture.c - the truth of the picture, in the recording and on http-flv:
 * each publisher is in its tile, by content, at the place the specification says, as users join and
 * leave; no tile is old; and the same capture gives the same files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/files/box.h"

#define FRAME_RATE 15
#define HALF_US	   (INT64_C(500000) / FRAME_RATE)
/* After a change of who is there: a newcomer's first picture is its key frame, sent 50 ms later. */
#define SETTLE_US INT64_C(200000)
/* As the specification has it: how far apart the burnt-in clocks of two tiles may be. */
#define MAX_SKEW_US INT64_C(400000)
/* How far a clock may be off the file's time: half an interval, the clock's step, and a
 * millisecond each for the path and for FLV's time stamps. */
#define MAX_AGE_US (HALF_US + TESS_TEST_PATTERN_UNIT_US + 2000)

/* Who is in the room from a moment on, in the order of entry. No picture is composed at just that
 * moment. */
struct phase {
	unsigned at_ms;
	unsigned count;
	unsigned ids[16];
};

static const struct phase phases[] = {
	{0, 1, {0}},
	{1230, 2, {0, 1}},
	{2450, 3, {0, 1, 2}},
	{3690, 5, {0, 1, 2, 3, 4}},
	{4910, 9, {0, 1, 2, 3, 4, 5, 6, 7, 8}},
	{6130, 16, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
	/* the first and some of the middle leave: the later ones move up */
	{7370, 9, {1, 2, 4, 6, 8, 10, 12, 14, 15}},
	{8590, 5, {2, 6, 10, 14, 15}},
	{9810, 3, {2, 14, 15}},
	/* somebody comes back, just before a key frame, and stands at the end now */
	{11930, 2, {15, 0}},
	{13110, 1, {0}},
};
#define PHASES (sizeof(phases) / sizeof(phases[0]))
#define END_MS 14310

/* The specification's tables for a grid of 1280x720, word for word. */
static const struct table {
	unsigned count;
	struct tess_rect rects[16];
} tables[] = {
	{1, {{0, 0, 1280, 720}}},
	{2, {{0, 0, 640, 720}, {640, 0, 640, 720}}},
	{3, {{0, 0, 640, 360}, {640, 0, 640, 360}, {0, 360, 640, 360}}},
	{5,
	 {{0, 0, 426, 240},
	  {426, 0, 426, 240},
	  {852, 0, 426, 240},
	  {0, 240, 426, 240},
	  {426, 240, 426, 240}}},
	{9,
	 {{0, 0, 426, 240},
	  {426, 0, 426, 240},
	  {852, 0, 426, 240},
	  {0, 240, 426, 240},
	  {426, 240, 426, 240},
	  {852, 240, 426, 240},
	  {0, 480, 426, 240},
	  {426, 480, 426, 240},
	  {852, 480, 426, 240}}},
	{16,
	 {{0, 0, 320, 180},
	  {320, 0, 320, 180},
	  {640, 0, 320, 180},
	  {960, 0, 320, 180},
	  {0, 180, 320, 180},
	  {320, 180, 320, 180},
	  {640, 180, 320, 180},
	  {960, 180, 320, 180},
	  {0, 360, 320, 180},
	  {320, 360, 320, 180},
	  {640, 360, 320, 180},
	  {960, 360, 320, 180},
	  {0, 540, 320, 180},
	  {320, 540, 320, 180},
	  {640, 540, 320, 180},
	  {960, 540, 320, 180}}},
};

struct watch {
	unsigned pictures;
	unsigned checked[PHASES]; /* pictures of each phase */
	int64_t skew_us;	  /* the largest */
};

static const struct tess_rect *expected_rects(unsigned count)
{
	const struct table *table = tables;

	while (table->count != count)
		table++;
	return table->rects;
}

static void check_tiles(struct watch *watch, const struct phase *phase, int64_t pts_us,
			const struct tess_test_i420 *picture)
{
	const struct tess_rect *rects = expected_rects(phase->count);
	int64_t newest_us = INT64_MIN, oldest_us = INT64_MAX;

	for (unsigned slot = 0; slot < phase->count; slot++) {
		struct tess_test_pattern pattern;

		if (tess_test_pattern_read(&pattern, picture, &rects[slot], TESS_RENDER_CROP, 160,
					   90))
			fail_msg("nothing to read in tile %u of %u at %lld us", slot, phase->count,
				 (long long)pts_us);
		assert_int_equal(pattern.id, phase->ids[slot]);
		if (pattern.time_us > pts_us + HALF_US + 1000 ||
		    pattern.time_us < pts_us - MAX_AGE_US)
			fail_msg("tile %u of %u is of %lld us at %lld us", slot, phase->count,
				 (long long)pattern.time_us, (long long)pts_us);
		newest_us = pattern.time_us > newest_us ? pattern.time_us : newest_us;
		oldest_us = pattern.time_us < oldest_us ? pattern.time_us : oldest_us;
	}
	assert_true(newest_us - oldest_us <= MAX_SKEW_US);
	if (newest_us - oldest_us > watch->skew_us)
		watch->skew_us = newest_us - oldest_us;
}

static void see(void *arg, int64_t pts_us, const struct tess_test_i420 *picture)
{
	struct watch *watch = arg;
	/* the moment at which it was composed: who is there is known then */
	int64_t composed_us = pts_us + HALF_US + SCENARIO_DELAY_MS * 1000;
	unsigned current = 0;

	assert_int_equal(picture->width, 1280);
	assert_int_equal(picture->height, 720);
	watch->pictures++;
	while (current + 1 < PHASES && composed_us >= phases[current + 1].at_ms * INT64_C(1000))
		current++;
	/* what was captured before the change is shown after it in the new places */
	if (pts_us < phases[current].at_ms * INT64_C(1000) + SETTLE_US)
		return;
	check_tiles(watch, &phases[current], pts_us, picture);
	watch->checked[current]++;
}

static void begin(void *arg, const char *name)
{
	(void)name;
	memset(arg, 0, sizeof(struct watch));
}

static void end(void *arg, const char *name)
{
	const struct watch *watch = arg;

	/* the first at once */
	assert_int_equal(watch->pictures, END_MS * FRAME_RATE / 1000 + 1);
	for (unsigned i = 0; i < PHASES; i++) {
		if (watch->checked[i] < 10)
			fail_msg("only %u pictures of phase %u", watch->checked[i], i);
	}
	print_message("%s: clocks of one picture are at most %lld ms apart\n", name,
		      (long long)watch->skew_us / 1000);
}

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
	json_t *publishers = json_array();

	for (unsigned i = 0; i < phase->count; i++)
		json_array_append_new(publishers, scenario_desired_publisher(phase->ids[i], i + 1));
	return scenario_desired(publishers, json_pack("[o]", scenario_desired_mix(1280, 720)));
}

static void run_room(struct box_files *files)
{
	struct tess_test_publisher publishers[16];
	const struct tess_test_capture capture = {
		.publishers = publishers, .count = 16, .duration_s = END_MS / 1000.0, .seed = 7};
	json_t *scenario = scenario_new();

	for (unsigned id = 0; id < 16; id++) {
		publishers[id] = scenario_publisher(id);
		if (first_phase(id))
			publishers[id].start_s = phases[first_phase(id)].at_ms / 1000.0 + 0.05;
	}
	for (unsigned p = 0; p < PHASES; p++)
		scenario_step(scenario, phases[p].at_ms, phase_desired(&phases[p]));
	json_object_set_new(scenario, "end_ms", json_integer(END_MS));
	box_run(files, &capture, scenario);
}

static void each_publisher_is_in_its_tile(void **state)
{
	struct watch watch;
	const struct box_watcher watcher = {
		.handlers = {.picture = see}, .begin = begin, .end = end, .arg = &watch};

	box_watch(*state, &watcher);
}

static void assert_same_file(const char *a, const char *b)
{
	FILE *files[2] = {fopen(a, "rbe"), fopen(b, "rbe")};
	size_t bytes = 0;
	int one, other;

	assert_non_null(files[0]);
	assert_non_null(files[1]);
	do {
		one = getc(files[0]);
		other = getc(files[1]);
		if (one != other)
			fail_msg("%s and %s differ at %zu", a, b, bytes);
		bytes++;
	} while (one != EOF);
	assert_true(bytes > 100000);
	(void)fclose(files[0]);
	(void)fclose(files[1]);
}

static void the_same_capture_gives_the_same_files(void **state)
{
	const struct box_files *first = *state;
	struct box_files second;

	run_room(&second);
	assert_same_file(first->mp4, second.mp4);
	assert_same_file(first->flv, second.flv);
	box_files_remove(&second);
}

static int set_up(void **state)
{
	struct box_files *files = calloc(1, sizeof(*files));

	assert_non_null(files);
	run_room(files);
	*state = files;
	return 0;
}

static int tear_down(void **state)
{
	box_files_remove(*state);
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_publisher_is_in_its_tile),
		cmocka_unit_test(the_same_capture_gives_the_same_files),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
