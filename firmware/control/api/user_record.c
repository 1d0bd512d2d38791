/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/user_record.c - what one user sends, recorded by an administrator's call.
 */
#include <errno.h>
#include <string.h>

#include "firmware/control/api/handlers.h"
#include "firmware/control/api/views.h"
#include "firmware/control/jobs/user_records.h"

struct search {
	const char *user, *stream_type;
	struct tess_publisher *found;
};

static int match(void *arg, const struct tess_publisher *row)
{
	const struct search *search = arg;

	if (strcmp(row->user, search->user) != 0 ||
	    strcmp(row->stream_type, search->stream_type) != 0)
		return 0;
	*search->found = *row;
	return 1;
}

/* @p stream_type NULL = main. @retval 1, -EINVAL answered, or an error */
static int publisher_of(struct tess_call *call, const char *stream_type,
			struct tess_publisher *publisher)
{
	struct search search = {call->params[2], stream_type ? stream_type : "main", publisher};
	struct tess_cloud_room room;
	int rc = tess_api_room_of(call, &room);

	if (rc < 0)
		return rc;
	rc = tess_store_publishers(call->control->store, &room, match, &search);
	if (!rc)
		return tess_call_missing(call, "user in this room that sends this") ? -ENOMEM
										    : -EINVAL;
	return rc;
}

static int answer(struct tess_call *call, int64_t id)
{
	struct tess_recording row;
	int rc = tess_store_recording_get(call->control->store, &row, id);

	return rc ? rc : tess_response_json(call->response, 201, tess_view_recording(call, &row));
}

int tess_api_user_record(struct tess_call *call)
{
	const char *stream_type = NULL, *record_id = "";
	struct tess_publisher publisher;
	struct tess_cloud_error error;
	int64_t id = 0;
	int rc;

	rc = tess_fields_only(call, call->body, "", "room_type stream_type record_id");
	if (rc > 0)
		rc = tess_field_choice(call, call->body, "stream_type", "main aux", &stream_type);
	if (rc >= 0)
		rc = tess_field_text(call, call->body, "record_id", 0, TESS_CLOUD_MAX_ID,
				     &record_id);
	if (rc >= 0 && *record_id && !tess_record_id_valid(record_id))
		return tess_call_invalid(call, "record_id",
					 "record_id must be 1 to 64 letters, digits, '_' and '-'.");
	if (rc >= 0)
		rc = publisher_of(call, stream_type, &publisher);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_user_records_start(call->control, &publisher, record_id, &id, &error);
	if (rc == -EEXIST)
		return tess_call_error(call, 409, "exists", "user",
				       "The user is being recorded already.");
	if (rc == -EINVAL)
		return tess_call_error(call, 503, tess_cloud_code_text(error.code), "", "%s",
				       error.message);
	if (rc)
		return rc;
	tess_call_audit(call, "recording.start", "%u %s %s %s", publisher.room.sdk_app_id,
			publisher.room.id, publisher.user, publisher.stream_type);
	return answer(call, id);
}

int tess_api_user_record_stop(struct tess_call *call)
{
	const char *stream_type = NULL;
	struct tess_publisher publisher;
	int rc;

	rc = tess_query_param_choice(call, "stream_type", "main aux", &stream_type);
	if (rc >= 0)
		rc = publisher_of(call, stream_type, &publisher);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_user_records_stop(call->control, &publisher);
	if (rc == -ENOENT)
		return tess_call_missing(call, "recording of this user that goes on");
	if (rc)
		return rc;
	tess_call_audit(call, "recording.stop", "%u %s %s %s", publisher.room.sdk_app_id,
			publisher.room.id, publisher.user, publisher.stream_type);
	return tess_call_empty(call, 204);
}
