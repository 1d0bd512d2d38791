/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/replay.c - the media process on virtual time.
 */
#include "firmware/media/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/audio_soft/audio_soft.h"
#include "drivers/clock/clock.h"
#include "drivers/engines.h"
#include "drivers/net_pcap/net_pcap.h"
#include "firmware/media/pictures.h"
#include "firmware/media/bridge.h"
#include "firmware/media/worker.h"
#include "pipeline/stream/ring.h"

#define NET_PACKETS 4096
/* How long it goes on after all packets and steps, if the scenario does not say. */
#define TAIL_US INT64_C(1000000)
/* The worker is stepped at least this often, which is twice as often as by its thread. */
#define STEP_US INT64_C(10000)

/* A stream that is being read. */
struct reading {
	struct reading *next;
	struct tess_ring_reader *reader;
	char stream[TESS_DESIRED_NAME];
};

struct replay {
	const json_t *steps;
	size_t next_step;
	const struct tess_media_replay_handlers *handlers;
	struct tess_clock_virtual clock;
	struct tess_net *net;
	struct tess_engines *engines;
	struct tess_executor *executor;
	struct tess_pictures *pictures;
	struct tess_bridge *bridge;
	struct tess_media_worker *worker;
	struct reading *readings;
	uint8_t *buffer;
	size_t capacity;
	char *error;
	size_t error_size;
};

static int fail(struct replay *replay, int error, const char *what)
{
	if (!replay->error[0])
		snprintf(replay->error, replay->error_size, "%s: %s", what,
			 strerrordesc_np(-error));
	return error;
}

static int64_t scenario_us(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name)) * 1000;
}

/* Read the next access unit; @retval 1 one was read, 0 there is none now, negative: failed */
static int read_one(struct replay *replay, struct reading *reading)
{
	struct tess_au au;
	size_t needed;
	int error = tess_ring_read(reading->reader, &au, replay->buffer, replay->capacity, &needed);

	if (error == -EMSGSIZE) {
		uint8_t *buffer = realloc(replay->buffer, needed);

		if (!buffer)
			return -ENOMEM;
		replay->buffer = buffer;
		replay->capacity = needed;
		return read_one(replay, reading);
	}
	if (error)
		return error == -EAGAIN || error == -EPIPE ? 0 : error;
	replay->handlers->au(replay->handlers->arg, reading->stream,
			     tess_ring_reader_epoch(reading->reader),
			     tess_ring_reader_info(reading->reader), &au);
	return 1;
}

static int read_streams(struct replay *replay)
{
	int more = 0;

	for (struct reading *reading = replay->readings; reading; reading = reading->next) {
		while ((more = read_one(replay, reading)) > 0)
			;
		if (more < 0)
			return fail(replay, more, "ring");
	}
	return 0;
}

static int begin_reading(struct replay *replay, const struct tess_stream_event *event)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	int error;

	if (!reading)
		return -ENOMEM;
	memcpy(reading->stream, event->stream, sizeof(reading->stream));
	error = tess_ring_reader_alloc(&reading->reader, event->memfd);
	if (error) {
		free(reading);
		return error;
	}
	tess_ring_seek_oldest(reading->reader);
	reading->next = replay->readings;
	replay->readings = reading;
	return 0;
}

/* Everything that one step of the worker has brought out. */
static int collect(struct replay *replay, int64_t now_us)
{
	struct tess_media_facts *facts = tess_media_worker_take_facts(replay->worker);
	struct tess_stream_event *event;
	int error = 0;

	if (facts && replay->handlers->facts)
		replay->handlers->facts(replay->handlers->arg, now_us, facts);
	tess_media_facts_free(facts);
	while (!error && (event = tess_media_worker_take_event(replay->worker))) {
		if (event->memfd >= 0)
			error = begin_reading(replay, event);
		tess_stream_event_free(event);
	}
	return error ? fail(replay, error, "stream") : read_streams(replay);
}

/* Give the worker the states whose time has come. @return when the next one comes */
static int apply_steps(struct replay *replay, int64_t now_us, int64_t *next_us)
{
	while (replay->next_step < json_array_size(replay->steps)) {
		const json_t *step = json_array_get(replay->steps, replay->next_step);
		struct tess_desired *desired;
		int error;

		*next_us = TESS_MEDIA_REPLAY_START_US + scenario_us(step, "at_ms");
		if (*next_us > now_us)
			return 0;
		error = tess_desired_parse(&desired, json_object_get(step, "desired"), 0, 1,
					   replay->error, replay->error_size);
		if (error)
			return error == -EBADMSG ? -EINVAL : error;
		tess_media_worker_apply(replay->worker, desired);
		replay->next_step++;
	}
	*next_us = INT64_MAX;
	return 0;
}

