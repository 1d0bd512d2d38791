/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/rooms.c - rooms, live, and who is in them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/control/api/handlers.h"
#include "firmware/control/api/views.h"
#include "firmware/control/cloud/usersig.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/control/text.h"

/* "101" is taken for a number when nothing says that it is a text */
static enum tess_room_id_type default_type(const char *id)
{
	return tess_cloud_room_id_valid(TESS_ROOM_ID_NUMBER, id) ? TESS_ROOM_ID_NUMBER
								 : TESS_ROOM_ID_STRING;
}

int tess_api_room_of(struct tess_call *call, struct tess_cloud_room *room)
{
	const char *type = NULL, *id = call->params[1];
	struct tess_application application;
	int rc;

	rc = tess_api_application_of(call, &application);
	if (rc > 0)
		rc = tess_query_param_choice(call, "room_type", "number string", &type);
	if (rc == 0)
		rc = tess_field_choice(call, call->body, "room_type", "number string", &type);
	if (rc < 0)
		return rc;
	room->sdk_app_id = application.id;
	room->type = !type		       ? default_type(id)
		     : !strcmp(type, "string") ? TESS_ROOM_ID_STRING
					       : TESS_ROOM_ID_NUMBER;
	if (!tess_cloud_room_id_valid(room->type, id))
		return tess_call_invalid(call, "room",
					 "room must be 1 to 4294967294, or a text of 1 to 64 "
					 "letters, digits, blanks and "
					 "!#$%%&()+-:;<=.>?@[]^_{}|~,")
			       ? -ENOMEM
			       : -EINVAL;
	memcpy(room->id, id, strlen(id) + 1);
	return 1;
}

/* Rooms in the making, by their key. */
struct listing {
	struct tess_call *call;
	uint32_t application;		    /* 0 = all */
	const struct tess_cloud_room *only; /* NULL = all */
	json_t *rooms, *by_key;
};

static bool is_listed(const struct listing *listing, const struct tess_cloud_room *room)
{
	const struct tess_cloud_room *only = listing->only;

	if (only && (only->sdk_app_id != room->sdk_app_id || only->type != room->type ||
		     strcmp(only->id, room->id) != 0))
		return false;
	return !listing->application || listing->application == room->sdk_app_id;
}

/* The object of this room, made when it is not there; borrowed. */
static json_t *room_in(struct listing *listing, const struct tess_cloud_room *room)
{
	char key[TESS_CLOUD_MAX_ID + 32];
	json_t *object;

	snprintf(key, sizeof(key), "%" PRIu32 " %d %s", room->sdk_app_id, room->type, room->id);
	object = json_object_get(listing->by_key, key);
	if (object)
		return object;
	object = json_pack("{sI ss ss s[] sn}", "application", (json_int_t)room->sdk_app_id, "room",
			   room->id, "room_type", tess_room_id_type_text(room->type), "users",
			   "mix");
	if (!object || json_object_set(listing->by_key, key, object)) {
		json_decref(object);
		return NULL;
	}
	return json_array_append_new(listing->rooms, object) ? NULL : object;
}

static int each_publisher(void *arg, const struct tess_publisher *row)
{
	struct listing *listing = arg;
	json_t *room;

	if (!is_listed(listing, &row->room))
		return 0;
	room = room_in(listing, &row->room);
	if (!room || json_array_append_new(json_object_get(room, "users"),
					   tess_view_user(listing->call, row)))
		return -ENOMEM;
	return 0;
}

static int each_mix(void *arg, const struct tess_mix *row)
{
	struct listing *listing = arg;
	json_t *room;

	if (!is_listed(listing, &row->room))
		return 0;
	room = room_in(listing, &row->room);
	if (!room || json_object_set_new(room, "mix", tess_view_mix(listing->call, row)))
		return -ENOMEM;
	return 0;
}

/* *roomsp is a new reference */
static int list(struct tess_call *call, json_t **roomsp, uint32_t application,
		const struct tess_cloud_room *only)
{
	struct listing listing = {call, application, only, json_array(), json_object()};
	int rc;

	rc = tess_store_publishers(call->control->store, NULL, each_publisher, &listing);
	if (!rc)
		rc = tess_store_mixes(call->control->store, each_mix, &listing);
	json_decref(listing.by_key);
	if (rc)
		json_decref(listing.rooms);
	else
		*roomsp = listing.rooms;
	return rc;
}

static int answer_list(struct tess_call *call, uint32_t application)
{
	json_t *rooms;
	int rc = list(call, &rooms, application, NULL);

	return rc ? rc : tess_response_json(call->response, 200, json_pack("{so}", "rooms", rooms));
}

int tess_api_rooms(struct tess_call *call)
{
	return answer_list(call, 0);
}

int tess_api_application_rooms(struct tess_call *call)
{
	struct tess_application application;
	int rc = tess_api_application_of(call, &application);

	return rc < 0 ? tess_call_done(rc) : answer_list(call, application.id);
}

int tess_api_room_get(struct tess_call *call)
{
	struct tess_cloud_room room;
	json_t *rooms, *object;
	int rc;

	rc = tess_api_room_of(call, &room);
	if (rc < 0)
		return tess_call_done(rc);
	rc = list(call, &rooms, 0, &room);
	if (rc)
		return rc;
	object = json_array_get(rooms, 0);
	rc = object ? tess_response_json(call->response, 200, json_incref(object))
		    : tess_call_missing(call, "room");
	json_decref(rooms);
	return rc;
}

