/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/recordings.c - the index of recordings.
 */
#include <errno.h>
#include <string.h>

#include "firmware/control/store/file_row.h"

bool tess_recording_over(const struct tess_recording *recording)
{
	return !strcmp(recording->state, "finished") || !strcmp(recording->state, "failed");
}

int tess_store_recording_add(struct tess_store *store, struct tess_recording *recording)
{
	struct tess_query q = tess_query(
		store->db, "INSERT INTO recording(application, room_type, room, stream, stream_id,"
			   " record_id, wanted, state, created_us, formats, split_minutes,"
			   " resume_timeout_s, retention_days, area, callback_url, callback_key,"
			   " prefix, cause, user, stream_type)"
			   " VALUES(?, ?, ?, ?, ?, ?, 1, 'waiting', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
			   " ?, ?)");
	const struct tess_record_settings *settings = &recording->settings;
	int rc;

	tess_store_bind_room(&q, &recording->room);
	tess_query_text(&q, recording->stream);
	tess_query_text(&q, recording->stream_id);
	tess_query_text(&q, recording->record_id);
	tess_query_int(&q, recording->created_us);
	tess_query_text(&q, *settings->formats ? settings->formats : "mp4");
	tess_query_int(&q,
		       settings->split_minutes ? settings->split_minutes : TESS_SPLIT_MINUTES_MAX);
	tess_query_int(&q, settings->resume_timeout_s);
	tess_query_int(&q, settings->retention_days);
	tess_query_int(&q, settings->area);
	tess_query_text(&q, settings->callback_url);
	tess_query_text(&q, settings->callback_key);
	tess_query_text(&q, *recording->prefix ? recording->prefix : recording->record_id);
	tess_query_text(&q, *recording->cause ? recording->cause : "mix");
	tess_query_text(&q, recording->user);
	tess_query_text(&q, recording->stream_type);
	rc = tess_query_run(&q);
	if (!rc)
		recording->id = tess_db_last_id(store->db);
	return rc;
}

static int raise_sequence(struct tess_store *store, int64_t least)
{
	struct tess_query q = tess_query(
		store->db,
		"UPDATE sqlite_sequence SET seq = max(seq + 1, ?) WHERE name = 'recording'");
	int rc;

	tess_query_int(&q, least);
	rc = tess_store_run_one(&q);
	if (rc != -ENOENT)
		return rc;
	q = tess_query(store->db, "INSERT INTO sqlite_sequence(name, seq) VALUES('recording', ?)");
	tess_query_int(&q, least > 1 ? least : 1);
	return tess_query_run(&q);
}

int tess_store_recording_reserve(struct tess_store *store, int64_t *id, int64_t least)
{
	struct tess_query q;
	int rc = raise_sequence(store, least);

	if (rc)
		return rc;
	q = tess_query(store->db, "SELECT seq FROM sqlite_sequence WHERE name = 'recording'");
	return tess_store_value(&q, id);
}

int tess_store_recording_import(struct tess_store *store, const struct tess_recording *recording)
{
	struct tess_query q = tess_query(
		store->db,
		"INSERT INTO recording(id, application, room_type, room, stream,"
		" stream_id, record_id, wanted, state, path, created_us, start_us, end_us,"
		" duration_us, size_bytes, width, height, area, metered_us, prefix)"
		" VALUES(?, ?, ?, ?, '', '', ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT(id) DO UPDATE SET width = max(width, excluded.width),"
		" height = max(height, excluded.height),"
		" duration_us = max(duration_us, excluded.duration_us),"
		" metered_us = max(metered_us, excluded.metered_us),"
		" size_bytes = CASE WHEN excluded.path LIKE '%.mp4'"
		"  THEN excluded.size_bytes ELSE size_bytes END,"
		" path = CASE WHEN excluded.path LIKE '%.mp4' THEN excluded.path"
		"  ELSE path END");

	tess_query_int(&q, recording->id);
	tess_store_bind_room(&q, &recording->room);
	tess_query_text(&q, recording->record_id);
	tess_query_text(&q, recording->state);
	tess_query_text(&q, recording->path);
	tess_query_int(&q, recording->created_us);
	tess_query_int(&q, recording->start_us);
	tess_query_int(&q, recording->end_us);
	tess_query_int(&q, recording->duration_us);
	tess_query_int(&q, recording->size_bytes);
	tess_query_int(&q, recording->width);
	tess_query_int(&q, recording->height);
	tess_query_int(&q, recording->settings.area);
	/* what was recorded in another life of the store is not metered now */
	tess_query_int(&q, recording->duration_us);
	tess_query_text(&q, recording->prefix);
	return tess_query_run(&q);
}

