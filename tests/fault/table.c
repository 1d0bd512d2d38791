/* SPDX-License-Identifier: GPL-3.0-or-later
 * The table of recordings: formats × why something is recorded × what happens meanwhile. What is
 * recorded is what control desires of three applications, one in each mode; the recorder records
 * all of it at once, in all formats, in lives of its own (life.c). At the end the files are judged
 * by decoding and unit by unit (verdict.c), control takes in what is told, and each file has its
 * row and its callback once.
 *
 * TESSERA_LONG=1: each cell, and 20 crashes and power cuts; otherwise each happening is judged in
 * one mode, another one each time. TESSERA_SEED: another sequence.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/log.h"
#include "firmware/control/jobs/desired.h"
#include "firmware/control/jobs/import.h"
#include "firmware/control/store/callbacks.h"
#include "firmware/control/store/files.h"
#include "firmware/control/store/usage.h"
#include "fixture.h"
#include "tests/fault/disk.h"
#include "tests/fault/story.h"
#include "tests/fault/verdict.h"

#define APP	     1400000001
#define MODES	     3
#define FORMATS	     4
#define RESUME_S     30
#define AWAY_US	     (BEGIN_US + 2500000ll)
#define BACK_US	     (BEGIN_US + 4200000ll)
#define UNTIL_US     (BEGIN_US + LENGTH_US)
#define NO_EXCUSE    ((struct excuse){0})
#define IS_EXCUSE(e) ((e).to_us != 0)

static const char *const modes[MODES] = {"automatic", "specified", "REST"};
static const char *const names[FORMATS] = {"hls", "mp4", "flv", "aac"};

struct table {
	struct story *story;
	struct fixture control;
	struct tess_import import;
	char desired[300], then[300];
	unsigned picked; /* modes that are recorded now, as bits */
	bool all;	 /* in each row */
	unsigned rows;
};

/* what control desires */

static void call(struct table *table, const char *method, unsigned app, const char *path,
		 const char *body, unsigned status)
{
	char whole[200];

	(void)snprintf(whole, sizeof(whole), "/api/v1/applications/%u/%s", APP + app, path);
	fixture_call(&table->control, method, whole, body, status);
}

static void enter(struct table *table, unsigned app)
{
	call(table, "POST", app, "rooms/101/users", "{'user':'alice','record_id':'lesson'}", 201);
}

static void write_desired(struct table *table, const char *path)
{
	json_t *message;

	assert_int_equal(tess_desired_egress(&message, &table->control.control, 1,
					     table->import.acknowledged),
			 0);
	assert_int_equal(json_array_size(json_object_get(message, "records")),
			 (unsigned)__builtin_popcount(table->picked));
	assert_int_equal(json_dump_file(message, path, 0), 0);
	json_decref(message);
}

/** Applications with users in them; those of the modes that are picked are recorded. */
static void open_control(struct table *table, unsigned split_minutes)
{
	static const char *const settings[MODES] = {"automatic", "specified", "rest"};
	struct tess_application application = {.name = "a", .created_us = 1};
	char body[300];

	fixture_open(&table->control);
	fixture_login(&table->control);
	assert_int_equal(tess_import_init(&table->import), 0);
	for (unsigned i = 0; i < MODES; i++) {
		if (!(table->picked >> i & 1))
			continue;
		application.id = APP + i;
		assert_int_equal(
			tess_store_application_add(table->control.control.store, &application), 0);
		(void)snprintf(body, sizeof(body),
			       "{'mode':'%s','formats':['hls','mp4','flv','aac'],"
			       "'split_minutes':%u,'resume_timeout_s':%u,'callback_url':"
			       "'http://127.0.0.1/'}",
			       settings[i], split_minutes ? split_minutes : 120, RESUME_S);
		call(table, "PATCH", i, "recording", body, 200);
		enter(table, i);
		if (i == 2)
			call(table, "POST", i, "rooms/101/mix",
			     "{'stream_id':'show','record_id':'lesson'}", 200);
	}
	write_desired(table, table->desired);
}

/** Users leave and are back, under other streams; the room's mix stays with its other user. */
static void leave_and_come_back(struct table *table)
{
	for (unsigned i = 0; i < 2; i++) {
		if (!(table->picked >> i & 1))
			continue;
		call(table, "DELETE", i, "rooms/101/users/alice", NULL, 204);
		enter(table, i);
	}
	write_desired(table, table->then);
}

/** Control crashes: all that it holds is what is on disk. */
static void kill_control(struct table *table)
{
	fixture_restart(&table->control);
	tess_import_fini(&table->import);
	assert_int_equal(tess_import_init(&table->import), 0);
	write_desired(table, table->desired);
}

/* what control takes in */

struct sum {
	int64_t application;
	unsigned files, callbacks;
	int64_t us;
};

static int count_file(void *arg, const struct tess_file *row)
{
	struct sum *sum = arg;

	assert_true(row->size_bytes > 0);
	sum->files++;
	return 0;
}

