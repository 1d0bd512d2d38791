/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/mixes.c - the state machine of a room's mix, see rooms.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/jobs/admission.h"
#include "firmware/control/jobs/limiter.h"
#include "firmware/control/jobs/pictures.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/control/jobs/space.h"

void tess_rooms_stream(char stream[32], int64_t mix)
{
	snprintf(stream, 32, "mix-%lld", (long long)mix);
}

void tess_rooms_mp3_stream(char stream[32], int64_t mix)
{
	snprintf(stream, 32, "mix-%lld" TESS_STORE_MP3, (long long)mix);
}

int tess_rooms_mix_check(struct tess_control *control, const struct tess_mix_request *request,
			 struct tess_cloud_error *error)
{
	int64_t users = 0;
	int rc;

	rc = tess_store_room_users(control->store, &request->room, &users);
	if (rc)
		return rc;
	if (!users)
		return tess_cloud_refuse(error, TESS_CLOUD_ROOM_NOT_EXIST,
					 "Nobody is in the room.");
	rc = tess_store_stream_id_taken(control->store, &request->room, request->stream_id,
					request->starter);
	if (rc < 0)
		return rc;
	if (rc)
		return tess_cloud_refuse(error, TESS_CLOUD_INVALID_STREAM_ID,
					 "StreamId is in use by another room, or by a user.");
	return 0;
}

static int too_often(struct tess_control *control, const struct tess_cloud_room *room)
{
	char key[128];

	snprintf(key, sizeof(key), "%u %s %s", room->sdk_app_id, tess_room_id_type_text(room->type),
		 room->id);
	return tess_limiter_count(control->starts, key, TESS_ROOMS_MAX_STARTS,
				  tess_clock_now_us(control->clock)) != 0;
}

/* The parameters as they are kept: equal ones give equal texts. */
static int params_text(char *text, size_t size, const json_t *params)
{
	size_t length = json_dumpb(params, text, size - 1, JSON_COMPACT | JSON_SORT_KEYS);

	if (!length)
		return -ENOMEM;
	if (length >= size)
		return -E2BIG;
	text[length] = 0;
	return 0;
}

static int params_of(json_t **paramsp, const struct tess_mix_request *request)
{
	json_t *params = tess_mix_request_to_json(request);

	if (!params)
		return -ENOMEM;
	/* these two have columns of their own */
	json_object_del(params, "stream_id");
	json_object_del(params, "record_id");
	*paramsp = params;
	return 0;
}

/* "" for none */
static int publish_text(char *text, size_t size, const struct tess_mix_request *request)
{
	json_t *publish;
	int rc;

	*text = 0;
	if (!*request->publish.url)
		return 0;
	publish = json_pack("{sI ss}", "biz_id", (json_int_t)request->publish.biz_id, "url",
			    request->publish.url);
	if (!publish)
		return -ENOMEM;
	rc = params_text(text, size, publish);
	json_decref(publish);
	return rc;
}

/* PublishCdnParams are a relay, which goes with the mix. */
static int relay_output(struct tess_control *control, const struct tess_mix *mix,
			const char *publish_url)
{
	struct tess_relay relay = {
		.application = mix->room.sdk_app_id,
		.mix = mix->id,
		.created_us = tess_control_utc_us(control),
	};

	(void)stpcpy(relay.stream_id, mix->stream_id);
	if (!*relay.stream_id)
		snprintf(relay.stream_id, sizeof(relay.stream_id), "mix-%lld", (long long)mix->id);
	(void)stpcpy(relay.url, publish_url);
	return tess_store_relay_of_mix(control->store, &relay);
}

static int open_output(struct tess_control *control, const struct tess_mix_request *request,
		       const json_t *params, struct tess_cloud_error *error)
{
	struct tess_mix mix = {
		.room = request->room,
		.started_us = tess_control_utc_us(control),
	};
	struct tess_recording recording = {
		.room = request->room,
		.created_us = mix.started_us,
	};
	int rc;

	memcpy(mix.stream_id, request->stream_id, sizeof(mix.stream_id));
	memcpy(mix.record_id, request->record_id, sizeof(mix.record_id));
	memcpy(mix.starter, request->starter, sizeof(mix.starter));
	rc = params_text(mix.params, sizeof(mix.params), params);
	if (!rc)
		rc = publish_text(mix.publish, sizeof(mix.publish), request);
	if (!rc)
		rc = tess_store_mix_add(control->store, &mix);
	if (!rc)
		rc = relay_output(control, &mix, request->publish.url);
	if (rc || !*request->record_id)
		return rc;
	rc = tess_store_record_settings_get(control->store, &recording.settings,
					    request->room.sdk_app_id);
	if (!rc)
		rc = tess_space_admit(control, request->room.sdk_app_id, recording.settings.area,
				      error);
	if (rc)
		return rc;
	tess_rooms_stream(recording.stream, mix.id);
	(void)stpcpy(recording.stream_id, mix.stream_id);
	if (request->record_audio_only) {
		tess_rooms_mp3_stream(recording.stream, mix.id);
		(void)stpcpy(recording.settings.formats, "mp3");
	}
	memcpy(recording.record_id, mix.record_id, sizeof(recording.record_id));
	return tess_store_recording_add(control->store, &recording);
}

