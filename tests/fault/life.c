/* SPDX-License-Identifier: GPL-3.0-or-later
 * One life of a recorder process: the real recording manager, fed from the world as fast as the
 * disk allows, until it is killed, crashes where it was told to, or comes to its end.
 *
 *   fault_life RECORD_DIR MEDIA_DIR STATE_FILE [until_us=N] [finish=1] [run=1] [fail_from_us=N]
 *              [fail_to_us=N] [formats=mp4,hls,...] [split_minutes=N] [desired=FILE]
 *              [away_us=N back_us=N [then=FILE]] [disk options, disk.h]
 *
 * With formats=mp3 the stream is one of MP3. At until_us it ends; with finish=1 the recording is
 * finished before that, and its facts printed. With run=1 media time goes on even while the
 * recorder is not ready. From fail_from_us to fail_to_us the disk fails. With a file of what
 * control desires, there are its recordings, all of the one stream under their keys, and the facts
 * of all are printed as an array. From away_us to back_us the streams are away and nothing is sent;
 * the other file is what is desired after it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/clock/clock.h"
#include "firmware/base/log.h"
#include "firmware/egress/records.h"
#include "hal/engine.h"
#include "tests/fault/disk.h"
#include "tests/fault/world.h"

#define UNITS_A_TURN 16

#define MAX_SINKS 16

struct tess_sink {
	const struct tess_sink_ops *ops; /* NULL: nobody */
	void *arg;
	int64_t after_us;
	bool up, discontinuity;
	uint64_t next; /* unit */
};

/** Stands in for the streams of the process: all give the same. */
struct tess_streams {
	struct world world;
	struct tess_sink sinks[MAX_SINKS];
};

struct life {
	struct tess_streams streams;
	struct tess_clock_virtual clock;
	struct tess_loop *loop;
	struct tess_timer *timer;
	struct tess_records *records;
	int64_t until_us, fail_from_us, fail_to_us, away_us, back_us;
	const char *formats, *desired, *then;
	int split_minutes;
	bool finish, run, finishing;
	uint64_t fragments; /* known committed */
	int64_t end_us;	    /* of what is on disk, in media time */
	bool is_away, was_away;
	int64_t begun_us; /* first unit of this life; -1 */
	int result;
};

int tess_streams_attach(struct tess_sink **sinkp, struct tess_streams *streams, const char *stream,
			const struct tess_sink_ops *ops, void *arg, int64_t after_dts_us)
{
	struct tess_sink *sink = streams->sinks;

	(void)stream;
	while (sink->ops)
		sink++;
	if (sink == streams->sinks + MAX_SINKS)
		abort();
	*sink = (struct tess_sink){.ops = ops, .arg = arg, .after_us = after_dts_us};
	*sinkp = sink;
	return 0;
}

void tess_streams_detach(struct tess_sink *sink)
{
	if (sink)
		sink->ops = NULL;
}

/** Oldest unit that the ring holds. */
static uint64_t oldest(const struct world *world)
{
	int64_t from_us = world->state->now_us - WORLD_RING_US;

	if (from_us < world->state->epoch_us)
		from_us = world->state->epoch_us;
	return world_find(world, from_us);
}

static uint64_t next_key(const struct world *world, uint64_t index)
{
	enum tess_track wanted = world->is_mp3 ? TESS_TRACK_AUDIO : TESS_TRACK_VIDEO;

	while (world_unit(world, index).track != wanted || !world_unit(world, index).key)
		index++;
	return index;
}

/** As tess_streams_attach() promises (sink.h). */
static void place_sink(const struct world *world, struct tess_sink *sink)
{
	uint64_t first = oldest(world);

	if (sink->after_us == TESS_SINK_NEWEST_KEY) {
		sink->next = next_key(world, first);
		for (uint64_t key = sink->next;
		     world_unit(world, key).dts_us <= world->state->now_us;
		     key = next_key(world, key + 1))
			sink->next = key;
	} else if (world_unit(world, first).dts_us <= sink->after_us) {
		while (world_unit(world, first).dts_us <= sink->after_us)
			first++;
		sink->next = first;
	} else {
		sink->next = next_key(world, first);
		sink->discontinuity = true;
	}
}

