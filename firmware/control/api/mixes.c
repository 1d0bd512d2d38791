/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/mixes.c - mixes over the admin API. The parameters go through the same check
 * as those of StartMCUMixTranscode: they are translated into that action's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/api/handlers.h"
#include "firmware/control/api/mix_body.h"
#include "firmware/control/api/mix_layout.h"
#include "firmware/control/api/views.h"
#include "firmware/control/cloud/usersig.h"
#include "firmware/control/jobs/client_mix.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/control/text.h"

/* A member of our body, the cloud's name of it, its value when absent (-1: left out). */
struct translation {
	const char *ours, *theirs;
	int absent;
};

static const struct translation VIDEO[] = {
	{"width", "VideoWidth", 1280},
	{"height", "VideoHeight", 720},
	{"bitrate_kbps", "VideoBitrate", 1500},
	{"frame_rate", "VideoFramerate", 15},
	{"gop_s", "VideoGop", 3},
	{"background", "BackgroundColor", 0},
	{NULL, NULL, 0},
};
static const struct translation AUDIO[] = {
	{"sample_rate", "AudioSampleRate", 48000},
	{"bitrate_kbps", "AudioBitrate", 64},
	{"channels", "AudioChannels", 2},
	{NULL, NULL, 0},
};
static const struct tess_mix_image_names BACKGROUND = {"BackgroundImageId", "BackgroundImageUrl",
						       "id url"};

/* Whole numbers of the object body[name] into @p to; ranges are for the check that follows. */
static int translate(struct tess_call *call, json_t *to, const char *name, const char *known,
		     const struct translation *table)
{
	json_t *object = NULL;
	char field[64];
	int rc;

	rc = tess_field_object(call, call->body, name, &object);
	if (rc > 0) {
		snprintf(field, sizeof(field), "%s.", name);
		rc = tess_fields_only(call, object, field, known);
	}
	for (; rc >= 0 && table->ours; table++) {
		int64_t value = table->absent;

		snprintf(field, sizeof(field), "%s.%s", name, table->ours);
		rc = tess_field_int(call, object, field, INT32_MIN, INT32_MAX, &value);
		if (rc >= 0 && (rc || table->absent >= 0) &&
		    json_object_set_new(to, table->theirs, json_integer(value)))
			rc = -ENOMEM;
	}
	return rc < 0 ? rc : 1;
}

static int translate_ids(struct tess_call *call, json_t *output)
{
	const char *stream_id = "", *record_id = "";
	bool audio_only = false;
	int rc;

	rc = tess_field_text(call, call->body, "stream_id", 0, TESS_CLOUD_MAX_ID, &stream_id);
	if (rc >= 0)
		rc = tess_field_text(call, call->body, "record_id", 0, TESS_CLOUD_MAX_ID,
				     &record_id);
	if (rc >= 0)
		rc = tess_field_bool(call, call->body, "record_audio_only", &audio_only);
	if (rc < 0)
		return rc;
	if (json_object_set_new(output, "RecordAudioOnly", json_integer(audio_only)) ||
	    (*stream_id && json_object_set_new(output, "StreamId", json_string(stream_id))) ||
	    (*record_id && json_object_set_new(output, "RecordId", json_string(record_id))))
		return -ENOMEM;
	return 1;
}

/* @retval 1, or negative */
static int translate_publish(struct tess_call *call, json_t *params)
{
	json_t *object = NULL, *publish;
	const char *url;
	int64_t biz_id;
	int rc = tess_field_object(call, call->body, "publish", &object);

	if (rc <= 0)
		return rc < 0 ? rc : 1;
	rc = tess_fields_only(call, object, "publish.", "biz_id url");
	if (rc < 0)
		return rc;
	publish = json_object();
	if (json_object_set_new(params, "PublishCdnParams", publish))
		return -ENOMEM;
	rc = tess_field_int(call, object, "publish.biz_id", INT32_MIN, UINT32_MAX, &biz_id);
	if (rc > 0 && json_object_set_new(publish, "BizId", json_integer(biz_id)))
		rc = -ENOMEM;
	if (rc >= 0)
		rc = tess_field_text(call, object, "publish.url", 1, 2 * TESS_CLOUD_MAX_URL, &url);
	if (rc > 0 && json_object_set_new(publish, "PublishCdnUrls", json_pack("[s]", url)))
		rc = -ENOMEM;
	return rc < 0 ? rc : 1;
}

