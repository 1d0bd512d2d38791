/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/relays.c - the servers that an application's streams are pushed to. Their
 * addresses hold keys: they are taken, and never shown again.
 */
#include <errno.h>
#include <string.h>

#include "firmware/base/srt_url.h"
#include "firmware/control/api/handlers.h"
#include "firmware/control/api/views.h"

/* of one stream */
#define MAX_RELAYS 10

struct listing {
	struct tess_call *call;
	const char *stream_id; /* NULL = all */
	json_t *list;
};

static int each(void *arg, const struct tess_relay *row)
{
	struct listing *listing = arg;

	if (listing->stream_id && strcmp(listing->stream_id, row->stream_id) != 0)
		return 0;
	return json_array_append_new(listing->list, tess_view_relay(listing->call->control, row))
		       ? -ENOMEM
		       : 0;
}

int tess_api_relays(struct tess_call *call)
{
	struct listing listing = {.call = call,
				  .stream_id = tess_form_get(&call->query, "stream_id")};
	struct tess_application application;
	int rc;

	rc = tess_api_application_of(call, &application);
	if (rc < 0)
		return tess_call_done(rc);
	listing.list = json_array();
	rc = tess_store_relays(call->control->store, application.id, each, &listing);
	if (rc) {
		json_decref(listing.list);
		return rc;
	}
	return tess_response_json(call->response, 200, json_pack("{so}", "relays", listing.list));
}

/* The member url. @retval 1, 0 absent, -EINVAL answered, -ENOMEM */
static int read_url(struct tess_call *call, struct tess_relay *row)
{
	const char *url, *error;
	int rc = tess_field_text(call, call->body, "url", 1, sizeof(row->url) - 1, &url);

	if (rc <= 0)
		return rc;
	if (tess_relay_url_check(url, &error))
		return tess_call_invalid(call, "url", "%s", error) ? -ENOMEM : -EINVAL;
	memcpy(row->url, url, strlen(url) + 1);
	return 1;
}

/* @retval 1 there is room for one more, -EINVAL answered, or an error */
static int check_count(struct tess_call *call, const struct tess_relay *row)
{
	int64_t count = 0;
	int rc = tess_store_relays_count(call->control->store, row->application, row->stream_id,
					 &count);

	if (rc)
		return rc;
	if (count < MAX_RELAYS)
		return 1;
	return tess_call_error(call, 409, "limit_reached", "stream_id",
			       "A stream can be pushed to %d servers.", MAX_RELAYS)
		       ? -ENOMEM
		       : -EINVAL;
}

static int exists(struct tess_call *call)
{
	return tess_call_error(call, 409, "exists", "url",
			       "This stream is pushed to this address already.");
}

int tess_api_relay_add(struct tess_call *call)
{
	struct tess_relay row = {.enabled = true, .created_us = tess_control_utc_us(call->control)};
	struct tess_application application;
	const char *stream_id = "";
	int rc;

	rc = tess_api_application_of(call, &application);
	if (rc > 0)
		rc = tess_fields_only(call, call->body, "", "stream_id url enabled");
	if (rc > 0)
		rc = tess_field_required(call, "stream_id",
					 tess_field_text(call, call->body, "stream_id", 1,
							 sizeof(row.stream_id) - 1, &stream_id));
	if (rc > 0)
		rc = tess_field_required(call, "url", read_url(call, &row));
	if (rc > 0)
		rc = tess_field_bool(call, call->body, "enabled", &row.enabled);
	if (rc < 0)
		return tess_call_done(rc);
	row.application = application.id;
	memcpy(row.stream_id, stream_id, strlen(stream_id) + 1);
	rc = check_count(call, &row);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_relay_add(call->control->store, &row);
	if (rc == -EEXIST)
		return exists(call);
	if (rc)
		return rc;
	tess_control_changed(call->control);
	tess_call_audit(call, "relay.add", "%u %s %lld", row.application, row.stream_id,
			(long long)row.id);
	return tess_response_json(call->response, 201, tess_view_relay(call->control, &row));
}

/* The relay of path parameters 0 and 1. @retval as tess_api_application_of() */
static int relay_of(struct tess_call *call, struct tess_relay *row)
{
	struct tess_application application;
	int64_t id = 0;
	int rc = tess_api_application_of(call, &application);

	if (rc > 0)
		rc = tess_path_id(call, 1, "relay", &id);
	if (rc < 0)
		return rc;
	rc = tess_store_relay_get(call->control->store, row, id);
	if (rc == -ENOENT || (!rc && row->application != application.id))
		return tess_call_missing(call, "relay") ? -ENOMEM : -EINVAL;
	return rc ? rc : 1;
}

/* As relay_of(), and it may be changed here. */
static int own_relay_of(struct tess_call *call, struct tess_relay *row)
{
	int rc = relay_of(call, row);

	if (rc < 0 || !row->mix)
		return rc;
	return tess_call_error(call, 409, "in_use", "",
			       "A mix pushes to this address, and ends it with itself.")
		       ? -ENOMEM
		       : -EINVAL;
}

int tess_api_relay_get(struct tess_call *call)
{
	struct tess_relay row;
	int rc = relay_of(call, &row);

	if (rc < 0)
		return tess_call_done(rc);
	return tess_response_json(call->response, 200, tess_view_relay(call->control, &row));
}

int tess_api_relay_set(struct tess_call *call)
{
	struct tess_relay row;
	int rc;

	rc = own_relay_of(call, &row);
	if (rc > 0)
		rc = tess_fields_only(call, call->body, "", "url enabled");
	if (rc > 0)
		rc = read_url(call, &row);
	if (rc >= 0)
		rc = tess_field_bool(call, call->body, "enabled", &row.enabled);
	if (rc < 0)
		return tess_call_done(rc);
	/* also what changes nothing raises the epoch: a target that gave up begins anew */
	rc = tess_store_relay_set(call->control->store, &row);
	if (rc == -EEXIST)
		return exists(call);
	if (rc)
		return rc;
	tess_control_changed(call->control);
	tess_call_audit(call, "relay.change", "%u %s %lld", row.application, row.stream_id,
			(long long)row.id);
	return tess_response_json(call->response, 200, tess_view_relay(call->control, &row));
}

int tess_api_relay_remove(struct tess_call *call)
{
	struct tess_relay row;
	int rc = own_relay_of(call, &row);

	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_relay_remove(call->control->store, row.id);
	if (rc)
		return rc;
	tess_control_changed(call->control);
	tess_call_audit(call, "relay.remove", "%u %s %lld", row.application, row.stream_id,
			(long long)row.id);
	return tess_call_empty(call, 204);
}
