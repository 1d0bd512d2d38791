/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/views.c - see views.h.
 */
#include "firmware/control/api/views.h"

#include <errno.h>
#include <string.h>

#include "firmware/base/srt_url.h"
#include "firmware/control/api/address.h"
#include "firmware/control/api/sdp.h"
#include "firmware/control/jobs/pictures.h"
#include "firmware/control/jobs/publications.h"
#include "firmware/control/jobs/rooms.h"

int tess_view_copy(json_t *to, const json_t *from, const char *name, json_t *missing)
{
	json_t *value = json_object_get(from, name);

	if (!missing)
		return -ENOMEM;
	if (!value || json_typeof(value) != json_typeof(missing)) {
		/* 15 is as good as 15.0 */
		if (!json_is_number(value) || !json_is_number(missing))
			return json_object_set_new(to, name, missing) ? -ENOMEM : 0;
	}
	json_decref(missing);
	return json_object_set(to, name, value) ? -ENOMEM : 0;
}

static int copy_ints(json_t *to, const json_t *from, const char *const *names)
{
	for (; *names; names++)
		if (tess_view_copy(to, from, *names, json_integer(0)))
			return -ENOMEM;
	return 0;
}

static json_t *fail(json_t *json)
{
	json_decref(json);
	return NULL;
}

/* The members of a room, to begin an object with. */
static json_t *in_room(const struct tess_cloud_room *room)
{
	return json_pack("{sI ss ss}", "application", (json_int_t)room->sdk_app_id, "room",
			 room->id, "room_type", tess_room_id_type_text(room->type));
}

static json_t *merged(json_t *json, json_t *more)
{
	int rc = json && more ? json_object_update(json, more) : -1;

	json_decref(more);
	return rc ? fail(json) : json;
}

static json_t *track(const struct tess_call *call, int64_t id, const char *name, uint16_t port,
		     uint8_t payload_type, const char *codec)
{
	static const char *const counts[] = {"packets",	    "bytes",	 "lost",
					     "bitrate_bps", "jitter_us", NULL};
	static const char *const sizes[] = {"width",	   "height",   "tile_width",
					    "tile_height", "decoders", NULL};
	const struct tess_facts *facts = call->control->facts;
	const json_t *fact = json_object_get(tess_facts_publisher(facts, id), name);
	json_t *json;

	if (!port)
		return json_null();
	json = json_pack("{si si si ss sf}", "port", port, "rtcp_port", port + 1, "payload_type",
			 payload_type, "codec", codec, "loss_percent",
			 tess_facts_loss_percent(facts, id, name));
	if (copy_ints(json, fact, counts))
		return fail(json);
	if (!strcmp(name, "audio"))
		return tess_view_copy(json, fact, "level", json_real(0)) ? fail(json) : json;
	if (copy_ints(json, fact, sizes) || tess_view_copy(json, fact, "frame_rate", json_real(0)))
		return fail(json);
	return json;
}

/* Where a live stream is watched; "" without a name. */
static json_t *addresses(const struct tess_call *call, const char *name)
{
	char url[TESS_LIVE_URL_MAX], rtmp_url[TESS_LIVE_URL_MAX];

	tess_address_flv(url, call->control, call->request, name);
	tess_address_rtmp(rtmp_url, call->control, call->request, name);
	return json_pack("{ss ss}", "flv_url", url, "rtmp_url", rtmp_url);
}

static json_t *recording_of(const struct tess_call *call, const char *stream)
{
	int64_t id;

	if (tess_store_recording_of(call->control->store, &id, stream))
		return json_null();
	return json_integer(id);
}

