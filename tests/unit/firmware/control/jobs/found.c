/* SPDX-License-Identifier: GPL-3.0-or-later
 * Recordings on disk without a row.
 */
#include "firmware/control/jobs/found.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/jobs/import.h"
#include "firmware/control/store/files.h"
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

static void test_names(void **state)
{
	static const char *const bad[] = {
		"",
		"x.mp4",
		"a_2020-02-16-12-12-12.mp4",
		"_2020-02-16-12-12-12_2020-02-16-13-13-13.mp4",
		"a_2020-02-16-12-12-12_2020-02-16-13-13-13.txt",
		"a_2020-02-16-12-12-12_2020-02-16-13-13-13.mp4.new",
		"a_2020-02-16-12-12-12_2020-02-16-13-13-1x.mp4",
		"a b_2020-02-16-12-12-12_2020-02-16-13-13-13.mp4",
		"../_2020-02-16-12-12-12_2020-02-16-13-13-13.mp4",
	};
	struct tess_found_name name;

	(void)state;
	assert_int_equal(
		tess_found_name(&name, "14_7_a_main_2020-02-16-12-12-12_2020-02-16-13-13-13.m3u8"),
		0);
	assert_string_equal(name.prefix, "14_7_a_main");
	assert_string_equal(name.format, "hls");
	assert_int_equal(name.end_us - name.start_us, 3661000000);
	assert_int_equal(tess_found_name(&name, "song_2020-02-16-12-12-12_2020-02-16-12-13-13.mp3"),
			 0);
	assert_string_equal(name.format, "mp3");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tess_found_name(&name, bad[i]), -EINVAL);
}

/* A journal whose recording has no row: it gets one, with its files, once; not a foreign one. */
static void test_journal(void **state)
{
	static const char finished[] =
		"{'records':[{'id':77,'state':'%s','path':'%d/"
		"lost_2020-02-16-12-12-12_2020-02-16-13-13-13.mp4','bytes':1000,"
		"'start_utc_us':1581855132000000,'end_utc_us':1581858793000000,"
		"'duration_us':3661000000,'width':640,'height':360,'gaps':[],'error':'','files':["
		"{'format':'mp4','name':'lost_2020-02-16-12-12-12_2020-02-16-13-13-13.mp4',"
		"'bytes':1000,'duration_ms':3661000,'part':1,'state':'finished'}]}]}";
	struct tess_recording row;
	struct tess_import import;
	struct {
		const char *state;
		int folder, rc;
	} steps[] = {{"recording", 1400000001, 0},
		     {"finished", 1400000099, 0},
		     {"finished", 1400000001, 1},
		     {"finished", 1400000001, 0}};

	(void)state;
	assert_int_equal(tess_import_init(&import), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		char text[1024];
		json_t *message;

		(void)snprintf(text, sizeof(text), finished, steps[i].state, steps[i].folder);
		message = json_of(text);
		assert_int_equal(tess_import_records(&import, &f.control, message), steps[i].rc);
		json_decref(message);
		assert_int_equal(tess_store_recording_get(f.control.store, &row, 77),
				 i < 2 ? -ENOENT : 0);
	}
	assert_json(import.acknowledged, "[77]");
	assert_string_equal(row.record_id, "lost");
	assert_string_equal(row.state, "finished");
	assert_int_equal(row.room.sdk_app_id, 1400000001);
	assert_int_equal(tess_store_file_has_path(
				 f.control.store,
				 "1400000001/lost_2020-02-16-12-12-12_2020-02-16-13-13-13.mp4"),
			 1);
	/* new ids are above it */
	row.room.type = TESS_ROOM_ID_NUMBER;
	assert_int_equal(tess_store_recording_add(f.control.store, &row), 0);
	assert_int_equal(row.id, 78);
	tess_import_fini(&import);
}

/* A new store beside recordings of an old one: their ids are not given again. */
static void test_first_id(void **state)
{
	struct tess_recording row = {.room = {1400000001, TESS_ROOM_ID_NUMBER, "101"}};
	char path[320];

	(void)state;
	(void)snprintf(f.config.egress.record_dir, sizeof(f.config.egress.record_dir),
		       "%s/recordings", f.dir);
	assert_int_equal(mkdir(f.config.egress.record_dir, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/lost+found", f.config.egress.record_dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(tess_found_first_id(&f.control), 0);
	assert_int_equal(tess_store_recording_add(f.control.store, &row), 0);
	assert_int_equal(row.id, 1);
	(void)snprintf(path, sizeof(path), "%s/1400000001", f.config.egress.record_dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(tess_found_first_id(&f.control), 0);
	assert_int_equal(tess_store_recording_add(f.control.store, &row), 0);
	assert_true(row.id > FIXTURE_UTC_US / 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test_setup_teardown(test_journal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_id, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
