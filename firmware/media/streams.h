/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/streams.h - hands the rings of streams to egress, and takes those of publishers
 * from it (streams.sock of docs/links.md).
 *
 * Threads: belongs to its loop's thread.
 */
#ifndef TESS_MEDIA_STREAMS_H
#define TESS_MEDIA_STREAMS_H

#include "firmware/base/loop.h"
#include "firmware/media/inputs.h"
#include "firmware/media/worker.h"

struct tess_streams;

/** Listen at @p path; @p inputs must outlive it. @retval 0, -ENOMEM, or a negative errno of the
 * socket */
int tess_streams_alloc(struct tess_streams **streamsp, struct tess_loop *loop, const char *path,
		       struct tess_inputs *inputs) TESS_MUST_CHECK;
void tess_streams_free(struct tess_streams *streams); /* accepts NULL */
/** Take a stream in or out and tell who is connected. The event is given over. */
void tess_streams_handle(struct tess_streams *streams, struct tess_stream_event *event);

#endif
