/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/media.c - desired state: publishers and mixes.
 */
#include <errno.h>
#include <string.h>

#include "firmware/control/store/internal.h"

static void bind_port(struct tess_query *q, uint16_t port, uint8_t payload_type)
{
	if (port) {
		tess_query_int(q, port);
		tess_query_int(q, payload_type);
	} else {
		tess_query_null(q);
		tess_query_null(q);
	}
}

int tess_store_publisher_add(struct tess_store *store, struct tess_publisher *publisher)
{
	struct tess_query q = tess_query(
		store->db, "INSERT INTO publisher(application, room_type, room, user, stream_type,"
			   " source, video_port, video_payload_type, audio_port,"
			   " audio_payload_type, entered_us, stream_id, record_id, stream_name,"
			   " live) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	int rc;

	tess_store_bind_room(&q, &publisher->room);
	tess_query_text(&q, publisher->user);
	tess_query_text(&q, publisher->stream_type);
	tess_query_text(&q, publisher->source);
	bind_port(&q, publisher->video_port, publisher->video_payload_type);
	bind_port(&q, publisher->audio_port, publisher->audio_payload_type);
	tess_query_int(&q, publisher->entered_us);
	tess_query_text(&q, publisher->stream_id);
	tess_query_text(&q, publisher->record_id);
	tess_query_text(&q, publisher->stream_name);
	tess_query_int(&q, publisher->live);
	rc = tess_query_run(&q);
	if (!rc)
		publisher->id = tess_db_last_id(store->db);
	return rc;
}

#define PUBLISHER_COLUMNS                                                                 \
	"SELECT id, application, room_type, room, user, stream_type, source, video_port," \
	" video_payload_type, audio_port, audio_payload_type, entered_us, stream_id,"     \
	" record_id, stream_name, live AND NOT EXISTS(SELECT 1 FROM mix WHERE"            \
	"  mix.stream_id = publisher.stream_name) FROM publisher "

static void column_publisher(const struct tess_query *q, struct tess_publisher *row)
{
	row->id = tess_column_int(q, 0);
	tess_store_column_room(q, 1, &row->room);
	tess_column_text(q, 4, row->user, sizeof(row->user));
	tess_column_text(q, 5, row->stream_type, sizeof(row->stream_type));
	tess_column_text(q, 6, row->source, sizeof(row->source));
	row->video_port = (uint16_t)tess_column_int(q, 7);
	row->video_payload_type = (uint8_t)tess_column_int(q, 8);
	row->audio_port = (uint16_t)tess_column_int(q, 9);
	row->audio_payload_type = (uint8_t)tess_column_int(q, 10);
	row->entered_us = tess_column_int(q, 11);
	tess_column_text(q, 12, row->stream_id, sizeof(row->stream_id));
	tess_column_text(q, 13, row->record_id, sizeof(row->record_id));
	tess_column_text(q, 14, row->stream_name, sizeof(row->stream_name));
	row->live = tess_column_int(q, 15);
}

int tess_store_publisher_is(struct tess_store *store, const struct tess_cloud_room *room,
			    const char *user, const char *stream_type)
{
	struct tess_query q = tess_query(
		store->db, "SELECT count(*) FROM publisher WHERE application = ?"
			   " AND room_type = ? AND room = ? AND user = ? AND stream_type = ?");
	int64_t count = 0;
	int rc;

	tess_store_bind_room(&q, room);
	tess_query_text(&q, user);
	tess_query_text(&q, stream_type);
	rc = tess_store_value(&q, &count);
	return rc ? rc : count != 0;
}

int tess_store_publisher_leave(struct tess_store *store, const struct tess_cloud_room *room,
			       const char *user, const char *stream_type)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM publisher WHERE application = ?"
						    " AND room_type = ? AND room = ? AND user = ?"
						    " AND stream_type = coalesce(?, stream_type)");

	tess_store_bind_room(&q, room);
	tess_query_text(&q, user);
	tess_query_text(&q, stream_type);
	return tess_store_run_one(&q);
}

