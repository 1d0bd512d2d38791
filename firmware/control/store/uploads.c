/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/uploads.c - see uploads.h.
 */
#include "firmware/control/store/uploads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/store/internal.h"

int tess_store_upload_settings_get(struct tess_store *store, struct tess_upload_settings *settings,
				   uint32_t application)
{
	struct tess_query q =
		tess_query(store->db, "SELECT enabled, endpoint, bucket, region, prefix,"
				      " path_style, access_key, secret_key, delete_local"
				      " FROM upload_setting WHERE application = ?");
	struct tess_upload_place *place = &settings->place;

	*settings =
		(struct tess_upload_settings){.place = {.region = "us-east-1", .path_style = true}};
	tess_query_int(&q, application);
	if (tess_query_row(&q) == 1) {
		settings->enabled = tess_column_int(&q, 0);
		tess_column_text(&q, 1, place->endpoint, sizeof(place->endpoint));
		tess_column_text(&q, 2, place->bucket, sizeof(place->bucket));
		tess_column_text(&q, 3, place->region, sizeof(place->region));
		tess_column_text(&q, 4, place->prefix, sizeof(place->prefix));
		place->path_style = tess_column_int(&q, 5);
		tess_column_text(&q, 6, settings->access_key, sizeof(settings->access_key));
		tess_column_text(&q, 7, settings->secret_key, sizeof(settings->secret_key));
		settings->delete_local = tess_column_int(&q, 8);
	}
	return tess_query_end(&q);
}