static void bring_up(struct life *life, struct tess_sink *sink)
{
	struct tess_streams *streams = &life->streams;
	struct tess_stream_info info = {
		.has_video = true,
		.has_audio = true,
		.audio_codec = TESS_CODEC_AAC,
		.audio_rate = streams->world.media.audio_rate,
		.audio_channels = 2,
		.audio_config_length = 2,
	};

	memcpy(info.audio_config, streams->world.media.audio_config, 2);
	if (streams->world.is_mp3) {
		static const uint8_t layer3[] = {0xf8, 0x46, 0x40}; /* 48 kHz, stereo */

		info.has_video = false;
		info.audio_codec = TESS_CODEC_MP3;
		info.audio_config_length = sizeof(layer3);
		memcpy(info.audio_config, layer3, sizeof(layer3));
	}
	place_sink(&streams->world, sink);
	sink->up = true;
	sink->ops->stream_up(sink->arg, &info, (uint64_t)streams->world.state->epoch_us + 1);
}

/** What is on disk of all of them, as the facts say. */
static int64_t committed_us(struct life *life)
{
	struct world_state *state = life->streams.world.state;
	struct tess_records_counters counters;
	int64_t least_us = INT64_MAX, end_us = INT64_MAX;
	json_t *facts, *fact;
	size_t i;

	tess_records_counters(life->records, &counters);
	if (counters.fragments == life->fragments)
		return state->committed_us;
	life->fragments = counters.fragments;
	facts = tess_records_facts(life->records);
	json_array_foreach(facts, i, fact)
	{
		json_int_t start = json_integer_value(json_object_get(fact, "start_utc_us"));
		json_int_t end = json_integer_value(json_object_get(fact, "end_utc_us"));

		least_us = end - start < least_us ? end - start : least_us;
		end_us = end - WORLD_UTC_US < end_us ? end - WORLD_UTC_US : end_us;
	}
	if (json_array_size(facts)) {
		state->committed_us = least_us;
		life->end_us = end_us;
	}
	json_decref(facts);
	return state->committed_us;
}

/** The names between commas. */
static json_t *formats_of(const struct life *life)
{
	json_t *formats = json_array();
	char text[64];

	(void)snprintf(text, sizeof(text), "%s", life->formats);
	for (char *name = strtok(text, ","); name; name = strtok(NULL, ","))
		json_array_append_new(formats, json_string(name));
	return formats;
}

static void desire(struct life *life, bool record)
{
	const char *file = life->was_away && life->then ? life->then : life->desired;
	json_t *desired = record && file ? json_load_file(file, 0, NULL)
			  : record ? json_pack("{s:[{s:i, s:s, s:i, s:s, s:o, s:i}]}", "records",
					       "id", 7, "stream", "mix-1", "app", 1400000001,
					       "prefix", "fault", "formats", formats_of(life),
					       "split_minutes", life->split_minutes)
				   : json_pack("{s:[]}", "records");

	tess_records_set_desired(life->records, desired);
	json_decref(desired);
}

/** Of those that are ready, or else of all, the one that is behind; NULL: there is none. */
static struct tess_sink *choose(struct tess_streams *streams, bool is_ready)
{
	struct tess_sink *chosen = NULL;

	for (struct tess_sink *sink = streams->sinks; sink < streams->sinks + MAX_SINKS; sink++) {
		if (sink->ops && sink->up && (!chosen || sink->next < chosen->next) &&
		    (!is_ready || sink->ops->ready(sink->arg)))
			chosen = sink;
	}
	return chosen;
}