static int count_callback(void *arg, const struct tess_callback *row)
{
	struct sum *sum = arg;

	if (row->event_type == 100)
		sum->callbacks++;
	return 0;
}

static int add_usage(void *arg, const struct tess_usage *row)
{
	struct sum *sum = arg;

	assert_int_equal(row->audio_us, 0);
	sum->us += row->sd_us + row->hd_us + row->fhd_us;
	return 0;
}

static void take_in(struct table *table, json_t *facts)
{
	struct tess_control *control = &table->control.control;
	json_t *message = json_pack("{sO}", "records", facts);

	assert_int_equal(tess_facts_take(control->facts, TESS_PROCESS_EGRESS, message,
					 table->control.time.now_us),
			 0);
	assert_true(tess_import_records(&table->import, control, message) >= 0);
	json_decref(message);
}

/** A row, a callback and the recorded time of each file, once. */
static void judge_index(struct table *table, const json_t *fact)
{
	struct tess_store *store = table->control.control.store;
	int64_t id = json_integer_value(json_object_get(fact, "id")), missing_us = 0;
	struct tess_recording row;
	struct sum sum = {0};
	const json_t *gap;
	size_t i;

	assert_int_equal(tess_store_recording_get(store, &row, id), 0);
	assert_string_equal(row.state, "finished");
	assert_int_equal(tess_store_files_of(store, id, count_file, &sum), 0);
	assert_int_equal(sum.files, json_array_size(json_object_get(fact, "files")));
	assert_int_equal(tess_store_callbacks(store, row.room.sdk_app_id, false, 0, 1000,
					      count_callback, &sum),
			 0);
	assert_int_equal(sum.callbacks, sum.files);
	json_array_foreach(json_object_get(fact, "gaps"), i, gap) missing_us +=
		json_integer_value(json_object_get(gap, "length_us"));
	assert_int_equal(
		tess_store_usages(store, row.room.sdk_app_id, 0, INT64_MAX, add_usage, &sum), 0);
	assert_true(llabs(row.end_us - row.start_us - missing_us - sum.us) < 100000);
}

/* rows of the table */

static const json_t *fact_of(const json_t *facts, unsigned mode)
{
	static const char *const prefixes[MODES] = {"lesson_main_2", "lesson_2", "lesson_2"};
	const json_t *fact;
	size_t i;

	json_array_foreach(facts, i, fact)
	{
		const char *path = json_string_value(json_object_get(fact, "path"));

		if (path && (unsigned)atoi(path) == APP + mode) {
			/* its name is that of the mode */
			assert_int_equal(strncmp(path + 11, prefixes[mode], strlen(prefixes[mode])),
					 0);
			return fact;
		}
	}
	fail();
	return NULL;
}

static void judge(struct table *table, const char *what, json_t *facts, struct excuse excuse,
		  unsigned parts)
{
	const struct story *story = table->story;
	char cells[MODES][40];

	assert_non_null(facts);
	take_in(table, facts);
	for (unsigned i = 0; i < MODES; i++) {
		(void)snprintf(cells[i], sizeof(cells[i]), "-");
		if (!(table->picked >> i & 1))
			continue;
		verdict_formats(&story->world, story->record_dir, fact_of(facts, i), &excuse,
				IS_EXCUSE(excuse));
		verdict_no_orphan(story->record_dir, fact_of(facts, i));
		judge_index(table, fact_of(facts, i));
		cells[i][0] = 0;
		for (unsigned n = 0; n < FORMATS; n++) {
			unsigned files = 0;
			const json_t *file;
			size_t k;

			json_array_foreach(json_object_get(fact_of(facts, i), "files"), k, file)
			{
				files +=
					!strcmp(names[n],
						json_string_value(json_object_get(file, "format")));
			}
			/* HLS is not split */
			assert_int_equal(files, n ? parts : 1);
			(void)strcat(strcat(cells[i], names[n]), " ");
		}
	}
	print_message("| %-16s | %-16s | %-16s | %-16s |\n", what, cells[0], cells[1], cells[2]);
	json_decref(facts);
}

static void begin_row(struct table *table, unsigned split_minutes)
{
	table->picked = table->all ? (1u << MODES) - 1 : 1u << (table->rows + 1) % MODES;
	table->rows++;
	begin_anew(table->story);
	open_control(table, split_minutes);
}

static void end_row(struct table *table)
{
	tess_import_fini(&table->import);
	fixture_close(&table->control);
}

/** A life with what control desires. @return its exit status */
static int live(struct table *table, json_t **facts, int64_t until_us, const char *more)
{
	char options[900];

	(void)snprintf(options, sizeof(options), "desired=%s no_sync=1 %s", table->desired, more);
	return live_until(table->story, facts, until_us, options);
}

static void row(struct table *table, const char *what, const char *more, int64_t until_us,
		struct excuse excuse)
{
	json_t *facts;

	begin_row(table, 0);
	assert_int_equal(live(table, &facts, until_us, more), 0);
	judge(table, what, facts, excuse, 1);
	end_row(table);
}

