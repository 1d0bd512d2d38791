/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/streams.c - rings in, access units out to each sink at its own cursor.
 *
 * All news (a ring, its end, an access unit, a new sink) only marks the stream; pump() then brings
 * each sink from what it was told last to what is true now. So the order of calls to a sink is in
 * one place, and none is ever made from within a call of the sink's owner.
 */
#include "firmware/egress/streams.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "pipeline/stream/ring.h"

/* a sink that was not ready is asked again */
#define RETRY_US     20000
#define FIRST_BUFFER (256u << 10)
/* no sink may hold the loop for longer than this many access units at a time */
#define MAX_UNITS_A_TURN 512

enum state {
	STATE_ABSENT = 1,
	STATE_UP,
	STATE_AWAY,
	STATE_ENDED,
};

struct stream {
	struct stream *next;
	struct tess_streams *streams;
	struct tess_sink *sinks;
	char key[TESS_STREAM_KEY_SIZE];
	enum state state;
	uint64_t epoch;
	uint64_t generation; /* rises with each ring: a reader of another one is out of date */
	int memfd, eventfd;  /* -1: none yet */
	struct tess_watch *watch;
	bool dirty;
	bool own; /* its ring is this process's */
};

struct tess_sink {
	struct tess_sink *next;
	struct stream *stream;
	const struct tess_sink_ops *ops;
	void *arg;
	bool detached; /* freed at the end of the pump that runs */
	enum state told;
	int64_t after_dts_us;
	bool attached_before; /* after_dts_us was used up by an earlier ring */
	struct tess_ring_reader *reader;
	uint64_t generation;
	bool need_key, discontinuity;
};

struct tess_streams {
	struct tess_loop *loop;
	struct tess_timer *soon, *retry;
	struct stream *list;
	unsigned count;
	uint8_t *buffer;
	size_t buffer_size;
};

static void pump(struct stream *stream);

static void on_soon(void *arg)
{
	struct tess_streams *streams = arg;
	struct stream *next;

	for (struct stream *stream = streams->list; stream; stream = next) {
		next = stream->next;
		if (stream->dirty)
			pump(stream);
	}
}

int tess_streams_alloc(struct tess_streams **streamsp, struct tess_loop *loop)
{
	struct tess_streams *streams = calloc(1, sizeof(*streams));

	if (!streams)
		return -ENOMEM;
	streams->loop = loop;
	streams->buffer = malloc(FIRST_BUFFER);
	streams->buffer_size = FIRST_BUFFER;
	if (!streams->buffer || tess_timer_alloc(&streams->soon, loop, on_soon, streams) ||
	    tess_timer_alloc(&streams->retry, loop, on_soon, streams)) {
		tess_streams_free(streams);
		return -ENOMEM;
	}
	*streamsp = streams;
	return 0;
}

static void drop_ring(struct stream *stream)
{
	tess_watch_remove(stream->watch);
	stream->watch = NULL;
	if (stream->memfd >= 0)
		(void)close(stream->memfd);
	if (stream->eventfd >= 0)
		(void)close(stream->eventfd);
	stream->memfd = stream->eventfd = -1;
}

static void free_detached(struct stream *stream)
{
	struct tess_sink **linkp = &stream->sinks;

	while (*linkp) {
		struct tess_sink *sink = *linkp;

		if (!sink->detached) {
			linkp = &sink->next;
			continue;
		}
		*linkp = sink->next;
		tess_ring_reader_free(sink->reader);
		free(sink);
	}
}

static void stream_free(struct stream *stream)
{
	struct stream **linkp = &stream->streams->list;

	while (*linkp != stream)
		linkp = &(*linkp)->next;
	*linkp = stream->next;
	stream->streams->count--;
	drop_ring(stream);
	free_detached(stream);
	free(stream);
}

