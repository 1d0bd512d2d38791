/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/uploads_items.c - the items of a file: parts of an object, or what an HLS
 * playlist lists, which egress tells and sends.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/cloud/digest.h"
#include "firmware/control/jobs/s3.h"
#include "firmware/control/jobs/uploads_internal.h"

#define ADDRESS_S 3600

/* ---- which items ---- */

static int64_t part_bytes(int64_t size)
{
	int64_t bytes = (size + TESS_UPLOADS_MAX_PARTS - 1) / TESS_UPLOADS_MAX_PARTS;

	return bytes > TESS_UPLOADS_PART_BYTES ? bytes : TESS_UPLOADS_PART_BYTES;
}

int tess_trip_add_parts(struct tess_store *store, const struct tess_upload *row)
{
	struct tess_upload_item item = {.item = 0};
	int64_t each = part_bytes(row->size_bytes);
	int rc = tess_store_begin(store);

	if (rc)
		return rc;
	COPY(item.path, row->path);
	do {
		item.item++;
		item.bytes = row->size_bytes - item.at_bytes;
		if (item.bytes > each)
			item.bytes = each;
		rc = tess_store_upload_item_add(store, row->file, &item);
		item.at_bytes += item.bytes;
	} while (!rc && item.at_bytes < row->size_bytes);
	if (!rc)
		rc = tess_store_upload_items_end(store, row->file, item.item, "");
	return tess_store_finish(store, rc);
}

int tess_trip_order_list(struct trip *trip, const struct tess_upload *row)
{
	char id[40];

	(void)snprintf(id, sizeof(id), "%" PRId64 ":list", row->file);
	if (json_object_get(trip->orders, id))
		return 0;
	return json_object_set_new(trip->orders, id,
				   json_pack("{ss ss sb}", "id", id, "path", row->path, "list", 1))
		       ? -ENOMEM
		       : 1;
}

static int take_list(struct tess_store *store, int64_t file, const json_t *fact)
{
	const json_t *files = json_object_get(fact, "files"), *one;
	const char *playlist = json_string_value(json_object_get(fact, "playlist"));
	struct tess_upload_item item = {.item = 0};
	size_t i;
	int rc;

	if (!json_array_size(files) || !playlist)
		return -EINVAL;
	rc = tess_store_begin(store);
	if (rc)
		return rc;
	json_array_foreach(files, i, one)
	{
		const char *path = json_string_value(json_array_get(one, 0));

		if (!path || strlen(path) >= sizeof(item.path)) {
			rc = -EINVAL;
			break;
		}
		COPY(item.path, path);
		item.item++;
		item.bytes = json_integer_value(json_array_get(one, 1));
		rc = tess_store_upload_item_add(store, file, &item);
		if (rc)
			break;
	}
	if (!rc)
		rc = tess_store_upload_items_end(store, file, item.item, playlist);
	return tess_store_finish(store, rc);
}

/* ---- send ---- */

struct ordering {
	struct trip *trip;
	const struct tess_upload *row;
	bool changed;
};

/* FILE:ITEM:WHERE. What egress did for an earlier upload, or another place, says nothing of this.
 */
static int item_id(char *id, size_t size, const struct tess_upload *row, int64_t item)
{
	char where[TESS_UPLOAD_ENDPOINT_MAX + TESS_UPLOAD_BUCKET_MAX + TESS_UPLOAD_PREFIX_MAX +
		   TESS_UPLOAD_ID_MAX + 8];
	char hash[TESS_MD5_HEX];
	int rc;

	(void)snprintf(where, sizeof(where), "%s/%s/%s?%s", row->place.endpoint, row->place.bucket,
		       row->place.prefix, row->upload_id);
	rc = tess_md5_hex(hash, where, strlen(where));
	(void)snprintf(id, size, "%" PRId64 ":%" PRId64 ":%.8s", row->file, item, hash);
	return rc;
}