#define COLUMNS                                                                                 \
	"SELECT id, application, room_type, room, stream, stream_id, record_id, wanted, state," \
	" path, created_us, start_us, end_us, duration_us, size_bytes, width, height, error, "  \
	"gaps,"                                                                                 \
	" formats, split_minutes, resume_timeout_s, retention_days, area, callback_url,"        \
	" callback_key, metered_us, prefix, cause, user, stream_type, ends_us FROM recording "

static void column_recording(const struct tess_query *q, struct tess_recording *row)
{
	row->id = tess_column_int(q, 0);
	tess_store_column_room(q, 1, &row->room);
	tess_column_text(q, 4, row->stream, sizeof(row->stream));
	tess_column_text(q, 5, row->stream_id, sizeof(row->stream_id));
	tess_column_text(q, 6, row->record_id, sizeof(row->record_id));
	row->wanted = tess_column_int(q, 7);
	tess_column_text(q, 8, row->state, sizeof(row->state));
	tess_column_text(q, 9, row->path, sizeof(row->path));
	row->created_us = tess_column_int(q, 10);
	row->start_us = tess_column_int(q, 11);
	row->end_us = tess_column_int(q, 12);
	row->duration_us = tess_column_int(q, 13);
	row->size_bytes = tess_column_int(q, 14);
	row->width = (uint32_t)tess_column_int(q, 15);
	row->height = (uint32_t)tess_column_int(q, 16);
	tess_column_text(q, 17, row->error, sizeof(row->error));
	tess_column_text(q, 18, row->gaps, sizeof(row->gaps));
	*row->settings.mode = 0;
	tess_column_text(q, 19, row->settings.formats, sizeof(row->settings.formats));
	row->settings.split_minutes = (uint32_t)tess_column_int(q, 20);
	row->settings.resume_timeout_s = (uint32_t)tess_column_int(q, 21);
	row->settings.retention_days = (uint32_t)tess_column_int(q, 22);
	row->settings.area = tess_column_int(q, 23);
	tess_column_text(q, 24, row->settings.callback_url, sizeof(row->settings.callback_url));
	tess_column_text(q, 25, row->settings.callback_key, sizeof(row->settings.callback_key));
	row->metered_us = tess_column_int(q, 26);
	tess_column_text(q, 27, row->prefix, sizeof(row->prefix));
	tess_column_text(q, 28, row->cause, sizeof(row->cause));
	tess_column_text(q, 29, row->user, sizeof(row->user));
	tess_column_text(q, 30, row->stream_type, sizeof(row->stream_type));
	row->ends_us = tess_column_int(q, 31);
}

static int list(struct tess_query *q, int (*each)(void *arg, const struct tess_recording *row),
		void *arg)
{
	struct tess_recording row;
	int stop = 0, rc;

	while (!stop && tess_query_row(q) == 1) {
		column_recording(q, &row);
		stop = each(arg, &row);
	}
	rc = tess_query_end(q);
	return rc ? rc : stop;
}

