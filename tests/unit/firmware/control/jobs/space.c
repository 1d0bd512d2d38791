/* SPDX-License-Identifier: GPL-3.0-or-later
 * Room for recordings: marks of free space, areas, quotas, retention.
 */
#include "firmware/control/jobs/space.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "firmware/control/store/files.h"
#include "fixture.h"

#define APP 1400000001u

static struct fixture f;

static void marks(uint32_t soft, uint32_t hard, uint32_t reserve)
{
	f.config.egress.disk_soft_percent = soft;
	f.config.egress.disk_hard_percent = hard;
	f.config.egress.disk_reserve_percent = reserve;
}

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_login(&f);
	fixture_application(&f);
	fixture_user(&f, "alice");
	marks(0, 0, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

#define MIX	 "/api/v1/applications/1400000001/rooms/101/mix"
#define RECORDED "{'stream_id':'show','record_id':'r'}"

static struct tess_recording recording(int64_t id)
{
	struct tess_recording row = {0};

	assert_int_equal(tess_store_recording_get(f.control.store, &row, id), 0);
	return row;
}

/* Any disk has less than all of itself free. */
static void test_marks(void **state)
{
	(void)state;
	assert_int_equal(tess_space_now(&f.control), TESS_SPACE_PLENTY);
	marks(100, 0, 0);
	assert_int_equal(tess_space_now(&f.control), TESS_SPACE_SOFT);
	marks(100, 100, 0);
	assert_int_equal(tess_space_now(&f.control), TESS_SPACE_HARD);
	/* a mix is refused that would be recorded, and leaves nothing; one that is not goes */
	fixture_refused(&f, "POST", MIX, RECORDED, 503, "ResourceInsufficient.RequestRejection",
			"");
	fixture_refused(&f, "GET", MIX, NULL, 404, "not_found", "");
	fixture_call(&f, "POST", MIX, "{'stream_id':'show'}", 200);
	marks(0, 0, 0);
	fixture_call(&f, "POST", MIX, RECORDED, 200);
	/* what runs goes on, and may be changed */
	marks(100, 100, 0);
	fixture_call(&f, "POST", MIX,
		     "{'stream_id':'show','record_id':'r','layout':{'template':0}}", 200);
	assert_int_equal(tess_space_keep(&f.control), 0);
	assert_true(recording(1).wanted);
	/* the reserve is for closing */
	marks(100, 100, 100);
	assert_int_equal(tess_space_now(&f.control), TESS_SPACE_RESERVE);
	f.changes = 0;
	assert_int_equal(tess_space_keep(&f.control), 0);
	assert_false(recording(1).wanted);
	assert_int_equal(f.changes, 1);
	fixture_call(&f, "GET", MIX, NULL, 200); /* the stream goes on */
}

/* Settings hold for what begins after them. */
static void test_settings(void **state)
{
	struct tess_record_settings settings = {.mode = "rest",
						.formats = "hls mp4",
						.split_minutes = 30,
						.resume_timeout_s = 60,
						.retention_days = 7,
						.callback_url = "http://192.0.2.1/",
						.callback_key = "k"};
	struct tess_recording row;

	(void)state;
	fixture_call(&f, "POST", MIX, RECORDED, 200);
	assert_int_equal(tess_store_record_settings_set(f.control.store, APP, &settings), 0);
	fixture_call(&f, "POST", MIX, RECORDED, 200); /* nothing new */
	assert_string_equal(recording(1).settings.formats, "mp4");
	fixture_call(&f, "POST", MIX, "{'stream_id':'show','record_id':'r2'}", 200);
	row = recording(2);
	assert_string_equal(row.settings.formats, "hls mp4");
	assert_int_equal(row.settings.split_minutes, 30);
	assert_int_equal(row.settings.resume_timeout_s, 60);
	assert_int_equal(row.settings.retention_days, 7);
	assert_string_equal(row.settings.callback_url, "http://192.0.2.1/");
	assert_string_equal(row.settings.callback_key, "k");
}

static int64_t add_file(const char *name, int64_t expires_us)
{
	struct tess_recording row = {.room = {APP, TESS_ROOM_ID_NUMBER, "101"}, .record_id = "r"};
	struct tess_file file = {.application = APP,
				 .format = "mp4",
				 .created_us = f.time.utc_us,
				 .expires_us = expires_us};

	(void)stpcpy(row.stream, name);
	assert_int_equal(tess_store_recording_add(f.control.store, &row), 0);
	assert_int_equal(tess_store_recording_state(f.control.store, row.id, "finished", ""), 0);
	file.recording = row.id;
	(void)stpcpy(file.path, name);
	(void)stpcpy(file.name, name);
	assert_int_equal(tess_store_file_add(f.control.store, &file), 0);
	return file.id;
}

static void test_retention(void **state)
{
	int64_t now_us = f.time.utc_us;
	int64_t held, first;
	char name[16];

	(void)state;
	/* never early */
	first = add_file("first", now_us + 1000000);
	held = add_file("held", now_us + 1000000);
	add_file("never", 0);
	assert_int_equal(tess_store_file_hold(f.control.store, 2, held, true), 0);
	assert_int_equal(tess_space_keep(&f.control), 0);
	assert_string_equal(recording(1).state, "finished");
	fixture_advance(&f, 1000000);
	f.changes = 0;
	assert_int_equal(tess_space_keep(&f.control), 0);
	assert_int_equal(f.changes, 1);
	assert_string_equal(recording(1).state, "deleting");
	assert_string_equal(recording(2).state, "finished");
	assert_string_equal(recording(3).state, "finished");
	/* exactly once */
	assert_int_equal(tess_space_keep(&f.control), 0);
	assert_int_equal(f.changes, 1);
	assert_int_equal(tess_store_file_delete(f.control.store, first), -ENOENT);
	/* released: it goes too */
	assert_int_equal(tess_store_file_hold(f.control.store, 2, held, false), 0);
	assert_int_equal(tess_space_keep(&f.control), 0);
	assert_string_equal(recording(2).state, "deleting");
	/* many: a part of them a time, all at once when space is low */
	for (int i = 0; i < 450; i++) {
		(void)sprintf(name, "m%d", i);
		add_file(name, now_us);
	}
	assert_int_equal(tess_space_keep(&f.control), 0);
	assert_string_equal(recording(4).state, "deleting");
	assert_string_equal(recording(453).state, "finished");
	marks(100, 0, 0);
	assert_int_equal(tess_space_keep(&f.control), 0);
	assert_string_equal(recording(453).state, "deleting");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_marks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_settings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retention, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