int tess_mix_body_translate(struct tess_call *call, const struct tess_cloud_room *room,
			    json_t *params)
{
	json_t *output = json_object(), *encode = json_object(), *layout = json_object();
	const json_t *video = json_object_get(call->body, "video");
	bool audio_only = json_is_null(video);
	json_t *id = room->type == TESS_ROOM_ID_NUMBER ? json_integer(strtoll(room->id, NULL, 10))
						       : json_string(room->id);
	int rc;

	if (json_object_set_new(params, "SdkAppId", json_integer(room->sdk_app_id)) |
	    json_object_set_new(params, room->type == TESS_ROOM_ID_NUMBER ? "RoomId" : "StrRoomId",
				id) |
	    json_object_set_new(params, "OutputParams", output) |
	    json_object_set_new(params, "EncodeParams", encode) |
	    json_object_set_new(params, "LayoutParams", layout) |
	    json_object_set_new(output, "PureAudioStream", json_integer(audio_only)))
		return -ENOMEM;
	rc = tess_fields_only(call, call->body, "",
			      "room_type stream_id record_id record_audio_only video audio layout "
			      "publish");
	if (rc > 0)
		rc = translate_ids(call, output);
	if (rc > 0 && !audio_only)
		rc = translate(
			call, encode, "video",
			"width height bitrate_kbps frame_rate gop_s background background_image",
			VIDEO);
	if (rc > 0 && !audio_only)
		rc = tess_mix_image_translate(call, video, "video.background_image", &BACKGROUND,
					      encode);
	if (rc > 0)
		rc = translate(call, encode, "audio", "sample_rate bitrate_kbps channels", AUDIO);
	if (rc > 0)
		rc = translate_publish(call, params);
	return rc > 0 ? tess_mix_layout_translate(call, layout) : rc;
}

/* Which of our members a code is about, when it is about no one parameter. */
static const char *field_of(enum tess_cloud_code code)
{
	switch (code) {
	case TESS_CLOUD_MISSING_STREAM_ID:
	case TESS_CLOUD_INVALID_STREAM_ID:
		return "stream_id";
	case TESS_CLOUD_INVALID_RECORD_ID:
		return "record_id";
	case TESS_CLOUD_MISSING_AUDIO_ENCODE_PARAMS:
	case TESS_CLOUD_INVALID_AUDIO_ENCODE_PARAMS:
		return "audio";
	case TESS_CLOUD_MISSING_VIDEO_ENCODE_PARAMS:
	case TESS_CLOUD_INVALID_ENCODE_PARAMS:
	case TESS_CLOUD_INVALID_VIDEO_RESOLUTION:
	case TESS_CLOUD_INVALID_BACKGROUND_IMAGE_URL:
		return "video";
	case TESS_CLOUD_MISSING_BIZ_ID:
	case TESS_CLOUD_INVALID_BIZ_ID:
	case TESS_CLOUD_MISSING_PUBLISH_CDN_URLS:
	case TESS_CLOUD_INVALID_PUBLISH_CDN_URLS:
		return "publish";
	case TESS_CLOUD_INVALID_PARAMETER:
	case TESS_CLOUD_MISSING_PARAMETER:
	case TESS_CLOUD_INVALID_MAIN_VIDEO_STREAM_TYPE:
	case TESS_CLOUD_INVALID_SMALL_VIDEO_LAYOUT_PARAMS:
	case TESS_CLOUD_MISSING_PRESET_LAYOUT_CONFIG:
	case TESS_CLOUD_INVALID_PRESET_LAYOUT_CONFIG:
		return "layout";
	default:
		return "";
	}
}

static unsigned status_of(enum tess_cloud_code code)
{
	switch (code) {
	case TESS_CLOUD_ROOM_NOT_EXIST:
	case TESS_CLOUD_MIX_SESSION_NOT_EXIST:
		return 404;
	case TESS_CLOUD_REQUEST_REJECTION:
		return 409;
	case TESS_CLOUD_RESTRICTED_FREQUENCY:
		return 429;
	case TESS_CLOUD_RESOURCE_INSUFFICIENT:
		return 503;
	default:
		return 400;
	}
}

int tess_mix_refused(struct tess_call *call, const struct tess_cloud_error *error)
{
	char field[TESS_MIX_FIELD_MAX];

	if (tess_mix_field(field, error->parameter))
		(void)stpcpy(field, field_of(error->code));
	return tess_call_error(call, status_of(error->code), tess_cloud_code_text(error->code),
			       field, "%s", error->message);
}

static int answer_mix(struct tess_call *call, const struct tess_cloud_room *room)
{
	struct tess_mix row;
	int rc = tess_store_mix_find(call->control->store, &row, room);

	if (rc == -ENOENT)
		return tess_call_missing(call, "mix");
	return rc ? rc : tess_response_json(call->response, 200, tess_view_mix(call, &row));
}

int tess_api_mix_start(struct tess_call *call)
{
	struct tess_mix_request request;
	struct tess_cloud_error error;
	struct tess_cloud_room room;
	json_t *params;
	int rc;

	rc = tess_api_room_of(call, &room);
	if (rc < 0)
		return tess_call_done(rc);
	params = json_object();
	rc = tess_mix_body_translate(call, &room, params);
	if (rc < 0) {
		json_decref(params);
		return tess_call_done(rc);
	}
	rc = tess_mix_request_parse(&request, params, room.type, &error);
	json_decref(params);
	if (!rc)
		rc = tess_rooms_mix_check(call->control, &request, &error);
	if (!rc)
		rc = tess_rooms_mix_start(call->control, &request, &error);
	if (rc == -EINVAL)
		return tess_mix_refused(call, &error);
	if (rc)
		return rc;
	tess_call_audit(call, "mix.start", "%u %s", room.sdk_app_id, room.id);
	return answer_mix(call, &room);
}