static void advance(struct life *life, int64_t now_us)
{
	life->streams.world.state->now_us = now_us;
	life->clock.clock.advance_to(&life->clock.clock, now_us);
}

/** Of those that are not ready the ring may come round. */
static void overrun(struct life *life)
{
	const struct world *world = &life->streams.world;

	for (struct tess_sink *sink = life->streams.sinks; sink < life->streams.sinks + MAX_SINKS;
	     sink++) {
		if (!sink->ops || !sink->up ||
		    world_unit(world, sink->next).dts_us >= world->state->now_us - WORLD_RING_US)
			continue;
		sink->next = next_key(world, oldest(world));
		sink->discontinuity = true;
	}
}

/** @return whether there is more to feed at once */
static bool feed_one(struct life *life)
{
	struct tess_streams *streams = &life->streams;
	struct world_state *state = streams->world.state;
	struct tess_sink *sink = choose(streams, true);
	bool ready = sink != NULL;
	int64_t on_disk_us;
	struct tess_au au;

	if (!ready)
		sink = choose(streams, false);
	if (!sink)
		return false;
	au = world_unit(&streams->world, sink->next);
	(void)committed_us(life);
	on_disk_us = life->end_us;
	if (on_disk_us > 0)
		state->on_disk_us = on_disk_us;
	if (life->begun_us < 0)
		life->begun_us = au.dts_us;
	if (on_disk_us < life->begun_us)
		on_disk_us = life->begun_us;
	if (!life->run && (!ready || au.dts_us - on_disk_us > WORLD_AHEAD_US))
		return false;
	if (!ready) {
		advance(life, state->now_us + 66667);
		overrun(life);
		return false;
	}
	if (au.dts_us > state->now_us)
		advance(life, au.dts_us);
	au.discontinuity = sink->discontinuity;
	sink->discontinuity = false;
	sink->next++;
	if (!streams->world.is_mp3 || au.track == TESS_TRACK_AUDIO)
		sink->ops->au(sink->arg, &au);
	return true;
}

static void stop_when_finished(struct life *life)
{
	json_t *facts = tess_records_facts(life->records), *record;
	bool over = json_array_size(facts);
	size_t i;

	json_array_foreach(facts, i, record)
	{
		const char *state = json_string_value(json_object_get(record, "state"));

		if (state && !strcmp(state, "failed"))
			life->result = 1;
		else
			over = over && state && !strcmp(state, "finished");
	}
	if (over) {
		json_dumpf(life->desired ? facts : json_array_get(facts, 0), stdout, JSON_COMPACT);
		tess_loop_stop(life->loop);
	}
	json_decref(facts);
}

/** @return whether the streams are away now */
static bool go_away(struct life *life)
{
	struct world_state *state = life->streams.world.state;

	if (!life->away_us || life->was_away || state->now_us < life->away_us)
		return false;
	if (state->now_us < life->back_us) {
		for (struct tess_sink *sink = life->streams.sinks;
		     !life->is_away && sink < life->streams.sinks + MAX_SINKS; sink++) {
			if (sink->ops && sink->up)
				sink->ops->stream_away(sink->arg);
			sink->up = false;
		}
		life->is_away = true;
		advance(life, state->now_us + 66667);
		return true;
	}
	life->was_away = true;
	state->epoch_us = life->back_us;
	life->begun_us = -1;
	if (life->then)
		desire(life, true);
	return false;
}

static void feed(struct life *life)
{
	bool any = false;

	if (go_away(life))
		return;
	for (struct tess_sink *sink = life->streams.sinks; sink < life->streams.sinks + MAX_SINKS;
	     sink++) {
		if (sink->ops && !sink->up)
			bring_up(life, sink);
		any = any || sink->ops;
	}
	for (unsigned i = 0; any && i < UNITS_A_TURN && feed_one(life); i++)
		;
	if (!any)
		stop_when_finished(life); /* an earlier life had begun to finish it */
}

