/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/worker.c - a room worker.
 */
#include "firmware/media/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/media/receiver.h"
#include "firmware/media/room.h"

/* RTCP, ports to be tried again, changes of state. */
#define HOUSEKEEP_US INT64_C(50000)
/* Facts that nothing has changed in. */
#define FACTS_US INT64_C(1000000)
/* A flood of packets may not keep the ticks of the mixes waiting. */
#define MAX_BURSTS 64

struct tess_media_worker {
	struct tess_media_context context;
	void (*notify)(void *arg);
	void *notify_arg;
	struct tess_room **rooms;
	unsigned room_count;
	int64_t housekeep_us, facts_us; /* when they are due */
	uint64_t fingerprint;

	_Atomic(struct tess_desired *) desired;
	_Atomic(struct tess_media_facts *) facts;
	pthread_mutex_t event_lock;
	struct tess_stream_event *events, **event_tail;
};

int tess_media_worker_alloc(struct tess_media_worker **workerp,
			    const struct tess_media_worker_config *config)
{
	struct tess_media_worker *worker = calloc(1, sizeof(*worker));
	int64_t now_us = tess_clock_now_us(config->clock);
	int error;

	if (!worker)
		return -ENOMEM;
	pthread_mutex_init(&worker->event_lock, NULL);
	worker->event_tail = &worker->events;
	worker->notify = config->notify;
	worker->notify_arg = config->notify_arg;
	worker->housekeep_us = now_us;
	worker->facts_us = now_us;
	worker->context = (struct tess_media_context){
		.clock = config->clock,
		.net = config->net,
		.engines = config->engines,
		.audio = config->audio,
		.executor = config->executor,
		.pictures = config->pictures,
		.bridge = config->bridge,
		.inputs = config->inputs,
		.jitter_us = config->jitter_us,
		.utc_offset_us = tess_clock_utc_us(config->clock) - now_us,
	};
	worker->context.pcm =
		calloc(TESS_AUDIO_MAX_FRAMES * TESS_AUDIO_CHANNELS, sizeof(*worker->context.pcm));
	error = tess_flows_alloc(&worker->context.flows, config->net);
	if (error || !worker->context.pcm) {
		tess_media_worker_free(worker);
		return -ENOMEM;
	}
	*workerp = worker;
	return 0;
}

void tess_media_worker_free(struct tess_media_worker *worker)
{
	struct tess_stream_event *event;

	if (!worker)
		return;
	for (unsigned i = 0; i < worker->room_count; i++)
		tess_room_free(worker->rooms[i]);
	free(worker->rooms);
	tess_flows_free(worker->context.flows);
	free(worker->context.pcm);
	tess_desired_free(atomic_load(&worker->desired));
	tess_media_facts_free(atomic_load(&worker->facts));
	while ((event = tess_media_worker_take_event(worker)))
		tess_stream_event_free(event);
	pthread_mutex_destroy(&worker->event_lock);
	free(worker);
}

static void notify(struct tess_media_worker *worker)
{
	if (worker->notify)
		worker->notify(worker->notify_arg);
}

void tess_media_worker_apply(struct tess_media_worker *worker, struct tess_desired *desired)
{
	tess_desired_free(atomic_exchange(&worker->desired, desired));
	worker->context.net->driver->wake(worker->context.net);
}

struct tess_media_facts *tess_media_worker_take_facts(struct tess_media_worker *worker)
{
	return atomic_exchange(&worker->facts, NULL);
}

struct tess_stream_event *tess_media_worker_take_event(struct tess_media_worker *worker)
{
	struct tess_stream_event *event;

	pthread_mutex_lock(&worker->event_lock);
	event = worker->events;
	if (event) {
		worker->events = event->next;
		if (!worker->events)
			worker->event_tail = &worker->events;
	}
	pthread_mutex_unlock(&worker->event_lock);
	return event;
}

void tess_stream_event_free(struct tess_stream_event *event)
{
	if (!event)
		return;
	if (event->memfd >= 0)
		(void)close(event->memfd);
	if (event->eventfd >= 0)
		(void)close(event->eventfd);
	free(event);
}

/* The stream's descriptors go out as duplicates: the ring may be gone before they are handed on. */
static void on_stream(void *arg, const char *stream, uint64_t epoch, int memfd, int eventfd)
{
	struct tess_media_worker *worker = arg;
	struct tess_stream_event *event = calloc(1, sizeof(*event));

	if (event) {
		memcpy(event->stream, stream, strnlen(stream, sizeof(event->stream) - 1));
		event->epoch = epoch;
		event->memfd = memfd >= 0 ? fcntl(memfd, F_DUPFD_CLOEXEC, 3) : -1;
		event->eventfd = eventfd >= 0 ? fcntl(eventfd, F_DUPFD_CLOEXEC, 3) : -1;
	}
	if (!event || (memfd >= 0 && (event->memfd < 0 || event->eventfd < 0))) {
		TESS_ERROR("stream.not_announced", "stream=%s error=%s", stream,
			   event ? strerrordesc_np(errno) : strerrordesc_np(ENOMEM));
		tess_stream_event_free(event);
		return;
	}
	pthread_mutex_lock(&worker->event_lock);
	*worker->event_tail = event;
	worker->event_tail = &event->next;
	pthread_mutex_unlock(&worker->event_lock);
	notify(worker);
}

