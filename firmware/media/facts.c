/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/facts.c - snapshots of what is, as the "facts" message.
 */
#include "firmware/media/facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int tess_media_facts_alloc(struct tess_media_facts **factsp, unsigned publishers, unsigned mixes)
{
	struct tess_media_facts *facts = calloc(1, sizeof(*facts));

	if (!facts)
		return -ENOMEM;
	facts->publishers = calloc(publishers + 1, sizeof(*facts->publishers));
	facts->mixes = calloc(mixes + 1, sizeof(*facts->mixes));
	if (!facts->publishers || !facts->mixes) {
		tess_media_facts_free(facts);
		return -ENOMEM;
	}
	*factsp = facts;
	return 0;
}

void tess_media_facts_free(struct tess_media_facts *facts)
{
	if (!facts)
		return;
	free(facts->publishers);
	free(facts->mixes);
	free(facts);
}

static const char *publisher_state(enum tess_publisher_state state)
{
	switch (state) {
	case TESS_PUBLISHER_WAITING:
		return "waiting";
	case TESS_PUBLISHER_RECEIVING:
		return "receiving";
	case TESS_PUBLISHER_STALLED:
		return "stalled";
	case TESS_PUBLISHER_ERROR:
		break;
	}
	return "error";
}

static const char *mix_state(enum tess_mix_state state)
{
	switch (state) {
	case TESS_MIX_STARTING:
		return "starting";
	case TESS_MIX_RUNNING:
		return "running";
	case TESS_MIX_ERROR:
		break;
	}
	return "error";
}

static const char *error_text(int error)
{
	return error ? strerrordesc_np(-error) : "";
}

/* json_object_set_new() takes NULL for a value that could not be made and says so: one look at the
 * end */
static bool set(json_t *object, const char *name, json_t *value)
{
	return json_object_set_new(object, name, value) == 0;
}