static int write_settings(struct tess_store *store, uint32_t application,
			  const struct tess_upload_settings *settings)
{
	struct tess_query q = tess_query(
		store->db, "INSERT OR REPLACE INTO upload_setting(application, enabled, endpoint,"
			   " bucket, region, prefix, path_style, access_key, secret_key,"
			   " delete_local) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

	tess_query_int(&q, application);
	tess_query_int(&q, settings->enabled);
	tess_query_text(&q, settings->place.endpoint);
	tess_query_text(&q, settings->place.bucket);
	tess_query_text(&q, settings->place.region);
	tess_query_text(&q, settings->place.prefix);
	tess_query_int(&q, settings->place.path_style);
	tess_query_text(&q, settings->access_key);
	tess_query_text(&q, settings->secret_key);
	tess_query_int(&q, settings->delete_local);
	return tess_query_run(&q);
}

/* What has sent nothing yet goes where the settings say now. */
static int move_unsent(struct tess_store *store, uint32_t application,
		       const struct tess_upload_place *place)
{
	struct tess_query q = tess_query(
		store->db, "UPDATE upload SET endpoint = ?, bucket = ?, region = ?, prefix = ?,"
			   " path_style = ? WHERE application = ? AND upload_id = ''"
			   " AND state IN ('pending','failed') AND NOT EXISTS"
			   " (SELECT 1 FROM upload_item AS i WHERE i.file = upload.file"
			   "  AND i.etag != '')");

	tess_query_text(&q, place->endpoint);
	tess_query_text(&q, place->bucket);
	tess_query_text(&q, place->region);
	tess_query_text(&q, place->prefix);
	tess_query_int(&q, place->path_style);
	tess_query_int(&q, application);
	return tess_query_run(&q);
}

static int hurry(struct tess_store *store, uint32_t application, int64_t now_us)
{
	struct tess_query q = tess_query(
		store->db, "UPDATE upload SET next_us = ?, attempts = 0 WHERE application = ?"
			   " AND state IN ('pending','uploading','failed','removing')");

	tess_query_int(&q, now_us);
	tess_query_int(&q, application);
	return tess_query_run(&q);
}

int tess_store_upload_settings_set(struct tess_store *store, uint32_t application,
				   const struct tess_upload_settings *settings, int64_t now_us)
{
	int rc = tess_store_begin(store);

	if (rc)
		return rc;
	rc = write_settings(store, application, settings);
	if (!rc)
		rc = move_unsent(store, application, &settings->place);
	if (!rc)
		rc = hurry(store, application, now_us);
	return tess_store_finish(store, rc);
}

int tess_store_upload_endpoints(struct tess_store *store,
				int (*each)(void *arg, const struct tess_upload_place *place),
				void *arg)
{
	struct tess_query q =
		tess_query(store->db, "SELECT endpoint, bucket, path_style FROM upload_origin"
				      " ORDER BY id DESC LIMIT 20");
	struct tess_upload_place place = {0};
	int stop = 0, rc;

	while (!stop && tess_query_row(&q) == 1) {
		tess_column_text(&q, 0, place.endpoint, sizeof(place.endpoint));
		tess_column_text(&q, 1, place.bucket, sizeof(place.bucket));
		place.path_style = tess_column_int(&q, 2);
		stop = each(arg, &place);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

int tess_store_upload_add(struct tess_store *store, const struct tess_upload *upload)
{
	struct tess_query q = tess_query(
		store->db, "INSERT INTO upload(file, application, recording, path, format,"
			   " size_bytes, state, endpoint, bucket, region, prefix, path_style,"
			   " delete_local, next_us)"
			   " VALUES(?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?)");

	tess_query_int(&q, upload->file);
	tess_query_int(&q, upload->application);
	tess_query_int(&q, upload->recording);
	tess_query_text(&q, upload->path);
	tess_query_text(&q, upload->format);
	tess_query_int(&q, upload->size_bytes);
	tess_query_text(&q, upload->place.endpoint);
	tess_query_text(&q, upload->place.bucket);
	tess_query_text(&q, upload->place.region);
	tess_query_text(&q, upload->place.prefix);
	tess_query_int(&q, upload->place.path_style);
	tess_query_int(&q, upload->delete_local);
	tess_query_int(&q, upload->next_us);
	return tess_query_run(&q);
}

#define COLUMNS                                                                                \
	"SELECT file, application, recording, path, format, size_bytes, state, endpoint,"      \
	" bucket, region, prefix, path_style, delete_local, upload_id, items, etag, attempts," \
	" next_us, error, (SELECT coalesce(sum(i.bytes), 0) FROM upload_item AS i"             \
	"  WHERE i.file = upload.file AND i.etag != '') FROM upload "

static void column_upload(const struct tess_query *q, struct tess_upload *row)
{
	row->file = tess_column_int(q, 0);
	row->application = (uint32_t)tess_column_int(q, 1);
	row->recording = tess_column_int(q, 2);
	tess_column_text(q, 3, row->path, sizeof(row->path));
	tess_column_text(q, 4, row->format, sizeof(row->format));
	row->size_bytes = tess_column_int(q, 5);
	tess_column_text(q, 6, row->state, sizeof(row->state));
	tess_column_text(q, 7, row->place.endpoint, sizeof(row->place.endpoint));
	tess_column_text(q, 8, row->place.bucket, sizeof(row->place.bucket));
	tess_column_text(q, 9, row->place.region, sizeof(row->place.region));
	tess_column_text(q, 10, row->place.prefix, sizeof(row->place.prefix));
	row->place.path_style = tess_column_int(q, 11);
	row->delete_local = tess_column_int(q, 12);
	tess_column_text(q, 13, row->upload_id, sizeof(row->upload_id));
	row->items = tess_column_int(q, 14);
	tess_column_text(q, 15, row->etag, sizeof(row->etag));
	row->attempts = (unsigned)tess_column_int(q, 16);
	row->next_us = tess_column_int(q, 17);
	tess_column_text(q, 18, row->error, sizeof(row->error));
	row->done_bytes = tess_column_int(q, 19);
}

static int get(struct tess_query *q, struct tess_upload *upload)
{
	int row = tess_query_row(q), rc;

	if (row == 1)
		column_upload(q, upload);
	rc = tess_query_end(q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_upload_get(struct tess_store *store, struct tess_upload *upload, int64_t file)
{
	struct tess_query q = tess_query(store->db, COLUMNS "WHERE file = ?");

	tess_query_int(&q, file);
	return get(&q, upload);
}

int tess_store_upload_find(struct tess_store *store, struct tess_upload *upload, int64_t recording,
			   const char *name)
{
	struct tess_query q = tess_query(store->db, COLUMNS
					 "WHERE recording = ?1 AND state != 'removing' AND CASE"
					 " WHEN ?2 IS NULL THEN format = 'mp4'"
					 " ELSE substr(path, instr(path, '/') + 1) = ?2 END"
					 " ORDER BY path LIMIT 1");

	tess_query_int(&q, recording);
	tess_query_text(&q, name);
	return get(&q, upload);
}

int tess_store_uploads_due(struct tess_store *store, int64_t now_us,
			   int (*each)(void *arg, const struct tess_upload *row), void *arg)
{
	struct tess_query q =
		tess_query(store->db, COLUMNS "WHERE state != 'uploaded' AND next_us <= ?"
					      " ORDER BY next_us LIMIT 64");
	struct tess_upload row;
	int stop = 0, rc;

	tess_query_int(&q, now_us);
	while (!stop && tess_query_row(&q) == 1) {
		column_upload(&q, &row);
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

int tess_store_upload_next(struct tess_store *store, int64_t after_us, int64_t *next_us)
{
	struct tess_query q = tess_query(store->db, "SELECT next_us FROM upload"
						    " WHERE state != 'uploaded' AND next_us > ?"
						    " ORDER BY next_us LIMIT 1");

	tess_query_int(&q, after_us);
	return tess_store_value(&q, next_us);
}

static int note_origin(struct tess_store *store, int64_t file)
{
	struct tess_query q = tess_query(
		store->db, "INSERT OR IGNORE INTO upload_origin(endpoint, bucket, path_style)"
			   " SELECT endpoint, bucket, path_style FROM upload WHERE file = ?"
			   " AND state = 'uploaded'");

	tess_query_int(&q, file);
	return tess_query_run(&q);
}

static int set(struct tess_store *store, const struct tess_upload *upload)
{
	struct tess_query q = tess_query(
		store->db, "UPDATE upload SET state = ?, upload_id = ?, etag = ?, attempts = ?,"
			   " next_us = ?, error = ? WHERE file = ?");

	tess_query_text(&q, upload->state);
	tess_query_text(&q, upload->upload_id);
	tess_query_text(&q, upload->etag);
	tess_query_int(&q, upload->attempts);
	tess_query_int(&q, upload->next_us);
	tess_query_text(&q, upload->error);
	tess_query_int(&q, upload->file);
	return tess_store_run_one(&q);
}

int tess_store_upload_set(struct tess_store *store, const struct tess_upload *upload)
{
	int rc;

	if (strcmp(upload->state, "uploaded") != 0)
		return set(store, upload);
	rc = tess_store_begin(store);
	if (rc)
		return rc;
	rc = set(store, upload);
	if (!rc)
		rc = note_origin(store, upload->file);
	return tess_store_finish(store, rc);
}

static int forget_items(struct tess_store *store, int64_t file)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM upload_item WHERE file = ?");

	tess_query_int(&q, file);
	return tess_query_run(&q);
}

int tess_store_upload_restart(struct tess_store *store, int64_t file)
{
	struct tess_query q = tess_query(store->db, "UPDATE upload SET upload_id = '', etag = '',"
						    " items = 0 WHERE file = ?");
	int rc;

	tess_query_int(&q, file);
	rc = tess_store_run_one(&q);
	return rc ? rc : forget_items(store, file);
}

int tess_store_upload_remove(struct tess_store *store, int64_t file)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM upload WHERE file = ?");

	tess_query_int(&q, file);
	return tess_store_run_one(&q);
}

int tess_store_upload_states(struct tess_store *store,
			     int (*each)(void *arg, const char *state, int64_t count), void *arg)
{
	struct tess_query q =
		tess_query(store->db, "SELECT state, count(*) FROM upload GROUP BY state");
	int stop = 0, rc;

	while (!stop && tess_query_row(&q) == 1)
		stop = each(arg, tess_column_str(&q, 0), tess_column_int(&q, 1));
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

int tess_store_uploads_removing(struct tess_store *store, uint32_t application, int64_t *count)
{
	struct tess_query q =
		tess_query(store->db, "SELECT count(*) FROM upload"
				      " WHERE state = 'removing' AND application = ?");

	tess_query_int(&q, application);
	*count = tess_query_row(&q) == 1 ? tess_column_int(&q, 0) : 0;
	return tess_query_end(&q);
}

int tess_store_upload_item_add(struct tess_store *store, int64_t file,
			       const struct tess_upload_item *item)
{
	struct tess_query q =
		tess_query(store->db, "INSERT INTO upload_item(file, item, path, at_bytes, bytes)"
				      " VALUES(?, ?, ?, ?, ?)");

	tess_query_int(&q, file);
	tess_query_int(&q, item->item);
	tess_query_text(&q, item->path);
	tess_query_int(&q, item->at_bytes);
	tess_query_int(&q, item->bytes);
	return tess_query_run(&q);
}

int tess_store_upload_items_end(struct tess_store *store, int64_t file, int64_t count,
				const char *playlist)
{
	struct tess_query q =
		tess_query(store->db, "UPDATE upload SET items = ?, playlist = ? WHERE file = ?");

	tess_query_int(&q, count);
	tess_query_text(&q, playlist);
	tess_query_int(&q, file);
	return tess_store_run_one(&q);
}

int tess_store_upload_items(struct tess_store *store, int64_t file, int64_t from, bool missing,
			    int (*each)(void *arg, const struct tess_upload_item *row), void *arg)
{
	struct tess_query q = tess_query(
		store->db, "SELECT item, path, at_bytes, bytes, etag FROM upload_item"
			   " WHERE file = ? AND item >= ? AND (etag = '' OR NOT ?) ORDER BY item");
	struct tess_upload_item row;
	int stop = 0, rc;

	tess_query_int(&q, file);
	tess_query_int(&q, from);
	tess_query_int(&q, missing);
	while (!stop && tess_query_row(&q) == 1) {
		row.item = tess_column_int(&q, 0);
		tess_column_text(&q, 1, row.path, sizeof(row.path));
		row.at_bytes = tess_column_int(&q, 2);
		row.bytes = tess_column_int(&q, 3);
		tess_column_text(&q, 4, row.etag, sizeof(row.etag));
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

static int gets_on(struct tess_store *store, int64_t file)
{
	struct tess_query q = tess_query(
		store->db, "UPDATE upload SET attempts = 0, error = '', state = CASE state"
			   " WHEN 'failed' THEN 'uploading' ELSE state END WHERE file = ?");

	tess_query_int(&q, file);
	return tess_store_run_one(&q);
}

int tess_store_upload_item_done(struct tess_store *store, int64_t file, int64_t item,
				const char *etag)
{
	struct tess_query q = tess_query(
		store->db, "UPDATE upload_item SET etag = ? WHERE file = ? AND item = ?");
	int rc;

	tess_query_text(&q, etag);
	tess_query_int(&q, file);
	tess_query_int(&q, item);
	rc = tess_store_run_one(&q);
	return rc ? rc : gets_on(store, file);
}

int tess_store_upload_playlist(struct tess_store *store, int64_t file, char **playlist)
{
	struct tess_query q = tess_query(store->db, "SELECT playlist FROM upload WHERE file = ?");
	int row, rc;

	*playlist = NULL;
	tess_query_int(&q, file);
	row = tess_query_row(&q);
	if (row == 1)
		*playlist = strdup(tess_column_str(&q, 0));
	rc = tess_query_end(&q);
	if (rc) {
		free(*playlist);
		return rc;
	}
	return row != 1 ? -ENOENT : *playlist ? 0 : -ENOMEM;
}
