/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/relays.c - the servers that streams are pushed to.
 */
#include <errno.h>
#include <string.h>

#include "firmware/control/store/internal.h"

int tess_store_relay_add(struct tess_store *store, struct tess_relay *relay)
{
	struct tess_query q =
		tess_query(store->db, "INSERT INTO relay(application, stream_id, url, enabled,"
				      " epoch, created_us) VALUES(?, ?, ?, ?, 1, ?)");
	int rc;

	tess_query_int(&q, relay->application);
	tess_query_text(&q, relay->stream_id);
	tess_query_text(&q, relay->url);
	tess_query_int(&q, relay->enabled);
	tess_query_int(&q, relay->created_us);
	rc = tess_query_run(&q);
	if (rc)
		return rc;
	relay->id = tess_db_last_id(store->db);
	relay->epoch = 1;
	return 0;
}

#define COLUMNS                                                                           \
	"SELECT relay.id, relay.application, relay.stream_id, relay.url, relay.enabled, " \
	"relay.mix,"                                                                      \
	" relay.epoch, relay.created_us"

static void column_relay(const struct tess_query *q, struct tess_relay *row)
{
	row->id = tess_column_int(q, 0);
	row->application = (uint32_t)tess_column_int(q, 1);
	tess_column_text(q, 2, row->stream_id, sizeof(row->stream_id));
	tess_column_text(q, 3, row->url, sizeof(row->url));
	row->enabled = tess_column_int(q, 4);
	row->mix = tess_column_int(q, 5);
	row->epoch = tess_column_int(q, 6);
	row->created_us = tess_column_int(q, 7);
}

int tess_store_relay_get(struct tess_store *store, struct tess_relay *relay, int64_t id)
{
	struct tess_query q = tess_query(store->db, COLUMNS " FROM relay WHERE id = ?");
	int row, rc;

	tess_query_int(&q, id);
	row = tess_query_row(&q);
	if (row == 1)
		column_relay(&q, relay);
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_relay_set(struct tess_store *store, const struct tess_relay *relay)
{
	struct tess_query q =
		tess_query(store->db, "UPDATE relay SET url = ?, enabled = ?, epoch = epoch + 1"
				      " WHERE id = ?");

	tess_query_text(&q, relay->url);
	tess_query_int(&q, relay->enabled);
	tess_query_int(&q, relay->id);
	return tess_store_run_one(&q);
}

int tess_store_relay_remove(struct tess_store *store, int64_t id)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM relay WHERE id = ?");

	tess_query_int(&q, id);
	return tess_store_run_one(&q);
}

int tess_store_relay_of_mix(struct tess_store *store, const struct tess_relay *relay)
{
	struct tess_query q = tess_query(store->db, "DELETE FROM relay WHERE mix = ? AND url != ?");
	int rc;

	tess_query_int(&q, relay->mix);
	tess_query_text(&q, relay->url);
	rc = tess_query_run(&q);
	if (rc || !*relay->url)
		return rc;
	q = tess_query(store->db, "INSERT INTO relay(application, stream_id, url, enabled, mix,"
				  " epoch, created_us) VALUES(?, ?, ?, 1, ?, 1, ?)"
				  " ON CONFLICT DO NOTHING");
	tess_query_int(&q, relay->application);
	tess_query_text(&q, relay->stream_id);
	tess_query_text(&q, relay->url);
	tess_query_int(&q, relay->mix);
	tess_query_int(&q, relay->created_us);
	return tess_query_run(&q);
}

int tess_store_relays_count(struct tess_store *store, uint32_t application, const char *stream_id,
			    int64_t *count)
{
	struct tess_query q = tess_query(
		store->db, "SELECT count(*) FROM relay WHERE application = ? AND stream_id = ?");

	tess_query_int(&q, application);
	tess_query_text(&q, stream_id);
	return tess_store_value(&q, count);
}

int tess_store_relays(struct tess_store *store, uint32_t application,
		      int (*each)(void *arg, const struct tess_relay *row), void *arg)
{
	struct tess_query q =
		tess_query(store->db, COLUMNS " FROM relay WHERE ?1 = 0 OR application = ?1"
					      " ORDER BY application, stream_id, id");
	struct tess_relay row;
	int stop = 0, rc;

	tess_query_int(&q, application);
	while (!stop && tess_query_row(&q) == 1) {
		column_relay(&q, &row);
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

int tess_store_relays_wanted(struct tess_store *store,
			     int (*each)(void *arg, const struct tess_relay *row,
					 const char *stream),
			     void *arg)
{
	/* the mix that the row is of, or whichever has its stream's name; where none has, of the
	 * users that send by it the one that does so live, else the first */
	struct tess_query q = tess_query(
		store->db,
		COLUMNS ", 'mix-' || mix.id FROM relay JOIN mix ON"
			" CASE WHEN relay.mix IS NOT NULL THEN mix.id = relay.mix ELSE"
			" mix.application = relay.application AND"
			" mix.stream_id = relay.stream_id END WHERE relay.enabled"
			" UNION ALL " COLUMNS ", 'user-' || publisher.id FROM relay"
			" JOIN publisher ON publisher.id = (SELECT id FROM publisher AS one WHERE"
			"  one.application = relay.application AND"
			"  one.stream_name = relay.stream_id ORDER BY NOT live, id LIMIT 1)"
			" WHERE relay.enabled AND relay.mix IS NULL AND NOT EXISTS(SELECT 1"
			"  FROM mix WHERE mix.application = relay.application AND"
			"  mix.stream_id = relay.stream_id) ORDER BY 1");
	struct tess_relay row;
	char stream[32];
	int stop = 0, rc;

	while (!stop && tess_query_row(&q) == 1) {
		column_relay(&q, &row);
		tess_column_text(&q, 8, stream, sizeof(stream));
		stop = each(arg, &row, stream);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}