static struct tess_room *find_room(const struct tess_media_worker *worker, const char *name)
{
	for (unsigned i = 0; i < worker->room_count; i++) {
		if (!strcmp(tess_room_name(worker->rooms[i]), name))
			return worker->rooms[i];
	}
	return NULL;
}

static void need_room(struct tess_media_worker *worker, const char *name)
{
	struct tess_room **rooms;

	if (find_room(worker, name))
		return;
	rooms = realloc(worker->rooms, (worker->room_count + 1) * sizeof(struct tess_room *));
	if (rooms)
		worker->rooms = rooms;
	if (!rooms || tess_room_alloc(&rooms[worker->room_count], name, &worker->context, on_stream,
				      worker)) {
		TESS_ERROR("room.open_failed", "room=%s reason=memory", name);
		return;
	}
	worker->room_count++;
}

static void reconcile(struct tess_media_worker *worker, const struct tess_desired *desired,
		      int64_t now_us)
{
	unsigned kept = 0;

	/* all that goes first: it may hold ports that something new is to have */
	for (unsigned i = 0; i < worker->room_count; i++)
		tess_room_prune(worker->rooms[i], desired);
	for (unsigned i = 0; i < desired->publisher_count; i++)
		need_room(worker, desired->publishers[i].room);
	for (unsigned i = 0; i < desired->mix_count; i++)
		need_room(worker, desired->mixes[i].room);
	for (unsigned i = 0; i < worker->room_count; i++) {
		struct tess_room *room = worker->rooms[i];

		tess_room_grow(room, desired, now_us);
		if (tess_room_is_empty(room))
			tess_room_free(room);
		else
			worker->rooms[kept++] = room;
	}
	worker->room_count = kept;
	worker->housekeep_us = now_us;
}

static void receive(struct tess_media_worker *worker)
{
	struct tess_net *net = worker->context.net;
	struct tess_packet *packets[TESS_NET_BURST];
	unsigned count = TESS_NET_BURST;

	for (unsigned burst = 0; burst < MAX_BURSTS && count == TESS_NET_BURST; burst++) {
		count = net->driver->rx_burst(net, packets, TESS_NET_BURST);
		for (unsigned i = 0; i < count; i++) {
			void *owner = tess_flows_owner(worker->context.flows, packets[i]);

			if (owner)
				tess_receiver_receive(owner, packets[i]);
			else
				tess_packet_release(packets[i]);
		}
	}
}

static void publish_facts(struct tess_media_worker *worker, int64_t now_us)
{
	unsigned publishers = 0, mixes = 0;
	struct tess_media_facts *facts;

	for (unsigned i = 0; i < worker->room_count; i++) {
		unsigned room_publishers, room_mixes;

		tess_room_count(worker->rooms[i], &room_publishers, &room_mixes);
		publishers += room_publishers;
		mixes += room_mixes;
	}
	if (tess_media_facts_alloc(&facts, publishers, mixes))
		return; /* the next ones come in a second */
	for (unsigned i = 0; i < worker->room_count; i++)
		tess_room_facts(worker->rooms[i], now_us, facts);
	worker->context.net->driver->stats(worker->context.net, &facts->net);
	tess_media_facts_free(atomic_exchange(&worker->facts, facts));
	notify(worker);
}

static void housekeep(struct tess_media_worker *worker, int64_t now_us)
{
	uint64_t fingerprint = worker->room_count;

	for (unsigned i = 0; i < worker->room_count; i++) {
		tess_room_housekeep(worker->rooms[i], now_us);
		fingerprint = fingerprint * 31 + tess_room_fingerprint(worker->rooms[i], now_us);
	}
	worker->housekeep_us = now_us + (worker->room_count ? HOUSEKEEP_US : FACTS_US);
	if (now_us >= worker->facts_us) {
		for (unsigned i = 0; i < worker->room_count; i++)
			tess_room_measure(worker->rooms[i], now_us);
		worker->facts_us = now_us + FACTS_US - (now_us - worker->facts_us) % FACTS_US;
		publish_facts(worker, now_us);
	} else if (fingerprint != worker->fingerprint) {
		publish_facts(worker, now_us);
	}
	worker->fingerprint = fingerprint;
}

int64_t tess_media_worker_step(struct tess_media_worker *worker, int64_t now_us)
{
	struct tess_desired *desired = atomic_exchange(&worker->desired, NULL);
	int64_t next_us = INT64_MAX;

	if (desired) {
		reconcile(worker, desired, now_us);
		tess_desired_free(desired);
	}
	receive(worker);
	for (unsigned i = 0; i < worker->room_count; i++) {
		int64_t due_us = tess_room_step(worker->rooms[i], now_us);

		next_us = due_us < next_us ? due_us : next_us;
	}
	if (now_us >= worker->housekeep_us)
		housekeep(worker, now_us);
	worker->context.net->driver->flush(worker->context.net);
	/* with rooms there is a step soon enough anyway */
	return worker->room_count ? next_us : worker->housekeep_us;
}

bool tess_media_worker_is_active(const struct tess_media_worker *worker)
{
	return worker->room_count != 0;
}
