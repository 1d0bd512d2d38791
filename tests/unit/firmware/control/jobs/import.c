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
#include "firmware/control/store/callbacks.h"
#include "firmware/control/store/db.h"
#include "firmware/control/store/files.h"
#include "firmware/control/store/usage.h"
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

/* ---- what follows from a fact: files, callbacks, recorded time ---- */

static int say(void *arg, const struct tess_callback *row)
{
	json_t *body = json_loads(row->body, 0, NULL);
	const char *event = json_string_value(json_object_get(body, "record_event"));
	char line[256];

	(void)snprintf(line, sizeof(line), "%s:%s ",
		       event ? event : json_string_value(json_object_get(body, "file_format")),
		       json_string_value(json_object_get(body, "task_id")));
	json_decref(body);
	(void)strcat(arg, line);
	return 0;
}

/* The outbox, oldest first; it is emptied. */
static void outbox(const char *expected)
{
	char text[4096] = "";
	struct tess_query q;

	assert_int_equal(tess_store_callbacks_due(f.control.store, INT64_MAX, say, text), 0);
	while (*text) {
		q = tess_query(tess_store_db(f.control.store),
			       "DELETE FROM callback WHERE id = (SELECT min(id) FROM callback)");
		assert_int_equal(tess_query_run(&q), 0);
		if (strncmp(expected, text, strlen(text)) != 0)
			print_error("got %s, expected %s\n", text, expected);
		assert_int_equal(strncmp(expected, text, strlen(text)), 0);
		expected += strlen(text);
		*text = 0;
		assert_int_equal(tess_store_callbacks_due(f.control.store, INT64_MAX, say, text),
				 0);
	}
	assert_string_equal(expected, "");
}

static int64_t add_followed(const char *formats)
{
	struct tess_recording row = {.room = {1400000001, TESS_ROOM_ID_NUMBER, "101"},
				     .stream = "mix-9",
				     .record_id = "r",
				     .created_us = FIXTURE_UTC_US};

	(void)stpcpy(row.settings.formats, formats);
	(void)stpcpy(row.settings.callback_url, "http://192.0.2.1/");
	(void)stpcpy(row.settings.callback_key, "k");
	row.settings.retention_days = 2;
	assert_int_equal(tess_store_recording_add(f.control.store, &row), 0);
	return row.id;
}

static void test_events(void **state)
{
	(void)state;
	assert_int_equal(add_followed("hls mp4"), 4);
	told("{'records':[{'id':4,'state':'waiting'}]}", 0);
	outbox("");
	told("{'records':[{'id':4,'state':'recording'}]}", 0);
	told("{'records':[{'id':4,'state':'recording'}]}", 0);
	outbox("record_start_succeeded:4_hls record_start_succeeded:4_mp4 ");
	told("{'records':[{'id':4,'state':'gap'}]}", 0);
	told("{'records':[{'id':4,'state':'recording'}]}", 0);
	told("{'records':[{'id':4,'state':'gap','error':'No space left on device'}]}", 0);
	outbox("record_paused:4_hls record_paused:4_mp4 record_resumed:4_hls record_resumed:4_mp4 "
	       "record_error:4_hls record_error:4_mp4 ");
	told("{'records':[{'id':4,'state':'failed','error':'disk'}]}", 1);
	outbox("record_error:4_hls record_error:4_mp4 record_ended:4_hls record_ended:4_mp4 ");
	assert_int_equal(add_followed("mp4"), 5);
	told("{'records':[{'id':5,'state':'failed','error':'disk'}]}", 1);
	outbox("record_start_failed:5_mp4 ");
	/* one that is ended loses its stream: no pause */
	assert_int_equal(add_followed("mp4"), 6);
	assert_int_equal(tess_store_recording_end(f.control.store, "mix-9"), 0);
	told("{'records':[{'id':6,'state':'recording'}]}", 1);
	told("{'records':[{'id':6,'state':'gap'}]}", 0);
	told("{'records':[{'id':6,'state':'finishing'}]}", 0);
	told("{'records':[{'id':6,'state':'finished'}]}", 1);
	outbox("record_start_succeeded:6_mp4 record_ended:6_mp4 ");
	/* nothing was recorded */
	assert_int_equal(add_followed("mp4"), 7);
	assert_int_equal(tess_store_recording_end(f.control.store, "mix-9"), 0);
	told("{'records':[]}", 1);
	outbox("");
	fixture_advance(&f, TESS_IMPORT_LOST_US);
	told("{'records':[]}", 0);
	outbox("record_start_failed:7_mp4 ");
}

static int say_file(void *arg, const struct tess_file *row)
{
	(void)sprintf((char *)arg + strlen(arg), "%s %s %lld %lld-%lld %lld %lld;", row->format,
		      row->path, (long long)row->part, (long long)(row->start_us - FIXTURE_UTC_US),
		      (long long)(row->end_us - FIXTURE_UTC_US), (long long)row->size_bytes,
		      (long long)row->duration_us);
	return 0;
}

static void files(int64_t id, const char *expected)
{
	char text[2048] = "";

	assert_int_equal(tess_store_files_of(f.control.store, id, say_file, text), 0);
	assert_string_equal(text, expected);
}

