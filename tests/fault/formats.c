/* SPDX-License-Identifier: GPL-3.0-or-later
 * Recordings in any set of formats, or as MP3, ended at a random call that changes the disk: by a
 * crash, by a power loss, by an error of the disk; sometimes with media that begin anew, sometimes
 * where a file is split. The next life goes on; at the end each format has everything but what
 * could not be had, they agree with each other, and there is nothing else on disk.
 *
 * TESSERA_LONG=1: a thousand of them. TESSERA_SEED: another sequence.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fault/disk.h"
#include "tests/fault/story.h"
#include "tests/fault/verdict.h"

#define SPLIT_US 60000000

/** One way to disturb a recording. */
struct trial {
	char formats[40], options[160];
	bool split;
	int64_t until_us;
	unsigned calls; /* of a life that nothing happens to */
};

static void choose_formats(struct trial *trial, bool mp3)
{
	static const char *const names[] = {"mp4", "hls", "flv", "aac"};
	unsigned set = 1 + (unsigned)rand() % 15;

	(void)strcpy(trial->formats, mp3 ? "mp3" : "");
	if (mp3)
		return;
	for (unsigned i = 0; i < 4; i++) {
		if (!(set >> i & 1))
			continue;
		(void)strcat(trial->formats, trial->formats[0] ? "," : "");
		(void)strcat(trial->formats, names[i]);
	}
}

static void live_undisturbed(struct story *story, struct trial *trial, json_t **facts)
{
	char options[200];

	(void)snprintf(options, sizeof(options), "formats=%s split_minutes=%d", trial->formats,
		       trial->split);
	if (live_until(story, facts, trial->until_us, options) || !*facts)
		print_error("it did not finish after %s\n", trial->options);
	assert_non_null(*facts);
}

/** How many calls it takes; the trial then hits one of them, of a split part one of the last. */
static void measure(struct story *story, struct trial *trial)
{
	json_t *facts;

	begin_anew(story);
	(void)snprintf(trial->options, sizeof(trial->options), "nothing");
	live_undisturbed(story, trial, &facts);
	verdict_formats(&story->world, story->record_dir, facts, NULL, 0);
	verdict_no_orphan(story->record_dir, facts);
	json_decref(facts);
	trial->calls = (unsigned)story->world.state->operations;
}

static unsigned choose_call(const struct trial *trial)
{
	unsigned last = trial->split ? trial->calls / 6 : trial->calls;

	return trial->calls - (unsigned)rand() % last;
}

/** @return whether the recording may have a gap, *excuse */
static bool disturb(struct story *story, struct trial *trial, struct excuse *excuse)
{
	struct world_state *state = story->world.state;
	char power[40] = "";
	json_t *facts = NULL;
	int64_t told_us;

	if (rand() % 2)
		(void)snprintf(power, sizeof(power), "power=%u", 1 + (unsigned)rand() % 1000);
	(void)snprintf(trial->options, sizeof(trial->options),
		       "formats=%s split_minutes=%d crash_at=%u %s", trial->formats, trial->split,
		       choose_call(trial), power);
	begin_anew(story);
	(void)live_until(story, &facts, trial->until_us, trial->options);
	json_decref(facts);
	told_us = state->on_disk_us;
	if (rand() % 4 || !told_us)
		return false;
	/* media died with it: of what was not on disk nothing can be had, and that is not long */
	assert_true(state->now_us - told_us <= 2 * WORLD_AHEAD_US);
	state->epoch_us = state->now_us;
	*excuse = (struct excuse){told_us - 100000, state->now_us + WORLD_KEY_US + 100000};
	return true;
}

static void crash_anywhere(struct story *story, struct trial *trial)
{
	struct excuse excuse;
	bool excused = disturb(story, trial, &excuse);
	json_t *facts;

	trial->until_us += 4000000;
	live_undisturbed(story, trial, &facts);
	verdict_formats(&story->world, story->record_dir, facts, &excuse, excused);
	if (!excused)
		assert_int_equal(json_array_size(json_object_get(facts, "gaps")), 0);
	verdict_no_orphan(story->record_dir, facts);
	json_decref(facts);
	trial->until_us -= 4000000;
}

/** The disk fails at a call, once or for a second: nothing is missing. */
static void fail_anywhere(struct story *story, struct trial *trial)
{
	json_t *facts;

	(void)snprintf(trial->options, sizeof(trial->options),
		       "formats=%s split_minutes=%d fail_at=%u fail_errno=%d", trial->formats,
		       trial->split, choose_call(trial), rand() % 2 ? EIO : ENOSPC);
	begin_anew(story);
	assert_int_equal(live_until(story, &facts, trial->until_us, trial->options), 0);
	assert_non_null(facts);
	verdict_formats(&story->world, story->record_dir, facts, NULL, 0);
	verdict_no_orphan(story->record_dir, facts);
	assert_int_equal(json_array_size(json_object_get(facts, "gaps")), 0);
	assert_string_equal(json_string_value(json_object_get(facts, "error")), "");
	json_decref(facts);
}

static void random_points(void **state)
{
	const char *seed = getenv("TESSERA_SEED"), *many = getenv("TESSERA_LONG");
	unsigned points = many && many[0] == '1' ? 1000 : 24, splits = 0;
	struct story *story = *state;

	srand(seed ? (unsigned)atoi(seed) : 1);
	for (unsigned i = 0; i < points; i += 4) {
		struct trial trial = {.until_us = BEGIN_US + LENGTH_US, .split = i % 12 == 8};

		if (trial.split)
			trial.until_us += SPLIT_US - 2000000;
		splits += trial.split;
		choose_formats(&trial, i % 24 == 4);
		measure(story, &trial);
		for (unsigned n = 0; n < 4; n++) {
			if (n < 3)
				crash_anywhere(story, &trial);
			else
				fail_anywhere(story, &trial);
		}
	}
	print_message("%u points, %u of them where a file is split\n", points, splits * 4);
}

/** No space for longer than the ring holds, in each format: a gap, and all of them go on. */
static void no_space_for_long(void **state)
{
	struct excuse excuse = {BEGIN_US, INT64_MAX};
	struct story *story = *state;
	char options[160];
	json_t *facts;

	begin_anew(story);
	(void)snprintf(options, sizeof(options),
		       "formats=mp4,hls,flv,aac run=1 fail_from_us=%lld fail_to_us=%lld",
		       BEGIN_US + 2500000ll, BEGIN_US + 30000000ll);
	assert_int_equal(live_until(story, &facts, BEGIN_US + 40000000, options), 0);
	assert_non_null(facts);
	assert_true(json_array_size(json_object_get(facts, "gaps")) >= 1);
	verdict_formats(&story->world, story->record_dir, facts, &excuse, 1);
	verdict_no_orphan(story->record_dir, facts);
	json_decref(facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_points),
		cmocka_unit_test(no_space_for_long),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
