/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/relays.c - the streams that are relayed, and the targets of each.
 */
#include "firmware/egress/relays.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/egress/relay_target.h"

#define TICK_US 20000
/* a stream that is away for longer is over for its targets */
#define AWAY_US 30000000
/* how far back a target may be, beside the newest group of pictures */
#define WINDOW_BYTES (8u << 20)

const struct tess_relays_config tess_relays_defaults = {
	.first_pause_us = 2000000,
	.greatest_pause_us = 60000000,
	.attempts = 100,
	.steady_us = 10000000,
	.opening_us = 10000000,
	.stall_us = 10000000,
};

struct place {
	struct place *next;
	struct tess_relay_target *target;
	bool wanted; /* while a desired state is applied */
};

/* A stream with targets. */
struct source {
	struct source *next;
	struct tess_relays *relays;
	struct tess_sink *sink;
	struct tess_window *window;
	struct place *places;
	char stream[TESS_STREAM_KEY_SIZE];
	bool up, over; /* over: its targets know that it is not there */
	int64_t away_us;
};

struct tess_relays {
	struct tess_loop *loop;
	struct tess_streams *streams;
	struct tess_relays_config config;
	struct tess_timer *tick;
	struct source *sources;
	unsigned count;
	struct tess_srt_library srt;
	/* of targets that are gone */
	uint64_t bytes, pictures, failures;
	uint64_t units_dropped;
};

static void on_tick(void *arg);

int tess_relays_alloc(struct tess_relays **relaysp, struct tess_loop *loop,
		      struct tess_streams *streams, const struct tess_relays_config *config)
{
	struct tess_relays *relays = calloc(1, sizeof(*relays));

	if (!relays)
		return -ENOMEM;
	relays->loop = loop;
	relays->streams = streams;
	relays->config = *config;
	if (tess_timer_alloc(&relays->tick, loop, on_tick, relays)) {
		free(relays);
		return -ENOMEM;
	}
	*relaysp = relays;
	return 0;
}

static void begin_all(struct source *source)
{
	source->over = false;
	for (struct place *place = source->places; place; place = place->next)
		tess_relay_target_begin(place->target);
}

static void end_all(struct source *source)
{
	source->over = true;
	for (struct place *place = source->places; place; place = place->next)
		tess_relay_target_end(place->target);
}

static void on_stream_up(void *arg, const struct tess_stream_info *info, uint64_t epoch)
{
	struct source *source = arg;

	(void)epoch;
	source->up = true;
	tess_window_begin(source->window, info);
	begin_all(source);
}

static void on_au(void *arg, const struct tess_au *au)
{
	struct source *source = arg;
	int rc = tess_window_add(source->window, au);

	if (rc && rc != -EAGAIN)
		source->relays->units_dropped++;
}

static void on_stream_away(void *arg)
{
	struct source *source = arg;

	source->up = false;
	source->away_us = tess_loop_now_us(source->relays->loop);
}

static void on_stream_end(void *arg)
{
	struct source *source = arg;

	on_stream_away(source);
	end_all(source);
}

static const struct tess_sink_ops relay_sink = {
	.stream_up = on_stream_up,
	.au = on_au,
	.stream_away = on_stream_away,
	.stream_end = on_stream_end,
};

static void remove_place(struct source *source, struct place **linkp)
{
	struct tess_relays *relays = source->relays;
	struct place *place = *linkp;
	uint64_t bytes, pictures, failures;

	tess_relay_target_count(place->target, &bytes, &pictures, &failures);
	relays->bytes += bytes;
	relays->pictures += pictures;
	relays->failures += failures;
	*linkp = place->next;
	tess_relay_target_free(place->target);
	free(place);
	relays->count--;
}

/** Take the source out of the list that the link is in. */
static void remove_source(struct source **linkp)
{
	struct source *source = *linkp;

	*linkp = source->next;
	while (source->places)
		remove_place(source, &source->places);
	tess_streams_detach(source->sink);
	tess_window_free(source->window);
	free(source);
}

void tess_relays_free(struct tess_relays *relays)
{
	if (!relays)
		return;
	while (relays->sources)
		remove_source(&relays->sources);
	tess_srt_library_end(&relays->srt);
	tess_timer_free(relays->tick);
	free(relays);
}

/** Find or make. @retval 0, -EINVAL, -ENOMEM */
static int source_get(struct source **sourcep, struct tess_relays *relays, const char *stream)
{
	struct source *source = relays->sources;
	int rc;

	while (source && strcmp(source->stream, stream) != 0)
		source = source->next;
	if (source) {
		*sourcep = source;
		return 0;
	}
	if (strlen(stream) >= TESS_STREAM_KEY_SIZE)
		return -EINVAL;
	source = calloc(1, sizeof(*source));
	if (!source)
		return -ENOMEM;
	source->relays = relays;
	source->over = true;
	source->away_us = tess_loop_now_us(relays->loop);
	memcpy(source->stream, stream, strlen(stream) + 1);
	rc = tess_window_alloc(&source->window, WINDOW_BYTES);
	if (!rc)
		rc = tess_streams_attach(&source->sink, relays->streams, stream, &relay_sink,
					 source, TESS_SINK_NEWEST_KEY);
	if (rc) {
		tess_window_free(source->window);
		free(source);
		return rc;
	}
	if (!relays->sources)
		tess_timer_start(relays->tick, TICK_US);
	source->next = relays->sources;
	relays->sources = source;
	*sourcep = source;
	return 0;
}

