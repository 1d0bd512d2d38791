/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/db.h - the few SQLite calls that the store uses: prepared statements that
 * are kept, binding in order, errors that stick to a query until its end.
 *
 *   struct tess_query q = tess_query(db, "SELECT name FROM t WHERE id = ?");
 *   tess_query_int(&q, id);
 *   if (tess_query_row(&q) == 1)
 *           tess_column_text(&q, 0, name, sizeof(name));
 *   rc = tess_query_end(&q);
 *
 * Errors everywhere: -EEXIST a uniqueness rule, -ENOENT a foreign key, -ENOSPC, -ENOMEM, -EBUSY,
 * -EROFS, -EUCLEAN the file is damaged, -EIO. Threads: one.
 */
#ifndef TESS_CONTROL_STORE_DB_H
#define TESS_CONTROL_STORE_DB_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/compiler.h"

struct tess_db;

struct tess_query {
	struct tess_db *db;
	sqlite3_stmt *statement; /* NULL when preparing failed */
	int bound;
	int error;
};

/**
 * Open or create, mode 0600, WAL, synchronous=FULL, foreign keys on; checks the file's integrity.
 * @retval 0 *dbp is the caller's, or an error as above
 */
int tess_db_open(struct tess_db **dbp, const char *path) TESS_MUST_CHECK;
void tess_db_close(struct tess_db *db); /* accepts NULL */
/** Several statements without parameters. */
int tess_db_script(struct tess_db *db, const char *sql) TESS_MUST_CHECK;
int64_t tess_db_last_id(const struct tess_db *db);
/** Rows changed by the last query that ended. */
int tess_db_changes(const struct tess_db *db);

/**
 * Transactions nest: only the outermost writes, and a rollback within dooms the whole, whose commit
 * then fails with -ECANCELED.
 */
int tess_db_begin(struct tess_db *db) TESS_MUST_CHECK;
int tess_db_commit(struct tess_db *db) TESS_MUST_CHECK;
void tess_db_rollback(struct tess_db *db);
/** Commit if @p rc is not negative, else roll back. @return rc, or the commit's error */
int tess_db_finish(struct tess_db *db, int rc) TESS_MUST_CHECK;

/** @p sql must be a string literal: its address is the key of the statement that is kept. */
struct tess_query tess_query(struct tess_db *db, const char *sql);
void tess_query_int(struct tess_query *query, int64_t value);
/** Text stays the caller's and must live until the query ends; NULL binds a null. */
void tess_query_text(struct tess_query *query, const char *value);
/** Bytes, as a text. */
void tess_query_blob(struct tess_query *query, const void *value, size_t length);
void tess_query_null(struct tess_query *query);
/** @retval 1 a row, 0 no more, or an error */
int tess_query_row(struct tess_query *query);
/** @retval 0, or the first error of the query */
int tess_query_end(struct tess_query *query);
/** Step to the end, for what returns no rows. */
int tess_query_run(struct tess_query *query) TESS_MUST_CHECK;

int64_t tess_column_int(const struct tess_query *query, int column); /* 0 for a null */
/** Copies, cut to fit; "" for a null. */
void tess_column_text(const struct tess_query *query, int column, char *text, size_t size);
/** The row's own text, until the next step; "" for a null. */
const char *tess_column_str(const struct tess_query *query, int column);
/** A copy of the bytes, for free(); NULL: out of memory. */
void *tess_column_blob(const struct tess_query *query, int column, size_t *length) TESS_MUST_CHECK;

#endif