static int order_item(void *arg, const struct tess_upload_item *item)
{
	struct ordering *ordering = arg;
	const struct tess_upload *row = ordering->row;
	struct trip *trip = ordering->trip;
	bool part = *row->upload_id != 0;
	char id[48], url[TESS_S3_URL_MAX], query[TESS_TRIP_QUERY_MAX] = "", number[40];
	int rc = 0;

	if (json_object_size(trip->orders) >= TESS_UPLOADS_PIECES)
		return 1;
	/* the last item of an HLS file is its playlist: it goes alone */
	if (!strcmp(row->format, "hls") && item->item == row->items && item->item > 1 &&
	    json_object_size(trip->orders))
		return 1;
	rc = item_id(id, sizeof(id), row, item->item);
	if (rc || json_object_get(trip->orders, id))
		return rc;
	(void)snprintf(number, sizeof(number), "partNumber=%" PRId64 "&", item->item);
	if (part)
		rc = tess_trip_upload_query(query, sizeof(query), number, row);
	if (!rc)
		rc = tess_uploads_sign(url, trip->uploads->control, row, "PUT", item->path, query,
				       ADDRESS_S);
	if (rc)
		return rc;
	ordering->changed = true;
	return json_object_set_new(trip->orders, id,
				   json_pack("{ss ss sI sI ss}", "id", id, "path", item->path,
					     "offset", (json_int_t)item->at_bytes, "bytes",
					     (json_int_t)item->bytes, "url", url))
		       ? -ENOMEM
		       : 0;
}

int tess_trip_send(struct trip *trip, const struct tess_upload *row)
{
	struct ordering ordering = {.trip = trip, .row = row};
	int rc = tess_store_upload_items(trip->uploads->control->store, row->file, 1, true,
					 order_item, &ordering);

	if (rc == -EKEYREJECTED)
		return tess_trip_fail(trip, 403, "the application has no access key");
	if (rc < 0)
		return rc;
	if (ordering.changed)
		return 1;
	return json_object_size(trip->orders) ? 2 : 0;
}

static int take_item(struct trip *trip, const char *id, const json_t *fact)
{
	const char *etag = json_string_value(json_object_get(fact, "etag"));
	const char *md5 = json_string_value(json_object_get(fact, "md5"));
	const json_t *order = json_object_get(trip->orders, id);
	struct tess_control *control = trip->uploads->control;
	int64_t item = strtoll(strchr(id, ':') + 1, NULL, 10);

	/* that the bytes are those that were read, Content-MD5 has shown; this is for the others */
	if (etag && md5 && tess_s3_etag_is_md5(etag) && strcmp(etag, md5) != 0)
		return tess_trip_fail(trip, 0, "the storage has other bytes than were sent");
	trip->uploads->counters.bytes +=
		(uint64_t)json_integer_value(json_object_get(order, "bytes"));
	(void)json_object_del(trip->orders, id);
	(void)json_object_del(trip->sent, id);
	/* a storage without ETags is verified by size alone */
	return tess_store_upload_item_done(control->store, trip->file, item,
					   etag && *etag ? etag : "-");
}

int tess_trip_told(struct trip *trip, const char *id, const json_t *fact)
{
	const char *state = json_string_value(json_object_get(fact, "state"));
	const char *error = json_string_value(json_object_get(fact, "error"));
	long status = (long)json_integer_value(json_object_get(fact, "status"));
	struct tess_store *store = trip->uploads->control->store;
	bool list = !strcmp(strchr(id, ':') + 1, "list");
	int rc;

	if (trip->over)
		return 0;
	if (strcmp(state, "done") != 0) {
		/* a multipart upload that the storage does not know begins anew */
		if (status == 404 && error && strstr(error, "NoSuchUpload"))
			return tess_trip_restart(trip, error);
		return tess_trip_fail(trip, status, error ? error : "it was not sent");
	}
	if (list) {
		rc = take_list(store, trip->file, fact);
		(void)json_object_del(trip->orders, id);
		if (rc == -EINVAL)
			return tess_trip_fail(trip, 0, "the playlist is not ours");
	} else {
		rc = take_item(trip, id, fact);
	}
	return rc || trip->over || !trip->file ? rc : tess_trip_step(trip);
}
