/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/callbacks.c - see callbacks.h.
 */
#include "firmware/control/jobs/callbacks.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/cloud/digest.h"
#include "firmware/control/jobs/poster.h"
#include "firmware/control/text.h"

#define MAX_AT_ONCE	16
#define MAX_APPLICATION 4
#define SIGNED_FOR_S	600
#define RECHECK_US	60000000 /* the box's clock may be set meanwhile */
#define BUSY_US		1000000

/* A callback on its way. */
struct trip {
	struct tess_callbacks *callbacks;
	int64_t id; /* 0: a free place */
	uint32_t application;
};

struct tess_callbacks {
	struct tess_control *control;
	struct tess_poster *poster;
	struct tess_timer *timer;
	struct trip trips[MAX_AT_ONCE];
};

char *tess_callback_text(const struct tess_callback *callback, int64_t now_us)
{
	json_t *body = json_loads(callback->body, 0, NULL);
	int64_t expires = now_us / 1000000 + SIGNED_FOR_S;
	char signed_text[TESS_CALLBACK_KEY_MAX + 24], sign[TESS_MD5_HEX], *text = NULL;

	if (*callback->key) {
		snprintf(signed_text, sizeof(signed_text), "%s%lld", callback->key,
			 (long long)expires);
		if (tess_md5_hex(sign, signed_text, strlen(signed_text)) ||
		    json_object_set_new(body, "t", json_integer(expires)) ||
		    json_object_set_new(body, "sign", json_string(sign))) {
			json_decref(body);
			return NULL;
		}
	}
	if (body)
		text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	return text;
}

void tess_callback_retry(struct tess_callback *callback, const struct tess_config *config,
			 int64_t now_us, const char *error)
{
	int64_t wait_s = config->control.callback_retry_s;

	callback->attempts++;
	tess_text_copy(callback->error, sizeof(callback->error), error);
	if (callback->attempts > config->control.callback_retries) {
		callback->dead = now_us - callback->created_us >=
				 config->control.callback_hours * 3600000000LL;
		if (wait_s < TESS_CALLBACK_SLOW_S)
			wait_s = TESS_CALLBACK_SLOW_S;
	}
	callback->next_us = now_us + wait_s * 1000000;
}

static struct trip *trip_of(struct tess_callbacks *callbacks, int64_t id)
{
	for (unsigned i = 0; i < MAX_AT_ONCE; i++)
		if (callbacks->trips[i].id == id)
			return &callbacks->trips[i];
	return NULL;
}

static bool may_go(struct tess_callbacks *callbacks, uint32_t application)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MAX_AT_ONCE; i++)
		count += callbacks->trips[i].id && callbacks->trips[i].application == application;
	return count < MAX_APPLICATION;
}

static int settle(struct tess_callbacks *callbacks, int64_t id, long status, const char *error)
{
	struct tess_control *control = callbacks->control;
	char answer[40];
	struct tess_callback row;
	int rc;

	if (status == 200)
		return tess_store_callback_remove(control->store, id);
	rc = tess_store_callback_get(control->store, &row, id);
	if (rc)
		return rc;
	snprintf(answer, sizeof(answer), "the receiver answered %ld", status);
	tess_callback_retry(&row, control->config, tess_control_utc_us(control),
			    status ? answer : error);
	TESS_WARN(row.dead ? "callback.dead" : "callback.failed",
		  "id=%lld recording=%lld attempts=%u error=\"%s\"", (long long)id,
		  (long long)row.recording, row.attempts, row.error);
	return tess_store_callback_failed(control->store, &row);
}

