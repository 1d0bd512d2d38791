/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/desired.c - see desired.h.
 */
#include "firmware/control/jobs/desired.h"

#include <errno.h>
#include <string.h>

#include "firmware/control/jobs/covers.h"
#include "firmware/control/jobs/found.h"
#include "firmware/control/jobs/guard.h"
#include "firmware/control/jobs/pictures.h"
#include "firmware/control/jobs/publications.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/control/jobs/uploads.h"
#include "firmware/control/store/files.h"
#include "firmware/control/text.h"

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

/* One that comes by RTMP has its media in a ring of egress. */
static int set_input(json_t *object, const struct tess_publisher *row)
{
	json_t *video = json_pack("{ss}", "codec", "h264"),
	       *audio = json_pack("{ss}", "codec", "aac");
	int failed = json_object_set_new(object, "input", json_string("rtmp"));

	if (tess_publisher_has_video(row))
		failed |= json_object_set(object, "video", video);
	if (tess_publisher_has_audio(row))
		failed |= json_object_set(object, "audio", audio);
	json_decref(video);
	json_decref(audio);
	return failed ? -ENOMEM : 0;
}

struct publishers {
	struct tess_control *control;
	json_t *list;
};

static int publisher(void *arg, const struct tess_publisher *row)
{
	const struct publishers *publishers = arg;
	char stream[32];
	json_t *object;
	int wanted = tess_store_publication_wanted(publishers->control->store, row);

	if (wanted < 0)
		return wanted;
	object = json_pack("{sI sI ss ss ss ss sI ss so so}", "id", (json_int_t)row->id, "app",
			   (json_int_t)row->room.sdk_app_id, "room_type",
			   tess_room_id_type_text(row->room.type), "room", row->room.id, "user",
			   row->user, "stream_type", row->stream_type, "order", (json_int_t)row->id,
			   "source", row->source, "video",
			   track(row->video_port, row->video_payload_type, "h264"), "audio",
			   track(row->audio_port, row->audio_payload_type, "opus"));
	if (object && row->rtmp && set_input(object, row)) {
		json_decref(object);
		return -ENOMEM;
	}
	tess_publication_stream(stream, row->id);
	/* what comes by RTMP is in a ring of egress already */
	if (wanted && !row->rtmp && json_object_set_new(object, "stream", json_string(stream))) {
		json_decref(object);
		return -ENOMEM;
	}
	return append(publishers->list, object);
}

/* How a mix shows pictures that stand still: as its application has it, or else the box. */
static int frozen_of(const struct tess_control *control, uint32_t id, char frozen[8])
{
	struct tess_application application;
	int rc = tess_store_application_get(control->store, &application, id);

	if (!rc)
		tess_text_copy(frozen, 8,
			       *application.frozen ? application.frozen
						   : control->config->media.frozen);
	return rc;
}

/* What is recorded as MP3 is made as MP3; who started it, and how, is nothing to media. */
static int take_mp3(json_t *object, int64_t id)
{
	char stream[32];
	bool wanted = json_is_true(json_object_get(object, "record_audio_only"));

	(void)json_object_del(object, "record_audio_only");
	(void)json_object_del(object, "mode");
	if (!wanted)
		return 0;
	tess_rooms_mp3_stream(stream, id);
	return json_object_set_new(object, "mp3_stream", json_string(stream)) ? -ENOMEM : 0;
}

struct mixes {
	const struct tess_control *control;
	json_t *list;
};

static int mix(void *arg, const struct tess_mix *row)
{
	const struct mixes *mixes = arg;
	json_t *object, *rest;
	char stream[32], frozen[8];
	int rc = frozen_of(mixes->control, row->room.sdk_app_id, frozen);

	if (rc)
		return rc;
	object = json_loads(row->params, 0, NULL);
	tess_rooms_stream(stream, row->id);
	rest = json_pack("{sI sI sI ss ss ss ss}", "id", (json_int_t)row->id, "epoch",
			 (json_int_t)row->epoch, "app", (json_int_t)row->room.sdk_app_id,
			 "room_type", tess_room_id_type_text(row->room.type), "room", row->room.id,
			 "stream", stream, "frozen", frozen);
	rc = !rest || json_object_update_missing(object, rest) ? -ENOMEM : 0;
	json_decref(rest);
	rc = rc ? rc : take_mp3(object, row->id);
	if (rc) {
		json_decref(object);
		return rc;
	}
	return append(mixes->list, object);
}

