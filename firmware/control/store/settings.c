/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/settings.c - how applications record, and their storage areas.
 */
#include "firmware/control/store/settings.h"

#include <errno.h>

#include "firmware/control/store/internal.h"

int tess_store_record_settings_get(struct tess_store *store, struct tess_record_settings *settings,
				   uint32_t application)
{
	struct tess_query q = tess_query(
		store->db, "SELECT mode, formats, split_minutes, resume_timeout_s, retention_days,"
			   " area, callback_url, callback_key FROM record_setting"
			   " WHERE application = ?");

	*settings = (struct tess_record_settings){
		.mode = "rest", .formats = "mp4", .split_minutes = TESS_SPLIT_MINUTES_MAX};
	tess_query_int(&q, application);
	if (tess_query_row(&q) == 1) {
		tess_column_text(&q, 0, settings->mode, sizeof(settings->mode));
		tess_column_text(&q, 1, settings->formats, sizeof(settings->formats));
		settings->split_minutes = (uint32_t)tess_column_int(&q, 2);
		settings->resume_timeout_s = (uint32_t)tess_column_int(&q, 3);
		settings->retention_days = (uint32_t)tess_column_int(&q, 4);
		settings->area = tess_column_int(&q, 5);
		tess_column_text(&q, 6, settings->callback_url, sizeof(settings->callback_url));
		tess_column_text(&q, 7, settings->callback_key, sizeof(settings->callback_key));
	}
	return tess_query_end(&q);
}

int tess_store_record_settings_set(struct tess_store *store, uint32_t application,
				   const struct tess_record_settings *settings)
{
	struct tess_query q = tess_query(
		store->db,
		"INSERT OR REPLACE INTO record_setting(application, mode, formats, split_minutes,"
		" resume_timeout_s, retention_days, area, callback_url, callback_key)"
		" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");

	tess_query_int(&q, application);
	tess_query_text(&q, settings->mode);
	tess_query_text(&q, settings->formats);
	tess_query_int(&q, settings->split_minutes);
	tess_query_int(&q, settings->resume_timeout_s);
	tess_query_int(&q, settings->retention_days);
	tess_query_int(&q, settings->area);
	tess_query_text(&q, settings->callback_url);
	tess_query_text(&q, settings->callback_key);
	return tess_query_run(&q);
}

/* An area's number is a folder beside those of the applications: it must be none of theirs. */
static int free_area_id(struct tess_store *store, int64_t *id)
{
	struct tess_query q = tess_query(
		store->db,
		"WITH RECURSIVE next(id) AS ("
		" SELECT seq + 1 FROM sqlite_sequence WHERE name = 'storage_area' UNION ALL"
		" SELECT id + 1 FROM next WHERE id IN (SELECT id FROM application))"
		" SELECT max(id) FROM next");

	return tess_store_value(&q, id);
}

static int count_areas(struct tess_store *store, uint32_t application, int64_t *count)
{
	struct tess_query q = tess_query(store->db, "SELECT count(*) FROM storage_area"
						    " WHERE application = ?"
						    " AND status != 'Destroyed'");

	tess_query_int(&q, application);
	return tess_store_value(&q, count);
}

int tess_store_area_add(struct tess_store *store, struct tess_area *area)
{
	struct tess_query q;
	int64_t count = 0;
	int rc = count_areas(store, area->application, &count);

	if (!rc && count >= TESS_AREAS_MAX)
		rc = -EDQUOT;
	if (!rc)
		rc = free_area_id(store, &area->id);
	if (rc)
		return rc;
	q = tess_query(store->db, "INSERT INTO storage_area(id, application, name, description,"
				  " status, quota_bytes, created_us) VALUES(?, ?, ?, ?, ?, ?, ?)");
	tess_query_int(&q, area->id);
	tess_query_int(&q, area->application);
	tess_query_text(&q, area->name);
	tess_query_text(&q, area->description);
	tess_query_text(&q, area->status);
	tess_query_int(&q, area->quota_bytes);
	tess_query_int(&q, area->created_us);
	return tess_query_run(&q);
}

#define COLUMNS                                                                          \
	"SELECT id, application, name, description, status, quota_bytes, created_us,"    \
	" (SELECT coalesce(sum(size_bytes), 0) FROM recording_file f"                    \
	"  WHERE f.application = storage_area.application AND f.area = storage_area.id)" \
	" FROM storage_area "

static void column_area(const struct tess_query *q, struct tess_area *row)
{
	row->id = tess_column_int(q, 0);
	row->application = (uint32_t)tess_column_int(q, 1);
	tess_column_text(q, 2, row->name, sizeof(row->name));
	tess_column_text(q, 3, row->description, sizeof(row->description));
	tess_column_text(q, 4, row->status, sizeof(row->status));
	row->quota_bytes = tess_column_int(q, 5);
	row->created_us = tess_column_int(q, 6);
	row->used_bytes = tess_column_int(q, 7);
}

int tess_store_area_get(struct tess_store *store, struct tess_area *area, uint32_t application,
			int64_t id)
{
	struct tess_query q =
		tess_query(store->db, COLUMNS "WHERE storage_area.application = ? AND id = ?");
	int row, rc;

	tess_query_int(&q, application);
	tess_query_int(&q, id);
	row = tess_query_row(&q);
	if (row == 1)
		column_area(&q, area);
	rc = tess_query_end(&q);
	return rc ? rc : row == 1 ? 0 : -ENOENT;
}

int tess_store_area_owner(struct tess_store *store, uint32_t *application, int64_t id)
{
	struct tess_query q =
		tess_query(store->db, "SELECT application FROM storage_area WHERE id = ?");
	int64_t value = 0;
	int rc;

	tess_query_int(&q, id);
	rc = tess_store_value(&q, &value);
	*application = (uint32_t)value;
	return rc;
}

int tess_store_area_owners(struct tess_store *store,
			   int (*each)(void *arg, int64_t id, uint32_t application), void *arg)
{
	struct tess_query q = tess_query(store->db, "SELECT id, application FROM storage_area");
	int stop = 0, rc;

	while (!stop && tess_query_row(&q) == 1)
		stop = each(arg, tess_column_int(&q, 0), (uint32_t)tess_column_int(&q, 1));
	rc = tess_query_end(&q);
	return stop ? stop : rc;
}

int tess_store_area_set(struct tess_store *store, const struct tess_area *area)
{
	struct tess_query q =
		tess_query(store->db, "UPDATE storage_area SET name = ?, description = ?,"
				      " status = ?, quota_bytes = ? WHERE id = ?");

	tess_query_text(&q, area->name);
	tess_query_text(&q, area->description);
	tess_query_text(&q, area->status);
	tess_query_int(&q, area->quota_bytes);
	tess_query_int(&q, area->id);
	return tess_store_run_one(&q);
}

int tess_store_areas(struct tess_store *store, uint32_t application,
		     int (*each)(void *arg, const struct tess_area *row), void *arg)
{
	struct tess_query q =
		tess_query(store->db, COLUMNS "WHERE storage_area.application = ? ORDER BY id");
	struct tess_area row;
	int stop = 0, rc;

	tess_query_int(&q, application);
	while (!stop && tess_query_row(&q) == 1) {
		column_area(&q, &row);
		stop = each(arg, &row);
	}
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}