void tess_streams_free(struct tess_streams *streams)
{
	if (!streams)
		return;
	while (streams->list)
		stream_free(streams->list);
	tess_timer_free(streams->soon);
	tess_timer_free(streams->retry);
	free(streams->buffer);
	free(streams);
}

static struct stream *stream_find(struct tess_streams *streams, const char *key)
{
	for (struct stream *stream = streams->list; stream; stream = stream->next) {
		if (!strcmp(stream->key, key))
			return stream;
	}
	return NULL;
}

/** Find or make. @retval 0, -EINVAL, -ENOSPC, -ENOMEM */
static int stream_get(struct stream **streamp, struct tess_streams *streams, const char *key)
{
	struct stream *stream = stream_find(streams, key);
	size_t length = strlen(key);

	if (length == 0 || length >= TESS_STREAM_KEY_SIZE)
		return -EINVAL;
	if (!stream) {
		if (streams->count >= TESS_STREAMS_MAX)
			return -ENOSPC;
		stream = calloc(1, sizeof(*stream));
		if (!stream)
			return -ENOMEM;
		stream->streams = streams;
		memcpy(stream->key, key, length);
		stream->state = STATE_ABSENT;
		stream->memfd = stream->eventfd = -1;
		stream->next = streams->list;
		streams->list = stream;
		streams->count++;
	}
	*streamp = stream;
	return 0;
}

static void mark(struct stream *stream)
{
	stream->dirty = true;
	tess_timer_start(stream->streams->soon, 0);
}

int tess_streams_attach(struct tess_sink **sinkp, struct tess_streams *streams, const char *key,
			const struct tess_sink_ops *ops, void *arg, int64_t after_dts_us)
{
	struct tess_sink *sink = calloc(1, sizeof(*sink));
	int rc;

	if (!sink)
		return -ENOMEM;
	rc = stream_get(&sink->stream, streams, key);
	if (rc) {
		free(sink);
		return rc == -ENOSPC ? -ENOMEM : rc;
	}
	sink->ops = ops;
	sink->arg = arg;
	sink->told = STATE_ABSENT;
	sink->after_dts_us = after_dts_us;
	sink->next = sink->stream->sinks;
	sink->stream->sinks = sink;
	mark(sink->stream);
	*sinkp = sink;
	return 0;
}

void tess_streams_detach(struct tess_sink *sink)
{
	if (!sink)
		return;
	sink->detached = true;
	mark(sink->stream);
}

/** Put the cursor of a sink's first reader where the sink asked for. */
static void seek_first(struct tess_sink *sink, bool has_video)
{
	if (sink->after_dts_us == TESS_SINK_NEWEST_KEY) {
		sink->need_key = tess_ring_seek_key(sink->reader) != 0 && has_video;
		if (sink->need_key)
			tess_ring_seek_newest(sink->reader);
	} else if (tess_ring_seek_after(sink->reader, sink->after_dts_us)) {
		sink->need_key = has_video;
		sink->discontinuity = true;
	}
}

/** Open the stream's present ring for a sink. @retval 0 or negative errno */
static int open_reader(struct tess_sink *sink)
{
	struct stream *stream = sink->stream;
	struct tess_ring_reader *reader;
	bool has_video;
	int rc = tess_ring_reader_alloc(&reader, stream->memfd);

	if (rc)
		return rc;
	tess_ring_reader_free(sink->reader);
	sink->reader = reader;
	sink->generation = stream->generation;
	has_video = tess_ring_reader_info(reader)->has_video;
	sink->need_key = sink->discontinuity = false;
	if (sink->attached_before) {
		tess_ring_seek_oldest(reader);
		sink->need_key = has_video;
	} else {
		seek_first(sink, has_video);
	}
	sink->attached_before = true;
	return 0;
}

