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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/cloud/digest.h"
#include "firmware/control/jobs/events.h"
#include "firmware/control/jobs/s3.h"
#include "firmware/control/jobs/uploads_internal.h"

#define ASK_US	    30000000LL
#define COMPLETE_US 300000000LL /* a large object is put together meanwhile */
#define ADDRESS_S   3600

#define COPY(to, from) (void)snprintf(to, sizeof(to), "%s", from)

/* ---- failing ---- */

/* Not before: the first pause doubled at each failure. */
static void postpone(struct tess_upload *row, int64_t now_us, bool refused)
{
	int64_t longest = refused ? TESS_UPLOADS_REFUSED_MAX_US : TESS_UPLOADS_RETRY_MAX_US;
	int64_t pause_us = TESS_UPLOADS_RETRY_US;

	for (unsigned i = 1; i < row->attempts && pause_us < longest; i++)
		pause_us *= 2;
	row->next_us = now_us + (pause_us < longest ? pause_us : longest);
}

static int tell(struct tess_control *control, const struct tess_upload *row, const char *event)
{
	struct tess_recording recording;
	int rc = tess_store_recording_get(control->store, &recording, row->recording);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	return tess_events_upload(control, &recording, row, event);
}

/* @p status of the answer; 0: there was none. The trip ends. */
static int fail(struct trip *trip, long status, const char *error)
{
	struct tess_control *control = trip->uploads->control;
	bool refused = status / 100 == 4 && status != 408 && status != 429;
	struct tess_upload row;
	bool was_failed;
	int rc = tess_store_upload_get(control->store, &row, trip->file);

	trip->uploads->counters.failures++;
	if (json_object_size(trip->orders))
		tess_control_orders(control);
	tess_trip_end(trip);
	tess_uploads_wake(control);
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	was_failed = !strcmp(row.state, "failed");
	row.attempts++;
	COPY(row.error, error);
	if (strcmp(row.state, "removing") != 0)
		COPY(row.state,
		     refused || row.attempts >= TESS_UPLOADS_TRIES ? "failed" : "pending");
	postpone(&row, tess_control_utc_us(control), refused);
	TESS_WARN("upload.failed", "file=%" PRId64 " attempts=%u error=\"%s\"", row.file,
		  row.attempts, row.error);
	rc = tess_store_upload_set(control->store, &row);
	if (!rc && !was_failed && !strcmp(row.state, "failed"))
		rc = tell(control, &row, "upload_failed");
	return rc ? rc : 1;
}

static int fail_answer(struct trip *trip, const struct tess_ask_answer *answer)
{
	char code[64] = "", text[128];

	if (!answer->status)
		return fail(trip, 0, answer->error);
	if (tess_s3_element(code, sizeof(code), answer->body, "Code"))
		*code = 0;
	for (char *at = code; *at; at++)
		if ((unsigned char)*at <= 0x20 || (unsigned char)*at > 0x7e)
			*at = '?';
	(void)snprintf(text, sizeof(text), "the server answered %ld%s%s", answer->status,
		       *code ? " " : "", code);
	return fail(trip, answer->status, text);
}

/* From its begin: the storage has forgotten the upload, or has other bytes than were sent. */
static int restart(struct trip *trip, const char *why)
{
	struct tess_store *store = trip->uploads->control->store;
	int rc = tess_store_upload_restart(store, trip->file);

	return rc ? rc : fail(trip, 0, why);
}

/* ---- asking the storage ---- */

static int sign(struct trip *trip, char url[TESS_S3_URL_MAX], const struct tess_upload *row,
		const char *method, const char *object, const char *query)
{
	struct tess_control *control = trip->uploads->control;
	struct tess_upload_settings keys;
	int rc = tess_store_upload_settings_get(control->store, &keys, row->application);

	if (!rc)
		rc = tess_s3_sign(url, &row->place, &keys, method, object, query,
				  tess_control_utc_us(control) / 1000000, ADDRESS_S);
	explicit_bzero(&keys, sizeof(keys));
	return rc;
}

/* @retval 0, or the error of failing */
static int ask(struct trip *trip, const struct tess_upload *row, const char *method,
	       const char *object, const char *query, const char *body, tess_ask_done *done)
{
	char url[TESS_S3_URL_MAX];
	const struct tess_ask request = {
		.method = method,
		.url = url,
		.body = body,
		.timeout_us = body && *body ? COMPLETE_US : ASK_US,
	};
	int rc = sign(trip, url, row, method, object, query);

	if (rc == -EKEYREJECTED)
		return fail(trip, 403, "the application has no access key");
	if (!rc)
		rc = tess_poster_ask(trip->uploads->poster, &request, done, trip);
	if (!rc)
		trip->asked++;
	return rc;
}