int tess_store_recording_get(struct tess_store *store, struct tess_recording *recording, int64_t id)
{
	struct tess_query q = tess_query(store->db, COLUMNS "WHERE id = ?");
	int row, rc;

	tess_query_int(&q, id);
	row = tess_query_row(&q);
	if (row == 1)
		column_recording(&q, recording);
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_recording_of(struct tess_store *store, int64_t *id, const char *stream)
{
	struct tess_query q =
		tess_query(store->db, "SELECT id FROM recording"
				      " WHERE state NOT IN ('finished','failed')"
				      " AND wanted"
				      " AND stream IN (?1, ?1 || '" TESS_STORE_MP3 "')");

	tess_query_text(&q, stream);
	return tess_store_value(&q, id);
}

int tess_store_recording_end(struct tess_store *store, const char *stream)
{
	struct tess_query q =
		tess_query(store->db, "UPDATE recording SET wanted = 0"
				      " WHERE state NOT IN ('finished','failed')"
				      " AND stream IN (?1, ?1 || '" TESS_STORE_MP3 "')");

	tess_query_text(&q, stream);
	return tess_query_run(&q);
}

#define OPEN "wanted AND state NOT IN ('finished','failed')"

int tess_store_recordings_leave(struct tess_store *store, const struct tess_cloud_room *room,
				const char *user, const char *stream_type, int64_t now_us)
{
	struct tess_query q = tess_query(
		store->db,
		"UPDATE recording SET wanted = resume_timeout_s > 0, ends_us ="
		" CASE WHEN resume_timeout_s > 0 THEN ?6 + resume_timeout_s * 1000000 END"
		" WHERE " OPEN " AND stream IN (SELECT 'user-' || id FROM publisher"
		"  WHERE application = ?1 AND room_type = ?2 AND room = ?3 AND"
		"  user = coalesce(?4, user) AND stream_type = coalesce(?5, stream_type))");

	tess_store_bind_room(&q, room);
	tess_query_text(&q, user);
	tess_query_text(&q, stream_type);
	tess_query_int(&q, now_us);
	return tess_query_run(&q);
}

/* What an administrator began goes on under its own record id; others are of the user's, or where
 * there is none, of the stream's name. The few that are open lead, not all of the application's. */
static int find_left(struct tess_store *store, const struct tess_publisher *publisher,
		     int64_t now_us, int64_t *id)
{
	struct tess_query q = tess_query(
		store->db, "SELECT id FROM recording WHERE " OPEN " AND +application = ?1"
			   " AND room_type = ?2 AND room = ?3 AND user = ?4 AND stream_type = ?5"
			   " AND ends_us > ?6 AND (cause = 'api' OR"
			   "  (record_id = ?7 AND (?7 != '' OR stream_id = ?8)))"
			   " ORDER BY +id DESC LIMIT 1");

	tess_store_bind_room(&q, &publisher->room);
	tess_query_text(&q, publisher->user);
	tess_query_text(&q, publisher->stream_type);
	tess_query_int(&q, now_us);
	tess_query_text(&q, publisher->record_id);
	tess_query_text(&q, publisher->stream_name);
	return tess_store_value(&q, id);
}

int tess_store_recording_back(struct tess_store *store, const struct tess_publisher *publisher,
			      int64_t now_us)
{
	struct tess_query q;
	int64_t id = 0;
	int rc = find_left(store, publisher, now_us, &id);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	q = tess_query(store->db,
		       "UPDATE recording SET stream = 'user-' || ?, ends_us = NULL WHERE id = ?");
	tess_query_int(&q, publisher->id);
	tess_query_int(&q, id);
	rc = tess_store_run_one(&q);
	return rc ? rc : 1;
}

int tess_store_recordings_due(struct tess_store *store, int64_t now_us)
{
	struct tess_query q =
		tess_query(store->db, "UPDATE recording SET wanted = 0, ends_us = NULL"
				      " WHERE " OPEN " AND ends_us <= ?");
	int rc;

	tess_query_int(&q, now_us);
	rc = tess_query_run(&q);
	return rc ? rc : tess_db_changes(store->db) > 0;
}

static void bind_time(struct tess_query *q, int64_t us)
{
	if (us)
		tess_query_int(q, us);
	else
		tess_query_null(q);
}

int tess_store_recording_facts(struct tess_store *store, const struct tess_recording *recording)
{
	struct tess_query q = tess_query(
		store->db, "UPDATE recording SET state = ?, path = ?, start_us = ?, end_us = ?,"
			   " duration_us = ?, size_bytes = ?, width = ?, height = ?, gaps = ?,"
			   " error = ?, wanted = wanted AND ? WHERE id = ?");

	tess_query_text(&q, recording->state);
	tess_query_text(&q, recording->path);
	bind_time(&q, recording->start_us);
	bind_time(&q, recording->end_us);
	tess_query_int(&q, recording->duration_us);
	tess_query_int(&q, recording->size_bytes);
	tess_query_int(&q, recording->width);
	tess_query_int(&q, recording->height);
	tess_query_text(&q, *recording->gaps ? recording->gaps : "[]");
	tess_query_text(&q, recording->error);
	tess_query_int(&q, !tess_recording_over(recording));
	tess_query_int(&q, recording->id);
	return tess_store_run_one(&q);
}

int tess_store_recording_state(struct tess_store *store, int64_t id, const char *state,
			       const char *error)
{
	struct tess_query q = tess_query(store->db, "UPDATE recording SET state = ?, error = ?"
						    " WHERE id = ?");

	tess_query_text(&q, state);
	tess_query_text(&q, error);
	tess_query_int(&q, id);
	return tess_store_run_one(&q);
}

static int remove_row(struct tess_store *store, int64_t id)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM recording WHERE id = ?");

	tess_query_int(&q, id);
	return tess_store_run_one(&q);
}

