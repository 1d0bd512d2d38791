/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/uploads_multipart.c - an object in more than one part:
 * CreateMultipartUpload and CompleteMultipartUpload.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/cloud/digest.h"
#include "firmware/control/jobs/s3.h"
#include "firmware/control/jobs/uploads_internal.h"

/* ---- begin ---- */

static int take_upload_id(struct trip *trip, const struct tess_ask_answer *answer)
{
	struct tess_store *store = trip->uploads->control->store;
	struct tess_upload row;
	int rc;

	if (answer->status != 200)
		return tess_trip_fail_answer(trip, answer);
	rc = tess_store_upload_get(store, &row, trip->file);
	if (rc)
		return rc;
	if (tess_s3_element(row.upload_id, sizeof(row.upload_id), answer->body, "UploadId") ||
	    !*row.upload_id)
		return tess_trip_fail(trip, 0, "the answer has no UploadId");
	return tess_store_upload_set(store, &row);
}

static void on_begun(void *arg, const struct tess_ask_answer *answer)
{
	struct trip *trip = arg;

	if (tess_trip_take_answer(trip))
		tess_trip_settle(trip, take_upload_id(trip, answer));
}

int tess_trip_begin(struct trip *trip, const struct tess_upload *row)
{
	return tess_trip_ask(trip, row, "POST", row->path, "uploads=", "", on_begun);
}

/* ---- complete ---- */

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

bool tess_trip_is_aborted(const struct tess_ask_answer *answer)
{
	return answer->status / 100 == 2 || answer->status == 404 || answer->status == 405 ||
	       answer->status == 501;
}

static void on_given_up(void *arg, const struct tess_ask_answer *answer)
{
	struct trip *trip = arg;

	if (!tess_trip_take_answer(trip))
		return;
	if (!tess_trip_is_aborted(answer))
		tess_trip_settle(trip, tess_trip_fail_answer(trip, answer));
	else
		tess_trip_settle(trip, tess_trip_restart(
					       trip, "the storage has other parts than were sent"));
}

/* The parts that are there would stay, and cost: first they go, and then it begins anew. Should
 * this fail, completing is tried again, and refused again. */
static int give_up(struct trip *trip)
{
	char query[TESS_TRIP_QUERY_MAX];
	struct tess_upload row;
	int rc = tess_store_upload_get(trip->uploads->control->store, &row, trip->file);

	if (!rc)
		rc = tess_trip_upload_query(query, sizeof(query), "", &row);
	return rc ? rc : tess_trip_ask(trip, &row, "DELETE", row.path, query, NULL, on_given_up);
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
		return tess_trip_fail_answer(trip, answer);
	/* the error may come after the status (CompleteMultipartUpload) */
	if (answer->status == 200 && strstr(answer->body, "<Error>"))
		return tess_trip_fail_answer(
			trip, &(struct tess_ask_answer){.status = 500, .body = answer->body});
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
		return tess_trip_restart(trip, "the storage has forgotten the upload");
	*row.upload_id = 0;
	return tess_store_upload_set(store, &row);
}

static void on_completed(void *arg, const struct tess_ask_answer *answer)
{
	struct trip *trip = arg;

	if (tess_trip_take_answer(trip))
		tess_trip_settle(trip, take_completed(trip, answer));
}

int tess_trip_complete(struct trip *trip, const struct tess_upload *row)
{
	char query[TESS_TRIP_QUERY_MAX];
	struct completion completion;
	int rc = completion_of(&completion, trip->uploads->control->store, row);

	if (!rc)
		rc = tess_trip_upload_query(query, sizeof(query), "", row);
	if (!rc)
		rc = tess_trip_ask(trip, row, "POST", row->path, query, completion.text,
				   on_completed);
	completion_end(&completion);
	return rc;
}
