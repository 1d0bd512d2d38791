/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/streams.h - the registry of streams: what media says on its link (docs/links.md)
 * goes in here, the sinks of sink.h hang on it.
 *
 * A stream is absent (somebody is attached, media has not told of it), up, away (media is gone or
 * has closed the ring) or ended. Threads: the loop's.
 */
#ifndef TESS_EGRESS_STREAMS_H
#define TESS_EGRESS_STREAMS_H

#include "firmware/egress/sink.h"

/** Streams known at once; more are refused. */
#define TESS_STREAMS_MAX 4096
/** The largest access unit taken out of a ring; a larger one is a fault of the ring. */
#define TESS_STREAMS_MAX_AU (16u << 20)

/** @retval 0, -ENOMEM */
int tess_streams_alloc(struct tess_streams **streamsp, struct tess_loop *loop) TESS_MUST_CHECK;
/** All sinks must have been detached. Accepts NULL. */
void tess_streams_free(struct tess_streams *streams);

/**
 * Media offers a ring. Takes ownership of both descriptors in any case.
 * @retval 0
 * @retval -ESTALE its epoch is lower than one seen before: a late message, ignored
 * @retval -EBADMSG not a ring; -EINVAL bad key; -ENOSPC too many streams; -ENOMEM
 */
int tess_streams_offer(struct tess_streams *streams, const char *stream, uint64_t epoch, int memfd,
		       int eventfd);
/** The same of a ring that this process writes: media's going does not matter to it. */
int tess_streams_offer_own(struct tess_streams *streams, const char *stream, uint64_t epoch,
			   int memfd, int eventfd);
/** The stream's job is gone. A lower epoch than the present one is ignored. */
void tess_streams_end(struct tess_streams *streams, const char *stream, uint64_t epoch);
/** The link to media broke: all of its streams are away until they are offered again. */
void tess_streams_away(struct tess_streams *streams);

#endif
