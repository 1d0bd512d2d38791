/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/viewers.c - who watches a stream, and the closing of them.
 */
#include <errno.h>
#include <string.h>

#include "firmware/control/api/handlers.h"
#include "firmware/control/store/live.h"

/* The stream of path parameter 0 must be there. @retval 1, -EINVAL answered, or an error */
static int stream_of(struct tess_call *call, struct tess_live_stream *stream)
{
	int rc = tess_store_live_stream(call->control->store, stream, call->params[0]);

	if (rc == -ENOENT)
		return tess_call_missing(call, "live stream") ? -ENOMEM : -EINVAL;
	return rc ? rc : 1;
}

static int64_t number(const json_t *fact, const char *name)
{
	return json_integer_value(json_object_get(fact, name));
}

static const char *text(const json_t *fact, const char *name)
{
	const char *value = json_string_value(json_object_get(fact, name));

	return value ? value : "";
}

/* To seconds, so that it is the same each time it is asked. */
static int64_t since_us(const struct tess_call *call, const json_t *fact)
{
	int64_t at_us = tess_control_utc_us(call->control) - number(fact, "age_us") + 500000;

	return at_us - at_us % 1000000;
}

int tess_api_viewers(struct tess_call *call)
{
	struct tess_live_stream stream;
	const json_t *live, *fact;
	json_t *list;
	size_t i;
	int rc = stream_of(call, &stream);

	if (rc < 0)
		return tess_call_done(rc);
	live = tess_facts_live(call->control->facts, stream.name);
	list = json_array();
	json_array_foreach(json_object_get(live, "players"), i, fact)
	{
		if (json_array_append_new(list, json_pack("{sI ss ss so sI}", "id",
							  (json_int_t)number(fact, "id"), "address",
							  text(fact, "address"), "protocol",
							  text(fact, "protocol"), "since",
							  tess_time_json(since_us(call, fact)),
							  "bytes_sent",
							  (json_int_t)number(fact, "bytes")))) {
			json_decref(list);
			return -ENOMEM;
		}
	}
	return tess_response_json(call->response, 200,
				  json_pack("{sI so}", "total", (json_int_t)number(live, "viewers"),
					    "viewers", list));
}

/* Tell egress to close some. Takes the message. */
static int kick(struct tess_call *call, const char *name, json_t *message)
{
	int rc = message ? tess_control_tell(call->control, message) : -ENOMEM;

	json_decref(message);
	if (rc == -ENOTCONN)
		return tess_call_error(call, 503, "unavailable", "",
				       "The process that serves viewers is not there.");
	if (rc)
		return rc;
	tess_call_audit(call, "viewers.kick", "%s", name);
	return tess_call_empty(call, 204);
}

int tess_api_viewers_kick(struct tess_call *call)
{
	const char *address = tess_form_get(&call->query, "address");
	struct tess_live_stream stream;
	int rc = stream_of(call, &stream);

	if (rc < 0)
		return tess_call_done(rc);
	return kick(
		call, stream.name,
		json_pack("{ss ss ss*}", "type", "kick", "name", stream.name, "address", address));
}

int tess_api_viewer_kick(struct tess_call *call)
{
	struct tess_live_stream stream;
	int64_t id = 0;
	int rc = stream_of(call, &stream);

	if (rc > 0)
		rc = tess_path_id(call, 1, "viewer", &id);
	if (rc < 0)
		return tess_call_done(rc);
	return kick(call, stream.name,
		    json_pack("{ss ss sI}", "type", "kick", "name", stream.name, "viewer",
			      (json_int_t)id));
}