static int read_unit(struct tess_sink *sink, struct tess_au *au)
{
	struct tess_streams *streams = sink->stream->streams;
	size_t needed = 0;
	int rc = tess_ring_read(sink->reader, au, streams->buffer, streams->buffer_size, &needed);
	uint8_t *buffer;

	if (rc != -EMSGSIZE)
		return rc;
	if (needed > TESS_STREAMS_MAX_AU)
		return -EBADMSG;
	buffer = realloc(streams->buffer, needed);
	if (!buffer)
		return -ENOMEM;
	streams->buffer = buffer;
	streams->buffer_size = needed;
	return tess_ring_read(sink->reader, au, streams->buffer, streams->buffer_size, &needed);
}

/**
 * Give a sink what its ring holds.
 * @retval -EAGAIN all was read, -EPIPE all was read and the ring is closed, -EBUSY go on later,
 *         -EBADMSG, -ENOMEM
 */
static int drain(struct tess_sink *sink)
{
	bool has_video = tess_ring_reader_info(sink->reader)->has_video;
	struct tess_au au;

	for (unsigned units = 0; !sink->detached; units++) {
		int rc;

		if (units == MAX_UNITS_A_TURN) {
			mark(sink->stream);
			return -EBUSY;
		}
		if (sink->ops->ready && !sink->ops->ready(sink->arg)) {
			sink->stream->dirty = true;
			tess_timer_start(sink->stream->streams->retry, RETRY_US);
			return -EBUSY;
		}
		rc = read_unit(sink, &au);
		if (rc == -EOVERFLOW) {
			TESS_WARN("sink.overrun", "stream=%s", sink->stream->key);
			sink->need_key = has_video;
			sink->discontinuity = true;
			continue;
		}
		if (rc)
			return rc;
		if (au.track == TESS_TRACK_VIDEO) {
			if (sink->need_key && !au.key)
				continue;
			sink->need_key = false;
		}
		au.discontinuity |= sink->discontinuity;
		sink->discontinuity = false;
		sink->ops->au(sink->arg, &au);
	}
	return -EBUSY;
}

static void tell(struct tess_sink *sink, enum state state)
{
	sink->told = state;
	if (state == STATE_AWAY) {
		sink->ops->stream_away(sink->arg);
	} else {
		tess_ring_reader_free(sink->reader);
		sink->reader = NULL;
		sink->ops->stream_end(sink->arg);
	}
}

static void ring_failed(struct stream *stream, int rc)
{
	TESS_ERROR("stream.bad_ring", "stream=%s epoch=%" PRIu64 " error=%s", stream->key,
		   stream->epoch, strerror(-rc));
	drop_ring(stream);
	stream->state = STATE_AWAY;
	mark(stream);
}

/** Bring one sink up to date. */
static void pump_sink(struct tess_sink *sink)
{
	struct stream *stream = sink->stream;
	bool current = sink->reader && sink->generation == stream->generation;
	int rc;

	if (sink->reader && !current && sink->told == STATE_UP) {
		/* the last of the ring before; a sink that is not ready now loses it */
		(void)drain(sink);
		if (sink->detached)
			return;
	}
	if (!current && stream->memfd >= 0) {
		rc = open_reader(sink);
		if (rc) {
			ring_failed(stream, rc);
			return;
		}
		sink->told = STATE_ABSENT;
		current = true;
	}
	/* a ring that was closed before anybody read it still has something to give */
	if (current && sink->told != STATE_UP &&
	    (stream->state == STATE_UP || sink->told == STATE_ABSENT)) {
		sink->told = STATE_UP;
		sink->ops->stream_up(sink->arg, tess_ring_reader_info(sink->reader), stream->epoch);
	}
	if (sink->detached)
		return;
	if (current && sink->told == STATE_UP) {
		rc = drain(sink);
		if (sink->detached || rc == -EBUSY)
			return;
		if (rc != -EAGAIN && rc != -EPIPE)
			ring_failed(stream, rc);
		else if (rc == -EPIPE && stream->state == STATE_UP)
			stream->state = STATE_AWAY;
	}
	if (stream->state != STATE_UP && sink->told != STATE_ABSENT && sink->told != stream->state)
		tell(sink, stream->state);
}