json_t *tess_view_user(const struct tess_call *call, const struct tess_publisher *row)
{
	const char *name = row->live ? row->stream_name : "";
	const struct tess_facts *facts = call->control->facts;
	const json_t *fact = tess_facts_publisher(facts, row->id);
	const char *state = tess_facts_is_up(facts, TESS_PROCESS_MEDIA) ? "waiting" : "unknown";
	char stream[32];
	json_t *json;

	tess_publication_stream(stream, row->id);
	json = json_pack(
		"{so sI ss ss ss ss ss so so so}", "recording", recording_of(call, stream), "id",
		(json_int_t)row->id, "user", row->user, "stream_type", row->stream_type, "source",
		row->source, "stream_id", name, "record_id", row->record_id, "entered",
		tess_time_json(row->entered_us), "video",
		track(call, row->id, "video", row->video_port, row->video_payload_type, "h264"),
		"audio",
		track(call, row->id, "audio", row->audio_port, row->audio_payload_type, "opus"));
	json = merged(json, addresses(call, name));
	if (tess_view_copy(json, fact, "state", json_string(state)) ||
	    tess_view_copy(json, fact, "error", json_string("")) ||
	    tess_view_copy(json, fact, "idle_ms", json_integer(0)))
		return fail(json);
	return json;
}

/* RFC 3550 §8.1 wants random ones; from the id they are also different from each other. */
static json_int_t ssrc_of(int64_t id, unsigned track_number)
{
	uint64_t mixed = ((uint64_t)id * 2 + track_number) * 0x9e3779b97f4a7c15u;

	return (json_int_t)(mixed >> 33) + 1;
}

static json_t *target(const struct tess_publisher *row, unsigned track_number)
{
	uint16_t port = track_number ? row->audio_port : row->video_port;

	if (!port)
		return json_null();
	return json_pack("{si si si ss sI}", "port", port, "rtcp_port", port + 1, "payload_type",
			 track_number ? row->audio_payload_type : row->video_payload_type, "codec",
			 track_number ? "opus" : "h264", "ssrc", ssrc_of(row->id, track_number));
}

json_t *tess_view_publisher(const struct tess_call *call, const struct tess_publisher *row)
{
	char address[256], sdp[TESS_SDP_MAX];

	tess_address_media(address, call->control, call->request);
	tess_sdp_write(sdp, row, address);
	return merged(in_room(&row->room),
		      json_pack("{sI ss ss ss ss ss so so ss}", "id", (json_int_t)row->id, "user",
				row->user, "stream_type", row->stream_type, "stream_id",
				row->live ? row->stream_name : "", "record_id", row->record_id,
				"address", address, "video", target(row, 0), "audio",
				target(row, 1), "sdp", sdp));
}

const char *tess_view_mix_state(const struct tess_control *control, int64_t mix)
{
	const char *state =
		json_string_value(json_object_get(tess_facts_mix(control->facts, mix), "state"));

	if (state)
		return state;
	return tess_facts_is_up(control->facts, TESS_PROCESS_MEDIA) ? "starting" : "unknown";
}

/* Without what is secret in the address. */
static json_t *publish_of(const struct tess_mix *row)
{
	char masked[TESS_CLOUD_MAX_URL + 8];
	json_t *publish = *row->publish ? json_loads(row->publish, 0, NULL) : json_null();
	const char *url = json_string_value(json_object_get(publish, "url"));

	if (!url)
		return publish;
	tess_publish_url_mask(masked, sizeof(masked), url);
	return json_object_set_new(publish, "url", json_string(masked)) ? fail(publish) : publish;
}

json_t *tess_view_mix(const struct tess_call *call, const struct tess_mix *row)
{
	static const char *const counts[] = {"frames", "bitrate_bps", "latency_p95_us", NULL};
	const struct tess_facts *facts = call->control->facts;
	const json_t *fact = tess_facts_mix(facts, row->id);
	char stream[32];
	json_t *json, *warnings;

	tess_rooms_stream(stream, row->id);
	json = json_loads(row->params, 0, NULL);
	warnings = tess_pictures_warnings(call->control, row->room.sdk_app_id, json);
	json = merged(in_room(&row->room), json);
	json = merged(json, addresses(call, row->stream_id));
	json = merged(json,
		      json_pack("{so sI ss sI ss ss ss so so ss so}", "warnings", warnings, "id",
				(json_int_t)row->id, "stream", stream, "epoch",
				(json_int_t)row->epoch, "stream_id", row->stream_id, "record_id",
				row->record_id, "starter", row->starter, "publish", publish_of(row),
				"started", tess_time_json(row->started_us), "state",
				tess_view_mix_state(call->control, row->id), "recording",
				recording_of(call, stream)));
	if (copy_ints(json, fact, counts) ||
	    tess_view_copy(json, fact, "frame_rate", json_real(0)) ||
	    tess_view_copy(json, fact, "error", json_string("")) ||
	    tess_view_copy(json, fact, "tiles", json_array()) ||
	    tess_view_copy(json, tess_facts_live(facts, row->stream_id), "viewers",
			   json_integer(0)))
		return fail(json);
	return json;
}

