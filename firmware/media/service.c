/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/service.c - the media process.
 */
#include "firmware/media/service.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/audio_soft/audio_soft.h"
#include "drivers/clock/clock.h"
#include "drivers/engines.h"
#include "firmware/base/keep.h"
#include "firmware/base/log.h"
#include "firmware/engine/measure.h"
#include "firmware/link/link.h"
#include "firmware/media/bridge.h"
#include "firmware/media/covers.h"
#include "firmware/media/pictures.h"
#include "firmware/media/streams.h"
#include "firmware/media/thread.h"

/* How often lost engines are looked after. */
#define ENGINES_US INT64_C(500000)

struct tess_media_service {
	struct tess_loop *loop;
	struct tess_engines *engines;
	struct tess_timer *engines_timer;
	struct tess_executor *executor;
	struct tess_pictures *pictures;
	struct tess_covers *covers;
	struct tess_bridge *bridge;
	struct tess_inputs *inputs;
	struct tess_media_thread **threads;
	struct tess_media_facts **facts; /* the newest of each worker */
	unsigned thread_count;
	struct tess_streams *streams;
	struct tess_link *control;
	int64_t epoch; /* of the desired state last taken on this link */
	atomic_bool notified;
	int error; /* why the process must end, 0: it need not */
};

static void send_facts(struct tess_media_service *service)
{
	struct tess_engine_facts engines[TESS_ENGINES_MAX];
	unsigned engine_count = tess_engines_facts(service->engines, engines);
	json_t *message = tess_media_facts_message(service->facts, service->thread_count, engines,
						   engine_count);
	int error;

	if (message &&
	    json_object_set_new(message, "pictures", tess_pictures_facts(service->pictures))) {
		json_decref(message);
		message = NULL;
	}
	error = message ? tess_link_send(service->control, message, NULL, 0) : -ENOMEM;
	if (error && error != -ENOTCONN)
		TESS_WARN("control.facts_not_sent", "error=%s", strerrordesc_np(-error));
	json_decref(message);
}

/* In the loop's thread: take what the workers have for us. */
static void on_notified(void *arg)
{
	struct tess_media_service *service = arg;
	bool facts = false;

	atomic_store(&service->notified, false);
	for (unsigned i = 0; i < service->thread_count; i++) {
		struct tess_media_worker *worker = tess_media_thread_worker(service->threads[i]);
		struct tess_media_facts *newest = tess_media_worker_take_facts(worker);
		struct tess_stream_event *event;

		while ((event = tess_media_worker_take_event(worker)))
			tess_streams_handle(service->streams, event);
		if (newest) {
			newest->net_spec = tess_media_thread_net(service->threads[i]);
			newest->at_us = tess_loop_now_us(service->loop);
			newest->cpu_us = tess_media_thread_cpu_us(service->threads[i]);
			tess_media_facts_free(service->facts[i]);
			service->facts[i] = newest;
			facts = true;
		}
	}
	if (facts)
		send_facts(service);
	for (unsigned i = 0; i < service->thread_count && !service->error; i++) {
		if (!tess_media_thread_is_lost(service->threads[i]))
			continue;
		/* whoever started us starts us again, and what is left is found out then */
		TESS_ERROR("media.net_lost", "media.net=%s error=\"the port is gone\"",
			   tess_media_thread_net(service->threads[i]));
		service->error = -ENODEV;
		tess_loop_stop(service->loop);
	}
}

/* In a worker's thread. */
static void notify(void *arg)
{
	struct tess_media_service *service = arg;

	if (!atomic_exchange(&service->notified, true) &&
	    tess_loop_call(service->loop, on_notified, service))
		atomic_store(&service->notified, false);
}

static void on_up(void *arg, struct tess_link *link)
{
	struct tess_media_service *service = arg;
	json_t *hello = json_pack("{s:s,s:s,s:i}", "type", "hello", "process", "media", "version",
				  TESS_LINK_VERSION);
	int error = hello ? tess_link_send(link, hello, NULL, 0) : -ENOMEM;

	json_decref(hello);
	TESS_INFO("control.up", "error=%d", error);
	service->epoch = 0;
	send_facts(service);
}