/* An answer is there. @return false: it is not wanted any more */
static bool take_answer(struct trip *trip)
{
	trip->asked--;
	if (!trip->over)
		return true;
	tess_trip_go_on(trip);
	return false;
}

/* @p rc of what was done with an answer; the trip goes on unless it has ended with it. */
static void settle(struct trip *trip, int rc)
{
	struct tess_uploads *uploads = trip->uploads;

	if (!uploads)
		return;
	if (rc < 0) {
		TESS_ERROR("upload.answer", "file=%" PRId64 " error=\"%s\"", trip->file,
			   strerror(-rc));
		tess_trip_end(trip);
		tess_timer_start(uploads->timer, TESS_UPLOADS_RETRY_US);
	} else {
		tess_trip_go_on(trip);
	}
}

static int upload_id_query(char *query, size_t size, const char *before,
			   const struct tess_upload *row)
{
	char id[3 * TESS_UPLOAD_ID_MAX + 1];
	int rc = tess_s3_encode(id, sizeof(id), row->upload_id);

	if (!rc && snprintf(query, size, "%suploadId=%s", before, id) >= (int)size)
		rc = -ENAMETOOLONG;
	return rc;
}

/* ---- which items ---- */

static int64_t part_bytes(int64_t size)
{
	int64_t bytes = (size + TESS_UPLOADS_MAX_PARTS - 1) / TESS_UPLOADS_MAX_PARTS;

	return bytes > TESS_UPLOADS_PART_BYTES ? bytes : TESS_UPLOADS_PART_BYTES;
}

static int add_parts(struct tess_store *store, const struct tess_upload *row)
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

static int order_list(struct trip *trip, const struct tess_upload *row)
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

/* ---- begin and complete ---- */

static int take_upload_id(struct trip *trip, const struct tess_ask_answer *answer)
{
	struct tess_store *store = trip->uploads->control->store;
	struct tess_upload row;
	int rc;

	if (answer->status != 200)
		return fail_answer(trip, answer);
	rc = tess_store_upload_get(store, &row, trip->file);
	if (rc)
		return rc;
	if (tess_s3_element(row.upload_id, sizeof(row.upload_id), answer->body, "UploadId") ||
	    !*row.upload_id)
		return fail(trip, 0, "the answer has no UploadId");
	return tess_store_upload_set(store, &row);
}

static void on_begun(void *arg, const struct tess_ask_answer *answer)
{
	struct trip *trip = arg;

	if (take_answer(trip))
		settle(trip, take_upload_id(trip, answer));
}

/* The body of CompleteMultipartUpload, and the ETag that the object should have then. */
struct completion {
	char *text;
	size_t length, size;
	uint8_t *sums; /* MD5s of the parts */
	size_t parts;
	bool known; /* all of them */
	bool failed;
};

static int complete_part(void *arg, const struct tess_upload_item *item)
{
	struct completion *to = arg;
	int length;

	if (to->size - to->length < 256 + TESS_UPLOAD_ETAG_MAX) {
		to->failed = true;
		return 1;
	}
	length = snprintf(to->text + to->length, to->size - to->length,
			  "<Part><PartNumber>%" PRId64
			  "</PartNumber><ETag>&quot;%s&quot;</ETag></Part>",
			  item->item, item->etag);
	to->length += (size_t)length;
	to->known &= tess_s3_etag_is_md5(item->etag);
	for (unsigned i = 0; to->known && i < 16; i++) {
		unsigned byte = 0;

		(void)sscanf(item->etag + (size_t)2 * i, "%2x", &byte);
		to->sums[to->parts * 16 + i] = (uint8_t)byte;
	}
	to->parts++;
	return 0;
}

#define COMPLETE_BEGIN "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define COMPLETE_END   "</CompleteMultipartUpload>"

static int completion_of(struct completion *to, struct tess_store *store,
			 const struct tess_upload *row)
{
	int rc;

	*to = (struct completion){.size = 512 + (size_t)row->items * 384, .known = true};
	to->text = malloc(to->size);
	to->sums = malloc((size_t)row->items * 16);
	if (!to->text || !to->sums)
		return -ENOMEM;
	to->length = (size_t)sprintf(to->text, "%s", COMPLETE_BEGIN);
	rc = tess_store_upload_items(store, row->file, 1, false, complete_part, to);
	if (rc < 0 || to->failed)
		return rc < 0 ? rc : -EIO;
	(void)snprintf(to->text + to->length, to->size - to->length, "%s", COMPLETE_END);
	return 0;
}

static void completion_end(struct completion *to)
{
	free(to->text);
	free(to->sums);
}

