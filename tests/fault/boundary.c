/* SPDX-License-Identifier: GPL-3.0-or-later
 * A recording of a few seconds, ended at each call that changes the disk, one after the other: by a
 * crash, by a power loss that forgets or garbles what was not synced, by an error of the disk.
 * Always the next life goes on, and in the end there is one file with everything in it.
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

/** What the next life finds on disk, before it goes on. */
static void assert_nothing_lost(const struct story *story)
{
	int64_t told_us = story->world.state->committed_us;
	char *text;

	/* it ends on its first turn */
	text = media_must_run("%s %s %s %s until_us=0", FAULT_LIFE, story->record_dir, story->dir,
			      story->state_path);
	free(text);
	if (story->world.state->committed_us < told_us)
		print_error("%lld us were on disk, %lld us are left\n", (long long)told_us,
			    (long long)story->world.state->committed_us);
	assert_true(story->world.state->committed_us >= told_us);
}

/** The last life, which nothing happens to: all of it is there. */
static void assert_all_there(const struct story *story, const char *how)
{
	json_t *facts;

	if (live_until(story, &facts, BEGIN_US + LENGTH_US + 1500000, "") || !facts)
		print_error("the life after %s did not finish\n", how);
	assert_non_null(facts);
	if (verdict_content(&story->world, story->record_dir, facts, NULL, 0))
		print_error("after %s\n", how);
	assert_int_equal(json_array_size(json_object_get(facts, "gaps")), 0);
	assert_true(json_integer_value(json_object_get(facts, "duration_us")) >= LENGTH_US);
	json_decref(facts);
}

static void crash_at_each_call(void **state)
{
	struct story *story = *state;
	char options[64];
	json_t *facts;
	unsigned n;

	for (n = 1;; n++) {
		begin_anew(story);
		(void)snprintf(options, sizeof(options), "crash_at=%u", n);
		if (!live_until(story, &facts, BEGIN_US + LENGTH_US, options))
			break;
		assert_null(facts);
		assert_all_there(story, options);
	}
	assert_non_null(facts);
	(void)verdict_content(&story->world, story->record_dir, facts, NULL, 0);
	json_decref(facts);
	print_message("%u calls\n", n - 1);
	assert_true(n > 25);
}

/** The life that recovers crashes as well, at each of its calls. */
static void crash_in_recovery(void **state)
{
	static const unsigned first[] = {5, 9, 12, 20, 22, 24};
	struct story *story = *state;
	unsigned lives = 0;
	char options[64];
	json_t *facts;

	for (unsigned i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		for (unsigned n = 1; n < 8; n++, lives++) {
			begin_anew(story);
			(void)snprintf(options, sizeof(options), "crash_at=%u", first[i]);
			assert_int_equal(live_until(story, &facts, BEGIN_US + LENGTH_US, options),
					 DISK_CRASHED);
			(void)snprintf(options, sizeof(options), "crash_at=%u", n);
			if (!live_until(story, &facts, BEGIN_US + LENGTH_US, options)) {
				json_decref(facts);
				break;
			}
			(void)snprintf(options, sizeof(options), "crash_at=%u and then %u",
				       first[i], n);
			assert_all_there(story, options);
		}
	}
	print_message("%u lives\n", lives);
}

static void power_loss_at_each_call(void **state)
{
	const char *many = getenv("TESSERA_LONG");
	unsigned seeds = many && many[0] == '1' ? 50 : 4, n, losses = 0, calls;
	struct story *story = *state;
	char options[64];
	json_t *facts;

	begin_anew(story);
	assert_int_equal(live_until(story, &facts, BEGIN_US + LENGTH_US, ""), 0);
	json_decref(facts);
	calls = (unsigned)story->world.state->operations;
	for (unsigned seed = 1; seed <= seeds; seed++) {
		for (n = 1;; n++, losses++) {
			begin_anew(story);
			(void)snprintf(options, sizeof(options), "crash_at=%u power=%u", n, seed);
			if (!live_until(story, &facts, BEGIN_US + LENGTH_US, options)) {
				json_decref(facts);
				break;
			}
			assert_nothing_lost(story);
			/* to judge the end takes long: each time where it is being finished, else
			   of three seeds for one */
			if (n > calls - 9 || (n + seed) % 3 == 0)
				assert_all_there(story, options);
		}
	}
	print_message("%u losses of power\n", losses);
}

/** Each call fails once with EIO: it is done again, and nothing is missing. */
static void error_at_each_call(void **state)
{
	struct story *story = *state;
	char options[64];
	json_t *facts;

	for (unsigned n = 1; n < 40; n++) {
		begin_anew(story);
		(void)snprintf(options, sizeof(options), "fail_at=%u fail_errno=%d", n, EIO);
		assert_int_equal(live_until(story, &facts, BEGIN_US + LENGTH_US, options), 0);
		assert_non_null(facts);
		assert_int_equal(verdict_content(&story->world, story->record_dir, facts, NULL, 0),
				 0);
		assert_int_equal(json_array_size(json_object_get(facts, "gaps")), 0);
		assert_string_equal(json_string_value(json_object_get(facts, "error")), "");
		json_decref(facts);
	}
}

/** No space for longer than the ring holds: a gap, and the recording goes on. */
static void no_space_for_long(void **state)
{
	struct excuse excuse = {BEGIN_US, INT64_MAX};
	struct story *story = *state;
	char options[96];
	const json_t *gaps;
	json_t *facts;

	begin_anew(story);
	(void)snprintf(options, sizeof(options), "run=1 fail_from_us=%lld fail_to_us=%lld",
		       BEGIN_US + 2500000ll, BEGIN_US + 30000000ll);
	assert_int_equal(live_until(story, &facts, BEGIN_US + 40000000, options), 0);
	assert_non_null(facts);
	gaps = json_object_get(facts, "gaps");
	assert_true(json_array_size(gaps) >= 1);
	assert_true(json_integer_value(json_object_get(json_array_get(gaps, 0), "length_us")) >
		    1000000);
	assert_true(verdict_content(&story->world, story->record_dir, facts, &excuse, 1) > 0);
	json_decref(facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crash_at_each_call),	   cmocka_unit_test(crash_in_recovery),
		cmocka_unit_test(power_loss_at_each_call), cmocka_unit_test(error_at_each_call),
		cmocka_unit_test(no_space_for_long),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