static json_t *stream_json(const struct tess_call *call, const struct tess_cloud_room *room,
			   const char *stream, const char *name, const char *kind,
			   const char *state)
{
	static const char *const counts[] = {"bitrate_bps", "viewers", "bytes_sent", NULL};
	json_t *json;

	json = merged(in_room(room), addresses(call, name));
	json = merged(json, json_pack("{ss ss ss ss}", "stream", stream, "name", name, "kind", kind,
				      "state", state));
	if (copy_ints(json, tess_facts_live(call->control->facts, name), counts))
		return fail(json);
	return json;
}

json_t *tess_view_stream(const struct tess_call *call, const struct tess_mix *row)
{
	char stream[32];

	tess_rooms_stream(stream, row->id);
	return stream_json(call, &row->room, stream, row->stream_id, "mix",
			   tess_view_mix_state(call->control, row->id));
}

/* The state of who sends, in the words of a mix's. */
static const char *user_stream_state(const struct tess_control *control, int64_t publisher)
{
	const char *state = json_string_value(
		json_object_get(tess_facts_publisher(control->facts, publisher), "state"));

	if (!state)
		return tess_facts_is_up(control->facts, TESS_PROCESS_MEDIA) ? "starting"
									    : "unknown";
	if (!strcmp(state, "receiving"))
		return "running";
	return strcmp(state, "waiting") != 0 ? state : "starting";
}

json_t *tess_view_user_stream(const struct tess_call *call, const struct tess_publisher *row)
{
	char stream[32];
	json_t *json;

	tess_publication_stream(stream, row->id);
	json = stream_json(call, &row->room, stream, row->stream_name, "user",
			   user_stream_state(call->control, row->id));
	return merged(json,
		      json_pack("{ss ss}", "user", row->user, "stream_type", row->stream_type));
}

static int64_t told(const json_t *fact, const char *name, int64_t stored)
{
	const json_t *value = json_object_get(fact, name);

	return json_is_integer(value) ? json_integer_value(value) : stored;
}

/* In milliseconds, as all the API's durations are. */
static json_t *gaps_json(const json_t *fact, const char *stored)
{
	json_t *from = json_incref(json_object_get(fact, "gaps")), *to = json_array(), *gap;
	size_t i;

	if (!from)
		from = json_loads(*stored ? stored : "[]", 0, NULL);
	json_array_foreach(from, i, gap)
	{
		json_t *one = json_pack(
			"{sI sI}", "at_ms",
			json_integer_value(json_object_get(gap, "at_us")) / 1000, "length_ms",
			json_integer_value(json_object_get(gap, "length_us")) / 1000);

		if (json_array_append_new(to, one)) {
			json_decref(from);
			return fail(to);
		}
	}
	json_decref(from);
	return to;
}

/* FileIds are beyond what a number of JavaScript holds: text. */
json_t *tess_view_file(const struct tess_file *row)
{
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)row->id);
	return json_pack("{ss ss ss sI sI sb so}", "id", id, "format", row->format, "name",
			 row->name, "size_bytes", (json_int_t)row->size_bytes, "duration_ms",
			 (json_int_t)row->duration_us / 1000, "hold", row->hold, "expires",
			 tess_time_json(row->expires_us));
}

static int add_file(void *arg, const struct tess_file *row)
{
	return json_array_append_new(arg, tess_view_file(row)) ? -ENOMEM : 0;
}

static json_t *files_json(const struct tess_call *call, int64_t recording)
{
	json_t *files = json_array();

	if (tess_store_files_of(call->control->store, recording, add_file, files))
		return fail(files);
	return files;
}

