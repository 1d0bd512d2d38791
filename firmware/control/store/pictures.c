/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/pictures.c - see pictures.h.
 */
#include "firmware/control/store/pictures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/store/internal.h"

int tess_store_picture_add(struct tess_store *store, struct tess_picture *picture,
			   const void *content)
{
	struct tess_query q = tess_query(
		store->db, "INSERT INTO picture(application, format, width, height, x, y, hash,"
			   " content, created_us) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
	int rc;

	tess_query_int(&q, picture->application);
	tess_query_text(&q, picture->format);
	tess_query_int(&q, picture->width);
	tess_query_int(&q, picture->height);
	tess_query_int(&q, picture->x);
	tess_query_int(&q, picture->y);
	tess_query_text(&q, picture->hash);
	tess_query_blob(&q, content, (size_t)picture->bytes);
	tess_query_int(&q, picture->created_us);
	rc = tess_query_run(&q);
	if (!rc)
		picture->id = tess_db_last_id(store->db);
	return rc;
}

#define PICTURE_COLUMNS                                                                          \
	"SELECT id, application, format, width, height, x, y, hash, length(content), created_us" \
	" FROM picture "

static void column_picture(const struct tess_query *q, struct tess_picture *row)
{
	row->id = tess_column_int(q, 0);
	row->application = (uint32_t)tess_column_int(q, 1);
	tess_column_text(q, 2, row->format, sizeof(row->format));
	row->width = (uint32_t)tess_column_int(q, 3);
	row->height = (uint32_t)tess_column_int(q, 4);
	row->x = (uint32_t)tess_column_int(q, 5);
	row->y = (uint32_t)tess_column_int(q, 6);
	tess_column_text(q, 7, row->hash, sizeof(row->hash));
	row->bytes = tess_column_int(q, 8);
	row->created_us = tess_column_int(q, 9);
}

int tess_store_picture_get(struct tess_store *store, struct tess_picture *picture,
			   uint32_t application, int64_t id)
{
	struct tess_query q =
		tess_query(store->db, PICTURE_COLUMNS "WHERE application = ? AND id = ?");
	int row, rc;

	tess_query_int(&q, application);
	tess_query_int(&q, id);
	row = tess_query_row(&q);
	if (row == 1)
		column_picture(&q, picture);
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_picture_set(struct tess_store *store, const struct tess_picture *picture)
{
	struct tess_query q =
		tess_query(store->db, "UPDATE picture SET width = ?, height = ?, x = ?, y = ?"
				      " WHERE application = ? AND id = ?");

	tess_query_int(&q, picture->width);
	tess_query_int(&q, picture->height);
	tess_query_int(&q, picture->x);
	tess_query_int(&q, picture->y);
	tess_query_int(&q, picture->application);
	tess_query_int(&q, picture->id);
	return tess_store_run_one(&q);
}

int tess_store_picture_remove(struct tess_store *store, uint32_t application, int64_t id)
{
	struct tess_query q =
		tess_query(store->db, "DELETE FROM picture WHERE application = ? AND id = ?");

	tess_query_int(&q, application);
	tess_query_int(&q, id);
	return tess_store_run_one(&q);
}

int tess_store_pictures(struct tess_store *store, uint32_t application, int64_t limit,
			int64_t offset, int (*each)(void *arg, const struct tess_picture *row),
			void *arg)
{
	struct tess_query q = tess_query(store->db, PICTURE_COLUMNS
					 "WHERE application = ? ORDER BY id LIMIT ? OFFSET ?");
	struct tess_picture row;
	int stop = 0, rc;

	tess_query_int(&q, application);
	tess_query_int(&q, limit ? limit : -1);
	tess_query_int(&q, offset);
	while (!stop && tess_query_row(&q) == 1) {
		column_picture(&q, &row);
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

int tess_store_picture_count(struct tess_store *store, uint32_t application, int64_t *count)
{
	struct tess_query q =
		tess_query(store->db, "SELECT count(*) FROM picture WHERE application = ?");

	tess_query_int(&q, application);
	return tess_store_value(&q, count);
}

int tess_store_picture_content(struct tess_store *store, const char *hash, void **content,
			       size_t *length)
{
	struct tess_query q = tess_query(
		store->db, "SELECT content FROM picture WHERE hash = ?1"
			   " UNION ALL SELECT content FROM fetched WHERE hash = ?1 LIMIT 1");
	int row, rc;

	*content = NULL;
	tess_query_text(&q, hash);
	row = tess_query_row(&q);
	if (row == 1)
		*content = tess_column_blob(&q, 0, length);
	rc = tess_query_end(&q);
	if (rc)
		free(*content);
	if (rc || row != 1)
		return rc ? rc : -ENOENT;
	return *content ? 0 : -ENOMEM;
}

int tess_store_fetched_set(struct tess_store *store, const char *url, const char *hash,
			   const void *content, size_t length)
{
	struct tess_query q =
		tess_query(store->db, "INSERT INTO fetched(url, hash, content) VALUES(?, ?, ?)"
				      " ON CONFLICT(url) DO UPDATE SET hash = excluded.hash,"
				      " content = excluded.content");

	tess_query_text(&q, url);
	tess_query_text(&q, hash);
	tess_query_blob(&q, content, length);
	return tess_query_run(&q);
}

int tess_store_fetched_hash(struct tess_store *store, const char *url, char hash[TESS_PICTURE_HASH])
{
	struct tess_query q = tess_query(store->db, "SELECT hash FROM fetched WHERE url = ?");
	int row, rc;

	tess_query_text(&q, url);
	row = tess_query_row(&q);
	if (row == 1)
		tess_column_text(&q, 0, hash, TESS_PICTURE_HASH);
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_fetched_remove(struct tess_store *store, const char *url)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM fetched WHERE url = ?");

	tess_query_text(&q, url);
	return tess_store_run_one(&q);
}

int tess_store_fetched(struct tess_store *store, int (*each)(void *arg, const char *url), void *arg)
{
	struct tess_query q = tess_query(store->db, "SELECT url FROM fetched ORDER BY url");
	int stop = 0, rc;

	while (!stop && tess_query_row(&q) == 1)
		stop = each(arg, tess_column_str(&q, 0));
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}