static void pump(struct stream *stream)
{
	bool wanted = false;

	stream->dirty = false;
	for (struct tess_sink *sink = stream->sinks; sink; sink = sink->next) {
		if (!sink->detached)
			pump_sink(sink);
		wanted |= !sink->detached && sink->told == STATE_UP;
	}
	if (stream->state == STATE_ENDED && !wanted)
		drop_ring(stream);
	free_detached(stream);
	/* nobody is attached, and what is held of it is not needed by anybody who comes later */
	if (!stream->sinks && stream->state != STATE_UP)
		stream_free(stream);
}

static void on_event(void *arg, uint32_t events)
{
	(void)events;
	pump(arg);
}

/** @retval 0, -EBADMSG, -ENOMEM, ... ; takes nothing on failure */
static int take_ring(struct stream *stream, uint64_t epoch, int memfd, int eventfd)
{
	struct tess_ring_reader *probe;
	struct tess_watch *watch;
	int rc = tess_ring_reader_alloc(&probe, memfd);

	if (rc)
		return rc;
	rc = tess_ring_reader_epoch(probe) == epoch ? 0 : -EBADMSG;
	tess_ring_reader_free(probe);
	if (rc)
		return rc;
	/* Edge triggered, so each write of media wakes and the counter need not be read: a read
	 * could be made to block from the other side. */
	rc = tess_watch_add(&watch, stream->streams->loop, eventfd, EPOLLIN | EPOLLET, on_event,
			    stream);
	if (rc)
		return rc;
	drop_ring(stream);
	stream->watch = watch;
	stream->memfd = memfd;
	stream->eventfd = eventfd;
	return 0;
}

int tess_streams_offer(struct tess_streams *streams, const char *key, uint64_t epoch, int memfd,
		       int eventfd)
{
	struct stream *stream = NULL;
	bool same;
	int rc = stream_get(&stream, streams, key);

	if (rc)
		goto refuse;
	if (epoch < stream->epoch) {
		rc = -ESTALE;
		goto refuse;
	}
	/* the same ring again, after the link was broken: the cursors are still right */
	same = epoch == stream->epoch && stream->memfd >= 0 && stream->state != STATE_ENDED;
	rc = take_ring(stream, epoch, memfd, eventfd);
	if (rc)
		goto refuse;
	if (!same)
		stream->generation++;
	stream->epoch = epoch;
	stream->state = STATE_UP;
	TESS_INFO("stream.up", "stream=%s epoch=%" PRIu64, key, epoch);
	mark(stream);
	return 0;
refuse:
	if (stream && !stream->sinks && stream->state == STATE_ABSENT)
		stream_free(stream);
	(void)close(memfd);
	(void)close(eventfd);
	return rc;
}

int tess_streams_offer_own(struct tess_streams *streams, const char *key, uint64_t epoch, int memfd,
			   int eventfd)
{
	int rc = tess_streams_offer(streams, key, epoch, memfd, eventfd);

	if (!rc)
		stream_find(streams, key)->own = true;
	return rc;
}

void tess_streams_end(struct tess_streams *streams, const char *key, uint64_t epoch)
{
	struct stream *stream = stream_find(streams, key);

	if (!stream || epoch < stream->epoch || stream->state == STATE_ENDED)
		return;
	TESS_INFO("stream.end", "stream=%s epoch=%" PRIu64, key, epoch);
	stream->state = STATE_ENDED;
	mark(stream);
}

void tess_streams_away(struct tess_streams *streams)
{
	for (struct stream *stream = streams->list; stream; stream = stream->next) {
		if (stream->state != STATE_UP || stream->own)
			continue;
		TESS_INFO("stream.away", "stream=%s epoch=%" PRIu64, stream->key, stream->epoch);
		stream->state = STATE_AWAY;
		mark(stream);
	}
}
