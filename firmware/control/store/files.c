/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/files.c - the finished files of recordings: their life.
 */
#include "firmware/control/store/files.h"

#include <errno.h>

#include "firmware/control/store/file_row.h"

/* Nanoseconds of UTC make 19 digits until the year 2286; the sequence makes them rise, also when
 * the clock is set back, and never come again. */
static int next_id(struct tess_store *store, int64_t now_us, int64_t *id)
{
	struct tess_query q =
		tess_query(store->db, "SELECT max(?, coalesce((SELECT seq + 1 FROM sqlite_sequence"
				      " WHERE name = 'recording_file'), 0))");

	tess_query_int(&q, now_us * 1000);
	return tess_store_value(&q, id);
}

/* The index of texts is kept beside the table by hand: triggers must not use it, as the schema of
 * a file is not trusted. */
static int text_add(struct tess_store *store, const struct tess_file *file)
{
	struct tess_query q =
		tess_query(store->db, "INSERT INTO recording_text(rowid, name) VALUES(?, ?)");

	tess_query_int(&q, file->id);
	tess_query_text(&q, file->name);
	return tess_query_run(&q);
}

int tess_file_texts_forget(struct tess_store *store, int64_t recording, const char *path)
{
	struct tess_query q =
		tess_query(store->db, "INSERT INTO recording_text(recording_text, rowid, name)"
				      " SELECT 'delete', id, name FROM recording_file"
				      " WHERE recording = ? AND path = coalesce(?, path)");

	tess_query_int(&q, recording);
	tess_query_text(&q, path);
	return tess_query_run(&q);
}

static int is_known(struct tess_store *store, const struct tess_file *file)
{
	struct tess_query q = tess_query(
		store->db, "SELECT count(*) FROM recording_file WHERE recording = ? AND path = ?");
	int64_t count = 0;
	int rc;

	tess_query_int(&q, file->recording);
	tess_query_text(&q, file->path);
	rc = tess_store_value(&q, &count);
	return rc ? rc : count != 0;
}

static int insert(struct tess_store *store, struct tess_file *file)
{
	struct tess_query q;
	int rc = next_id(store, file->created_us, &file->id);

	if (rc)
		return rc;
	q = tess_query(store->db, "INSERT INTO recording_file(id, recording, application, area,"
				  " room, stream_id, record_id, format, path, name, created_us,"
				  " start_us, end_us, expires_us, duration_us, size_bytes, width,"
				  " height, part) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
				  " ?, ?, ?, ?, ?)");
	tess_query_int(&q, file->id);
	tess_query_int(&q, file->recording);
	tess_query_int(&q, file->application);
	tess_query_int(&q, file->area);
	tess_query_text(&q, file->room);
	tess_query_text(&q, file->stream_id);
	tess_query_text(&q, file->record_id);
	tess_query_text(&q, file->format);
	tess_query_text(&q, file->path);
	tess_query_text(&q, file->name);
	tess_query_int(&q, file->created_us);
	tess_query_int(&q, file->start_us);
	tess_query_int(&q, file->end_us);
	if (file->expires_us)
		tess_query_int(&q, file->expires_us);
	else
		tess_query_null(&q);
	tess_query_int(&q, file->duration_us);
	tess_query_int(&q, file->size_bytes);
	tess_query_int(&q, file->width);
	tess_query_int(&q, file->height);
	tess_query_int(&q, file->part);
	return tess_query_run(&q);
}

int tess_store_file_add(struct tess_store *store, struct tess_file *file)
{
	int rc = is_known(store, file);

	if (rc)
		return rc > 0 ? -EEXIST : rc;
	rc = tess_store_begin(store);
	if (rc)
		return rc;
	rc = insert(store, file);
	if (!rc)
		rc = text_add(store, file);
	return tess_store_finish(store, rc);
}