/* MD5 of the MD5s and how many: what storages say of an object of parts. "" = not known. */
static int expected_etag(char etag[TESS_UPLOAD_ETAG_MAX + 1], const struct completion *of)
{
	char hex[TESS_MD5_HEX];
	int rc;

	*etag = 0;
	if (!of->known)
		return 0;
	rc = tess_md5_hex(hex, of->sums, of->parts * 16);
	if (!rc)
		(void)snprintf(etag, TESS_UPLOAD_ETAG_MAX + 1, "%s-%zu", hex, of->parts);
	return rc;
}

/* Of AbortMultipartUpload: the parts are not there any more, or the storage cannot do it. */
static bool is_aborted(const struct tess_ask_answer *answer)
{
	return answer->status / 100 == 2 || answer->status == 404 || answer->status == 405 ||
	       answer->status == 501;
}

static void on_given_up(void *arg, const struct tess_ask_answer *answer)
{
	struct trip *trip = arg;

	if (!take_answer(trip))
		return;
	if (!is_aborted(answer))
		settle(trip, fail_answer(trip, answer));
	else
		settle(trip, restart(trip, "the storage has other parts than were sent"));
}

/* The parts that are there would stay, and cost: first they go, and then it begins anew. Should
 * this fail, completing is tried again, and refused again. */
static int give_up(struct trip *trip)
{
	char query[3 * TESS_UPLOAD_ID_MAX + 32];
	struct tess_upload row;
	int rc = tess_store_upload_get(trip->uploads->control->store, &row, trip->file);

	if (!rc)
		rc = upload_id_query(query, sizeof(query), "", &row);
	return rc ? rc : ask(trip, &row, "DELETE", row.path, query, NULL, on_given_up);
}

/* 404 of one that was completed before control died: verifying tells. */
static int take_completed(struct trip *trip, const struct tess_ask_answer *answer)
{
	struct tess_store *store = trip->uploads->control->store;
	char element[TESS_UPLOAD_ETAG_MAX + 3] = "";
	struct completion completion;
	struct tess_upload row;
	int rc;

	if (answer->status == 400 && strstr(answer->body, "<Code>InvalidPart"))
		return give_up(trip);
	if (answer->status != 200 && answer->status != 404)
		return fail_answer(trip, answer);
	/* the error may come after the status (CompleteMultipartUpload) */
	if (answer->status == 200 && strstr(answer->body, "<Error>"))
		return fail_answer(trip,
				   &(struct tess_ask_answer){.status = 500, .body = answer->body});
	rc = tess_store_upload_get(store, &row, trip->file);
	if (rc)
		return rc;
	rc = completion_of(&completion, store, &row);
	if (!rc)
		rc = expected_etag(row.etag, &completion);
	completion_end(&completion);
	if (rc)
		return rc;
	if (answer->status == 200 &&
	    !tess_s3_element(element, sizeof(element), answer->body, "ETag"))
		tess_s3_etag(row.etag, element);
	if (!*row.etag)
		return restart(trip, "the storage has forgotten the upload");
	*row.upload_id = 0;
	return tess_store_upload_set(store, &row);
}

static void on_completed(void *arg, const struct tess_ask_answer *answer)
{
	struct trip *trip = arg;

	if (take_answer(trip))
		settle(trip, take_completed(trip, answer));
}

static int complete(struct trip *trip, const struct tess_upload *row)
{
	char query[3 * TESS_UPLOAD_ID_MAX + 32];
	struct completion completion;
	int rc = completion_of(&completion, trip->uploads->control->store, row);

	if (!rc)
		rc = upload_id_query(query, sizeof(query), "", row);
	if (!rc)
		rc = ask(trip, row, "POST", row->path, query, completion.text, on_completed);
	completion_end(&completion);
	return rc;
}

/* ---- send ---- */

struct ordering {
	struct trip *trip;
	const struct tess_upload *row;
	bool changed, last; /* the last item of an HLS file is its playlist: it goes alone */
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
	char id[48], url[TESS_S3_URL_MAX], query[3 * TESS_UPLOAD_ID_MAX + 64] = "", number[40];
	int rc = 0;

