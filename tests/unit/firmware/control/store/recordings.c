/* SPDX-License-Identifier: GPL-3.0-or-later
 * The index of recordings.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "fixture.h"

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

static int64_t add(const char *stream, const char *record_id, int64_t created_us)
{
	struct tess_recording row = {
		.room = {1400000001, TESS_ROOM_ID_STRING, "a room"},
		.stream_id = "show",
		.created_us = created_us,
	};

	(void)stpcpy(row.stream, stream);
	(void)stpcpy(row.record_id, record_id);
	assert_int_equal(tess_store_recording_add(f.control.store, &row), 0);
	return row.id;
}

static int collect(void *arg, const struct tess_recording *row)
{
	char *text = arg;

	(void)sprintf(text + strlen(text), "%lld:%s:%s:%d ", (long long)row->id, row->record_id,
		      row->state, row->wanted);
	return 0;
}

static void expect(const struct tess_recording_filter *filter, const char *list, int64_t total)
{
	char text[512] = "";
	int64_t count = -1;

	assert_int_equal(tess_store_recordings(f.control.store, filter, collect, text), 0);
	assert_string_equal(text, list);
	assert_int_equal(tess_store_recordings_count(f.control.store, filter, &count), 0);
	assert_int_equal(count, total);
}

static void test_filter(void **state)
{
	(void)state;
	add("mix-1", "file_a", 100);
	add("mix-2", "fileXa", 200);
	add("mix-3", "other", 300);
	expect(&(struct tess_recording_filter){0},
	       "3:other:waiting:1 2:fileXa:waiting:1 1:file_a:waiting:1 ", 3);
	/* the underscore is itself */
	expect(&(struct tess_recording_filter){.prefix = "file_"}, "1:file_a:waiting:1 ", 1);
	expect(&(struct tess_recording_filter){.prefix = "file"},
	       "2:fileXa:waiting:1 1:file_a:waiting:1 ", 2);
	expect(&(struct tess_recording_filter){.prefix = "%"}, "", 0);
	expect(&(struct tess_recording_filter){.from_us = 200, .to_us = 300}, "2:fileXa:waiting:1 ",
	       1);
	expect(&(struct tess_recording_filter){.application = 5}, "", 0);
	expect(&(struct tess_recording_filter){.application = 1400000001, .limit = 1, .offset = 1},
	       "2:fileXa:waiting:1 ", 3);
	expect(&(struct tess_recording_filter){.state = "finished"}, "", 0);
}

static int states(void *arg, const char *state, int64_t count)
{
	char *text = arg;

	(void)sprintf(text + strlen(text), "%s:%lld ", state, (long long)count);
	return 0;
}

static void test_life(void **state)
{
	struct tess_store *store = f.control.store;
	struct tess_recording row;
	char text[512] = "";
	int64_t a = add("mix-1", "a", 1), b = add("mix-2", "b", 2), id;

	(void)state;
	assert_int_equal(tess_store_recording_of(store, &id, "mix-2"), 0);
	assert_int_equal(id, b);
	assert_int_equal(tess_store_recording_end(store, "mix-2"), 0);
	assert_int_equal(tess_store_recording_of(store, &id, "mix-2"), -ENOENT);
	assert_int_equal(tess_store_recordings_open(store, collect, text), 0);
	assert_string_equal(text, "1:a:waiting:1 2:b:waiting:0 ");

	assert_int_equal(tess_store_recording_get(store, &row, a), 0);
	assert_string_equal(row.room.id, "a room");
	assert_int_equal(row.room.type, TESS_ROOM_ID_STRING);
	assert_string_equal(row.gaps, "[]");
	(void)stpcpy(row.state, "recording");
	(void)stpcpy(row.path, "1400000001/a.mp4");
	row.start_us = 1000;
	assert_int_equal(tess_store_recording_facts(store, &row), 0);
	assert_int_equal(tess_store_recording_get(store, &row, a), 0);
	assert_true(row.wanted);
	(void)stpcpy(row.state, "finished");
	(void)stpcpy(row.gaps, "[{\"at_us\":1,\"length_us\":2}]");
	row.end_us = 5000;
	row.duration_us = 4000;
	row.size_bytes = 77;
	row.width = 1280;
	row.height = 720;
	assert_int_equal(tess_store_recording_facts(store, &row), 0);
	memset(&row, 0, sizeof(row));
	assert_int_equal(tess_store_recording_get(store, &row, a), 0);
	assert_false(row.wanted); /* what is over is not wanted */
	assert_true(tess_recording_over(&row));
	assert_string_equal(row.path, "1400000001/a.mp4");
	assert_string_equal(row.gaps, "[{\"at_us\":1,\"length_us\":2}]");
	assert_int_equal(row.start_us, 1000);
	assert_int_equal(row.end_us, 5000);
	assert_int_equal(row.duration_us, 4000);
	assert_int_equal(row.size_bytes, 77);
	assert_int_equal(row.width, 1280);
	assert_int_equal(row.height, 720);

	assert_int_equal(tess_store_recording_state(store, b, "failed", "why"), 0);
	*text = 0;
	assert_int_equal(tess_store_recordings_open(store, collect, text), 0);
	assert_string_equal(text, "");
	assert_int_equal(tess_store_recording_states(store, states, text), 0);
	assert_string_equal(text, "failed:1 finished:1 ");
	assert_int_equal(tess_store_recording_remove(store, a), 0);
	assert_int_equal(tess_store_recording_remove(store, a), -ENOENT);
	assert_int_equal(tess_store_recording_get(store, &row, a), -ENOENT);
	assert_int_equal(tess_store_recording_state(store, a, "failed", ""), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