void tess_file_column(const struct tess_query *q, struct tess_file *row)
{
	row->id = tess_column_int(q, 0);
	row->recording = tess_column_int(q, 1);
	row->application = (uint32_t)tess_column_int(q, 2);
	row->area = tess_column_int(q, 3);
	tess_column_text(q, 4, row->room, sizeof(row->room));
	tess_column_text(q, 5, row->stream_id, sizeof(row->stream_id));
	tess_column_text(q, 6, row->record_id, sizeof(row->record_id));
	tess_column_text(q, 7, row->format, sizeof(row->format));
	tess_column_text(q, 8, row->path, sizeof(row->path));
	tess_column_text(q, 9, row->name, sizeof(row->name));
	row->hold = tess_column_int(q, 10);
	row->created_us = tess_column_int(q, 11);
	row->start_us = tess_column_int(q, 12);
	row->end_us = tess_column_int(q, 13);
	row->expires_us = tess_column_int(q, 14);
	row->duration_us = tess_column_int(q, 15);
	row->size_bytes = tess_column_int(q, 16);
	row->width = (uint32_t)tess_column_int(q, 17);
	row->height = (uint32_t)tess_column_int(q, 18);
	row->part = tess_column_int(q, 19);
	row->local = tess_column_int(q, 20) != 0;
	row->cover = tess_column_int(q, 21) == 1;
}

int tess_file_list(struct tess_query *q, int (*each)(void *arg, const struct tess_file *row),
		   void *arg)
{
	struct tess_file row;
	int stop = 0, rc;

	while (!stop && tess_query_row(q) == 1) {
		tess_file_column(q, &row);
		stop = each(arg, &row);
	}
	rc = tess_query_end(q);
	return rc ? rc : stop;
}

