/* SPDX-License-Identifier: GPL-3.0-or-later
 * What egress tells of recordings.
 */
#include "firmware/control/jobs/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "fixture.h"

static struct fixture f;
static struct tess_import import;

static int setup(void **state)
{
	struct tess_recording row = {.room = {1400000001, TESS_ROOM_ID_NUMBER, "101"},
				     .record_id = "r"};

	(void)state;
	fixture_open(&f);
	fixture_application(&f);
	assert_int_equal(tess_import_init(&import), 0);
	for (int i = 0; i < 3; i++) {
		(void)sprintf(row.stream, "mix-%d", i + 1);
		assert_int_equal(tess_store_recording_add(f.control.store, &row), 0);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tess_import_fini(&import);
	fixture_close(&f);
	return 0;
}

static void told(const char *text, int result)
{
	json_t *message = json_of(text);

	assert_int_equal(
		tess_facts_take(f.control.facts, TESS_PROCESS_EGRESS, message, f.time.now_us), 0);
	assert_int_equal(tess_import_records(&import, &f.control, message), result);
	json_decref(message);
}

static struct tess_recording row_of(int64_t id)
{
	struct tess_recording row = {0};

	assert_int_equal(tess_store_recording_get(f.control.store, &row, id), 0);
	return row;
}

#define FINISHED                                                                                \
	"{'records':[{'id':1,'state':'finished','path':'1400000001/r_a_b.mp4','bytes':1000000," \
	"'start_utc_us':1700000000000000,'end_utc_us':1700000020000000,'duration_us':20000000," \
	"'width':1280,'height':720,'gaps':[{'at_us':5000000,'length_us':700000}],'error':''}]}"

static void test_finished(void **state)
{
	struct tess_recording row;

	(void)state;
	told("{'records':[{'id':1,'state':'recording','path':'1400000001/r_a.mp4','bytes':5,"
	     "'start_utc_us':1700000000000000,'width':1280,'height':720,'gaps':[],'error':''}]}",
	     0);
	row = row_of(1);
	assert_string_equal(row.state, "recording");
	assert_string_equal(row.path, "1400000001/r_a.mp4");
	assert_true(row.wanted);
	assert_json(import.acknowledged, "[]");

	told(FINISHED, 1);
	row = row_of(1);
	assert_string_equal(row.state, "finished");
	assert_string_equal(row.path, "1400000001/r_a_b.mp4");
	assert_int_equal(row.start_us, 1700000000000000);
	assert_int_equal(row.end_us, 1700000020000000);
	assert_int_equal(row.duration_us, 20000000);
	assert_int_equal(row.size_bytes, 1000000);
	assert_int_equal(row.width, 1280);
	assert_int_equal(row.height, 720);
	assert_string_equal(row.gaps, "[{\"at_us\":5000000,\"length_us\":700000}]");
	assert_false(row.wanted);
	assert_json(import.acknowledged, "[1]");
	/* until egress has seen the acknowledgement it tells again: nothing changes */
	told(FINISHED, 0);
	told("{'records':[]}", 1);
	assert_json(import.acknowledged, "[]");
	/* another life of egress: told again, acknowledged again, stored once */
	assert_int_equal(tess_import_reset(&import), 0);
	told("{'records':[{'id':1,'state':'finished','path':'changed'}]}", 1);
	assert_json(import.acknowledged, "[1]");
	assert_string_equal(row_of(1).path, "1400000001/r_a_b.mp4");
}

static void test_failed(void **state)
{
	(void)state;
	told("{'records':[{'id':2,'state':'failed','error':'disk full'}]}", 1);
	assert_string_equal(row_of(2).state, "failed");
	assert_string_equal(row_of(2).error, "disk full");
	assert_false(row_of(2).wanted);
	assert_json(import.acknowledged, "[2]");
}

static void test_hostile(void **state)
{
	char *text = malloc(400000), *at;

	(void)state;
	told("{}", 0);
	told("{'records':7}", 0);
	told("{'records':[7,{},{'id':99,'state':'finished'},{'id':'1','state':'finished'},"
	     "{'id':1},{'id':1,'state':'dancing'},{'id':1,'state':'deleted'}]}",
	     0);
	assert_string_equal(row_of(1).state, "waiting");
	assert_json(import.acknowledged, "[]");
	/* more gaps than a row takes: the recording is kept without them */
	at = stpcpy(text, "{'records':[{'id':1,'state':'finished','gaps':[{'at_us':0}");
	for (int i = 0; i < 10000; i++)
		at = stpcpy(at, ",{'at_us':1000}");
	(void)stpcpy(at, "]}]}");
	told(text, 1);
	free(text);
	assert_string_equal(row_of(1).state, "finished");
	assert_string_equal(row_of(1).gaps, "[]");
}

static void test_deleted(void **state)
{
	struct tess_recording row;

	(void)state;
	told(FINISHED, 1);
	assert_int_equal(tess_store_recording_state(f.control.store, 1, "deleting", ""), 0);
	told(FINISHED, 1); /* told once more; no longer acknowledged */
	assert_string_equal(row_of(1).state, "deleting");
	told("{'records':[{'id':1,'state':'deleted'}]}", 1);
	assert_int_equal(tess_store_recording_get(f.control.store, &row, 1), -ENOENT);
	told("{'records':[{'id':1,'state':'deleted'}]}", 0);
}

static void test_lost(void **state)
{
	(void)state;
	assert_int_equal(tess_store_recording_end(f.control.store, "mix-1"), 0);
	assert_int_equal(tess_store_recording_end(f.control.store, "mix-2"), 0);
	told("{'records':[{'id':2,'state':'finishing'}]}", 0);
	fixture_advance(&f, TESS_IMPORT_LOST_US - 1);
	told("{'records':[{'id':2,'state':'finishing'}]}", 0);
	assert_string_equal(row_of(1).state, "waiting");
	fixture_advance(&f, 1);
	told("{'records':[{'id':2,'state':'finishing'}]}", 0);
	assert_string_equal(row_of(1).state, "failed");
	assert_string_equal(row_of(1).error, "nothing was recorded");
	assert_string_equal(row_of(2).state, "finishing");
	assert_string_equal(row_of(3).state, "waiting"); /* it is wanted: egress may yet begin */
	/* it was there after all */
	told("{'records':[{'id':1,'state':'finished','path':'x'}]}", 1);
	assert_string_equal(row_of(1).state, "finished");
}

/* The time counts from when it was last told of. */
static void test_missing_begins_anew(void **state)
{
	(void)state;
	assert_int_equal(tess_store_recording_end(f.control.store, "mix-1"), 0);
	told("{'records':[]}", 0);
	fixture_advance(&f, TESS_IMPORT_LOST_US / 2);
	told("{'records':[{'id':1,'state':'finishing'}]}", 0);
	fixture_advance(&f, TESS_IMPORT_LOST_US / 2);
	told("{'records':[]}", 0);
	assert_string_equal(row_of(1).state, "finishing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_finished, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_begins_anew, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