static void take_desired(struct tess_media_service *service, const json_t *message)
{
	struct tess_desired **parts = calloc(service->thread_count, sizeof(struct tess_desired *));
	char text[256] = "";
	int error = parts ? 0 : -ENOMEM;

	for (unsigned i = 0; i < service->thread_count && !error; i++)
		error = tess_desired_parse(&parts[i], message, i, service->thread_count, text,
					   sizeof(text));
	if (!error && parts[0]->epoch < service->epoch) {
		snprintf(text, sizeof(text), "epoch %lld after %lld", (long long)parts[0]->epoch,
			 (long long)service->epoch);
		error = -ESTALE;
	}
	if (error)
		TESS_ERROR("control.desired_refused", "error=%s reason=\"%s\"",
			   strerrordesc_np(-error), text);
	else
		service->epoch = parts[0]->epoch;
	if (!error)
		tess_pictures_keep(service->pictures, parts, service->thread_count);
	for (unsigned i = 0; parts && i < service->thread_count; i++) {
		if (error)
			tess_desired_free(parts[i]);
		else
			tess_media_worker_apply(tess_media_thread_worker(service->threads[i]),
						parts[i]);
	}
	free(parts);
}

static void take_picture(struct tess_media_service *service, const json_t *message, int fd)
{
	int error = tess_pictures_take(service->pictures, message, fd);

	if (error)
		TESS_ERROR("control.picture_refused", "error=\"%s\"", strerrordesc_np(-error));
}

static void on_cover(void *arg, const json_t *message, int fd)
{
	struct tess_media_service *service = arg;
	int error = tess_link_send(service->control, message, &fd, fd >= 0);

	if (error)
		TESS_WARN("control.cover_not_sent", "error=%s", strerrordesc_np(-error));
}

static void take_cover(struct tess_media_service *service, const json_t *message, int fd)
{
	int error = tess_covers_take(service->covers, message, fd);

	if (error)
		TESS_WARN("control.cover_refused", "error=\"%s\"", strerrordesc_np(-error));
}

static void on_message(void *arg, struct tess_link *link, json_t *message, int *fds,
		       unsigned fd_count)
{
	const char *type = json_string_value(json_object_get(message, "type"));

	(void)link;
	if (type && !strcmp(type, "picture") && fd_count == 1)
		take_picture(arg, message, fds[0]);
	else if (type && !strcmp(type, "cover") && fd_count == 1)
		take_cover(arg, message, fds[0]);
	else if (type && !strcmp(type, "desired"))
		take_desired(arg, message);
	else
		TESS_WARN("control.unknown_message", "type=\"%s\"", type ? type : "");
	for (unsigned i = 0; i < fd_count; i++)
		(void)close(fds[i]);
}

static void on_down(void *arg, struct tess_link *link)
{
	(void)arg;
	(void)link;
	TESS_WARN("control.down", "action=reconnect");
}

static unsigned codec_threads(const struct tess_config *config)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (config->media.codec_threads)
		return config->media.codec_threads;
	return cores > 0 ? (unsigned)cores : 1;
}

/* The CPU's work is paid in CPU time, which others on the machine do not take from; a device's in
 * real time. */
static int measure(struct tess_engine *engine, struct tess_work *capacity, const char **what)
{
	struct tess_engine_info info = {0};

	engine->driver->info(engine, &info);
	return tess_engine_measure(engine,
				   info.shared_units ? tess_clock_thread() : tess_clock_system(),
				   capacity, what);
}

static void on_engines(void *arg)
{
	struct tess_media_service *service = arg;

	tess_engines_step(service->engines);
	tess_timer_start(service->engines_timer, ENGINES_US);
}

static int open_engines(struct tess_media_service *service, const struct tess_config *config)
{
	const struct tess_engines_config engines = {
		.clock = tess_clock_system(),
		.drivers = tess_engine_drivers(),
		.engine = config->media.engine,
		.devices = config->media.devices,
		.threads = codec_threads(config),
		.max_load = config->media.max_load,
		.measure = measure,
		.kept = tess_keep_find(),
	};
	int error;

	_Static_assert(sizeof(struct tess_engines_kept) <= TESS_KEEP_SIZE, "room for all engines");
	_Static_assert(TESS_CONFIG_DEVICE == TESS_ENGINE_DEVICE_MAX &&
			       TESS_CONFIG_DEVICES == TESS_ENGINES_DEVICES,
		       "the configuration names devices as engines do");
	error = tess_engines_open(&service->engines, &engines);
	if (error) {
		TESS_ERROR("engine.none", "error=\"%s\"", strerrordesc_np(-error));
		return error;
	}
	error = tess_timer_alloc(&service->engines_timer, service->loop, on_engines, service);
	if (!error)
		tess_timer_start(service->engines_timer, ENGINES_US);
	return error;
}

static void stop_threads(struct tess_media_service *service)
{
	for (unsigned i = 0; i < service->thread_count; i++)
		tess_media_thread_stop(service->threads[i]);
	service->thread_count = 0;
}

