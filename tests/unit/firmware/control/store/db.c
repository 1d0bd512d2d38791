/* SPDX-License-Identifier: GPL-3.0-or-later
 * The database wrapper: mode, pragmas, damage, transactions, errors.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/cmocka_headers.h"
#include "firmware/control/store/db.h"

static char path[64];

static int setup(void **state)
{
	(void)state;
	(void)stpcpy(path, "/tmp/tessera-db-XXXXXX");
	close(mkstemp(path));
	return unlink(path);
}

static int teardown(void **state)
{
	char other[80];

	(void)state;
	(void)unlink(path);
	(void)snprintf(other, sizeof(other), "%s-wal", path);
	(void)unlink(other);
	(void)snprintf(other, sizeof(other), "%s-shm", path);
	(void)unlink(other);
	return 0;
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

static void test_open(void **state)
{
	struct stat status;
	struct tess_db *db;
	struct tess_query q;
	mode_t mask = umask(0);

	(void)state;
	assert_int_equal(tess_db_open(&db, path), 0);
	(void)umask(mask);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	q = tess_query(db, "PRAGMA journal_mode");
	assert_int_equal(tess_query_row(&q), 1);
	assert_string_equal(tess_column_str(&q, 0), "wal");
	assert_int_equal(tess_query_end(&q), 0);
	assert_int_equal(number(db, "PRAGMA synchronous"), 2);
	assert_int_equal(number(db, "PRAGMA foreign_keys"), 1);
	tess_db_close(db);
}

static void test_damaged(void **state)
{
	struct tess_db *db;
	uint8_t junk[64];
	int fd;

	(void)state;
	assert_int_equal(tess_db_open(&db, path), 0);
	assert_int_equal(tess_db_script(db, "CREATE TABLE t(a); CREATE INDEX i ON t(a);"
					    "INSERT INTO t VALUES(1),(2),(3);"),
			 0);
	tess_db_close(db);
	/* an entry of the index page is another one than the table's */
	fd = open(path, O_RDWR | O_CLOEXEC);
	memset(junk, 0xa5, sizeof(junk));
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 3 * 4096 - 64), 64);
	close(fd);
	assert_int_equal(tess_db_open(&db, path), -EUCLEAN);
	/* no database at all */
	fd = open(path, O_RDWR | O_TRUNC | O_CLOEXEC);
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(write(fd, junk, sizeof(junk)), 64);
	close(fd);
	assert_int_equal(tess_db_open(&db, path), -EUCLEAN);
	assert_int_equal(tess_db_open(&db, "/nowhere/at/all"), -ENOENT);
}

static int insert(struct tess_db *db, int64_t value)
{
	struct tess_query q = tess_query(db, "INSERT INTO t VALUES(?)");

	tess_query_int(&q, value);
	return tess_query_run(&q);
}

static void test_transactions(void **state)
{
	struct tess_db *db;

	(void)state;
	assert_int_equal(tess_db_open(&db, path), 0);
	assert_int_equal(tess_db_script(db, "CREATE TABLE t(a INTEGER PRIMARY KEY)"), 0);

	assert_int_equal(tess_db_begin(db), 0);
	assert_int_equal(insert(db, 1), 0);
	tess_db_rollback(db);
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 0);

	/* nested: all or nothing */
	assert_int_equal(tess_db_begin(db), 0);
	assert_int_equal(insert(db, 1), 0);
	assert_int_equal(tess_db_begin(db), 0);
	assert_int_equal(insert(db, 2), 0);
	assert_int_equal(tess_db_finish(db, 7), 7);
	assert_int_equal(tess_db_finish(db, 0), 0);
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 2);

	assert_int_equal(tess_db_begin(db), 0);
	assert_int_equal(insert(db, 3), 0);
	assert_int_equal(tess_db_begin(db), 0);
	assert_int_equal(tess_db_finish(db, -EIO), -EIO);
	assert_int_equal(tess_db_finish(db, 0), -ECANCELED);
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 2);

	/* the next one is not doomed by the last */
	assert_int_equal(tess_db_begin(db), 0);
	assert_int_equal(insert(db, 3), 0);
	assert_int_equal(tess_db_finish(db, 0), 0);
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 3);
	tess_db_close(db);
}

static void test_errors(void **state)
{
	struct tess_db *db;
	struct tess_query q;
	char text[4];

	(void)state;
	assert_int_equal(tess_db_open(&db, path), 0);
	assert_int_equal(tess_db_script(db, "CREATE TABLE t(a INTEGER PRIMARY KEY);"
					    "CREATE TABLE u(a REFERENCES t(a))"),
			 0);
	assert_int_equal(insert(db, 1), 0);
	assert_int_equal(insert(db, 1), -EEXIST);
	q = tess_query(db, "INSERT INTO u VALUES(2)");
	assert_int_equal(tess_query_run(&q), -ENOENT);
	q = tess_query(db, "SELEKT");
	tess_query_int(&q, 1); /* is harmless */
	assert_int_equal(tess_query_row(&q), -EIO);
	assert_int_equal(tess_query_end(&q), -EIO);
	/* a text is cut to fit, a null is empty */
	q = tess_query(db, "SELECT 'abcdef', NULL");
	assert_int_equal(tess_query_row(&q), 1);
	tess_column_text(&q, 0, text, sizeof(text));
	assert_string_equal(text, "abc");
	tess_column_text(&q, 1, text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(tess_query_end(&q), 0);
	tess_db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_transactions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