static json_t *track_json(const struct tess_media_facts_track *track, bool video)
{
	json_t *object, *counters;
	bool good = true;

	if (!track->present)
		return json_null();
	object = json_pack(
		"{s:I,s:I,s:I,s:I,s:I}", "packets", (json_int_t)track->rtp.packets, "bytes",
		(json_int_t)track->rtp.bytes, "lost", (json_int_t)track->rtp.lost, "bitrate_bps",
		(json_int_t)track->bitrate_bps, "jitter_us", (json_int_t)track->jitter_us);
	counters = json_object();
	if (video)
		good = set(object, "width", json_integer(track->width)) &&
		       set(object, "height", json_integer(track->height)) &&
		       set(object, "frame_rate", json_real(track->frame_rate)) &&
		       set(object, "tile_width", json_integer(track->tile_width)) &&
		       set(object, "tile_height", json_integer(track->tile_height)) &&
		       set(object, "decoders", json_integer(track->decoders));
	else
		good = set(object, "level", json_real((double)track->level));
#define X(name, help) \
	good = good && set(counters, #name, json_integer((json_int_t)track->rtp.name));
	TESS_RTP_COUNTERS(X)
#undef X
#define X(name, help) \
	good = good && set(counters, #name, json_integer((json_int_t)track->counters.name));
	TESS_PUBLISHER_COUNTERS(X)
#undef X
	good = set(object, "counters", counters) && good;
	if (good)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *publisher_json(const struct tess_publisher_facts *facts)
{
	return json_pack("{s:I,s:s,s:s,s:I,s:o,s:o}", "id", (json_int_t)facts->id, "state",
			 publisher_state(facts->state), "error", error_text(facts->error),
			 "idle_ms", (json_int_t)(facts->idle_us / 1000), "video",
			 track_json(&facts->video, true), "audio",
			 track_json(&facts->audio, false));
}

static json_t *work_json(const struct tess_work *work)
{
	return json_pack("{s:f,s:f,s:f}", "decode", work->decode, "compose", work->compose,
			 "encode", work->encode);
}

static json_t *tiles_json(const struct tess_mix_facts *facts)
{
	json_t *tiles = json_array();

	for (unsigned i = 0; i < facts->tile_count; i++) {
		const struct tess_tile_facts *tile = &facts->tiles[i];

		if (json_array_append_new(
			    tiles, json_pack("{s:s,s:s,s:i,s:i,s:i,s:i}", "user", tile->user,
					     "stream_type", tile->auxiliary ? "aux" : "main", "x",
					     tile->rect.x, "y", tile->rect.y, "width",
					     tile->rect.width, "height", tile->rect.height))) {
			json_decref(tiles);
			return NULL;
		}
	}
	return tiles;
}

static json_t *places_json(const struct tess_mix_facts *facts)
{
	json_t *places = json_array();

	for (unsigned i = 0; i < facts->place_count; i++) {
		const struct tess_place_facts *place = &facts->places[i];

		if (json_array_append_new(places, json_pack("{s:s,s:s,s:i}", "user", place->user,
							    "stream_type",
							    place->auxiliary ? "aux" : "main",
							    "place", (int)place->place))) {
			json_decref(places);
			return NULL;
		}
	}
	return places;
}

static json_t *mix_json(const struct tess_mix_facts *facts)
{
	json_t *counters = json_object();
	bool good = true;

#define X(name, help) \
	good = good && set(counters, #name, json_integer((json_int_t)facts->counters.name));
	TESS_MIX_COUNTERS(X)
#undef X
	if (!good) {
		json_decref(counters);
		counters = NULL;
	}
	return json_pack("{s:I,s:I,s:s,s:s,s:o,s:o,s:I,s:I,s:f,s:I,s:o,s:o,s:o}", "id",
			 (json_int_t)facts->id, "epoch", (json_int_t)facts->epoch, "state",
			 mix_state(facts->state), "error", error_text(facts->error), "engine",
			 facts->engine < 0 ? json_null() : json_integer(facts->engine), "price",
			 work_json(&facts->price), "frames", (json_int_t)facts->frames,
			 "bitrate_bps", (json_int_t)facts->bitrate_bps, "frame_rate",
			 facts->frame_rate, "latency_p95_us", (json_int_t)facts->latency_p95_us,
			 "counters", counters, "tiles", tiles_json(facts), "places",
			 places_json(facts));
}

static json_t *net_json(const struct tess_net_stats *net)
{
	json_t *json =
		json_pack("{s:I,s:I,s:I,s:I}", "rx_packets", (json_int_t)net->rx_packets,
			  "rx_bytes", (json_int_t)net->rx_bytes, "tx_packets",
			  (json_int_t)net->tx_packets, "tx_bytes", (json_int_t)net->tx_bytes);
	bool good = json != NULL;

#define X(name, when) good = good && set(json, #name, json_integer((json_int_t)net->name));
	TESS_NET_DROPS(X)
#undef X
	if (good)
		return json;
	json_decref(json);
	return NULL;
}

/* A worker's port: a queue, and the thread that looks after it. */
static json_t *queue_json(const struct tess_media_facts *facts)
{
	json_t *json = net_json(&facts->net);

	if (set(json, "net", json_string(facts->net_spec ? facts->net_spec : "")) &&
	    set(json, "link", json_boolean(!facts->net.link_down)) &&
	    set(json, "at_us", json_integer((json_int_t)facts->at_us)) &&
	    set(json, "cpu_us", json_integer((json_int_t)facts->cpu_us)))
		return json;
	json_decref(json);
	return NULL;
}

static const char *engine_state(enum tess_engine_state state)
{
	switch (state) {
	case TESS_ENGINE_OK:
		return "ok";
	case TESS_ENGINE_STANDBY:
		return "standby";
	case TESS_ENGINE_LOST:
		break;
	}
	return "lost";
}

static json_t *engine_json(const struct tess_engine_facts *engine)
{
	json_t *counters = json_object();
	bool good = set(counters, "surfaces_live",
			json_integer((json_int_t)engine->stats.surfaces_live));

#define X(name) good = good && set(counters, #name, json_integer((json_int_t)engine->stats.name));
	TESS_ENGINE_COUNTERS(X)
#undef X
	if (!good) {
		json_decref(counters);
		counters = NULL;
	}
	return json_pack("{s:s,s:s,s:s,s:s,s:b,s:o,s:o,s:f,s:f,s:i,s:I,s:o}", "name", engine->name,
			 "device", engine->info.device, "vendor", engine->info.vendor, "state",
			 engine_state(engine->state), "shared", engine->info.shared_units,
			 "capacity", work_json(&engine->capacity), "used", work_json(&engine->used),
			 "load", engine->load, "max_load", engine->max_load, "mixes",
			 (int)engine->mixes, "losses", (json_int_t)engine->losses, "counters",
			 counters);
}

static void add_net(struct tess_net_stats *sum, const struct tess_net_stats *net)
{
	sum->rx_packets += net->rx_packets;
	sum->rx_bytes += net->rx_bytes;
	sum->tx_packets += net->tx_packets;
	sum->tx_bytes += net->tx_bytes;
#define X(name, when) sum->name += net->name;
	TESS_NET_DROPS(X)
#undef X
}

/* The sum, and each worker's port under "queues". */
static json_t *all_net_json(struct tess_media_facts *const *facts, unsigned count)
{
	json_t *queues = json_array(), *json;
	struct tess_net_stats sum = {0};

	for (unsigned w = 0; w < count; w++) {
		if (!facts[w])
			continue;
		add_net(&sum, &facts[w]->net);
		(void)json_array_append_new(queues, queue_json(facts[w]));
	}
	json = net_json(&sum);
	(void)set(json, "queues", queues);
	return json;
}

json_t *tess_media_facts_message(struct tess_media_facts *const *facts, unsigned count,
				 const struct tess_engine_facts *engines, unsigned engine_count)
{
	json_t *publishers = json_array(), *mixes = json_array(), *list = json_array();
	bool good = true;

	for (unsigned w = 0; w < count; w++) {
		if (!facts[w])
			continue;
		for (unsigned i = 0; i < facts[w]->publisher_count && good; i++)
			good = !json_array_append_new(publishers,
						      publisher_json(&facts[w]->publishers[i]));
		for (unsigned i = 0; i < facts[w]->mix_count && good; i++)
			good = !json_array_append_new(mixes, mix_json(&facts[w]->mixes[i]));
	}
	for (unsigned i = 0; i < engine_count && good; i++)
		good = !json_array_append_new(list, engine_json(&engines[i]));
	if (!good) {
		json_decref(publishers);
		json_decref(mixes);
		json_decref(list);
		return NULL;
	}
	return json_pack("{s:s,s:o,s:o,s:o,s:o}", "type", "facts", "publishers", publishers,
			 "mixes", mixes, "engines", list, "net", all_net_json(facts, count));
}