/* All workers with the port @spec, which @setting named, or none. */
static int start_with(struct tess_media_service *service, const struct tess_config *config,
		      const char *setting, const char *spec)
{
	const struct tess_media_worker_config worker = {
		.clock = tess_clock_system(),
		.engines = service->engines,
		.audio = &tess_audio_soft,
		.executor = service->executor,
		.pictures = service->pictures,
		.bridge = service->bridge,
		.inputs = service->inputs,
		.jitter_us = config->media.jitter_ms * 1000,
		.notify = notify,
		.notify_arg = service,
	};
	char reason[256] = "";
	struct tess_net_config net = {
		.spec = spec,
		.workers = config->media.workers,
		.port_min = config->media.rtp_port_min,
		.port_max = config->media.rtp_port_max,
		.reason = reason,
		.reason_size = sizeof(reason),
	};

	for (unsigned i = 0; i < config->media.workers; i++) {
		int error;

		net.worker = i;
		error = tess_media_thread_start(&service->threads[i], &net, &worker);
		if (error) {
			TESS_ERROR("media.net_failed", "%s=%s error=\"%s\" reason=\"%s\"", setting,
				   spec, strerrordesc_np(-error), reason);
			stop_threads(service);
			return error;
		}
		service->thread_count++;
	}
	return 0;
}

static int start_threads(struct tess_media_service *service, const struct tess_config *config)
{
	int error;

	service->threads = calloc(config->media.workers, sizeof(struct tess_media_thread *));
	service->facts = calloc(config->media.workers, sizeof(struct tess_media_facts *));
	if (!service->threads || !service->facts)
		return -ENOMEM;
	error = start_with(service, config, "media.net", config->media.net);
	if (error && config->media.net_fallback[0])
		error = start_with(service, config, "media.net_fallback",
				   config->media.net_fallback);
	return error;
}

static int start_links(struct tess_media_service *service, const struct tess_config *config)
{
	static const struct tess_link_handlers handlers = {
		.up = on_up,
		.message = on_message,
		.down = on_down,
	};
	char path[sizeof(config->box.run_dir) + 16];
	int error;

	snprintf(path, sizeof(path), "%s/streams.sock", config->box.run_dir);
	error = tess_streams_alloc(&service->streams, service->loop, path, service->inputs);
	if (error) {
		TESS_ERROR("streams.listen_failed", "path=%s error=%s", path,
			   strerrordesc_np(-error));
		return error;
	}
	snprintf(path, sizeof(path), "%s/control.sock", config->box.run_dir);
	return tess_link_connect(&service->control, service->loop, path, &handlers, service);
}

int tess_media_service_start(struct tess_media_service **servicep, struct tess_loop *loop,
			     const struct tess_config *config)
{
	struct tess_media_service *service = calloc(1, sizeof(*service));
	int error;

	if (!service)
		return -ENOMEM;
	service->loop = loop;
	/* the workers' first news waits in the loop until all is there */
	error = open_engines(service, config);
	if (!error)
		error = tess_executor_alloc(&service->executor, codec_threads(config));
	if (!error)
		error = tess_pictures_alloc(&service->pictures, service->executor);
	if (!error)
		error = tess_covers_alloc(&service->covers, loop, service->executor, on_cover,
					  service);
	if (!error)
		error = tess_bridge_alloc(&service->bridge);
	if (!error)
		error = tess_inputs_alloc(&service->inputs);
	if (!error)
		error = start_threads(service, config);
	if (!error)
		error = start_links(service, config);
	if (error) {
		tess_media_service_stop(service);
		return error;
	}
	TESS_INFO("media.started", "engine=%s codec_threads=%u workers=%u net=%s jitter_ms=%u",
		  config->media.engine, codec_threads(config), service->thread_count,
		  tess_media_thread_net(service->threads[0]), config->media.jitter_ms);
	*servicep = service;
	return 0;
}

int tess_media_service_error(const struct tess_media_service *service)
{
	return service->error;
}

void tess_media_service_stop(struct tess_media_service *service)
{
	if (!service)
		return;
	tess_link_free(service->control);
	for (unsigned i = 0; i < service->thread_count; i++)
		tess_media_facts_free(service->facts[i]);
	stop_threads(service);
	free(service->threads);
	free(service->facts);
	tess_pictures_free(service->pictures);
	tess_covers_free(service->covers);
	tess_bridge_free(service->bridge);
	tess_executor_free(service->executor);
	tess_streams_free(service->streams);
	tess_inputs_free(service->inputs);
	tess_timer_free(service->engines_timer);
	tess_engines_close(service->engines);
	free(service);
}
