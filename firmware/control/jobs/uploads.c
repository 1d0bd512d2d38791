/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/uploads.c - which files are uploaded when, and what is asked of egress.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/jobs/s3.h"
#include "firmware/control/jobs/uploads_internal.h"

#define RECHECK_US 60000000

static struct trip *trip_of(struct tess_uploads *uploads, int64_t file)
{
	for (unsigned i = 0; i < TESS_UPLOADS_FILES; i++)
		if (uploads->trips[i].file == file)
			return &uploads->trips[i];
	return NULL;
}

static int begin(void *arg, const struct tess_upload *row)
{
	struct tess_uploads *uploads = arg;
	struct trip *trip = trip_of(uploads, 0);

	if (!trip)
		return 1;
	if (trip_of(uploads, row->file))
		return 0;
	trip->orders = json_object();
	trip->sent = json_object();
	if (!trip->orders || !trip->sent) {
		tess_trip_end(trip);
		return -ENOMEM;
	}
	trip->uploads = uploads;
	trip->file = row->file;
	trip->checked = 1;
	return 0;
}

void tess_trip_end(struct trip *trip)
{
	trip->over = true;
	if (trip->asked)
		return; /* with the last answer */
	json_decref(trip->orders);
	json_decref(trip->sent);
	*trip = (struct trip){.file = 0};
}

void tess_trip_go_on(struct trip *trip)
{
	struct tess_uploads *uploads = trip->uploads;
	int64_t file = trip->file;
	int rc;

	if (trip->over) {
		tess_trip_end(trip);
		tess_timer_start(uploads->timer, 0);
		return;
	}
	rc = tess_trip_step(trip);
	if (rc < 0) {
		TESS_ERROR("upload.step", "file=%" PRId64 " error=\"%s\"", file, strerror(-rc));
		tess_trip_end(trip);
	}
	if (rc == 1)
		tess_control_orders(uploads->control);
	if (!trip->file)
		tess_timer_start(uploads->timer, rc < 0 ? TESS_UPLOADS_RETRY_US : 0);
}

static void start_due(void *arg)
{
	struct tess_uploads *uploads = arg;
	struct tess_control *control = uploads->control;
	int64_t now_us = tess_control_utc_us(control), next_us = 0, wait_us = RECHECK_US;
	int rc;

	rc = tess_store_uploads_due(control->store, now_us, begin, uploads);
	if (rc < 0)
		TESS_ERROR("upload.start", "error=\"%s\"", strerror(-rc));
	for (unsigned i = 0; i < TESS_UPLOADS_FILES; i++)
		/* those that go on too: one may have been deleted meanwhile */
		if (uploads->trips[i].file && !uploads->trips[i].asked)
			tess_trip_go_on(&uploads->trips[i]);
	/* whoever ends wakes this; else it is for what waits */
	if (!trip_of(uploads, 0))
		return;
	rc = tess_store_upload_next(control->store, now_us, &next_us);
	if (!rc && next_us - now_us < wait_us)
		wait_us = next_us - now_us;
	tess_timer_start(uploads->timer, wait_us);
}

int tess_uploads_start(struct tess_control *control, struct tess_loop *loop)
{
	struct tess_uploads *uploads = calloc(1, sizeof(*uploads));
	int rc;

	if (!uploads)
		return -ENOMEM;
	uploads->control = control;
	control->uploads = uploads;
	rc = tess_poster_start(&uploads->poster, loop, "",
			       control->config->control.callback_ca_file);
	if (!rc)
		rc = tess_timer_alloc(&uploads->timer, loop, start_due, uploads);
	if (rc) {
		tess_uploads_stop(control);
		return rc;
	}
	tess_timer_start(uploads->timer, 0);
	return 0;
}

void tess_uploads_stop(struct tess_control *control)
{
	struct tess_uploads *uploads = control->uploads;

	control->uploads = NULL;
	if (!uploads)
		return;
	tess_poster_stop(uploads->poster);
	tess_timer_free(uploads->timer);
	for (unsigned i = 0; i < TESS_UPLOADS_FILES; i++) {
		json_decref(uploads->trips[i].orders);
		json_decref(uploads->trips[i].sent);
	}
	free(uploads);
}

void tess_uploads_wake(struct tess_control *control)
{
	if (control->uploads)
		tess_timer_start(control->uploads->timer, 0);
}