static int close_output(struct tess_control *control, const struct tess_mix *mix)
{
	char stream[32];
	int rc;

	tess_rooms_stream(stream, mix->id);
	rc = tess_store_recording_end(control->store, stream);
	if (!rc)
		rc = tess_store_mix_remove(control->store, mix->id);
	return rc;
}

/* A running output keeps the parameters of its sound: decoders of viewers would not survive it. */
static int change_output(struct tess_control *control, const struct tess_mix *mix,
			 const json_t *running, const struct tess_mix_request *request,
			 json_t *params)
{
	struct tess_mix changed = *mix;
	int rc;

	if (json_object_set(params, "audio", json_object_get(running, "audio")))
		return -ENOMEM;
	rc = params_text(changed.params, sizeof(changed.params), params);
	if (!rc)
		rc = publish_text(changed.publish, sizeof(changed.publish), request);
	if (rc || (!strcmp(changed.params, mix->params) && !strcmp(changed.publish, mix->publish)))
		return rc;
	rc = relay_output(control, mix, request->publish.url);
	return rc ? rc : tess_store_mix_change(control->store, &changed);
}

static int start(struct tess_control *control, const struct tess_mix_request *request,
		 json_t *params, struct tess_cloud_error *error)
{
	struct tess_mix mix;
	json_t *running;
	bool same;
	int rc;

	rc = tess_store_mix_find(control->store, &mix, &request->room);
	if (rc == -ENOENT)
		return open_output(control, request, params, error);
	if (rc)
		return rc;
	running = json_loads(mix.params, 0, NULL);
	if (!running)
		return -ENOMEM;
	same = !strcmp(mix.stream_id, request->stream_id) &&
	       !strcmp(mix.record_id, request->record_id) &&
	       json_is_null(json_object_get(running, "video")) == request->audio_only &&
	       json_is_true(json_object_get(running, "record_audio_only")) ==
		       request->record_audio_only;
	if (same) {
		rc = change_output(control, &mix, running, request, params);
	} else {
		rc = close_output(control, &mix);
		if (!rc)
			rc = open_output(control, request, params, error);
	}
	json_decref(running);
	return rc;
}

/* A room's mix is the API's, or one user's: nobody changes that of somebody else. */
static int check_starter(struct tess_control *control, const struct tess_mix_request *request,
			 struct tess_cloud_error *error)
{
	struct tess_mix mix;
	int rc = tess_store_mix_find(control->store, &mix, &request->room);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	if (!strcmp(mix.starter, request->starter))
		return 0;
	if (!*mix.starter)
		return tess_cloud_refuse(error, TESS_CLOUD_REQUEST_REJECTION,
					 "A mix that was started by the API runs in this room.");
	return tess_cloud_refuse(error, TESS_CLOUD_REQUEST_REJECTION,
				 "A mix that the user %s started runs in this room.", mix.starter);
}

int tess_rooms_mix_start(struct tess_control *control, const struct tess_mix_request *request,
			 struct tess_cloud_error *error)
{
	json_t *params;
	int rc;

	if (too_often(control, &request->room))
		return tess_cloud_refuse(error, TESS_CLOUD_RESTRICTED_FREQUENCY,
					 "More than %d calls a second for one room.",
					 TESS_ROOMS_MAX_STARTS);
	rc = check_starter(control, request, error);
	if (!rc)
		rc = tess_pictures_check(control, request, error);
	if (!rc)
		rc = params_of(&params, request);
	if (rc)
		return rc;
	rc = tess_admission_check(control, request, params, error);
	if (rc) {
		json_decref(params);
		return rc;
	}
	rc = tess_store_begin(control->store);
	if (!rc) {
		rc = start(control, request, params, error);
		rc = tess_store_finish(control->store, rc);
	}
	if (!rc)
		tess_pictures_again(control, params);
	json_decref(params);
	if (rc == -EEXIST)
		return tess_cloud_refuse(error, TESS_CLOUD_INVALID_STREAM_ID,
					 "StreamId is in use by another room.");
	if (rc == -EINVAL)
		return rc;
	if (rc) {
		TESS_ERROR("mix.start", "app=%u room=%s error=\"%s\"", request->room.sdk_app_id,
			   request->room.id, strerror(-rc));
		return rc;
	}
	TESS_INFO("mix.start", "app=%u room=%s stream_id=%s record_id=%s starter=%s",
		  request->room.sdk_app_id, request->room.id, request->stream_id,
		  request->record_id, request->starter);
	tess_control_changed(control);
	return 0;
}

int tess_rooms_mix_stop(struct tess_control *control, const struct tess_cloud_room *room)
{
	struct tess_mix mix;
	int rc;

	/* looked up outside of the transaction: -ENOENT must not doom that of a caller */
	rc = tess_store_mix_find(control->store, &mix, room);
	if (!rc)
		rc = tess_store_begin(control->store);
	if (rc)
		return rc;
	rc = tess_store_finish(control->store, close_output(control, &mix));
	if (rc)
		return rc;
	TESS_INFO("mix.stop", "app=%u room=%s", room->sdk_app_id, room->id);
	tess_control_changed(control);
	return 0;
}