	if (json_object_size(trip->orders) >= TESS_UPLOADS_PIECES)
		return 1;
	if (!strcmp(row->format, "hls") && item->item == row->items && item->item > 1 &&
	    json_object_size(trip->orders))
		return 1;
	rc = item_id(id, sizeof(id), row, item->item);
	if (rc || json_object_get(trip->orders, id))
		return rc;
	(void)snprintf(number, sizeof(number), "partNumber=%" PRId64 "&", item->item);
	if (part)
		rc = upload_id_query(query, sizeof(query), number, row);
	if (!rc)
		rc = sign(trip, url, row, "PUT", item->path, query);
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

/* @retval 1 the orders changed, 0 all is there, 2 it is waited for, or an error */
static int send_items(struct trip *trip, const struct tess_upload *row)
{
	struct ordering ordering = {.trip = trip, .row = row};
	int rc = tess_store_upload_items(trip->uploads->control->store, row->file, 1, true,
					 order_item, &ordering);

	if (rc == -EKEYREJECTED)
		return fail(trip, 403, "the application has no access key");
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
		return fail(trip, 0, "the storage has other bytes than were sent");
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
			return restart(trip, error);
		return fail(trip, status, error ? error : "it was not sent");
	}
	if (list) {
		rc = take_list(store, trip->file, fact);
		(void)json_object_del(trip->orders, id);
		if (rc == -EINVAL)
			return fail(trip, 0, "the playlist is not ours");
	} else {
		rc = take_item(trip, id, fact);
	}
	return rc || trip->over || !trip->file ? rc : tess_trip_step(trip);
}

/* ---- verify ---- */

static int take_verified(struct trip *trip, const struct tess_ask_answer *answer);

static int one_item(void *arg, const struct tess_upload_item *item)
{
	*(struct tess_upload_item *)arg = *item;
	return 1;
}

static bool is_multipart(const struct tess_upload *row)
{
	return row->items > 1 && strcmp(row->format, "hls") != 0;
}

static void on_verified(void *arg, const struct tess_ask_answer *answer)
{
	struct trip *trip = arg;

	if (take_answer(trip))
		settle(trip, take_verified(trip, answer));
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
		return restart(trip, "the object is not there");
	if (answer->status != 200)
		return fail_answer(trip, answer);
	tess_s3_etag(etag, answer->etag);
	if (answer->length != object.bytes ||
	    (strcmp(object.etag, "-") != 0 && strcmp(etag, object.etag) != 0))
		return restart(trip, "the object is not what was sent");
	trip->checked++;
	return 0;
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
		rc = tell(control, row, "upload_succeeded");
	rc = tess_store_finish(control->store, rc);
	if (rc)
		return rc;
	TESS_INFO("upload.done", "file=%" PRId64 " path=%s", row->file, row->path);
	trip->uploads->counters.uploaded++;
	tess_trip_end(trip);
	return 1;
}

/* ---- remove ---- */

static void on_removed(void *arg, const struct tess_ask_answer *answer)
{
	struct trip *trip = arg;

	if (!take_answer(trip))
		return;
	if (answer->status / 100 == 2 || answer->status == 404) {
		trip->checked++;
		settle(trip, 0);
	} else {
		settle(trip, fail_answer(trip, answer));
	}
}

static void on_aborted(void *arg, const struct tess_ask_answer *answer)
{
	struct trip *trip = arg;
	struct tess_upload row;
	int rc;

	if (!take_answer(trip))
		return;
	if (!is_aborted(answer)) {
		settle(trip, fail_answer(trip, answer));
		return;
	}
	rc = tess_store_upload_get(trip->uploads->control->store, &row, trip->file);
	*row.upload_id = 0;
	settle(trip, rc ? rc : tess_store_upload_set(trip->uploads->control->store, &row));
}

static int remove_step(struct trip *trip, const struct tess_upload *row)
{
	char query[3 * TESS_UPLOAD_ID_MAX + 32];
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
		rc = upload_id_query(query, sizeof(query), "", row);
		if (!rc)
			rc = ask(trip, row, "DELETE", row->path, query, NULL, on_aborted);
		return rc ? rc : changed;
	}
	rc = next_object(trip, row, &object);
	if (rc > 0) {
		rc = ask(trip, row, "DELETE", object.path, "", NULL, on_removed);
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

static int verify(struct trip *trip, struct tess_upload *row)
{
	struct tess_upload_item object = {.item = 1};
	int rc = next_object(trip, row, &object);

	if (rc < 0)
		return rc;
	return rc ? ask(trip, row, "HEAD", object.path, "", NULL, on_verified) : done(trip, row);
}

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
			return order_list(trip, &row);
		rc = add_parts(store, &row);
		if (!rc)
			rc = tess_store_upload_get(store, &row, trip->file);
		if (rc)
			return rc;
	}
	if (is_multipart(&row) && !*row.upload_id && !*row.etag)
		return ask(trip, &row, "POST", row.path, "uploads=", "", on_begun);
	rc = *row.etag ? 0 : send_items(trip, &row);
	if (rc)
		return rc == 2 ? 0 : rc;
	if (is_multipart(&row) && !*row.etag)
		return complete(trip, &row);
	return verify(trip, &row);
}