int tess_store_room_clear(struct tess_store *store, const struct tess_cloud_room *room)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM publisher WHERE application = ?"
						    " AND room_type = ? AND room = ?");

	tess_store_bind_room(&q, room);
	return tess_store_run_one(&q);
}

int tess_store_publishers(struct tess_store *store, const struct tess_cloud_room *room,
			  int (*each)(void *arg, const struct tess_publisher *row), void *arg)
{
	struct tess_query q;
	struct tess_publisher row;
	int stop = 0, rc;

	if (room) {
		q = tess_query(store->db, PUBLISHER_COLUMNS
			       "WHERE application = ? AND room_type = ? AND room = ? ORDER BY id");
		tess_store_bind_room(&q, room);
	} else {
		q = tess_query(store->db,
			       PUBLISHER_COLUMNS "ORDER BY application, room_type, room, id");
	}
	while (!stop && tess_query_row(&q) == 1) {
		column_publisher(&q, &row);
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

int tess_store_room_users(struct tess_store *store, const struct tess_cloud_room *room,
			  int64_t *count)
{
	struct tess_query q =
		tess_query(store->db, "SELECT count(DISTINCT user) FROM publisher"
				      " WHERE application = ? AND room_type = ? AND room = ?");

	tess_store_bind_room(&q, room);
	return tess_store_value(&q, count);
}

int tess_store_publisher_name(struct tess_store *store, const struct tess_publisher *publisher)
{
	struct tess_query q = tess_query(store->db, "UPDATE publisher SET stream_name = ?, live = ?"
						    " WHERE id = ?");

	tess_query_text(&q, publisher->stream_name);
	tess_query_int(&q, publisher->live);
	tess_query_int(&q, publisher->id);
	return tess_store_run_one(&q);
}

int tess_store_stream_name_taken(struct tess_store *store, const struct tess_publisher *publisher)
{
	/* a user's mix may be in the place of what the user sends */
	struct tess_query q = tess_query(
		store->db,
		"SELECT EXISTS(SELECT 1 FROM mix WHERE stream_id = ?5 AND NOT"
		"  (application = ?1 AND room_type = ?2 AND room = ?3 AND starter = ?4)) OR"
		" EXISTS(SELECT 1 FROM publisher WHERE live AND stream_name = ?5"
		"  AND id != ?6)");
	int64_t taken = 0;
	int rc;

	tess_store_bind_room(&q, &publisher->room);
	tess_query_text(&q, publisher->user);
	tess_query_text(&q, publisher->stream_name);
	tess_query_int(&q, publisher->id);
	rc = tess_store_value(&q, &taken);
	return rc ? rc : taken != 0;
}

int tess_store_publication_wanted(struct tess_store *store, const struct tess_publisher *publisher)
{
	struct tess_query q;
	int64_t wanted = 0;
	int rc;

	if (publisher->live)
		return 1;
	q = tess_query(store->db,
		       "SELECT EXISTS(SELECT 1 FROM relay WHERE application = ?1 AND"
		       "  stream_id = ?2 AND mix IS NULL AND enabled) OR"
		       " EXISTS(SELECT 1 FROM recording WHERE stream = 'user-' || ?3 AND wanted"
		       "  AND state NOT IN ('finished','failed'))");
	tess_query_int(&q, publisher->room.sdk_app_id);
	tess_query_text(&q, publisher->stream_name);
	tess_query_int(&q, publisher->id);
	rc = tess_store_value(&q, &wanted);
	return rc ? rc : wanted != 0;
}

int tess_store_mix_add(struct tess_store *store, struct tess_mix *mix)
{
	struct tess_query q =
		tess_query(store->db, "INSERT INTO mix(application, room_type, room, epoch,"
				      " stream_id, record_id, params, started_us, starter, publish)"
				      " VALUES(?, ?, ?, 1, ?, ?, ?, ?, ?, ?)");
	int rc;

	tess_store_bind_room(&q, &mix->room);
	tess_store_bind_optional(&q, mix->stream_id);
	tess_store_bind_optional(&q, mix->record_id);
	tess_query_text(&q, mix->params);
	tess_query_int(&q, mix->started_us);
	tess_query_text(&q, mix->starter);
	tess_query_text(&q, mix->publish);
	rc = tess_query_run(&q);
	if (rc)
		return rc;
	mix->id = tess_db_last_id(store->db);
	mix->epoch = 1;
	return 0;
}

#define MIX_COLUMNS                                                                      \
	"SELECT id, application, room_type, room, epoch, stream_id, record_id, params, " \
	"started_us,"                                                                    \
	" starter, publish FROM mix "

static void column_mix(const struct tess_query *q, struct tess_mix *row)
{
	row->id = tess_column_int(q, 0);
	tess_store_column_room(q, 1, &row->room);
	row->epoch = tess_column_int(q, 4);
	tess_column_text(q, 5, row->stream_id, sizeof(row->stream_id));
	tess_column_text(q, 6, row->record_id, sizeof(row->record_id));
	tess_column_text(q, 7, row->params, sizeof(row->params));
	row->started_us = tess_column_int(q, 8);
	tess_column_text(q, 9, row->starter, sizeof(row->starter));
	tess_column_text(q, 10, row->publish, sizeof(row->publish));
}

int tess_store_mix_find(struct tess_store *store, struct tess_mix *mix,
			const struct tess_cloud_room *room)
{
	struct tess_query q = tess_query(store->db, MIX_COLUMNS
					 "WHERE application = ? AND room_type = ? AND room = ?");
	int row, rc;

	tess_store_bind_room(&q, room);
	row = tess_query_row(&q);
	if (row == 1)
		column_mix(&q, mix);
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_mix_change(struct tess_store *store, const struct tess_mix *mix)
{
	struct tess_query q = tess_query(store->db, "UPDATE mix SET params = ?, publish = ?,"
						    " epoch = epoch + 1 WHERE id = ?");

	tess_query_text(&q, mix->params);
	tess_query_text(&q, mix->publish);
	tess_query_int(&q, mix->id);
	return tess_store_run_one(&q);
}

int tess_store_mix_remove(struct tess_store *store, int64_t id)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM mix WHERE id = ?");

	tess_query_int(&q, id);
	return tess_store_run_one(&q);
}

int tess_store_stream_id_taken(struct tess_store *store, const struct tess_cloud_room *room,
			       const char *stream_id, const char *starter)
{
	struct tess_query q = tess_query(
		store->db, "SELECT EXISTS(SELECT 1 FROM mix WHERE NOT (application = ?1 AND"
			   "  room_type = ?2 AND room = ?3) AND stream_id = ?4) OR"
			   " EXISTS(SELECT 1 FROM publisher WHERE live AND stream_name = ?4 AND NOT"
			   "  (application = ?1 AND room_type = ?2 AND room = ?3 AND user = ?5))");
	int64_t count = 0;
	int rc;

	tess_store_bind_room(&q, room);
	tess_query_text(&q, stream_id);
	tess_query_text(&q, starter);
	rc = tess_store_value(&q, &count);
	return rc ? rc : count != 0;
}

int tess_store_mixes(struct tess_store *store, int (*each)(void *arg, const struct tess_mix *row),
		     void *arg)
{
	struct tess_query q = tess_query(store->db, MIX_COLUMNS "ORDER BY id");
	struct tess_mix row;
	int stop = 0, rc;

	while (!stop && tess_query_row(&q) == 1) {
		column_mix(&q, &row);
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

int tess_store_counts(struct tess_store *store, struct tess_counts *counts)
{
	struct tess_query q = tess_query(
		store->db, "SELECT (SELECT count(*) FROM"
			   "  (SELECT DISTINCT application, room_type, room FROM publisher)),"
			   " (SELECT count(*) FROM"
			   "  (SELECT DISTINCT application, room_type, room, user FROM publisher)),"
			   " (SELECT count(*) FROM mix),"
			   " (SELECT count(*) FROM recording"
			   "  WHERE state NOT IN ('finished','failed') AND wanted)");

	if (tess_query_row(&q) == 1) {
		counts->rooms = tess_column_int(&q, 0);
		counts->users = tess_column_int(&q, 1);
		counts->mixes = tess_column_int(&q, 2);
		counts->recordings = tess_column_int(&q, 3);
	}
	return tess_query_end(&q);
}