int tess_store_recording_remove(struct tess_store *store, int64_t id)
{
	int64_t there = 0;
	struct tess_query q = tess_query(store->db, "SELECT id FROM recording WHERE id = ?");
	int rc;

	tess_query_int(&q, id);
	rc = tess_store_value(&q, &there);
	if (!rc)
		rc = tess_store_begin(store);
	if (rc)
		return rc;
	rc = tess_file_texts_forget(store, id, NULL);
	if (!rc)
		rc = remove_row(store, id); /* and with it its files */
	return tess_store_finish(store, rc);
}

/* The files of a recording that is to be removed are not to be found any more. */
static int delete_files(struct tess_store *store, int64_t id)
{
	struct tess_query q = tess_query(store->db, "UPDATE recording_file SET state = 'deleting'"
						    " WHERE recording = ?");

	tess_query_int(&q, id);
	return tess_query_run(&q);
}

static int remove_objects(struct tess_store *store, int64_t id)
{
	struct tess_query q = tess_query(store->db, "UPDATE upload SET state = 'removing',"
						    " next_us = 0 WHERE recording = ?");

	tess_query_int(&q, id);
	return tess_query_run(&q);
}

int tess_store_recording_delete(struct tess_store *store, int64_t id)
{
	struct tess_query q = tess_query(
		store->db, "SELECT count(*) FROM recording_file WHERE recording = ? AND hold");
	int64_t held = 0;
	int rc;

	tess_query_int(&q, id);
	rc = tess_store_value(&q, &held);
	if (rc || held)
		return rc ? rc : -EBUSY;
	rc = tess_store_begin(store);
	if (rc)
		return rc;
	rc = tess_store_recording_state(store, id, "deleting", "");
	if (!rc)
		rc = delete_files(store, id);
	if (!rc)
		rc = remove_objects(store, id);
	return tess_store_finish(store, rc);
}

/*
 * Which index leads the search. Of the prefix and the times the narrower leads when it has at most
 * FEW rows, which are then sorted; otherwise what is searched for is common, and going through all
 * by their beginning, the newest first, finds a page of it soon. Parameters that are null do not
 * narrow. The prefix is compared as bytes, so that '_' and '%' in it are themselves: the names that
 * begin with P are those from P to P and the greatest character.
 */
#define FEW 3000

#define REST                                                                           \
	" AND application = coalesce(?3, application) AND state = coalesce(?4, state)" \
	" AND area = coalesce(?5, area) "
