/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/sink.h - the streams that media offers, and whoever takes their access units.
 *
 * A sink (the live output of a stream, a recording) is attached to a stream by the stream's key,
 * whether that stream is there yet or not, and stays attached over restarts of media. Each sink has
 * a cursor of its own in the ring, so none waits for another.
 *
 * Threads: all of it belongs to the loop's thread; calls to a sink come from the loop, never from
 * within tess_streams_attach(). A sink may detach itself, or attach others, in any call.
 */
#ifndef TESS_EGRESS_SINK_H
#define TESS_EGRESS_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/base/loop.h"
#include "pipeline/stream/au.h"

/** Longest key of a stream, its 0 included. */
#define TESS_STREAM_KEY_SIZE 128
/** attach: begin at the newest key frame held (audio only: at the newest access unit). */
#define TESS_SINK_NEWEST_KEY INT64_MIN

struct tess_streams; /* all streams that media has told of */
struct tess_sink;    /* one attachment */

struct tess_sink_ops {
	/**
	 * The stream is there, or there again: with the same epoch after the link to media was
	 * broken, with a higher one after media was restarted. The first video access unit after it
	 * is a key frame, except where nothing was lost (the same epoch, a replay); sound may come
	 * before it. Times of all epochs are on the same time line.
	 */
	void (*stream_up)(void *arg, const struct tess_stream_info *info, uint64_t epoch);
	/**
	 * The next access unit, in the order written. au->data is valid during the call only.
	 * au->discontinuity: something before it is missing; video then goes on with a key frame.
	 */
	void (*au)(void *arg, const struct tess_au *au);
	/** Media has gone; the stream is expected back. All access units held were given before. */
	void (*stream_away)(void *arg);
	/** The stream has ended for good; all access units held were given before. Still attached.
	 */
	void (*stream_end)(void *arg);
	/**
	 * Optional. Asked before each access unit: false leaves it in the ring (which holds some
	 * seconds) and asks again at the next access unit or within 20 ms.
	 */
	bool (*ready)(void *arg);
};

/**
 * Attach. @p ops must outlive the sink.
 * @p after_dts_us TESS_SINK_NEWEST_KEY, or replay: the first access unit given is the oldest one
 * held whose dts is greater, whatever its kind; if others of that time may have been lost, it has
 * discontinuity set, and pictures begin with a key frame.
 * @retval 0 *sinkp is the caller's, -EINVAL empty or too long key, -ENOMEM
 */
int tess_streams_attach(struct tess_sink **sinkp, struct tess_streams *streams, const char *stream,
			const struct tess_sink_ops *ops, void *arg,
			int64_t after_dts_us) TESS_MUST_CHECK;
/** Ends the calls; accepts NULL. */
void tess_streams_detach(struct tess_sink *sink);

#endif
