/* SPDX-License-Identifier: GPL-3.0-or-later
 * The index of files: ids, areas, holds, removal, retention, and the search.
 */
#include "firmware/control/store/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "fixture.h"
#include "firmware/control/store/db.h"

#define APP 1400000001u

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_application(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static int64_t add_recording(const char *state)
{
	static int count;
	struct tess_recording row = {.room = {APP, TESS_ROOM_ID_NUMBER, "101"}, .record_id = "r"};

	(void)sprintf(row.stream, "mix-%d", ++count);
	assert_int_equal(tess_store_recording_add(f.control.store, &row), 0);
	assert_int_equal(tess_store_recording_state(f.control.store, row.id, state, ""), 0);
	return row.id;
}

/* A file of this name; made a second after the one before. */
static struct tess_file add_file(int64_t recording, int64_t area, const char *name,
				 const char *format)
{
	struct tess_file file = {.recording = recording,
				 .application = APP,
				 .area = area,
				 .room = "101",
				 .stream_id = "show",
				 .record_id = "r",
				 .part = 1,
				 .created_us = f.time.utc_us,
				 .start_us = f.time.utc_us - 20000000,
				 .end_us = f.time.utc_us,
				 .duration_us = 20000000,
				 .size_bytes = 1000,
				 .width = 640,
				 .height = 360};

	(void)stpcpy(file.format, format);
	(void)stpcpy(file.name, name);
	(void)sprintf(file.path, "%u/%s.%s", APP, name, format);
	assert_int_equal(tess_store_file_add(f.control.store, &file), 0);
	fixture_advance(&f, 1000000);
	return file;
}

static void test_ids(void **state)
{
	int64_t recording = add_recording("finished");
	struct tess_file a = add_file(recording, 0, "a", "mp4"), row, again = a;
	struct tess_file b;

	(void)state;
	/* 19 digits */
	assert_true(a.id >= 1000000000000000000);
	assert_int_equal(tess_store_file_add(f.control.store, &again), -EEXIST);
	/* the clock is set back: ids rise all the same, and none comes again */
	f.time.utc_us -= 3600000000;
	b = add_file(recording, 0, "b", "mp4");
	assert_true(b.id > a.id);
	assert_int_equal(tess_store_file_delete(f.control.store, b.id), 0);
	assert_int_equal(tess_store_file_removed(f.control.store, recording, b.path), 0);
	assert_true(add_file(recording, 0, "c", "mp4").id > b.id);

	assert_int_equal(tess_store_file_get(f.control.store, &row, APP, 0, a.id), 0);
	assert_string_equal(row.path, a.path);
	assert_int_equal(row.duration_us, 20000000);
	assert_int_equal(row.part, 1);
	assert_int_equal(row.expires_us, 0);
	/* through its application and area alone */
	assert_int_equal(tess_store_file_get(f.control.store, &row, APP + 1, 0, a.id), -ENOENT);
	assert_int_equal(tess_store_file_get(f.control.store, &row, APP, 1500000001, a.id),
			 -ENOENT);
}

static int deleting(void *arg, int64_t recording, const char *path)
{
	(void)sprintf((char *)arg + strlen(arg), "%lld:%s ", (long long)recording, path);
	return 0;
}

static void test_removal(void **state)
{
	struct tess_store *store = f.control.store;
	int64_t recording = add_recording("finished"), going_on = add_recording("recording");
	struct tess_file mp4 = add_file(recording, 0, "x", "mp4");
	struct tess_file flv = add_file(recording, 0, "x", "flv");
	struct tess_file part = add_file(going_on, 0, "y", "mp4");
	struct tess_recording row;
	char text[512] = "";

	(void)state;
	/* held: by nobody */
	assert_int_equal(tess_store_file_hold(store, recording, mp4.id, true), 0);
	assert_int_equal(tess_store_file_hold(store, going_on, mp4.id, true), -ENOENT);
	assert_int_equal(tess_store_file_delete(store, mp4.id), -EBUSY);
	assert_int_equal(tess_store_recording_delete(store, recording), -EBUSY);
	assert_int_equal(tess_store_file_hold(store, recording, mp4.id, false), 0);
	/* one of two: the recording stays */
	assert_int_equal(tess_store_file_delete(store, flv.id), 0);
	assert_int_equal(tess_store_file_delete(store, flv.id), -ENOENT);
	assert_int_equal(tess_store_recording_get(store, &row, recording), 0);
	assert_string_equal(row.state, "finished");
	assert_int_equal(tess_store_files_deleting(store, deleting, text), 0);
	assert_string_equal(text, "1:1400000001/x.flv ");
	assert_int_equal(tess_store_file_removed(store, recording, "1400000001/x.mp4"), -ENOENT);
	assert_int_equal(tess_store_file_removed(store, recording, "1400000001/x.flv"), 0);
	/* the last: the recording goes with it */
	assert_int_equal(tess_store_file_delete(store, mp4.id), 0);
	assert_int_equal(tess_store_recording_get(store, &row, recording), 0);
	assert_string_equal(row.state, "deleting");
	*text = 0;
	assert_int_equal(tess_store_files_deleting(store, deleting, text), 0);
	assert_string_equal(text, "");
	/* the only file of one that goes on: it goes on */
	assert_int_equal(tess_store_file_delete(store, part.id), 0);
	assert_int_equal(tess_store_recording_get(store, &row, going_on), 0);
	assert_string_equal(row.state, "recording");
	assert_int_equal(tess_store_files_deleting(store, deleting, text), 0);
	assert_string_equal(text, "2:1400000001/y.mp4 ");
}

static int count(void *arg, int64_t recording, const char *path)
{
	assert_int_equal(recording, 1);
	assert_non_null(path);
	++*(int *)arg;
	return 0;
}

/* However many are deleted while egress is away, what it is told stays a message. */
static void test_many(void **state)
{
	struct tess_store *store = f.control.store;
	int counted = 0;

	(void)state;
	add_recording("finished");
	assert_int_equal(
		tess_db_script(
			tess_store_db(store),
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
			"  WHERE i < 5100)"
			" INSERT INTO recording_file(recording, application, area, room, stream_id,"
			" record_id, format, path, name, state, created_us, start_us, end_us,"
			" duration_us, size_bytes, width, height) SELECT 1, 1400000001, 0, '', '',"
			" '', 'mp4', i, i, 'deleting', 1, 1, 1, 1, 1, 1, 1 FROM n"),
		0);
	assert_int_equal(tess_store_files_deleting(store, count, &counted), 0);
	assert_int_equal(counted, TESS_FILES_DELETING_MAX);
}

static int names(void *arg, const struct tess_file *row)
{
	(void)sprintf((char *)arg + strlen(arg), "%s ", row->name);
	return 0;
}

/* Members: filter by @p set; expects these names, in order. */
static void expect(struct tess_file_filter filter, const char *list)
{
	char text[2048] = "";
	int64_t count = -1, words = 0;

	filter.application = filter.application ? filter.application : APP;
	filter.limit = 20;
	assert_int_equal(tess_store_files_search(f.control.store, &filter, names, text), 0);
	assert_string_equal(text, list);
	for (const char *at = list; *at; at++)
		words += *at == ' ';
	assert_int_equal(tess_store_files_count(f.control.store, &filter, &count), 0);
	assert_int_equal(count, words);
}

static json_t *list_of(const char *text)
{
	static json_t *kept[64];
	static unsigned next;

	json_decref(kept[next % 64]);
	return kept[next++ % 64] = json_of(text);
}

#define EXPECT(list, ...) expect((struct tess_file_filter){__VA_ARGS__}, list)

static void test_search(void **state)
{
	int64_t recording = add_recording("finished");
	struct tess_file a = add_file(recording, 0, "lesson_1", "mp4");
	struct tess_file b = add_file(recording, 0, "Lesson%2", "flv");
	struct tess_file c = add_file(recording, 0, "my-lesson", "hls");
	json_t *ids = json_pack("[I, I]", (json_int_t)a.id, (json_int_t)c.id);

	(void)state;
	add_file(recording, 1500000001, "lesson_of_others", "mp4");
	add_file(recording, 0, "课程一", "mp4");
	EXPECT("课程一 my-lesson Lesson%2 lesson_1 ", .area = 0);
	EXPECT("lesson_1 Lesson%2 my-lesson 课程一 ", .oldest_first = true);
	EXPECT("lesson_of_others ", .area = 1500000001);
	EXPECT("", .area = 1500000002);
	EXPECT("", .application = APP + 1);
	EXPECT("my-lesson lesson_1 ", .ids = ids);
	EXPECT("", .ids = list_of("[]"));
	/* prefixes: bytes, and what SQL thinks special is itself */
	EXPECT("lesson_1 ", .prefixes = list_of("['lesson_']"));
	EXPECT("Lesson%2 ", .prefixes = list_of("['Lesson%']"));
	EXPECT("", .prefixes = list_of("['%']"));
	EXPECT("my-lesson lesson_1 ", .prefixes = list_of("['my','less']"));
	EXPECT("课程一 ", .prefixes = list_of("['课']"));
	/* texts: anywhere, letters of any case; the whole name first, then its begin */
	EXPECT("Lesson%2 lesson_1 my-lesson ", .texts = list_of("['LESSON']"));
	EXPECT("my-lesson Lesson%2 lesson_1 ", .texts = list_of("['lesson','my-lesson']"));
	EXPECT("lesson_1 ", .texts = list_of("['n_1']"));
	EXPECT("Lesson%2 ", .texts = list_of("['%2']")); /* too short for the index */
	EXPECT("课程一 ", .texts = list_of("['程一']"));
	EXPECT("课程一 ", .texts = list_of("['课程一']"));
	EXPECT("", .texts = list_of("['\\\" OR name']"));
	EXPECT("lesson_1 ", .texts = list_of("['lesson']"), .text = "_1");
	EXPECT("lesson_1 ", .text = "LESSON_");
	EXPECT("课程一 lesson_1 ", .formats = list_of("['mp4']"));
	EXPECT("my-lesson Lesson%2 ", .formats = list_of("['flv','hls']"));
	EXPECT("课程一 my-lesson Lesson%2 lesson_1 ", .streams = list_of("['show','x']"));
	EXPECT("", .streams = list_of("['sho']"));
	EXPECT("", .rooms = list_of("['102']"));
	EXPECT("", .categories = list_of("['Audio']"));
	EXPECT("lesson_1 ", .categories = list_of("['Video','Audio']"),
	       .prefixes = list_of("['lesson']"));
	/* times, both included */
	EXPECT("Lesson%2 ", .created_from = b.created_us, .created_to = b.created_us);
	EXPECT("lesson_1 ", .created_to = b.created_us - 1);
	EXPECT("Lesson%2 ", .created_from = b.created_us, .created_to = b.created_us,
	       .texts = list_of("['lesson']"));
	EXPECT("", .expires_to = f.time.utc_us + 1000000000000);
	/* to be removed: not found */
	assert_int_equal(tess_store_file_delete(f.control.store, a.id), 0);
	EXPECT("Lesson%2 my-lesson ", .texts = list_of("['lesson']"));
	json_decref(ids);
	list_of("[]");
}

static void test_pages(void **state)
{
	int64_t recording = add_recording("finished"), count = 0;
	struct tess_file_filter filter = {.application = APP, .limit = 2, .offset = 1};
	char text[128] = "", name[8];

	(void)state;
	for (int i = 0; i < 5; i++) {
		(void)sprintf(name, "n%d", i);
		add_file(recording, 0, name, "mp4");
	}
	assert_int_equal(tess_store_files_search(f.control.store, &filter, names, text), 0);
	assert_string_equal(text, "n3 n2 ");
	assert_int_equal(tess_store_files_count(f.control.store, &filter, &count), 0);
	assert_int_equal(count, 5);
}

static void test_expiry(void **state)
{
	struct tess_store *store = f.control.store;
	int64_t recording = add_recording("finished"), id;
	struct tess_file file = {.recording = recording,
				 .application = APP,
				 .format = "mp4",
				 .path = "1/e.mp4",
				 .name = "e",
				 .created_us = f.time.utc_us,
				 .expires_us = f.time.utc_us + 10};

	(void)state;
	add_file(recording, 0, "never", "mp4");
	assert_int_equal(tess_store_file_add(store, &file), 0);
	assert_int_equal(tess_store_file_expired(store, &id, file.expires_us - 1), -ENOENT);
	assert_int_equal(tess_store_file_expired(store, &id, file.expires_us), 0);
	assert_int_equal(id, file.id);
	assert_int_equal(tess_store_file_hold(store, recording, file.id, true), 0);
	assert_int_equal(tess_store_file_expired(store, &id, INT64_MAX), -ENOENT);
	assert_int_equal(tess_store_file_hold(store, recording, file.id, false), 0);
	assert_int_equal(tess_store_file_delete(store, file.id), 0);
	assert_int_equal(tess_store_file_expired(store, &id, INT64_MAX), -ENOENT);
}

/* With the recording its files leave the index of texts too: a wrong entry would damage it. */
static void test_gone(void **state)
{
	int64_t recording = add_recording("finished");

	(void)state;
	add_file(recording, 0, "goodbye", "mp4");
	assert_int_equal(tess_store_recording_remove(f.control.store, recording), 0);
	EXPECT("", .texts = list_of("['goodbye']"));
	assert_int_equal(tess_db_script(tess_store_db(f.control.store),
					"INSERT INTO recording_text(recording_text, rank)"
					" VALUES('integrity-check', 1)"),
			 0);
	list_of("[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ids, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_search, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
