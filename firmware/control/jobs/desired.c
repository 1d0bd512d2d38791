/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/desired.c - see desired.h.
 */
#include "firmware/control/jobs/desired.h"

#include <errno.h>
#include <string.h>

#include "firmware/control/jobs/rooms.h"

static json_t *track(uint16_t port, uint8_t payload_type, const char *codec)
{
	if (!port)
		return json_null();
	return json_pack("{si si ss}", "port", port, "payload_type", payload_type, "codec", codec);
}

static int append(json_t *array, json_t *object)
{
	return !object || json_array_append_new(array, object) ? -ENOMEM : 0;
}

static int publisher(void *arg, const struct tess_publisher *row)
{
	return append(arg,
		      json_pack("{sI sI ss ss ss ss sI ss so so}", "id", (json_int_t)row->id, "app",
				(json_int_t)row->room.sdk_app_id, "room_type",
				tess_room_id_type_text(row->room.type), "room", row->room.id,
				"user", row->user, "stream_type", row->stream_type, "order",
				(json_int_t)row->id, "source", row->source, "video",
				track(row->video_port, row->video_payload_type, "h264"), "audio",
				track(row->audio_port, row->audio_payload_type, "opus")));
}

static int mix(void *arg, const struct tess_mix *row)
{
	json_t *object = json_loads(row->params, 0, NULL);
	json_t *rest;
	char stream[32];
	int rc;

	tess_rooms_stream(stream, row->id);
	rest = json_pack("{sI sI sI ss ss ss}", "id", (json_int_t)row->id, "epoch",
			 (json_int_t)row->epoch, "app", (json_int_t)row->room.sdk_app_id,
			 "room_type", tess_room_id_type_text(row->room.type), "room", row->room.id,
			 "stream", stream);
	rc = !rest || json_object_update_missing(object, rest) ? -ENOMEM : 0;
	json_decref(rest);
	if (rc) {
		json_decref(object);
		return rc;
	}
	return append(arg, object);
}

static int live(void *arg, const struct tess_mix *row)
{
	char stream[32];

	if (!*row->stream_id)
		return 0;
	tess_rooms_stream(stream, row->id);
	return append(arg, json_pack("{ss ss}", "stream", stream, "name", row->stream_id));
}

/* Also those that came with a mix (PublishCdnParams) are rows: all are told alike. */
static int relay(void *arg, const struct tess_relay *row, int64_t mix_id)
{
	char stream[32];

	tess_rooms_stream(stream, mix_id);
	return append(arg, json_pack("{sI sI ss ss}", "id", (json_int_t)row->id, "epoch",
				     (json_int_t)row->epoch, "stream", stream, "url", row->url));
}

/* Of the open recordings, those that go on and those to be removed. */
struct records {
	json_t *wanted, *deleted;
};

static int record(void *arg, const struct tess_recording *row)
{
	struct records *records = arg;

	if (!strcmp(row->state, "deleting"))
		return append(records->deleted, json_integer(row->id));
	if (!row->wanted)
		return 0;
	return append(records->wanted,
		      json_pack("{sI ss sI ss ss}", "id", (json_int_t)row->id, "stream",
				row->stream, "app", (json_int_t)row->room.sdk_app_id, "prefix",
				row->record_id, "format", "mp4"));
}

int tess_desired_media(json_t **messagep, struct tess_control *control, int64_t epoch)
{
	json_t *publishers = json_array(), *mixes = json_array();
	int rc;

	rc = tess_store_publishers(control->store, NULL, publisher, publishers);
	if (!rc)
		rc = tess_store_mixes(control->store, mix, mixes);
	if (rc) {
		json_decref(publishers);
		json_decref(mixes);
		return rc;
	}
	*messagep = json_pack("{ss sI so so}", "type", "desired", "epoch", (json_int_t)epoch,
			      "publishers", publishers, "mixes", mixes);
	return *messagep ? 0 : -ENOMEM;
}

int tess_desired_egress(json_t **messagep, struct tess_control *control, int64_t epoch,
			json_t *acknowledged)
{
	struct records records = {json_array(), json_array()};
	json_t *lives = json_array(), *relays = json_array();
	int rc;

	rc = tess_store_mixes(control->store, live, lives);
	if (!rc)
		rc = tess_store_relays_wanted(control->store, relay, relays);
	if (!rc)
		rc = tess_store_recordings_open(control->store, record, &records);
	if (rc) {
		json_decref(lives);
		json_decref(relays);
		json_decref(records.wanted);
		json_decref(records.deleted);
		return rc;
	}
	*messagep = json_pack("{ss sI ss ss so so so sO so}", "type", "desired", "epoch",
			      (json_int_t)epoch, "token_key", control->token_key, "time_zone",
			      control->config->box.time_zone, "live", lives, "relays", relays,
			      "records", records.wanted, "acknowledged", acknowledged, "deleted",
			      records.deleted);
	return *messagep ? 0 : -ENOMEM;
}