static void plain(struct table *table)
{
	row(table, "plain end", "", UNTIL_US, NO_EXCUSE);
}

static void split(struct table *table)
{
	json_t *facts;

	begin_row(table, 1);
	assert_int_equal(live(table, &facts, BEGIN_US + 63000000ll, ""), 0);
	judge(table, "split", facts, NO_EXCUSE, 2);
	end_row(table);
}

/** Away for less than the time-out: users leave and come back, the mix's stream stops. */
static void resume(struct table *table)
{
	struct excuse excuse = {AWAY_US - 200000, BACK_US + WORLD_KEY_US};
	char options[500];
	json_t *facts;

	begin_row(table, 0);
	leave_and_come_back(table);
	(void)snprintf(options, sizeof(options), "away_us=%lld back_us=%lld then=%s", AWAY_US,
		       BACK_US, table->then);
	assert_int_equal(live(table, &facts, BACK_US + 2 * WORLD_KEY_US, options), 0);
	assert_int_equal(json_array_size(json_object_get(json_array_get(facts, 0), "gaps")), 1);
	judge(table, "resume", facts, excuse, 1);
	end_row(table);
}

static void kill_media(struct table *table)
{
	struct excuse excuse = {AWAY_US - 200000, BACK_US + WORLD_KEY_US};
	char options[100];

	(void)snprintf(options, sizeof(options), "away_us=%lld back_us=%lld", AWAY_US, BACK_US);
	row(table, "kill -9 media", options, BACK_US + 2 * WORLD_KEY_US, excuse);
}

/** It dies before anything is recorded and when all is told, which is told again. */
static void kill_control_row(struct table *table)
{
	json_t *facts;

	begin_row(table, 0);
	kill_control(table);
	assert_int_equal(live(table, &facts, UNTIL_US, ""), 0);
	assert_non_null(facts);
	take_in(table, facts);
	fixture_restart(&table->control);
	tess_import_fini(&table->import);
	assert_int_equal(tess_import_init(&table->import), 0);
	judge(table, "kill -9 control", facts, NO_EXCUSE, 1);
	end_row(table);
}

/** At a random call that changes the disk; the next life goes on, and nothing is missing. */
static void crash(struct table *table, const char *what, bool power)
{
	unsigned calls = table->all ? 200 : 70;
	char options[100] = "";
	json_t *facts;

	begin_row(table, 0);
	(void)snprintf(options, sizeof(options), "crash_at=%u %s%u", 2 + (unsigned)rand() % calls,
		       power ? "power=" : "power=0", power ? 1 + (unsigned)rand() % 1000 : 0);
	(void)live(table, &facts, UNTIL_US, options);
	if (facts) {
		print_error("%s: it ended first\n", options);
		json_decref(facts);
	}
	assert_int_equal(live(table, &facts, UNTIL_US + 2000000, ""), 0);
	judge(table, what, facts, NO_EXCUSE, 1);
	end_row(table);
}

/** No space for longer than the ring holds. */
static void disk_full(struct table *table)
{
	struct excuse excuse = {BEGIN_US, BEGIN_US + 16000000ll};
	char options[160];

	(void)snprintf(options, sizeof(options),
		       "run=1 fail_errno=%d fail_from_us=%lld fail_to_us=%lld", ENOSPC,
		       BEGIN_US + 2500000ll, BEGIN_US + 13000000ll);
	row(table, "disk full", options, BEGIN_US + 18000000ll, excuse);
}

static void slow_disk(struct table *table)
{
	row(table, "slow disk 200 ms", "run=1 slow_us=200000", UNTIL_US, NO_EXCUSE);
}

static void io_error(struct table *table)
{
	char options[100];

	(void)snprintf(options, sizeof(options), "fail_at=%u fail_errno=%d",
		       2 + (unsigned)rand() % 60, EIO);
	row(table, "EIO", options, UNTIL_US, NO_EXCUSE);
}

static void all_cells(void **state)
{
	const char *seed = getenv("TESSERA_SEED"), *many = getenv("TESSERA_LONG");
	struct table table = {.story = *state, .all = many && many[0] == '1'};

	tess_log_init("table", (enum tess_log_level)0);
	srand(seed ? (unsigned)atoi(seed) : 1);
	(void)snprintf(table.desired, sizeof(table.desired), "%s/desired", table.story->dir);
	(void)snprintf(table.then, sizeof(table.then), "%s/then", table.story->dir);
	print_message("| %-16s | %-16s | %-16s | %-16s |\n", "", modes[0], modes[1], modes[2]);
	plain(&table);
	split(&table);
	resume(&table);
	kill_media(&table);
	kill_control_row(&table);
	for (unsigned i = 0; i < (table.all ? 20 : 1); i++) {
		crash(&table, "kill -9 egress", false);
		crash(&table, "power cut", true);
	}
	disk_full(&table);
	slow_disk(&table);
	io_error(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_cells),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