int tess_store_file_get(struct tess_store *store, struct tess_file *file, uint32_t application,
			int64_t area, int64_t id)
{
	struct tess_query q =
		tess_query(store->db, TESS_FILE_COLUMNS "WHERE id = ? AND application = ?"
							" AND area = ? AND state = 'there'");
	int row, rc;

	tess_query_int(&q, id);
	tess_query_int(&q, application);
	tess_query_int(&q, area);
	row = tess_query_row(&q);
	if (row == 1)
		tess_file_column(&q, file);
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_file_has_path(struct tess_store *store, const char *path)
{
	struct tess_query q =
		tess_query(store->db, "SELECT count(*) FROM recording_file WHERE path = ?");
	int64_t count = 0;
	int rc;

	tess_query_text(&q, path);
	rc = tess_store_value(&q, &count);
	return rc ? rc : count != 0;
}

int tess_store_files_of(struct tess_store *store, int64_t recording,
			int (*each)(void *arg, const struct tess_file *row), void *arg)
{
	struct tess_query q = tess_query(store->db, TESS_FILE_COLUMNS
					 "WHERE recording = ? AND state = 'there' ORDER BY id");

	tess_query_int(&q, recording);
	return tess_file_list(&q, each, arg);
}

int tess_store_file_hold(struct tess_store *store, int64_t recording, int64_t id, bool hold)
{
	struct tess_query q =
		tess_query(store->db, "UPDATE recording_file SET hold = ?"
				      " WHERE id = ? AND recording = ? AND state = 'there'");

	tess_query_int(&q, hold);
	tess_query_int(&q, id);
	tess_query_int(&q, recording);
	return tess_store_run_one(&q);
}

static int mark_deleting(struct tess_store *store, int64_t id)
{
	struct tess_query q = tess_query(store->db, "UPDATE recording_file SET state = 'deleting'"
						    " WHERE id = ? AND state = 'there'");

	tess_query_int(&q, id);
	return tess_store_run_one(&q);
}

/* What of it is in object storage is to go too. */
static int remove_objects(struct tess_store *store, int64_t id)
{
	struct tess_query q = tess_query(
		store->db, "UPDATE upload SET state = 'removing', next_us = 0 WHERE file = ?");

	tess_query_int(&q, id);
	return tess_query_run(&q);
}

/* A recording that goes on gets more files yet. */
static int delete_empty_recording(struct tess_store *store, int64_t id)
{
	struct tess_query q = tess_query(
		store->db,
		"UPDATE recording SET state = 'deleting' WHERE state IN ('finished','failed')"
		" AND id = (SELECT recording FROM recording_file WHERE id = ?)"
		" AND NOT EXISTS (SELECT 1 FROM recording_file f WHERE f.recording = recording.id"
		"  AND f.state = 'there')");

	tess_query_int(&q, id);
	return tess_query_run(&q);
}

int tess_store_file_delete(struct tess_store *store, int64_t id)
{
	struct tess_query q = tess_query(
		store->db, "SELECT hold FROM recording_file WHERE id = ? AND state = 'there'");
	int64_t hold = 0;
	int rc;

	tess_query_int(&q, id);
	rc = tess_store_value(&q, &hold);
	if (rc || hold)
		return rc ? rc : -EBUSY;
	rc = tess_store_begin(store);
	if (rc)
		return rc;
	rc = mark_deleting(store, id);
	if (!rc)
		rc = remove_objects(store, id);
	if (!rc)
		rc = delete_empty_recording(store, id);
	return tess_store_finish(store, rc);
}

int tess_store_files_deleting(struct tess_store *store,
			      int (*each)(void *arg, int64_t recording, const char *path),
			      void *arg)
{
	/* small indexes are named: for the order alone, a large one would be gone through */
	struct tess_query q = tess_query(
		store->db, "SELECT recording, path FROM recording_file AS f"
			   " INDEXED BY recording_file_deleting"
			   " WHERE f.state = 'deleting' AND 'deleting' !="
			   " (SELECT r.state FROM recording AS r WHERE r.id = f.recording)"
			   " UNION ALL SELECT recording, path FROM recording_file"
			   " INDEXED BY recording_file_leaving WHERE local = 2"
			   " AND state = 'there' ORDER BY recording, path LIMIT ?");
	int stop = 0, rc;

	tess_query_int(&q, TESS_FILES_DELETING_MAX);
	while (!stop && tess_query_row(&q) == 1)
		stop = each(arg, tess_column_int(&q, 0), tess_column_str(&q, 1));
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

static int remove_row(struct tess_store *store, int64_t recording, const char *path)
{
	struct tess_query q = tess_query(
		store->db, "DELETE FROM recording_file WHERE recording = ? AND path = ?");

	tess_query_int(&q, recording);
	tess_query_text(&q, path);
	return tess_store_run_one(&q);
}

/* Its files were deleted while it went on. */
static int delete_without_files(struct tess_store *store, int64_t id)
{
	struct tess_query q =
		tess_query(store->db, "UPDATE recording SET state = 'deleting' WHERE id = ?"
				      " AND state IN ('finished','failed') AND NOT EXISTS"
				      " (SELECT 1 FROM recording_file AS f"
				      " WHERE f.recording = recording.id)");

	tess_query_int(&q, id);
	return tess_query_run(&q);
}

int tess_store_file_leave(struct tess_store *store, int64_t id)
{
	struct tess_query q = tess_query(store->db, "UPDATE recording_file SET local = 2"
						    " WHERE id = ? AND local = 1 AND NOT hold"
						    " AND state = 'there'");

	tess_query_int(&q, id);
	return tess_store_run_one(&q);
}

/* @retval 0 it was to leave this disk, and stays in the object storage; -ENOENT it was not */
static int has_left(struct tess_store *store, int64_t recording, const char *path)
{
	struct tess_query q = tess_query(
		store->db, "UPDATE recording_file SET local = 0 WHERE recording = ? AND path = ?"
			   " AND local = 2 AND state = 'there'");

	tess_query_int(&q, recording);
	tess_query_text(&q, path);
	return tess_store_run_one(&q);
}

int tess_store_file_removed(struct tess_store *store, int64_t recording, const char *path)
{
	struct tess_query q =
		tess_query(store->db, "SELECT id FROM recording_file WHERE recording = ?"
				      " AND path = ? AND state = 'deleting'");
	int64_t id;
	int rc;

	tess_query_int(&q, recording);
	tess_query_text(&q, path);
	rc = tess_store_value(&q, &id);
	if (rc == -ENOENT)
		return has_left(store, recording, path);
	if (rc)
		return rc;
	rc = tess_store_begin(store);
	if (rc)
		return rc;
	rc = tess_file_texts_forget(store, recording, path);
	if (!rc)
		rc = remove_row(store, recording, path);
	if (!rc)
		rc = delete_without_files(store, recording);
	return tess_store_finish(store, rc);
}

int tess_store_file_expired(struct tess_store *store, int64_t *id, int64_t now_us)
{
	struct tess_query q =
		tess_query(store->db, "SELECT id FROM recording_file WHERE state = 'there'"
				      " AND NOT hold AND expires_us IS NOT NULL"
				      " AND expires_us <= ? ORDER BY expires_us LIMIT 1");

	tess_query_int(&q, now_us);
	return tess_store_value(&q, id);
}
