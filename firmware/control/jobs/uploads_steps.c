/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/uploads_steps.c - what is done with one file, step by step. Each step looks
 * at the store for where it stands:
 *
 *   which items     parts of an object, or what an HLS playlist lists (egress tells)
 *   begin           of an object in more than one part: CreateMultipartUpload
 *   send            items that are not there, by egress, some at once
 *   complete        CompleteMultipartUpload
 *   verify          HEAD of each object: its size, its ETag
 *   done            the file may leave this disk
 *
 * and of one that was deleted: abort what is under way, remove each object, forget it.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/jobs/s3.h"
#include "firmware/control/jobs/uploads_internal.h"

/* ---- verify ---- */

static int one_item(void *arg, const struct tess_upload_item *item)
{
	*(struct tess_upload_item *)arg = *item;
	return 1;
}

static bool is_multipart(const struct tess_upload *row)
{
	return row->items > 1 && strcmp(row->format, "hls") != 0;
}

/* What object is next, what it should be. @retval 1, 0 none is left, or an error */
static int next_object(const struct trip *trip, const struct tess_upload *row,
		       struct tess_upload_item *object)
{
	if (is_multipart(row) || row->items <= 1) {
		int rc = 1;

		if (trip->checked > 1)
			return 0;
		if (row->items == 1)
			rc = tess_store_upload_items(trip->uploads->control->store, row->file, 1,
						     false, one_item, object);
		COPY(object->path, row->path);
		object->bytes = row->size_bytes;
		if (is_multipart(row))
			COPY(object->etag, row->etag);
		return rc < 0 ? rc : 1;
	}
	return tess_store_upload_items(trip->uploads->control->store, row->file, trip->checked,
				       false, one_item, object);
}

static int take_verified(struct trip *trip, const struct tess_ask_answer *answer)
{
	struct tess_upload_item object = {.item = 1};
	char etag[TESS_UPLOAD_ETAG_MAX + 1];
	struct tess_upload row;
	int rc;

	rc = tess_store_upload_get(trip->uploads->control->store, &row, trip->file);
	if (!rc)
		rc = next_object(trip, &row, &object);
	if (rc < 0)
		return rc;
	if (answer->status == 404)
		return tess_trip_restart(trip, "the object is not there");
	if (answer->status != 200)
		return tess_trip_fail_answer(trip, answer);
	tess_s3_etag(etag, answer->etag);
	if (answer->length != object.bytes ||
	    (strcmp(object.etag, "-") != 0 && strcmp(etag, object.etag) != 0))
		return tess_trip_restart(trip, "the object is not what was sent");
	trip->checked++;
	return 0;
}

static void on_verified(void *arg, const struct tess_ask_answer *answer)
{
	struct trip *trip = arg;

	if (tess_trip_take_answer(trip))
		tess_trip_settle(trip, take_verified(trip, answer));
}

static int done(struct trip *trip, struct tess_upload *row)
{
	struct tess_control *control = trip->uploads->control;
	int rc = tess_store_begin(control->store);

	if (rc)
		return rc;
	COPY(row->state, "uploaded");
	row->attempts = 0;
	*row->error = 0;
	rc = tess_store_upload_set(control->store, row);
	if (!rc && row->delete_local)
		rc = tess_store_file_leave(control->store, row->file);
	if (rc == -ENOENT)
		rc = 0; /* it has left already, or was deleted just now */
	if (!rc)
		rc = tess_trip_tell(control, row, "upload_succeeded");
	rc = tess_store_finish(control->store, rc);
	if (rc)
		return rc;
	TESS_INFO("upload.done", "file=%" PRId64 " path=%s", row->file, row->path);
	trip->uploads->counters.uploaded++;
	tess_trip_end(trip);
	return 1;
}

static int verify(struct trip *trip, struct tess_upload *row)
{
	struct tess_upload_item object = {.item = 1};
	int rc = next_object(trip, row, &object);

	if (rc < 0)
		return rc;
	return rc ? tess_trip_ask(trip, row, "HEAD", object.path, "", NULL, on_verified)
		  : done(trip, row);
}

