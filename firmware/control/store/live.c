/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/live.c - see live.h.
 */
#include "firmware/control/store/live.h"

#include <errno.h>

#include "firmware/control/store/internal.h"

int tess_store_domain_add(struct tess_store *store, const struct tess_live_domain *domain)
{
	struct tess_query q =
		tess_query(store->db, "INSERT INTO live_domain(kind, name, application, enabled,"
				      " key, back_key, delta_s, created_us)"
				      " VALUES(?, ?, ?, ?, ?, ?, ?, ?)");

	tess_query_text(&q, domain->kind);
	tess_query_text(&q, domain->name);
	tess_query_int(&q, domain->application);
	tess_query_int(&q, domain->enabled);
	tess_query_text(&q, domain->key);
	tess_query_text(&q, domain->back_key);
	tess_query_int(&q, domain->delta_s);
	tess_query_int(&q, domain->created_us);
	return tess_query_run(&q);
}

#define DOMAINS                                                                       \
	"SELECT kind, name, application, enabled, key, back_key, delta_s, created_us" \
	" FROM live_domain "

static void column_domain(const struct tess_query *q, struct tess_live_domain *row)
{
	tess_column_text(q, 0, row->kind, sizeof(row->kind));
	tess_column_text(q, 1, row->name, sizeof(row->name));
	row->application = (uint32_t)tess_column_int(q, 2);
	row->enabled = tess_column_int(q, 3);
	tess_column_text(q, 4, row->key, sizeof(row->key));
	tess_column_text(q, 5, row->back_key, sizeof(row->back_key));
	row->delta_s = tess_column_int(q, 6);
	row->created_us = tess_column_int(q, 7);
}

