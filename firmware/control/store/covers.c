/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/covers.c - see covers.h.
 */
#include "firmware/control/store/covers.h"

#include <errno.h>

#include "firmware/control/store/internal.h"

int tess_store_covers_missing(struct tess_store *store,
			      int (*each)(void *arg, int64_t file, const char *path), void *arg)
{
	/* its condition is the index's, so that it leads */
	struct tess_query q = tess_query(
		store->db, "SELECT id, path FROM recording_file WHERE cover = 0 AND width > 0"
			   " AND local = 1 AND state = 'there' AND format IN ('mp4','hls')"
			   " ORDER BY id DESC LIMIT 8");
	int stop = 0, rc;

	while (!stop && tess_query_row(&q) == 1)
		stop = each(arg, tess_column_int(&q, 0), tess_column_str(&q, 1));
	rc = tess_query_end(&q);
	return rc ? rc : stop;
}

static int set_state(struct tess_store *store, int64_t file, int state)
{
	struct tess_query q =
		tess_query(store->db, "UPDATE recording_file SET cover = ? WHERE id = ?");

	tess_query_int(&q, state);
	tess_query_int(&q, file);
	return tess_store_run_one(&q);
}

int tess_store_cover_try(struct tess_store *store, int64_t file)
{
	return set_state(store, file, 2);
}

static int write_cover(struct tess_store *store, int64_t file, const void *jpeg, size_t length)
{
	struct tess_query q =
		tess_query(store->db, "INSERT OR REPLACE INTO cover(file, jpeg) VALUES(?, ?)");

	tess_query_int(&q, file);
	tess_query_blob(&q, jpeg, length);
	return tess_query_run(&q);
}

int tess_store_cover_set(struct tess_store *store, int64_t file, const void *jpeg, size_t length)
{
	int rc = tess_store_begin(store);

	if (rc)
		return rc;
	rc = set_state(store, file, 1);
	if (!rc)
		rc = write_cover(store, file, jpeg, length);
	return tess_store_finish(store, rc);
}

int tess_store_cover_get(struct tess_store *store, int64_t file, void **jpeg, size_t *length)
{
	struct tess_query q = tess_query(store->db, "SELECT jpeg FROM cover WHERE file = ?");
	int row, rc;

	*jpeg = NULL;
	tess_query_int(&q, file);
	row = tess_query_row(&q);
	if (row == 1)
		*jpeg = tess_column_blob(&q, 0, length);
	rc = tess_query_end(&q);
	if (rc)
		return rc;
	return row != 1 ? -ENOENT : *jpeg ? 0 : -ENOMEM;
}