static void arrived(void *arg, long status, const char *error)
{
	struct trip *trip = arg;
	struct tess_callbacks *callbacks = trip->callbacks;
	int64_t id = trip->id;
	int rc;

	rc = settle(callbacks, id, status, error);
	trip->id = 0;
	/* -ENOENT: its application was removed meanwhile */
	if (rc && rc != -ENOENT) {
		TESS_ERROR("callback.settle", "id=%lld error=\"%s\"", (long long)id, strerror(-rc));
		tess_timer_start(callbacks->timer, BUSY_US);
		return;
	}
	if (status == 200)
		TESS_INFO("callback.delivered", "id=%lld", (long long)id);
	tess_timer_start(callbacks->timer, 0);
}

static int send_one(struct tess_callbacks *callbacks, struct trip *trip,
		    const struct tess_callback *row)
{
	char *text = tess_callback_text(row, tess_control_utc_us(callbacks->control));
	int rc;

	if (!text)
		return -ENOMEM;
	trip->callbacks = callbacks;
	rc = tess_poster_post(callbacks->poster, row->url, text, TESS_CALLBACK_TIMEOUT_US, arrived,
			      trip);
	free(text);
	if (rc)
		return rc;
	trip->id = row->id;
	trip->application = row->application;
	return 0;
}

/* Nothing of the store is changed here, as store.h asks. @retval 1 no more can go */
static int each_due(void *arg, const struct tess_callback *row)
{
	struct tess_callbacks *callbacks = arg;
	struct trip *trip = trip_of(callbacks, 0);

	if (!trip)
		return 1;
	if (trip_of(callbacks, row->id) || !may_go(callbacks, row->application))
		return 0;
	return send_one(callbacks, trip, row);
}

static bool is_busy(struct tess_callbacks *callbacks)
{
	for (unsigned i = 0; i < MAX_AT_ONCE; i++)
		if (callbacks->trips[i].id)
			return true;
	return false;
}

static void send_due(void *arg)
{
	struct tess_callbacks *callbacks = arg;
	struct tess_control *control = callbacks->control;
	int64_t now_us = tess_control_utc_us(control), next_us = 0, wait_us;
	int rc;

	rc = tess_store_callbacks_due(control->store, now_us, each_due, callbacks);
	if (rc >= 0)
		rc = tess_store_callback_next(control->store, &next_us);
	if (rc == -ENOENT)
		return;
	wait_us = next_us - now_us;
	if (rc) {
		TESS_ERROR("callback.send", "error=\"%s\"", strerror(-rc));
		wait_us = RECHECK_US;
	}
	if (wait_us < BUSY_US && (is_busy(callbacks) || wait_us < 0))
		wait_us = BUSY_US; /* it is on its way; whoever arrives looks for the next */
	tess_timer_start(callbacks->timer, wait_us < RECHECK_US ? wait_us : RECHECK_US);
}

static void outbox(void *arg)
{
	struct tess_callbacks *callbacks = arg;

	tess_timer_start(callbacks->timer, 0); /* after the transaction */
}

int tess_callbacks_start(struct tess_callbacks **callbacksp, struct tess_control *control,
			 struct tess_loop *loop)
{
	struct tess_callbacks *callbacks = calloc(1, sizeof(*callbacks));
	int rc;

	if (!callbacks)
		return -ENOMEM;
	callbacks->control = control;
	rc = tess_poster_start(&callbacks->poster, loop, control->config->control.callback_exclude,
			       control->config->control.callback_ca_file);
	if (!rc)
		rc = tess_timer_alloc(&callbacks->timer, loop, send_due, callbacks);
	if (rc) {
		tess_callbacks_stop(callbacks);
		return rc;
	}
	control->outbox = outbox;
	control->outbox_arg = callbacks;
	tess_timer_start(callbacks->timer, 0);
	*callbacksp = callbacks;
	return 0;
}

void tess_callbacks_stop(struct tess_callbacks *callbacks)
{
	if (!callbacks)
		return;
	if (callbacks->control->outbox_arg == callbacks)
		callbacks->control->outbox = NULL;
	tess_poster_stop(callbacks->poster);
	tess_timer_free(callbacks->timer);
	free(callbacks);
}