int tess_store_domain_get(struct tess_store *store, struct tess_live_domain *domain,
			  const char *kind, const char *name)
{
	struct tess_query q = tess_query(store->db, DOMAINS "WHERE kind = ? AND name = lower(?)");
	int row, rc;

	tess_query_text(&q, kind);
	tess_query_text(&q, name);
	row = tess_query_row(&q);
	if (row == 1)
		column_domain(&q, domain);
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_domain_set(struct tess_store *store, const struct tess_live_domain *domain)
{
	struct tess_query q = tess_query(
		store->db, "UPDATE live_domain SET enabled = ?, key = ?, back_key = ?, delta_s = ?"
			   " WHERE kind = ? AND name = ?");

	tess_query_int(&q, domain->enabled);
	tess_query_text(&q, domain->key);
	tess_query_text(&q, domain->back_key);
	tess_query_int(&q, domain->delta_s);
	tess_query_text(&q, domain->kind);
	tess_query_text(&q, domain->name);
	return tess_store_run_one(&q);
}

int tess_store_domain_remove(struct tess_store *store, const char *kind, const char *name)
{
	struct tess_query q =
		tess_query(store->db, "DELETE FROM live_domain WHERE kind = ? AND name = ?");

	tess_query_text(&q, kind);
	tess_query_text(&q, name);
	return tess_store_run_one(&q);
}

int tess_store_domains_count(struct tess_store *store, uint32_t application, int64_t *count)
{
	struct tess_query q =
		tess_query(store->db, "SELECT count(*) FROM live_domain WHERE application = ?");

	tess_query_int(&q, application);
	return tess_store_value(&q, count);
}

int tess_store_domains(struct tess_store *store, uint32_t application,
		       int (*each)(void *arg, const struct tess_live_domain *row), void *arg)
{
	struct tess_query q = tess_query(store->db, DOMAINS
					 "WHERE ?1 = 0 OR application = ?1 ORDER BY kind, name");
	struct tess_live_domain row;
	int stop = 0, rc;

	tess_query_int(&q, application);
	while (!stop && tess_query_row(&q) == 1) {
		column_domain(&q, &row);
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

/* ---- settings ---- */

#define SETTINGS                                                                            \
	"SELECT application, referrer_mode, referrer_empty, referrers, ip_allow, ip_deny, " \
	"origins,"                                                                          \
	" max_viewers, max_stream_viewers FROM live_setting "

static void column_settings(const struct tess_query *q, struct tess_live_settings *row)
{
	tess_column_text(q, 1, row->referrer_mode, sizeof(row->referrer_mode));
	row->referrer_empty = tess_column_int(q, 2);
	tess_column_text(q, 3, row->referrers, sizeof(row->referrers));
	tess_column_text(q, 4, row->ip_allow, sizeof(row->ip_allow));
	tess_column_text(q, 5, row->ip_deny, sizeof(row->ip_deny));
	tess_column_text(q, 6, row->origins, sizeof(row->origins));
	row->max_viewers = (uint32_t)tess_column_int(q, 7);
	row->max_stream_viewers = (uint32_t)tess_column_int(q, 8);
}

int tess_store_live_settings_get(struct tess_store *store, struct tess_live_settings *settings,
				 uint32_t application)
{
	struct tess_query q = tess_query(store->db, SETTINGS "WHERE application = ?");

	*settings = (struct tess_live_settings){.referrer_mode = "off", .referrer_empty = true};
	tess_query_int(&q, application);
	if (tess_query_row(&q) == 1)
		column_settings(&q, settings);
	return tess_query_end(&q);
}

int tess_store_live_settings_set(struct tess_store *store, uint32_t application,
				 const struct tess_live_settings *settings)
{
	struct tess_query q = tess_query(
		store->db,
		"INSERT OR REPLACE INTO live_setting(application, referrer_mode, referrer_empty,"
		" referrers, ip_allow, ip_deny, origins, max_viewers, max_stream_viewers)"
		" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");

	tess_query_int(&q, application);
	tess_query_text(&q, settings->referrer_mode);
	tess_query_int(&q, settings->referrer_empty);
	tess_query_text(&q, settings->referrers);
	tess_query_text(&q, settings->ip_allow);
	tess_query_text(&q, settings->ip_deny);
	tess_query_text(&q, settings->origins);
	tess_query_int(&q, settings->max_viewers);
	tess_query_int(&q, settings->max_stream_viewers);
	return tess_query_run(&q);
}

int tess_store_live_settings(struct tess_store *store,
			     int (*each)(void *arg, uint32_t application,
					 const struct tess_live_settings *row),
			     void *arg)
{
	struct tess_query q = tess_query(store->db, SETTINGS "ORDER BY application");
	struct tess_live_settings row;
	int stop = 0, rc;

	while (!stop && tess_query_row(&q) == 1) {
		column_settings(&q, &row);
		stop = each(arg, (uint32_t)tess_column_int(&q, 0), &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

/* ---- streams ---- */

static void column_stream(const struct tess_query *q, struct tess_live_stream *row)
{
	tess_column_text(q, 0, row->name, sizeof(row->name));
	tess_store_column_room(q, 1, &row->room);
	row->id = tess_column_int(q, 4);
	row->mix = tess_column_int(q, 5);
	tess_column_text(q, 6, row->user, sizeof(row->user));
	tess_column_text(q, 7, row->stream_type, sizeof(row->stream_type));
	row->since_us = tess_column_int(q, 8);
	row->rtmp = tess_column_int(q, 9);
}

int tess_store_live_streams(struct tess_store *store, uint32_t application, const char *name,
			    int (*each)(void *arg, const struct tess_live_stream *row), void *arg)
{
	struct tess_query q = tess_query(
		store->db,
		"SELECT stream_id AS name, application, room_type, room, id, 1, '', '', "
		"started_us, 0"
		" FROM mix WHERE stream_id IS NOT NULL AND (?1 = 0 OR application = ?1)"
		" AND (?2 IS NULL OR stream_id = ?2) UNION ALL"
		" SELECT stream_name, application, room_type, room, id, 0, user, stream_type,"
		" entered_us, rtmp FROM publisher WHERE live AND (?1 = 0 OR application = ?1)"
		" AND (?2 IS NULL OR stream_name = ?2)"
		/* a user's mix is in the place of what the user sends */
		" AND NOT EXISTS(SELECT 1 FROM mix WHERE mix.stream_id = stream_name)"
		" ORDER BY name");
	struct tess_live_stream row;
	int stop = 0, rc;

	tess_query_int(&q, application);
	tess_query_text(&q, name);
	while (!stop && tess_query_row(&q) == 1) {
		column_stream(&q, &row);
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

static int take_stream(void *arg, const struct tess_live_stream *row)
{
	*(struct tess_live_stream *)arg = *row;
	return 1;
}

int tess_store_live_stream(struct tess_store *store, struct tess_live_stream *stream,
			   const char *name)
{
	int rc = tess_store_live_streams(store, 0, name, take_stream, stream);

	return rc == 1 ? 0 : rc ? rc : -ENOENT;
}