static int run(struct replay *replay, int64_t end_us)
{
	const struct tess_clock *clock = &replay->clock.clock;
	bool packets = true;

	for (;;) {
		int64_t now_us = tess_clock_now_us(clock);
		int64_t next_us, due_us;
		int error = apply_steps(replay, now_us, &next_us);

		if (error)
			return fail(replay, error, "scenario");
		tess_engines_step(replay->engines);
		due_us = tess_media_worker_step(replay->worker, now_us);
		error = collect(replay, now_us);
		if (error)
			return error;
		if (!packets && next_us == INT64_MAX && end_us == INT64_MAX)
			end_us = now_us + TAIL_US;
		if (now_us >= end_us)
			return 0;
		due_us = due_us < next_us ? due_us : next_us;
		due_us = due_us < now_us + STEP_US ? due_us : now_us + STEP_US;
		error = replay->net->driver->wait(replay->net, due_us < end_us ? due_us : end_us);
		if (error == -ENODATA)
			packets = false;
		else if (error)
			return fail(replay, error, "capture");
	}
}

static int open_engines(struct replay *replay)
{
	const struct tess_engine_driver *const *drivers = replay->handlers->drivers;
	const struct tess_engines_config config = {
		.clock = &replay->clock.clock,
		.drivers = drivers ? drivers : tess_engine_drivers(),
		.engine = drivers ? "auto" : "soft",
		.devices = replay->handlers->devices,
		.threads = 1,
	};

	return tess_engines_open(&replay->engines, &config);
}

static int open_all(struct replay *replay, const char *capture, uint32_t jitter_us)
{
	struct tess_media_worker_config config = {
		.clock = &replay->clock.clock,
		.audio = &tess_audio_soft,
		.jitter_us = jitter_us,
	};
	char spec[4096 + 8];
	int error;

	tess_clock_virtual_init(&replay->clock, TESS_MEDIA_REPLAY_START_US,
				TESS_MEDIA_REPLAY_UTC_US);
	snprintf(spec, sizeof(spec), "pcap:%s", capture);
	error = tess_net_pcap.open(&replay->net, &(struct tess_net_config){.spec = spec,
									   .packets = NET_PACKETS,
									   .clock = config.clock});
	if (error) {
		replay->net = NULL;
		return fail(replay, error, capture);
	}
	error = open_engines(replay);
	if (error)
		return fail(replay, error, "engine");
	error = tess_executor_alloc(&replay->executor, 0);
	if (error)
		return fail(replay, error, "executor");
	error = tess_pictures_alloc(&replay->pictures, replay->executor);
	for (const struct tess_media_replay_picture *p = replay->handlers->pictures;
	     p && p->key && !error; p++)
		error = tess_pictures_put(replay->pictures, p->key, p->data, p->length);
	if (error)
		return fail(replay, error, "pictures");
	config.pictures = replay->pictures;
	error = tess_bridge_alloc(&replay->bridge);
	if (error)
		return fail(replay, error, "bridge");
	config.net = replay->net;
	config.engines = replay->engines;
	config.executor = replay->executor;
	config.bridge = replay->bridge;
	error = tess_media_worker_alloc(&replay->worker, &config);
	return error ? fail(replay, error, "worker") : 0;
}

static void close_all(struct replay *replay)
{
	while (replay->readings) {
		struct reading *reading = replay->readings;

		replay->readings = reading->next;
		tess_ring_reader_free(reading->reader);
		free(reading);
	}
	tess_media_worker_free(replay->worker);
	tess_pictures_free(replay->pictures);
	tess_bridge_free(replay->bridge);
	tess_executor_free(replay->executor);
	tess_engines_close(replay->engines);
	tess_net_pcap.close(replay->net);
	free(replay->buffer);
}

int tess_media_replay(const char *capture, const json_t *scenario,
		      const struct tess_media_replay_handlers *handlers, char *error,
		      size_t error_size)
{
	struct replay replay = {
		.steps = json_object_get(scenario, "steps"),
		.handlers = handlers,
		.error = error,
		.error_size = error_size,
	};
	const json_t *end = json_object_get(scenario, "end_ms");
	int result;

	error[0] = '\0';
	if (!json_is_array(replay.steps)) {
		snprintf(error, error_size, "scenario: \"steps\" is missing");
		return -EINVAL;
	}
	result = open_all(&replay, capture, (uint32_t)scenario_us(scenario, "jitter_ms"));
	if (!result)
		result = run(&replay,
			     end ? TESS_MEDIA_REPLAY_START_US + json_integer_value(end) * 1000
				 : INT64_MAX);
	close_all(&replay);
	return result;
}
