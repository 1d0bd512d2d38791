/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/db.c - SQLite, wrapped.
 */
#include "firmware/control/store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/control/text.h"

#define MAX_STATEMENTS 256

struct tess_db {
	sqlite3 *handle;
	struct {
		const char *sql;
		sqlite3_stmt *statement;
	} kept[MAX_STATEMENTS];
	unsigned kept_count;
	unsigned depth; /* of transactions */
	bool doomed;
	int changes;
};

static int to_errno(struct tess_db *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EROFS;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_CONSTRAINT:
		if (db && sqlite3_extended_errcode(db->handle) == SQLITE_CONSTRAINT_FOREIGNKEY)
			return -ENOENT;
		return -EEXIST;
	default:
		return -EIO;
	}
}

static int fail(struct tess_db *db, int rc, const char *what)
{
	int error = to_errno(db, rc);

	/* a broken uniqueness rule is an answer to the caller, not a fault */
	if (error != -EEXIST && error != -ENOENT)
		TESS_ERROR("store.failed", "what=%s error=\"%s\"", what,
			   sqlite3_errmsg(db->handle));
	return error;
}

int tess_db_script(struct tess_db *db, const char *sql)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : fail(db, rc, "script");
}

static int quick_check(struct tess_db *db)
{
	struct tess_query q = tess_query(db, "PRAGMA quick_check(1)");
	bool good = tess_query_row(&q) == 1 && !strcmp(tess_column_str(&q, 0), "ok");
	int rc = tess_query_end(&q);

	return rc ? rc : good ? 0 : -EUCLEAN;
}

int tess_db_open(struct tess_db **dbp, const char *path)
{
	struct tess_db *db;
	int fd, rc;

	/* SQLite would create it with the umask's mode */
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0600)) {
		rc = -errno;
		close(fd);
		return rc;
	}
	close(fd);

	db = calloc(1, sizeof(*db));
	if (!db)
		return -ENOMEM;
	rc = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK) {
		rc = to_errno(NULL, rc);
		goto failed;
	}
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, 2000);
	rc = tess_db_script(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
				"PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
				/* 16 MiB: what a search among a million rows goes through */
				"PRAGMA cache_size=-16384;");
	if (!rc)
		rc = quick_check(db);
	if (rc)
		goto failed;
	*dbp = db;
	return 0;
failed:
	tess_db_close(db);
	return rc;
}

void tess_db_close(struct tess_db *db)
{
	if (!db)
		return;
	for (unsigned i = 0; i < db->kept_count; i++)
		sqlite3_finalize(db->kept[i].statement);
	sqlite3_close(db->handle);
	free(db);
}

int64_t tess_db_last_id(const struct tess_db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

int tess_db_changes(const struct tess_db *db)
{
	return db->changes;
}

int tess_db_begin(struct tess_db *db)
{
	int rc = 0;

	if (!db->depth) {
		rc = tess_db_script(db, "BEGIN IMMEDIATE");
		db->doomed = false;
	}
	if (!rc)
		db->depth++;
	return rc;
}

void tess_db_rollback(struct tess_db *db)
{
	if (--db->depth) {
		db->doomed = true;
		return;
	}
	/* SQLite may have rolled back by itself (disk full): then this fails, rightly */
	sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

int tess_db_commit(struct tess_db *db)
{
	int rc;

	if (db->depth > 1) {
		db->depth--;
		return db->doomed ? -ECANCELED : 0;
	}
	if (db->doomed) {
		tess_db_rollback(db);
		return -ECANCELED;
	}
	rc = tess_db_script(db, "COMMIT");
	if (rc)
		tess_db_rollback(db);
	else
		db->depth = 0;
	return rc;
}

int tess_db_finish(struct tess_db *db, int rc)
{
	int committed;

	if (rc < 0) {
		tess_db_rollback(db);
		return rc;
	}
	committed = tess_db_commit(db);
	return committed ? committed : rc;
}

struct tess_query tess_query(struct tess_db *db, const char *sql)
{
	struct tess_query query = {.db = db};
	int rc;

	for (unsigned i = 0; i < db->kept_count; i++) {
		if (db->kept[i].sql == sql) {
			query.statement = db->kept[i].statement;
			return query;
		}
	}
	if (db->kept_count == MAX_STATEMENTS) {
		query.error = -ENOMEM;
		return query;
	}
	rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &query.statement,
				NULL);
	if (rc != SQLITE_OK) {
		query.error = fail(db, rc, "prepare");
		return query;
	}
	db->kept[db->kept_count].sql = sql;
	db->kept[db->kept_count].statement = query.statement;
	db->kept_count++;
	return query;
}

static void bound(struct tess_query *query, int rc)
{
	if (rc != SQLITE_OK && !query->error)
		query->error = fail(query->db, rc, "bind");
}

void tess_query_int(struct tess_query *query, int64_t value)
{
	bound(query, sqlite3_bind_int64(query->statement, ++query->bound, value));
}

void tess_query_text(struct tess_query *query, const char *value)
{
	bound(query, sqlite3_bind_text(query->statement, ++query->bound, value, -1, SQLITE_STATIC));
}

void tess_query_blob(struct tess_query *query, const void *value, size_t length)
{
	bound(query,
	      sqlite3_bind_blob64(query->statement, ++query->bound, value, length, SQLITE_STATIC));
}

void tess_query_null(struct tess_query *query)
{
	bound(query, sqlite3_bind_null(query->statement, ++query->bound));
}

int tess_query_row(struct tess_query *query)
{
	int rc;

	if (query->error)
		return query->error;
	rc = sqlite3_step(query->statement);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	query->error = fail(query->db, rc, "step");
	return query->error;
}

int tess_query_end(struct tess_query *query)
{
	if (query->statement) {
		query->db->changes = sqlite3_changes(query->db->handle);
		sqlite3_reset(query->statement);
		sqlite3_clear_bindings(query->statement);
	}
	return query->error;
}

int tess_query_run(struct tess_query *query)
{
	while (tess_query_row(query) == 1)
		;
	return tess_query_end(query);
}

int64_t tess_column_int(const struct tess_query *query, int column)
{
	return sqlite3_column_int64(query->statement, column);
}

const char *tess_column_str(const struct tess_query *query, int column)
{
	const unsigned char *text = sqlite3_column_text(query->statement, column);

	return text ? (const char *)text : "";
}

void tess_column_text(const struct tess_query *query, int column, char *text, size_t size)
{
	tess_text_copy(text, size, tess_column_str(query, column));
}

void *tess_column_blob(const struct tess_query *query, int column, size_t *length)
{
	const void *bytes = sqlite3_column_blob(query->statement, column);
	void *copy;

	*length = (size_t)sqlite3_column_bytes(query->statement, column);
	copy = malloc(*length + 1);
	if (copy && *length)
		memcpy(copy, bytes, *length);
	return copy;
}