/** @retval 0, -EINVAL, -ENOSPC, -ENOMEM */
static int target_add(struct tess_relays *relays, int64_t id, int64_t epoch, const char *stream,
		      const char *url)
{
	struct tess_relay_target_config config = {
		.loop = relays->loop,
		.relays = &relays->config,
		.srt = &relays->srt,
		.id = id,
		.epoch = epoch,
		.url = url,
	};
	struct source *source;
	struct place *place;
	int rc;

	if (relays->count >= TESS_RELAYS_MAX)
		return -ENOSPC;
	rc = source_get(&source, relays, stream);
	if (rc)
		return rc;
	place = calloc(1, sizeof(*place));
	if (!place)
		return -ENOMEM;
	config.window = source->window;
	rc = tess_relay_target_alloc(&place->target, &config);
	if (rc) {
		free(place);
		return rc;
	}
	place->wanted = true;
	place->next = source->places;
	source->places = place;
	relays->count++;
	if (!source->over)
		tess_relay_target_begin(place->target);
	return 0;
}

/** The target that is told, if it is there and the same. */
static struct place *find(const struct tess_relays *relays, int64_t id, int64_t epoch,
			  const char *stream, const char *url)
{
	for (struct source *source = relays->sources; source; source = source->next) {
		if (strcmp(source->stream, stream) != 0)
			continue;
		for (struct place *place = source->places; place; place = place->next) {
			if (tess_relay_target_id(place->target) == id &&
			    tess_relay_target_is(place->target, epoch, url))
				return place;
		}
	}
	return NULL;
}

static void remove_unwanted(struct tess_relays *relays)
{
	struct source **sourcep = &relays->sources;

	while (*sourcep) {
		struct source *source = *sourcep;
		struct place **linkp = &source->places;

		while (*linkp) {
			if ((*linkp)->wanted)
				linkp = &(*linkp)->next;
			else
				remove_place(source, linkp);
		}
		if (source->places)
			sourcep = &source->next;
		else
			remove_source(sourcep);
	}
}

struct told {
	int64_t id, epoch;
	const char *stream, *url;
};

static bool read_entry(struct told *told, const json_t *entry)
{
	told->id = json_integer_value(json_object_get(entry, "id"));
	told->epoch = json_integer_value(json_object_get(entry, "epoch"));
	told->stream = json_string_value(json_object_get(entry, "stream"));
	told->url = json_string_value(json_object_get(entry, "url"));
	return told->id > 0 && told->stream && told->url;
}

void tess_relays_apply(struct tess_relays *relays, const json_t *targets)
{
	struct told told;
	struct place *place;
	json_t *entry;
	size_t index;

	for (struct source *source = relays->sources; source; source = source->next)
		for (place = source->places; place; place = place->next)
			place->wanted = false;
	json_array_foreach(targets, index, entry)
	{
		place = read_entry(&told, entry)
				? find(relays, told.id, told.epoch, told.stream, told.url)
				: NULL;
		if (place)
			place->wanted = true;
	}
	/* those that are gone first, so that a target is never there twice */
	remove_unwanted(relays);
	json_array_foreach(targets, index, entry)
	{
		bool good = read_entry(&told, entry);
		int rc = -EINVAL;

		if (good && find(relays, told.id, told.epoch, told.stream, told.url))
			continue;
		if (good)
			rc = target_add(relays, told.id, told.epoch, told.stream, told.url);
		if (rc)
			TESS_ERROR("relay.refused", "relay=%" PRId64 " error=%s", told.id,
				   strerror(-rc));
	}
	remove_unwanted(relays); /* a stream whose only target was refused */
}

static void on_tick(void *arg)
{
	struct tess_relays *relays = arg;
	int64_t now_us = tess_loop_now_us(relays->loop);

	for (struct source *source = relays->sources; source; source = source->next) {
		for (struct place *place = source->places; place; place = place->next)
			tess_relay_target_tick(place->target);
		if (!source->up && !source->over && now_us - source->away_us > AWAY_US)
			end_all(source);
	}
	if (relays->sources)
		tess_timer_start(relays->tick, TICK_US);
}

json_t *tess_relays_facts(const struct tess_relays *relays)
{
	json_t *facts = json_array();

	for (struct source *source = relays->sources; facts && source; source = source->next) {
		for (struct place *place = source->places; place; place = place->next) {
			if (json_array_append_new(facts, tess_relay_target_facts(place->target))) {
				json_decref(facts);
				return NULL;
			}
		}
	}
	return facts;
}

void tess_relays_count(const struct tess_relays *relays, json_t *counters)
{
	uint64_t all_bytes = relays->bytes, all_pictures = relays->pictures;
	uint64_t all_failures = relays->failures, bytes, pictures, failures;

	for (struct source *source = relays->sources; source; source = source->next) {
		for (struct place *place = source->places; place; place = place->next) {
			tess_relay_target_count(place->target, &bytes, &pictures, &failures);
			all_bytes += bytes;
			all_pictures += pictures;
			all_failures += failures;
		}
	}
	(void)json_object_set_new(counters, "relay_bytes", json_integer((json_int_t)all_bytes));
	(void)json_object_set_new(counters, "relay_pictures_dropped",
				  json_integer((json_int_t)all_pictures));
	(void)json_object_set_new(counters, "relay_failures",
				  json_integer((json_int_t)all_failures));
	(void)json_object_set_new(counters, "relay_units_dropped",
				  json_integer((json_int_t)relays->units_dropped));
}
