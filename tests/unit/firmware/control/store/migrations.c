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
		cmocka_unit_test_setup_teardown(test_newer, in_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_whole, in_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
