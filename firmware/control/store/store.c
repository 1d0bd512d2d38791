/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/store.c - opening the store; settings; what its files share.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/store/internal.h"
#include "firmware/control/store/migrations.h"

int tess_store_open(struct tess_store **storep, const char *state_dir)
{
	struct tess_store *store;
	char path[512];
	int rc;

	if ((size_t)snprintf(path, sizeof(path), "%s/tessera.db", state_dir) >= sizeof(path))
		return -ENAMETOOLONG;
	store = calloc(1, sizeof(*store));
	if (!store)
		return -ENOMEM;
	rc = tess_db_open(&store->db, path);
	if (!rc)
		rc = tess_migrations_run(store->db, tess_migrations_latest());
	if (rc) {
		TESS_ERROR("store.open_failed", "path=%s error=\"%s\"", path,
			   rc == -EUCLEAN
				   ? "damaged; put a copy back, or move it away to begin anew"
				   : strerror(-rc));
		tess_store_close(store);
		return rc;
	}
	*storep = store;
	return 0;
}

void tess_store_close(struct tess_store *store)
{
	if (!store)
		return;
	tess_db_close(store->db);
	free(store);
}

struct tess_db *tess_store_db(struct tess_store *store)
{
	return store->db;
}

int tess_store_begin(struct tess_store *store)
{
	return tess_db_begin(store->db);
}

int tess_store_finish(struct tess_store *store, int rc)
{
	return tess_db_finish(store->db, rc);
}

void tess_store_bind_room(struct tess_query *query, const struct tess_cloud_room *room)
{
	tess_query_int(query, room->sdk_app_id);
	tess_query_text(query, tess_room_id_type_text(room->type));
	tess_query_text(query, room->id);
}

void tess_store_column_room(const struct tess_query *query, int column,
			    struct tess_cloud_room *room)
{
	room->sdk_app_id = (uint32_t)tess_column_int(query, column);
	room->type = !strcmp(tess_column_str(query, column + 1), "string") ? TESS_ROOM_ID_STRING
									   : TESS_ROOM_ID_NUMBER;
	tess_column_text(query, column + 2, room->id, sizeof(room->id));
}

void tess_store_bind_optional(struct tess_query *query, const char *text)
{
	if (*text)
		tess_query_text(query, text);
	else
		tess_query_null(query);
}

int tess_store_run_one(struct tess_query *query)
{
	int rc = tess_query_run(query);

	if (rc)
		return rc;
	return tess_db_changes(query->db) ? 0 : -ENOENT;
}

int tess_store_value(struct tess_query *query, int64_t *value)
{
	int row = tess_query_row(query);
	int rc;

	if (row == 1)
		*value = tess_column_int(query, 0);
	rc = tess_query_end(query);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_setting(struct tess_store *store, const char *name, char *value, size_t size)
{
	struct tess_query q = tess_query(store->db, "SELECT value FROM setting WHERE name = ?");
	int row, rc;

	tess_query_text(&q, name);
	row = tess_query_row(&q);
	if (row == 1)
		tess_column_text(&q, 0, value, size);
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_setting_set(struct tess_store *store, const char *name, const char *value)
{
	struct tess_query q =
		tess_query(store->db, "INSERT INTO setting(name, value) VALUES(?, ?)"
				      " ON CONFLICT(name) DO UPDATE SET value = excluded.value");

	tess_query_text(&q, name);
	tess_query_text(&q, value);
	return tess_query_run(&q);
}
