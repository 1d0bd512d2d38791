/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/uploads_trip.c - what all steps of an upload do: ask the storage, and fail.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/jobs/events.h"
#include "firmware/control/jobs/s3.h"
#include "firmware/control/jobs/uploads_internal.h"

#define ASK_US	    30000000LL
#define COMPLETE_US 300000000LL /* a large object is put together meanwhile */

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

int tess_trip_tell(struct tess_control *control, const struct tess_upload *row, const char *event)
{
	struct tess_recording recording;
	int rc = tess_store_recording_get(control->store, &recording, row->recording);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	return tess_events_upload(control, &recording, row, event);
}

int tess_trip_fail(struct trip *trip, long status, const char *error)
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
		rc = tess_trip_tell(control, &row, "upload_failed");
	return rc ? rc : 1;
}

int tess_trip_fail_answer(struct trip *trip, const struct tess_ask_answer *answer)
{
	char code[64] = "", text[128];

	if (!answer->status)
		return tess_trip_fail(trip, 0, answer->error);
	if (tess_s3_element(code, sizeof(code), answer->body, "Code"))
		*code = 0;
	for (char *at = code; *at; at++)
		if ((unsigned char)*at <= 0x20 || (unsigned char)*at > 0x7e)
			*at = '?';
	(void)snprintf(text, sizeof(text), "the server answered %ld%s%s", answer->status,
		       *code ? " " : "", code);
	return tess_trip_fail(trip, answer->status, text);
}

int tess_trip_restart(struct trip *trip, const char *why)
{
	struct tess_store *store = trip->uploads->control->store;
	int rc = tess_store_upload_restart(store, trip->file);

	return rc ? rc : tess_trip_fail(trip, 0, why);
}

/* ---- asking the storage ---- */

int tess_trip_ask(struct trip *trip, const struct tess_upload *row, const char *method,
		  const char *object, const char *query, const char *body, tess_ask_done *done)
{
	struct tess_upload_settings keys;
	char url[TESS_S3_URL_MAX];
	const struct tess_ask request = {
		.method = method,
		.url = url,
		.body = body,
		.region = row->place.region,
		.access_key = keys.access_key,
		.secret_key = keys.secret_key,
		.timeout_us = body && *body ? COMPLETE_US : ASK_US,
	};
	int rc = tess_store_upload_settings_get(trip->uploads->control->store, &keys,
						row->application);

	if (!rc)
		rc = tess_s3_url(url, &row->place, object, query);
	if (!rc && (!*keys.access_key || !*keys.secret_key))
		rc = -EKEYREJECTED;
	if (!rc)
		rc = tess_poster_ask(trip->uploads->poster, &request, done, trip);
	explicit_bzero(&keys, sizeof(keys));
	if (rc == -EKEYREJECTED)
		return tess_trip_fail(trip, 403, "the application has no access key");
	if (!rc)
		trip->asked++;
	return rc;
}

bool tess_trip_take_answer(struct trip *trip)
{
	trip->asked--;
	if (!trip->over)
		return true;
	tess_trip_go_on(trip);
	return false;
}

void tess_trip_settle(struct trip *trip, int rc)
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

int tess_trip_upload_query(char *query, size_t size, const char *before,
			   const struct tess_upload *row)
{
	char id[3 * TESS_UPLOAD_ID_MAX + 1];
	int rc = tess_s3_encode(id, sizeof(id), row->upload_id);

	if (!rc && snprintf(query, size, "%suploadId=%s", before, id) >= (int)size)
		rc = -ENAMETOOLONG;
	return rc;
}