/* true, false or {"payload_type": 96}; @retval 1, or negative as the fields */
static int read_track(struct tess_call *call, const char *name, bool *sends, uint8_t *payload_type)
{
	json_t *value = json_object_get(call->body, name);
	int64_t number = *payload_type;
	char field[32];
	int rc;

	*sends = true;
	if (!json_is_object(value)) {
		rc = tess_field_bool(call, call->body, name, sends);
		return rc < 0 ? rc : 1;
	}
	snprintf(field, sizeof(field), "%s.", name);
	rc = tess_fields_only(call, value, field, "payload_type");
	snprintf(field, sizeof(field), "%s.payload_type", name);
	if (rc > 0)
		rc = tess_field_int(call, value, field, 96, 127, &number);
	*payload_type = (uint8_t)number;
	return rc < 0 ? rc : 1;
}

static int read_source(struct tess_call *call, struct tess_publisher *row)
{
	struct in6_addr address;
	const char *source = "";
	int rc;

	rc = tess_field_text(call, call->body, "source", 0, TESS_SOURCE_MAX, &source);
	if (rc < 0)
		return rc;
	if (*source && inet_pton(AF_INET, source, &address) != 1 &&
	    inet_pton(AF_INET6, source, &address) != 1)
		return tess_call_invalid(call, "source", "source must be an IP address.") ? -ENOMEM
											  : -EINVAL;
	tess_text_copy(row->source, sizeof(row->source), source);
	return 1;
}

static int refuse(struct tess_call *call, const char *field, const char *message)
{
	return tess_call_invalid(call, field, "%s", message) ? -ENOMEM : -EINVAL;
}

/* The names given at entry; an empty one says as little as none. */
static int read_names(struct tess_call *call, struct tess_publisher *row)
{
	const char *stream_id = "", *record_id = "";
	int rc;

	rc = tess_field_text(call, call->body, "stream_id", 0, TESS_CLOUD_MAX_ID, &stream_id);
	if (rc >= 0)
		rc = tess_field_text(call, call->body, "record_id", 0, TESS_CLOUD_MAX_ID,
				     &record_id);
	if (rc < 0)
		return rc;
	if (*stream_id && !tess_stream_id_valid(stream_id))
		return refuse(call, "stream_id",
			      "stream_id must be 1 to 64 bytes without blanks and /?#&\".");
	if (*record_id && !tess_record_id_valid(record_id))
		return refuse(call, "record_id",
			      "record_id must be 1 to 64 letters, digits, '_' and '-'.");
	tess_text_copy(row->stream_id, sizeof(row->stream_id), stream_id);
	tess_text_copy(row->record_id, sizeof(row->record_id), record_id);
	return 1;
}

static int read_publisher(struct tess_call *call, struct tess_publisher *row, bool *video,
			  bool *audio)
{
	const char *user = "", *stream_type = "main";
	int rc;

	rc = tess_fields_only(call, call->body, "",
			      "user room_type stream_type video audio source stream_id record_id");
	if (rc > 0)
		rc = tess_api_room_of(call, &row->room);
	if (rc > 0)
		rc = tess_field_required(
			call, "user",
			tess_field_text(call, call->body, "user", 1, TESS_CLOUD_MAX_USER, &user));
	if (rc > 0)
		rc = tess_field_choice(call, call->body, "stream_type", "main aux", &stream_type);
	if (rc >= 0)
		rc = read_track(call, "video", video, &row->video_payload_type);
	if (rc >= 0)
		rc = read_track(call, "audio", audio, &row->audio_payload_type);
	if (rc >= 0)
		rc = read_source(call, row);
	if (rc > 0)
		rc = read_names(call, row);
	if (rc < 0)
		return rc;
	if (!tess_user_id_valid(user))
		return tess_call_invalid(call, "user",
					 "user must be 1 to 32 letters, digits, '_' and '-'.")
			       ? -ENOMEM
			       : -EINVAL;
	if (!*video && !*audio)
		return tess_call_invalid(call, "video", "video or audio must be sent.") ? -ENOMEM
											: -EINVAL;
	tess_text_copy(row->user, sizeof(row->user), user);
	tess_text_copy(row->stream_type, sizeof(row->stream_type), stream_type);
	return 1;
}

int tess_api_user_enter(struct tess_call *call)
{
	struct tess_publisher row = {.video_payload_type = 96, .audio_payload_type = 97};
	bool video, audio;
	int rc;

	rc = read_publisher(call, &row, &video, &audio);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_rooms_enter(call->control, &row, video, audio);
	if (rc == -EEXIST)
		return tess_call_error(call, 409, "exists", "user",
				       "The user sends this stream type in this room already.");
	if (rc == -EADDRINUSE)
		return tess_call_error(call, 409, "exists", "stream_id",
				       "Another live stream has this name: %s.", row.stream_name);
	if (rc == -EADDRNOTAVAIL)
		return tess_call_error(call, 503, "no_port", "", "All RTP ports are in use.");
	if (rc)
		return rc;
	tess_call_audit(call, "user.enter", "%" PRIu32 " %s %s", row.room.sdk_app_id, row.room.id,
			row.user);
	return tess_response_json(call->response, 201, tess_view_publisher(call, &row));
}

int tess_api_user_leave(struct tess_call *call)
{
	const char *stream_type = NULL;
	struct tess_cloud_room room;
	int rc;

	rc = tess_api_room_of(call, &room);
	if (rc > 0)
		rc = tess_query_param_choice(call, "stream_type", "main aux", &stream_type);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_rooms_leave(call->control, &room, call->params[2], stream_type);
	if (rc == -ENOENT)
		return tess_call_missing(call, "user in this room");
	if (rc)
		return rc;
	tess_call_audit(call, "user.leave", "%" PRIu32 " %s %s", room.sdk_app_id, room.id,
			call->params[2]);
	return tess_call_empty(call, 204);
}