/* @retval 1, or negative */
static int read_client(struct tess_call *call, struct tess_client *client)
{
	const char *stream_id = "", *record_id = "";
	int rc;

	rc = tess_fields_only(call, call->body, "", "room_type stream_id record_id config");
	if (rc > 0)
		rc = tess_api_room_of(call, &client->room);
	if (rc > 0)
		rc = tess_field_text(call, call->body, "stream_id", 0, TESS_CLOUD_MAX_ID,
				     &stream_id);
	if (rc >= 0)
		rc = tess_field_text(call, call->body, "record_id", 0, TESS_CLOUD_MAX_ID,
				     &record_id);
	if (rc < 0)
		return rc;
	if (*stream_id && !tess_stream_id_valid(stream_id))
		return tess_call_invalid(call, "stream_id", "stream_id is no stream's name.")
			       ? -ENOMEM
			       : -EINVAL;

	if (record_id[strspn(record_id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					"0123456789_-")])
		return tess_call_invalid(call, "record_id",
					 "record_id must be letters, digits, '_' and '-'.")
			       ? -ENOMEM
			       : -EINVAL;
	if (!json_object_get(call->body, "config"))
		return tess_field_required(call, "config", 0);
	tess_text_copy(client->stream_id, sizeof(client->stream_id), stream_id);
	tess_text_copy(client->record_id, sizeof(client->record_id), record_id);
	return 1;
}

int tess_api_client_mix(struct tess_call *call)
{
	const json_t *config = json_object_get(call->body, "config");
	struct tess_client client = {0};
	struct tess_cloud_error error;
	int rc;

	rc = read_client(call, &client);
	if (rc < 0)
		return tess_call_done(rc);
	if (!tess_user_id_valid(call->params[2]))
		return tess_call_missing(call, "user in this room");
	tess_text_copy(client.user, sizeof(client.user), call->params[2]);
	rc = tess_client_mix_set(call->control, &client, config, &error);
	if (rc == -EINVAL)
		return tess_call_error(call, status_of(error.code),
				       tess_cloud_code_text(error.code), "config", "%s",
				       error.message);
	if (rc)
		return rc;
	tess_call_audit(call, json_is_null(config) ? "client_mix.end" : "client_mix.set",
			"%u %s %s", client.room.sdk_app_id, client.room.id, client.user);
	return json_is_null(config) ? tess_call_empty(call, 204) : answer_mix(call, &client.room);
}

int tess_api_mix_get(struct tess_call *call)
{
	struct tess_cloud_room room;
	int rc = tess_api_room_of(call, &room);

	return rc < 0 ? tess_call_done(rc) : answer_mix(call, &room);
}

int tess_api_mix_stop(struct tess_call *call)
{
	struct tess_cloud_room room;
	int rc;

	rc = tess_api_room_of(call, &room);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_rooms_mix_stop(call->control, &room);
	if (rc == -ENOENT)
		return tess_call_missing(call, "mix");
	if (rc)
		return rc;
	tess_call_audit(call, "mix.stop", "%u %s", room.sdk_app_id, room.id);
	return tess_call_empty(call, 204);
}

struct listing {
	struct tess_call *call;
	json_t *list;
};

static int each_mix(void *arg, const struct tess_mix *row)
{
	struct listing *listing = arg;

	return json_array_append_new(listing->list, tess_view_mix(listing->call, row)) ? -ENOMEM
										       : 0;
}

int tess_api_mixes(struct tess_call *call)
{
	struct listing listing = {call, json_array()};
	int rc = tess_store_mixes(call->control->store, each_mix, &listing);

	if (rc) {
		json_decref(listing.list);
		return rc;
	}
	return tess_response_json(call->response, 200, json_pack("{so}", "mixes", listing.list));
}

static int each_stream(void *arg, const struct tess_mix *row)
{
	struct listing *listing = arg;

	if (!*row->stream_id)
		return 0;
	return json_array_append_new(listing->list, tess_view_stream(listing->call, row)) ? -ENOMEM
											  : 0;
}

static int each_user_stream(void *arg, const struct tess_publisher *row)
{
	struct listing *listing = arg;

	if (!row->live)
		return 0;
	return json_array_append_new(listing->list, tess_view_user_stream(listing->call, row))
		       ? -ENOMEM
		       : 0;
}

int tess_api_streams(struct tess_call *call)
{
	struct listing listing = {call, json_array()};
	int rc = tess_store_mixes(call->control->store, each_stream, &listing);

	if (!rc)
		rc = tess_store_publishers(call->control->store, NULL, each_user_stream, &listing);
	if (rc) {
		json_decref(listing.list);
		return rc;
	}
	return tess_response_json(call->response, 200, json_pack("{so}", "streams", listing.list));
}
