/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/callbacks.c - callbacks that were not delivered yet, and dead ones.
 */
#include <errno.h>
#include <string.h>

#include "firmware/control/api/handlers.h"
#include "firmware/control/store/callbacks.h"

/* Of the addresses not the query: tokens of the receiver may be in it. */
static json_t *callback_json(const struct tess_callback *row)
{
	return json_pack("{sI sI sI si ss# ss si so so ss so}", "id", (json_int_t)row->id,
			 "application", (json_int_t)row->application, "recording",
			 (json_int_t)row->recording, "event_type", row->event_type, "url", row->url,
			 (int)strcspn(row->url, "?"), "state", row->dead ? "dead" : "waiting",
			 "attempts", (int)row->attempts, "created", tess_time_json(row->created_us),
			 "next", row->dead ? json_null() : tess_time_json(row->next_us), "error",
			 row->error, "body", json_loads(row->body, 0, NULL));
}

static int each(void *arg, const struct tess_callback *row)
{
	return json_array_append_new(arg, callback_json(row)) ? -ENOMEM : 0;
}

int tess_api_callbacks(struct tess_call *call)
{
	int64_t application = 0, before = 0, limit = 50, waiting = 0, dead = 0;
	const char *state = NULL;
	json_t *list;
	int rc;

	rc = tess_query_param_int(call, "application", 1, UINT32_MAX, &application);
	if (rc >= 0)
		rc = tess_query_param_choice(call, "state", "dead", &state);
	if (rc >= 0)
		rc = tess_query_param_int(call, "before", 1, INT64_MAX, &before);
	if (rc >= 0)
		rc = tess_query_param_int(call, "limit", 1, 200, &limit);
	if (rc < 0)
		return tess_call_done(rc);
	list = json_array();
	rc = tess_store_callbacks(call->control->store, (uint32_t)application, state, before, limit,
				  each, list);
	if (!rc)
		rc = tess_store_callback_counts(call->control->store, &waiting, &dead);
	if (rc) {
		json_decref(list);
		return rc;
	}
	return tess_response_json(call->response, 200,
				  json_pack("{sI sI so}", "waiting", (json_int_t)waiting, "dead",
					    (json_int_t)dead, "callbacks", list));
}

/* The callback of path parameter 0. @retval 1, -EINVAL answered, or an error */
static int callback_of(struct tess_call *call, struct tess_callback *row)
{
	int64_t id;
	int rc;

	rc = tess_path_id(call, 0, "callback", &id);
	if (rc < 0)
		return rc;
	rc = tess_store_callback_get(call->control->store, row, id);
	if (rc == -ENOENT)
		return tess_call_missing(call, "callback") ? -ENOMEM : -EINVAL;
	return rc ? rc : 1;
}

int tess_api_callback_resend(struct tess_call *call)
{
	struct tess_record_settings settings;
	struct tess_callback row;
	int rc = callback_of(call, &row);

	if (rc < 0)
		return tess_call_done(rc);
	if (!row.dead)
		return tess_call_error(call, 409, "waiting", "", "The callback is not dead.");
	rc = tess_store_record_settings_get(call->control->store, &settings, row.application);
	if (rc)
		return rc;
	if (!*settings.callback_url)
		return tess_call_error(call, 409, "no_address", "",
				       "The application has no callback address.");
	rc = tess_store_callback_revive(call->control->store, row.id, settings.callback_url,
					settings.callback_key, tess_control_utc_us(call->control));
	if (rc)
		return rc;
	if (call->control->outbox)
		call->control->outbox(call->control->outbox_arg);
	tess_call_audit(call, "callback.resend", "%lld", (long long)row.id);
	return tess_call_empty(call, 204);
}

int tess_api_callback_remove(struct tess_call *call)
{
	struct tess_callback row;
	int rc = callback_of(call, &row);

	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_callback_remove(call->control->store, row.id);
	if (rc)
		return rc;
	tess_call_audit(call, "callback.remove", "%lld", (long long)row.id);
	return tess_call_empty(call, 204);
}