/* ---- remove ---- */

static void on_removed(void *arg, const struct tess_ask_answer *answer)
{
	struct trip *trip = arg;

	if (!tess_trip_take_answer(trip))
		return;
	if (answer->status / 100 == 2 || answer->status == 404) {
		trip->checked++;
		tess_trip_settle(trip, 0);
	} else {
		tess_trip_settle(trip, tess_trip_fail_answer(trip, answer));
	}
}

static void on_aborted(void *arg, const struct tess_ask_answer *answer)
{
	struct trip *trip = arg;
	struct tess_upload row;
	int rc;

	if (!tess_trip_take_answer(trip))
		return;
	if (!tess_trip_is_aborted(answer)) {
		tess_trip_settle(trip, tess_trip_fail_answer(trip, answer));
		return;
	}
	rc = tess_store_upload_get(trip->uploads->control->store, &row, trip->file);
	*row.upload_id = 0;
	tess_trip_settle(trip,
			 rc ? rc : tess_store_upload_set(trip->uploads->control->store, &row));
}

static int remove_step(struct trip *trip, const struct tess_upload *row)
{
	char query[TESS_TRIP_QUERY_MAX];
	struct tess_upload_item object = {.item = 0};
	bool changed = json_object_size(trip->orders);
	int rc;

	if (!trip->removing)
		trip->checked = 1;
	trip->removing = true;
	/* egress may send still */
	(void)json_object_clear(trip->orders);
	(void)json_object_clear(trip->sent);
	if (*row->upload_id) {
		rc = tess_trip_upload_query(query, sizeof(query), "", row);
		if (!rc)
			rc = tess_trip_ask(trip, row, "DELETE", row->path, query, NULL, on_aborted);
		return rc ? rc : changed;
	}
	rc = next_object(trip, row, &object);
	if (rc > 0) {
		rc = tess_trip_ask(trip, row, "DELETE", object.path, "", NULL, on_removed);
		return rc ? rc : changed;
	}
	if (rc)
		return rc;
	rc = tess_store_upload_remove(trip->uploads->control->store, row->file);
	if (rc)
		return rc;
	TESS_INFO("upload.removed", "file=%" PRId64 " path=%s", row->file, row->path);
	trip->uploads->counters.removed++;
	tess_trip_end(trip);
	return changed;
}

/* ---- all together ---- */

static int mark_uploading(struct tess_store *store, struct tess_upload *row)
{
	/* one that had failed is so until something went well */
	if (strcmp(row->state, "pending") != 0)
		return 0;
	COPY(row->state, "uploading");
	return tess_store_upload_set(store, row);
}

int tess_trip_step(struct trip *trip)
{
	struct tess_store *store = trip->uploads->control->store;
	struct tess_upload row;
	int rc;

	if (trip->asked)
		return 0;
	rc = tess_store_upload_get(store, &row, trip->file);
	if (rc == -ENOENT) {
		tess_trip_end(trip);
		return 0;
	}
	if (rc)
		return rc;
	if (!strcmp(row.state, "removing"))
		return remove_step(trip, &row);
	rc = mark_uploading(store, &row);
	if (rc)
		return rc;
	if (!row.items) {
		if (!strcmp(row.format, "hls"))
			return tess_trip_order_list(trip, &row);
		rc = tess_trip_add_parts(store, &row);
		if (!rc)
			rc = tess_store_upload_get(store, &row, trip->file);
		if (rc)
			return rc;
	}
	if (is_multipart(&row) && !*row.upload_id && !*row.etag)
		return tess_trip_begin(trip, &row);
	rc = *row.etag ? 0 : tess_trip_send(trip, &row);
	if (rc)
		return rc == 2 ? 0 : rc;
	if (is_multipart(&row) && !*row.etag)
		return tess_trip_complete(trip, &row);
	return verify(trip, &row);
}