json_t *tess_view_recording(const struct tess_call *call, const struct tess_recording *row)
{
	/* while it goes on, egress knows better than the last row */
	const json_t *fact =
		tess_recording_over(row) ? NULL : tess_facts_record(call->control->facts, row->id);

	return merged(
		in_room(&row->room),
		json_pack("{ss ss ss ss sI ss ss ss ss so so sI sI sI sI so ss so so}", "user",
			  row->user, "stream_type", row->stream_type, "cause", row->cause, "prefix",
			  row->prefix, "id", (json_int_t)row->id, "stream_id", row->stream_id,
			  "record_id", row->record_id, "state", row->state, "path", row->path,
			  "start", tess_time_json(told(fact, "start_utc_us", row->start_us)), "end",
			  tess_time_json(told(fact, "end_utc_us", row->end_us)), "duration_ms",
			  (json_int_t)told(fact, "duration_us", row->duration_us) / 1000,
			  "size_bytes", (json_int_t)told(fact, "bytes", row->size_bytes), "width",
			  (json_int_t)told(fact, "width", row->width), "height",
			  (json_int_t)told(fact, "height", row->height), "gaps",
			  gaps_json(fact, row->gaps), "error", row->error, "area",
			  row->settings.area ? json_integer(row->settings.area) : json_null(),
			  "files", files_json(call, row->id)));
}

const char *tess_view_relay_state(const struct tess_control *control, const struct tess_relay *row)
{
	const json_t *fact = tess_facts_relay(control->facts, row->id);
	const char *state = json_string_value(json_object_get(fact, "state"));

	if (!row->enabled)
		return "disabled";
	if (!tess_facts_is_up(control->facts, TESS_PROCESS_EGRESS))
		return "unknown";
	return state ? state : "waiting";
}

json_t *tess_view_relay(const struct tess_control *control, const struct tess_relay *row)
{
	static const char *const counts[] = {"bytes_sent", "pictures_dropped", "delay_ms",
					     "publishes",  "failures",	       NULL};
	const json_t *fact = tess_facts_relay(control->facts, row->id);
	char url[TESS_RELAY_URL_MAX + 1];
	json_t *json;

	tess_relay_url_mask(url, sizeof(url), row->url);
	json = json_pack("{sI sI ss ss sb ss so ss}", "id", (json_int_t)row->id, "application",
			 (json_int_t)row->application, "stream_id", row->stream_id, "url", url,
			 "enabled", row->enabled, "origin", row->mix ? "mix" : "admin", "created",
			 tess_time_json(row->created_us), "state",
			 tess_view_relay_state(control, row));
	if (copy_ints(json, fact, counts) || tess_view_copy(json, fact, "error", json_string("")))
		return fail(json);
	return json;
}

static json_t *work(const json_t *fact, const char *name)
{
	static const char *const kinds[] = {"decode", "compose", "encode"};
	const json_t *from = json_object_get(fact, name);
	json_t *json = json_object();

	for (unsigned i = 0; i < 3; i++)
		if (tess_view_copy(json, from, kinds[i], json_real(0)))
			return fail(json);
	return json;
}

json_t *tess_view_engine(const json_t *fact)
{
	static const char *const texts[] = {"name", "device", "vendor", "state"};
	static const char *const counts[] = {"mixes", "losses", NULL};
	static const char *const counters[] = {"faults", "fallback_decoded", "uploads", "downloads",
					       NULL};
	json_t *json =
		json_pack("{sb so so}", "shared", json_is_true(json_object_get(fact, "shared")),
			  "capacity", work(fact, "capacity"), "used", work(fact, "used"));

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (tess_view_copy(json, fact, texts[i], json_string("")))
			return fail(json);
	if (tess_view_copy(json, fact, "load", json_real(0)) ||
	    tess_view_copy(json, fact, "max_load", json_real(0)) || copy_ints(json, fact, counts) ||
	    copy_ints(json, json_object_get(fact, "counters"), counters))
		return fail(json);
	return json;
}