static int live(void *arg, const struct tess_mix *row)
{
	char stream[32];

	if (!*row->stream_id)
		return 0;
	tess_rooms_stream(stream, row->id);
	return append(arg, json_pack("{ss ss sI}", "stream", stream, "name", row->stream_id, "app",
				     (json_int_t)row->room.sdk_app_id));
}

static int by_rtmp(void *arg, const struct tess_publisher *row)
{
	return row->rtmp ? append(arg, json_integer(row->id)) : 0;
}

static int live_user(void *arg, const struct tess_publisher *row)
{
	char stream[32];

	if (!row->live)
		return 0;
	tess_publication_stream(stream, row->id);
	return append(arg, json_pack("{ss ss sI}", "stream", stream, "name", row->stream_name,
				     "app", (json_int_t)row->room.sdk_app_id));
}

/* Also those that came with a mix (PublishCdnParams) are rows: all are told alike. */
static int relay(void *arg, const struct tess_relay *row, const char *stream)
{
	return append(arg, json_pack("{sI sI sI ss ss}", "id", (json_int_t)row->id, "app",
				     (json_int_t)row->application, "epoch", (json_int_t)row->epoch,
				     "stream", stream, "url", row->url));
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
	/* the folder is the area's, which has a number as applications have */
	return append(records->wanted,
		      json_pack("{sI ss sI ss so si si}", "id", (json_int_t)row->id, "stream",
				row->stream, "app",
				row->settings.area ? (json_int_t)row->settings.area
						   : (json_int_t)row->room.sdk_app_id,
				"prefix", row->prefix, "formats",
				tess_text_words_json(row->settings.formats), "split_minutes",
				row->settings.split_minutes, "resume_timeout_s",
				row->settings.resume_timeout_s));
}

static int deleted_file(void *arg, int64_t recording, const char *path)
{
	return append(arg, json_pack("{sI ss}", "id", (json_int_t)recording, "path", path));
}

int tess_desired_media(json_t **messagep, struct tess_control *control, int64_t epoch)
{
	struct publishers publishers = {.control = control, .list = json_array()};
	json_t *object;
	struct mixes mixes = {.control = control, .list = json_array()};
	size_t i;
	int rc;

	rc = tess_store_publishers(control->store, NULL, publisher, &publishers);
	if (!rc)
		rc = tess_store_mixes(control->store, mix, &mixes);
	json_array_foreach(mixes.list, i, object) rc =
		rc ? rc : tess_pictures_resolve(control, object);
	if (rc) {
		json_decref(publishers.list);
		json_decref(mixes.list);
		return rc;
	}
	*messagep = json_pack("{ss sI so so}", "type", "desired", "epoch", (json_int_t)epoch,
			      "publishers", publishers.list, "mixes", mixes.list);
	return *messagep ? 0 : -ENOMEM;
}

int tess_desired_egress(json_t **messagep, struct tess_control *control, int64_t epoch,
			json_t *acknowledged)
{
	struct records records = {json_array(), json_array()};
	json_t *lives = json_array(), *files = json_array(), *relays = json_array();
	json_t *guard = NULL, *orders = tess_uploads_orders(control), *publishers = json_array();
	int rc;

	tess_found_orders(control, orders);
	tess_covers_orders(control, orders);
	rc = tess_store_mixes(control->store, live, lives);
	if (!rc)
		rc = tess_store_publishers(control->store, NULL, live_user, lives);
	if (!rc)
		rc = tess_store_publishers(control->store, NULL, by_rtmp, publishers);
	if (!rc)
		rc = tess_store_relays_wanted(control->store, relay, relays);
	if (!rc)
		rc = tess_store_recordings_open(control->store, record, &records);
	if (!rc)
		rc = tess_store_files_deleting(control->store, deleted_file, files);
	if (!rc)
		rc = tess_guard_desired(&guard, control);
	if (rc) {
		json_decref(files);
		json_decref(lives);
		json_decref(relays);
		json_decref(orders);
		json_decref(publishers);
		json_decref(records.wanted);
		json_decref(records.deleted);
		return rc;
	}
	*messagep = json_pack("{ss sI ss ss so so so so so sO so so so}", "type", "desired",
			      "epoch", (json_int_t)epoch, "token_key", control->token_key,
			      "time_zone", control->config->box.time_zone, "live", lives, "guard",
			      guard, "publishers", publishers, "relays", relays, "records",
			      records.wanted, "acknowledged", acknowledged, "deleted",
			      records.deleted, "deleted_files", files, "orders", orders);
	return *messagep ? 0 : -ENOMEM;
}