int tess_uploads_add(struct tess_control *control, const struct tess_file *file)
{
	struct tess_upload upload = {
		.file = file->id,
		.application = file->application,
		.recording = file->recording,
		.size_bytes = file->size_bytes,
		.next_us = tess_control_utc_us(control),
	};
	struct tess_upload_settings settings;
	int rc = tess_store_upload_settings_get(control->store, &settings, file->application);

	if (!rc && settings.enabled) {
		memcpy(upload.path, file->path, sizeof(upload.path));
		memcpy(upload.format, file->format, sizeof(upload.format));
		upload.place = settings.place;
		upload.delete_local = settings.delete_local;
		rc = tess_store_upload_add(control->store, &upload);
		tess_uploads_wake(control);
	}
	explicit_bzero(&settings, sizeof(settings));
	return rc;
}

json_t *tess_uploads_orders(const struct tess_control *control)
{
	const struct tess_uploads *uploads = control->uploads;
	json_t *orders = json_array(), *order;
	const char *id;

	for (unsigned i = 0; uploads && i < TESS_UPLOADS_FILES; i++) {
		json_object_foreach(uploads->trips[i].orders, id, order)
		{
			if (json_array_append(orders, order)) {
				json_decref(orders);
				return NULL;
			}
		}
	}
	return orders;
}

/* Of which trip an order is: FILE:ITEM:WHERE or FILE:list. */
static struct trip *trip_of_order(struct tess_uploads *uploads, const char *id)
{
	int64_t file = strtoll(id, NULL, 10);
	struct trip *trip = file ? trip_of(uploads, file) : NULL;

	return trip && json_object_get(trip->orders, id) ? trip : NULL;
}

static int told_one(struct tess_uploads *uploads, const json_t *fact)
{
	const char *id = json_string_value(json_object_get(fact, "id"));
	const char *state = json_string_value(json_object_get(fact, "state"));
	struct trip *trip = id && state ? trip_of_order(uploads, id) : NULL;
	int64_t file;
	int rc;

	if (!trip)
		return 0;
	if (!strcmp(state, "sending")) {
		json_t *sent = json_object_get(fact, "sent");

		(void)json_object_set(trip->sent, id, sent); /* for who looks on alone */
		return 0;
	}
	file = trip->file;
	rc = tess_trip_told(trip, id, fact);
	if (rc < 0) {
		TESS_ERROR("upload.told", "file=%" PRId64 " error=\"%s\"", file, strerror(-rc));
		tess_trip_end(trip);
		tess_timer_start(uploads->timer, TESS_UPLOADS_RETRY_US);
	} else if (!trip->file) {
		tess_timer_start(uploads->timer, 0);
	}
	return 1;
}

int tess_uploads_told(struct tess_control *control, const json_t *told)
{
	const json_t *fact;
	int changed = 0;
	size_t i;

	if (!control->uploads)
		return 0;
	json_array_foreach(told, i, fact)
	{
		changed |= told_one(control->uploads, fact);
	}
	return changed;
}

int64_t tess_uploads_sent(const struct tess_control *control, const struct tess_upload *upload)
{
	int64_t sent = upload->done_bytes;
	struct trip *trip = control->uploads ? trip_of(control->uploads, upload->file) : NULL;
	const char *id;
	json_t *bytes;

	json_object_foreach(trip ? trip->sent : NULL, id, bytes)
	{
		sent += json_integer_value(bytes);
	}
	return sent < upload->size_bytes ? sent : upload->size_bytes;
}

int tess_uploads_sign(char url[TESS_S3_URL_MAX], struct tess_control *control,
		      const struct tess_upload *row, const char *method, const char *object,
		      const char *query, int life_s)
{
	struct tess_upload_settings keys;
	int rc = tess_store_upload_settings_get(control->store, &keys, row->application);

	if (!rc)
		rc = tess_s3_sign(url, &row->place, &keys, method, object, query,
				  tess_control_utc_us(control) / 1000000, life_s);
	explicit_bzero(&keys, sizeof(keys));
	return rc;
}

int tess_uploads_address(char *url, struct tess_control *control, const struct tess_upload *upload,
			 const char *path, int life_s)
{
	return tess_uploads_sign(url, control, upload, "GET", path, "", life_s);
}

void tess_uploads_counters(const struct tess_control *control,
			   struct tess_upload_counters *counters)
{
	*counters =
		control->uploads ? control->uploads->counters : (struct tess_upload_counters){0};
}