#define BY_NAME                                                    \
	"WHERE prefix >= ?1 AND prefix < ?2 || char(1114111)" REST \
	" AND +coalesce(start_us, created_us) >= ?6 AND +coalesce(start_us, created_us) < ?7 "
#define BY_BEGIN                                                     \
	"WHERE +prefix >= ?1 AND +prefix < ?2 || char(1114111)" REST \
	" AND coalesce(start_us, created_us) >= ?6 AND coalesce(start_us, created_us) < ?7 "

static void bind_filter(struct tess_query *q, const struct tess_recording_filter *filter)
{
	const char *prefix = filter->prefix ? filter->prefix : "";

	tess_query_text(q, prefix);
	tess_query_text(q, prefix);
	if (filter->application)
		tess_query_int(q, filter->application);
	else
		tess_query_null(q);
	tess_query_text(q, filter->state);
	if (filter->area)
		tess_query_int(q, filter->area == TESS_AREA_OWN ? 0 : filter->area);
	else
		tess_query_null(q);
	tess_query_int(q, filter->from_us);
	tess_query_int(q, filter->to_us ? filter->to_us : INT64_MAX);
}

/* @retval 1 the names lead, 0 the times, or an error */
static int names_lead(struct tess_store *store, const struct tess_recording_filter *filter)
{
	struct tess_query q;
	int64_t count = 0;
	int rc;

	if (!filter->prefix || !*filter->prefix)
		return 0;
	q = tess_query(store->db, "SELECT count(*) FROM (SELECT 1 FROM recording WHERE prefix >= ?1"
				  " AND prefix < ?1 || char(1114111) LIMIT ?2)");
	tess_query_text(&q, filter->prefix);
	tess_query_int(&q, FEW + 1);
	rc = tess_store_value(&q, &count);
	return rc ? rc : count <= FEW;
}

int tess_store_recordings(struct tess_store *store, const struct tess_recording_filter *filter,
			  int (*each)(void *arg, const struct tess_recording *row), void *arg)
{
	struct tess_query q;
	int names = names_lead(store, filter);

	if (names < 0)
		return names;
	q = names ? tess_query(store->db, COLUMNS BY_NAME "ORDER BY id DESC LIMIT ? OFFSET ?")
		  : tess_query(store->db, COLUMNS BY_BEGIN
			       "ORDER BY coalesce(start_us, created_us) DESC, id DESC"
			       " LIMIT ? OFFSET ?");
	bind_filter(&q, filter);
	tess_query_int(&q, filter->limit ? filter->limit : -1);
	tess_query_int(&q, filter->offset);
	return list(&q, each, arg);
}

int tess_store_recordings_count(struct tess_store *store,
				const struct tess_recording_filter *filter, int64_t *count)
{
	struct tess_query q;
	int names = names_lead(store, filter);

	if (names < 0)
		return names;
	q = names ? tess_query(store->db,
			       "SELECT count(*) FROM (SELECT 1 FROM recording " BY_NAME "LIMIT ?)")
		  : tess_query(store->db, "SELECT count(*) FROM (SELECT 1 FROM recording " BY_BEGIN
					  "LIMIT ?)");
	bind_filter(&q, filter);
	tess_query_int(&q, TESS_RECORDINGS_COUNT_MAX);
	return tess_store_value(&q, count);
}

int tess_store_recordings_open(struct tess_store *store,
			       int (*each)(void *arg, const struct tess_recording *row), void *arg)
{
	/* sorted, so that the few that are open lead: it is asked each second */
	struct tess_query q = tess_query(store->db, COLUMNS
					 "WHERE state NOT IN ('finished','failed') ORDER BY +id");

	return list(&q, each, arg);
}

int tess_store_recording_states(struct tess_store *store,
				int (*each)(void *arg, const char *state, int64_t count), void *arg)
{
	struct tess_query q =
		tess_query(store->db, "SELECT state, count(*) FROM recording GROUP BY state");
	int stop = 0, rc;

	while (!stop && tess_query_row(&q) == 1)
		stop = each(arg, tess_column_str(&q, 0), tess_column_int(&q, 1));
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}
