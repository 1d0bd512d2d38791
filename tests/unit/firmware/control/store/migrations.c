/* SPDX-License-Identifier: GPL-3.0-or-later
 * The schema: made step by step, never backwards, each step whole or not at all.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cloud/cmocka_headers.h"
#include "firmware/control/store/db.h"
#include "firmware/control/store/migrations.h"

static struct tess_db *open_here(void)
{
	struct tess_db *db;

	assert_int_equal(tess_db_open(&db, "file-of-migrations-test"), 0);
	return db;
}

static int in_folder(void **state)
{
	static char dir[32];

	(void)state;
	(void)stpcpy(dir, "/tmp/tessera-mig-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return chdir(dir);
}

static int remove_folder(void **state)
{
	char here[64];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	(void)unlink("file-of-migrations-test");
	(void)unlink("file-of-migrations-test-wal");
	(void)unlink("file-of-migrations-test-shm");
	return rmdir(here);
}

static int64_t number(struct tess_db *db, const char *sql)
{
	struct tess_query q = tess_query(db, sql);
	int64_t value;

	assert_int_equal(tess_query_row(&q), 1);
	value = tess_column_int(&q, 0);
	assert_int_equal(tess_query_end(&q), 0);
	return value;
}

static void test_forward(void **state)
{
	struct tess_db *db = open_here();
	unsigned latest = tess_migrations_latest();

	(void)state;
	assert_int_equal(number(db, "PRAGMA user_version"), 0);
	for (unsigned version = 1; version <= latest; version++) {
		assert_int_equal(tess_migrations_run(db, version), 0);
		assert_int_equal(number(db, "PRAGMA user_version"), version);
	}
	assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND"
				    " name IN ('setting','admin_user','session','token',"
				    "'application','api_key','publisher','mix','recording',"
				    "'audit','picture','fetched')"),
			 12);
	/* again: nothing to do */
	assert_int_equal(tess_migrations_run(db, latest), 0);
	tess_db_close(db);
}

/* What an older program wrote is there after all steps, with what is new as it should be. */
static void test_with_rows(void **state)
{
	struct tess_db *db = open_here();

	(void)state;
	assert_int_equal(tess_migrations_run(db, 6), 0);
	assert_int_equal(
		tess_db_script(
			db,
			"INSERT INTO application(id, name, description, usersig_key, created_us)"
			" VALUES(5, 'a', '', 'k', 1);"
			"INSERT INTO publisher(application, room_type, room, user, stream_type,"
			" source, video_port, video_payload_type, audio_port, audio_payload_type,"
			" entered_us) VALUES(5, 'number', '1', 'alice', 'main', '', 20000, 96,"
			" NULL, NULL, 1), (5, 'number', '1', 'bob', 'main', '', 20002, 96,"
			" 20004, 97, 2);"
			"INSERT INTO mix(application, room_type, room, epoch, stream_id, record_id,"
			" params, started_us) VALUES(5, 'number', '1', 1, 's', 'r', '{}', 1);"
			"INSERT INTO recording(application, room_type, room, stream, stream_id,"
			" record_id, wanted, state, created_us, path) VALUES"
			" (5, 'number', '1', 'mix-1', 's', 'old', 0, 'finished', 1, '5/old.mp4'),"
			" (5, 'number', '1', 'mix-1', 's', 'r', 1, 'recording', 2, '');"
			"INSERT INTO recording_file(recording, application, area, room, stream_id,"
			" record_id, format, path, name, created_us, start_us, end_us, duration_us,"
			" size_bytes, width, height) VALUES"
			" (1, 5, 0, '1', 's', 'old', 'mp4', '5/old.mp4', 'old', 1, 1, 2, 1, 9, 16, "
			"8);"
			"INSERT INTO relay(application, stream_id, url, enabled, epoch, created_us)"
			" VALUES(5, 's', 'rtmp://h/a/k', 1, 1, 1);"
			"INSERT INTO usage(application, slot_us, tier, us) VALUES(5, 0, 'hd', 7)"),
		0);
	assert_int_equal(tess_migrations_run(db, tess_migrations_latest()), 0);
	assert_int_equal(number(db, "SELECT count(*) FROM publisher WHERE NOT live AND"
				    " stream_id = '' AND rtmp = 0"),
			 2);
	assert_int_equal(number(db, "SELECT count(*) FROM publisher WHERE stream_name IN"
				    " ('5_1_alice_main', '5_1_bob_main')"),
			 2);
	assert_int_equal(number(db, "SELECT count(*) FROM application WHERE name_rule = 'plain'"
				    " AND NOT live_all"),
			 1);
	assert_int_equal(number(db, "SELECT count(*) FROM recording WHERE cause = 'mix' AND"
				    " prefix = record_id AND ends_us IS NULL"),
			 2);
	assert_int_equal(number(db, "SELECT local = 1 AND cover = 0 FROM recording_file"), 1);
	assert_int_equal(number(db, "SELECT count(*) FROM mix JOIN relay USING(stream_id)"), 1);
	assert_int_equal(number(db, "SELECT us FROM usage"), 7);
	assert_int_equal(number(db, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	tess_db_close(db);
}

static void test_newer(void **state)
{
	struct tess_db *db = open_here();

	(void)state;
	assert_int_equal(tess_db_script(db, "PRAGMA user_version=9999"), 0);
	assert_int_equal(tess_migrations_run(db, tess_migrations_latest()), -ENOTSUP);
	assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema"), 0);
	tess_db_close(db);
}

/* A step that fails half-way leaves what was there. */
static void test_whole(void **state)
{
	struct tess_db *db = open_here();

	(void)state;
	assert_int_equal(tess_db_script(db, "CREATE TABLE recording(a)"), 0);
	assert_int_not_equal(tess_migrations_run(db, 1), 0);
	assert_int_equal(number(db, "PRAGMA user_version"), 0);
	assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema"), 1);
	tess_db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_forward, in_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_with_rows, in_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_newer, in_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_whole, in_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