static void on_turn(void *arg)
{
	struct life *life = arg;
	struct world_state *state = life->streams.world.state;

	state->operations = disk_operations();
	disk_fail(state->now_us >= life->fail_from_us && state->now_us < life->fail_to_us);
	(void)committed_us(life);
	if (!disk_time(state->now_us)) {
		/* the disk is at work: time does not go on */
	} else if (life->finishing) {
		if (life->run)
			advance(life, state->now_us + 66667);
		stop_when_finished(life);
	} else if (state->now_us >= life->until_us) {
		if (life->finish) {
			life->finishing = true;
			desire(life, false);
		} else {
			tess_loop_stop(life->loop);
		}
	} else {
		feed(life);
	}
	tess_timer_start(life->timer, 100);
}

static void parse(struct life *life, int argc, char **argv)
{
	life->until_us = INT64_MAX;
	life->begun_us = -1;
	life->formats = "mp4";
	for (int i = 4; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		int64_t number = value ? strtoll(value + 1, NULL, 10) : 0;

		if (strncmp(argv[i], "until_us=", 9) == 0)
			life->until_us = number;
		else if (strncmp(argv[i], "fail_from_us=", 13) == 0)
			life->fail_from_us = number;
		else if (strncmp(argv[i], "fail_to_us=", 11) == 0)
			life->fail_to_us = number;
		else if (strncmp(argv[i], "formats=", 8) == 0)
			life->formats = value + 1;
		else if (strncmp(argv[i], "split_minutes=", 14) == 0)
			life->split_minutes = (int)number;
		else if (strncmp(argv[i], "desired=", 8) == 0)
			life->desired = value + 1;
		else if (strncmp(argv[i], "then=", 5) == 0)
			life->then = value + 1;
		else if (strncmp(argv[i], "away_us=", 8) == 0)
			life->away_us = number;
		else if (strncmp(argv[i], "back_us=", 8) == 0)
			life->back_us = number;
		else if (strncmp(argv[i], "finish=", 7) == 0)
			life->finish = number;
		else if (strncmp(argv[i], "run=", 4) == 0)
			life->run = number;
		else if (!disk_option(argv[i]))
			fprintf(stderr, "unknown option %s\n", argv[i]);
	}
}

int main(int argc, char **argv)
{
	struct tess_config config = {.egress = {.fragment_ms = 1000}};
	struct life life = {0};
	int error;

	if (argc < 4)
		return 2;
	tess_log_init("life", TESS_LOG_ERROR);
	parse(&life, argc, argv);
	(void)snprintf(config.egress.record_dir, sizeof(config.egress.record_dir), "%s", argv[1]);
	(void)snprintf(config.box.time_zone, sizeof(config.box.time_zone), "UTC");
	world_open(&life.streams.world, argv[2], argv[3]);
	life.streams.world.is_mp3 = !strcmp(life.formats, "mp3");
	tess_clock_virtual_init(&life.clock, life.streams.world.state->now_us,
				WORLD_UTC_US + life.streams.world.state->now_us);
	error = tess_loop_alloc(&life.loop);
	if (!error)
		error = tess_timer_alloc(&life.timer, life.loop, on_turn, &life);
	disk_begin();
	if (!error)
		error = tess_records_alloc(&life.records, life.loop, &life.streams,
					   &life.clock.clock, &config);
	if (error) {
		fprintf(stderr, "life: %s\n", strerror(-error));
		return 3;
	}
	life.fragments = UINT64_MAX;
	(void)committed_us(&life);
	desire(&life, true);
	tess_timer_start(life.timer, 0);
	(void)tess_loop_run(life.loop);
	tess_records_free(life.records);
	life.streams.world.state->operations = disk_operations();
	tess_timer_free(life.timer);
	tess_loop_free(life.loop);
	world_close(&life.streams.world);
	return life.result;
}
