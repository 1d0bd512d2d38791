/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/callbacks.c - the outbox of callbacks.
 */
#include "firmware/control/store/callbacks.h"

#include <errno.h>
#include <string.h>

#include "firmware/control/store/internal.h"

int tess_store_callback_add(struct tess_store *store, struct tess_callback *callback)
{
	struct tess_query q = tess_query(
		store->db, "INSERT INTO callback(application, recording, event_type, url, key,"
			   " body, state, created_us, next_us)"
			   " VALUES(?, ?, ?, ?, ?, ?, 'waiting', ?, ?)");
	int rc;

	tess_query_int(&q, callback->application);
	tess_query_int(&q, callback->recording);
	tess_query_int(&q, callback->event_type);
	tess_query_text(&q, callback->url);
	tess_query_text(&q, callback->key);
	tess_query_text(&q, callback->body);
	tess_query_int(&q, callback->created_us);
	tess_query_int(&q, callback->next_us);
	rc = tess_query_run(&q);
	if (!rc)
		callback->id = tess_db_last_id(store->db);
	return rc;
}

#define COLUMNS                                                                           \
	"SELECT id, application, recording, event_type, url, key, body, state, attempts," \
	" created_us, next_us, error FROM callback "

static void column_callback(const struct tess_query *q, struct tess_callback *row)
{
	row->id = tess_column_int(q, 0);
	row->application = (uint32_t)tess_column_int(q, 1);
	row->recording = tess_column_int(q, 2);
	row->event_type = (int)tess_column_int(q, 3);
	tess_column_text(q, 4, row->url, sizeof(row->url));
	tess_column_text(q, 5, row->key, sizeof(row->key));
	tess_column_text(q, 6, row->body, sizeof(row->body));
	row->dead = !strcmp(tess_column_str(q, 7), "dead");
	row->attempts = (unsigned)tess_column_int(q, 8);
	row->created_us = tess_column_int(q, 9);
	row->next_us = tess_column_int(q, 10);
	tess_column_text(q, 11, row->error, sizeof(row->error));
}

static int list(struct tess_query *q, int (*each)(void *arg, const struct tess_callback *row),
		void *arg)
{
	struct tess_callback row;
	int stop = 0, rc;

	while (!stop && tess_query_row(q) == 1) {
		column_callback(q, &row);
		stop = each(arg, &row);
	}
	rc = tess_query_end(q);
	return rc ? rc : stop;
}

int tess_store_callback_get(struct tess_store *store, struct tess_callback *callback, int64_t id)
{
	struct tess_query q = tess_query(store->db, COLUMNS "WHERE id = ?");
	int row, rc;

	tess_query_int(&q, id);
	row = tess_query_row(&q);
	if (row == 1)
		column_callback(&q, callback);
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_callbacks_due(struct tess_store *store, int64_t now_us,
			     int (*each)(void *arg, const struct tess_callback *row), void *arg)
{
	struct tess_query q = tess_query(store->db, COLUMNS
					 "AS c WHERE state = 'waiting' AND next_us <= ?"
					 " AND NOT EXISTS (SELECT 1 FROM callback AS b"
					 "  WHERE b.state = 'waiting' AND b.recording = c.recording"
					 "  AND b.id < c.id) ORDER BY next_us, id");

	tess_query_int(&q, now_us);
	return list(&q, each, arg);
}

int tess_store_callback_next(struct tess_store *store, int64_t *next_us)
{
	struct tess_query q =
		tess_query(store->db, "SELECT next_us FROM callback AS c WHERE state = 'waiting'"
				      " AND NOT EXISTS (SELECT 1 FROM callback AS b"
				      "  WHERE b.state = 'waiting' AND b.recording = c.recording"
				      "  AND b.id < c.id) ORDER BY next_us LIMIT 1");

	return tess_store_value(&q, next_us);
}

int tess_store_callback_remove(struct tess_store *store, int64_t id)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM callback WHERE id = ?");

	tess_query_int(&q, id);
	return tess_store_run_one(&q);
}

int tess_store_callback_failed(struct tess_store *store, const struct tess_callback *callback)
{
	struct tess_query q =
		tess_query(store->db, "UPDATE callback SET state = ?, attempts = ?, next_us = ?,"
				      " error = ? WHERE id = ?");

	tess_query_text(&q, callback->dead ? "dead" : "waiting");
	tess_query_int(&q, callback->attempts);
	tess_query_int(&q, callback->next_us);
	tess_query_text(&q, callback->error);
	tess_query_int(&q, callback->id);
	return tess_store_run_one(&q);
}

int tess_store_callback_revive(struct tess_store *store, int64_t id, const char *url,
			       const char *key, int64_t now_us)
{
	struct tess_query q = tess_query(
		store->db, "UPDATE callback SET state = 'waiting', attempts = 0, url = ?, key = ?,"
			   " created_us = ?, next_us = ? WHERE id = ? AND state = 'dead'");

	tess_query_text(&q, url);
	tess_query_text(&q, key);
	tess_query_int(&q, now_us);
	tess_query_int(&q, now_us);
	tess_query_int(&q, id);
	return tess_store_run_one(&q);
}

int tess_store_callbacks(struct tess_store *store, uint32_t application, bool dead, int64_t before,
			 int64_t limit, int (*each)(void *arg, const struct tess_callback *row),
			 void *arg)
{
	struct tess_query q =
		tess_query(store->db, COLUMNS "WHERE application = coalesce(?, application)"
					      " AND state = coalesce(?, state) AND id < ?"
					      " ORDER BY id DESC LIMIT ?");

	if (application)
		tess_query_int(&q, application);
	else
		tess_query_null(&q);
	tess_query_text(&q, dead ? "dead" : NULL);
	tess_query_int(&q, before ? before : INT64_MAX);
	tess_query_int(&q, limit);
	return list(&q, each, arg);
}

int tess_store_callback_counts(struct tess_store *store, int64_t *waiting, int64_t *dead)
{
	struct tess_query q =
		tess_query(store->db, "SELECT count(*) FILTER (WHERE state = 'waiting'),"
				      " count(*) FILTER (WHERE state = 'dead') FROM callback");

	if (tess_query_row(&q) == 1) {
		*waiting = tess_column_int(&q, 0);
		*dead = tess_column_int(&q, 1);
	}
	return tess_query_end(&q);
}