/* A recording in parts: each file comes with its callback when it is finished, once. */
static void test_files(void **state)
{
	static const char *const first =
		"{'format':'mp4','name':'r_1_2.mp4','bytes':10,'duration_ms':2000,'part':1,"
		"'state':'finished','start_utc_us':1700000000000000,"
		"'end_utc_us':1700000002000000}";
	char text[2048];
	struct tess_file row;
	int64_t id;

	(void)state;
	assert_int_equal(add_followed("mp4 flv"), 4);
	(void)sprintf(
		text,
		"{'records':[{'id':4,'state':'recording','width':1280,'height':720,'files':[%s,"
		"{'format':'mp4','name':'r_3.mp4','part':2,'state':'recording'},"
		"{'format':'exe','name':'r.exe','state':'finished'},"
		"{'format':'mp4','name':'../r.mp4','state':'finished'},7,{}]}]}",
		first);
	told(text, 0);
	told(text, 0);
	files(4, "mp4 1400000001/r_1_2.mp4 1 0-2000000 10 2000000;");
	outbox("record_start_succeeded:4_mp4 record_start_succeeded:4_flv mp4:4_mp4 ");
	(void)sprintf(text,
		      "{'records':[{'id':4,'state':'finished','start_utc_us':1700000000000000,"
		      "'end_utc_us':1700000005000000,'width':1280,'height':720,'files':[%s,"
		      "{'format':'flv','name':'r_3_4.flv','bytes':20,'duration_ms':1000,'part':2}"
		      "]}]}",
		      first);
	told(text, 1);
	told(text, 0);
	files(4, "mp4 1400000001/r_1_2.mp4 1 0-2000000 10 2000000;"
		 "flv 1400000001/r_3_4.flv 2 0-5000000 20 1000000;");
	outbox("record_ended:4_mp4 record_ended:4_flv flv:4_flv ");
	/* kept two days from its end on, found by the record id as there is no stream id */
	assert_int_equal(tess_store_file_expired(f.control.store, &id,
						 FIXTURE_UTC_US + 2000000 + 2 * 86400000000),
			 0);
	assert_int_equal(tess_store_file_get(f.control.store, &row, 1400000001, 0, id), 0);
	assert_string_equal(row.name, "r_1_2");
	assert_string_equal(row.stream_id, "r");
	/* one is removed: egress says so, and it does not come back */
	assert_int_equal(tess_store_file_delete(f.control.store, id), 0);
	told("{'records':[],'deleted_files':[{'id':4,'path':'1400000001/r_1_2.mp4'}]}", 1);
	files(4, "flv 1400000001/r_3_4.flv 2 0-5000000 20 1000000;");
}

/* An egress that tells no files has one of MP4. */
static void test_one_file(void **state)
{
	(void)state;
	told(FINISHED, 1);
	files(1, "mp4 1400000001/r_a_b.mp4 1 0-20000000 1000000 20000000;");
}

static int add_up(void *arg, const struct tess_usage *row)
{
	int64_t *sums = arg;

	sums[0] += row->sd_us;
	sums[1] += row->hd_us;
	sums[2] += row->fhd_us;
	sums[3] += row->audio_us;
	return 0;
}

static void used(int64_t sd, int64_t hd, int64_t fhd, int64_t audio)
{
	int64_t sums[4] = {0};

	assert_int_equal(tess_store_usages(f.control.store, 1400000001, 0, INT64_MAX, add_up, sums),
			 0);
	assert_int_equal(sums[0], sd);
	assert_int_equal(sums[1], hd);
	assert_int_equal(sums[2], fhd);
	assert_int_equal(sums[3], audio);
}

static void grown(int64_t duration_us, int width, int height, const char *gaps)
{
	char text[512];

	(void)sprintf(text,
		      "{'records':[{'id':1,'state':'recording','duration_us':%lld,'width':%d,"
		      "'height':%d,'gaps':%s}]}",
		      (long long)duration_us, width, height, gaps);
	told(text, 0);
}

static void test_usage(void **state)
{
	(void)state;
	grown(1000000, 640, 480, "[]");
	grown(1500000, 640, 480, "[]"); /* not yet 5 s */
	used(1000000, 0, 0, 0);
	fixture_advance(&f, 5000000);
	grown(6000000, 640, 480, "[]");
	used(6000000, 0, 0, 0);
	fixture_advance(&f, 4999999);
	grown(10000000, 640, 480, "[]");
	used(6000000, 0, 0, 0);
	/* the picture is larger: from this reading on */
	fixture_advance(&f, 1);
	grown(11000000, 720, 1280, "[]");
	used(6000000, 5000000, 0, 0);
	/* control is away for a while: nothing is lost or doubled */
	fixture_restart(&f);
	assert_int_equal(tess_import_reset(&import), 0);
	fixture_advance(&f, 20000000);
	grown(31000000, 1920, 1080, "[{'at_us':20000000,'length_us':7000000}]");
	used(6000000, 5000000, 13000000, 0);
	told("{'records':[{'id':1,'state':'finished','duration_us':33000000,'width':0,'height':0,"
	     "'gaps':[{'at_us':20000000,'length_us':7000000}]}]}",
	     1);
	used(6000000, 5000000, 13000000, 2000000);
	/* in two parts of 10 s, 5 s between them, and 1 s missing in one */
	told("{'records':[{'id':2,'state':'finished','duration_us':20000000,"
	     "'start_utc_us':1700000000000000,'end_utc_us':1700000025000000,"
	     "'gaps':[{'at_us':3000000,'length_us':1000000},"
	     "{'at_us':10000000,'length_us':5000000}]}]}",
	     1);
	used(6000000, 5000000, 13000000, 21000000);
	told("{'records':[{'id':1,'state':'finished','duration_us':90000000}]}", 1);
	used(6000000, 5000000, 13000000, 21000000);
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
		cmocka_unit_test_setup_teardown(test_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_usage, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
