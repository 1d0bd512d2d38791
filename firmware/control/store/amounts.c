/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/amounts.c - see amounts.h.
 */
#include "firmware/control/store/amounts.h"

#include <errno.h>

#include "firmware/control/store/internal.h"

int tess_store_amount_add(struct tess_store *store, uint32_t application, const char *item,
			  int64_t slot_us, int64_t amount)
{
	struct tess_query q = tess_query(
		store->db, "INSERT INTO amount(application, slot_us, item, amount)"
			   " VALUES(?, ?, ?, ?)"
			   " ON CONFLICT DO UPDATE SET amount = amount + excluded.amount");

	tess_query_int(&q, application);
	tess_query_int(&q, slot_us);
	tess_query_text(&q, item);
	tess_query_int(&q, amount);
	return tess_query_run(&q);
}

/* What of the count is in the slots already; -ENOENT: there is no such application. */
static int told_before(struct tess_store *store, const struct tess_told *told, int64_t *amount)
{
	struct tess_query q =
		tess_query(store->db, "SELECT coalesce((SELECT told FROM amount_told WHERE"
				      " application = id AND item = ? AND run = ?), 0)"
				      " FROM application WHERE id = ?");

	tess_query_text(&q, told->item);
	tess_query_int(&q, told->run);
	tess_query_int(&q, told->application);
	return tess_store_value(&q, amount);
}

static int note_told(struct tess_store *store, const struct tess_told *told)
{
	struct tess_query q =
		tess_query(store->db, "INSERT OR REPLACE INTO amount_told(application, item, run,"
				      " told) VALUES(?, ?, ?, ?)");

	tess_query_int(&q, told->application);
	tess_query_text(&q, told->item);
	tess_query_int(&q, told->run);
	tess_query_int(&q, told->amount);
	return tess_query_run(&q);
}

int tess_store_amount_told(struct tess_store *store, const struct tess_told *told, int64_t slot_us)
{
	int64_t before;
	int rc = told_before(store, told, &before);

	if (rc || told->amount <= before)
		return rc;
	rc = tess_store_begin(store);
	if (rc)
		return rc;
	rc = tess_store_amount_add(store, told->application, told->item, slot_us,
				   told->amount - before);
	if (!rc)
		rc = note_told(store, told);
	return tess_store_finish(store, rc);
}

int tess_store_amounts(struct tess_store *store, uint32_t application, int64_t from_us,
		       int64_t to_us, int (*each)(void *arg, const struct tess_amount *row),
		       void *arg)
{
	struct tess_query q = tess_query(
		store->db, "SELECT slot_us, item, amount FROM amount WHERE application = ?1"
			   " AND slot_us >= ?2 AND slot_us < ?3 UNION ALL"
			   " SELECT slot_us, 'record_' || tier || '_us', us FROM usage"
			   " WHERE application = ?1 AND slot_us >= ?2 AND slot_us < ?3"
			   " ORDER BY slot_us, item");
	struct tess_amount row;
	int stop = 0, rc;

	tess_query_int(&q, application);
	tess_query_int(&q, from_us);
	tess_query_int(&q, to_us);
	while (!stop && tess_query_row(&q) == 1) {
		row.slot_us = tess_column_int(&q, 0);
		tess_column_text(&q, 1, row.item, sizeof(row.item));
		row.amount = tess_column_int(&q, 2);
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}
