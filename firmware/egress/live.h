/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/live.h - the live outputs: a stream, watched under a name by any number of
 * players.
 *
 * Players are written to in turns, not at each access unit: a write costs about as much as the copy
 * of a hundred KiB. The turn's length rises with the number of players (20 to 100 ms), and the
 * players are spread over it.
 */
#ifndef TESS_EGRESS_LIVE_H
#define TESS_EGRESS_LIVE_H

#include <jansson.h>

#include "firmware/egress/sink.h"
#include "pipeline/rtmp/server.h"

#define TESS_LIVE_NAME_SIZE 256
/** Live outputs at once; more are not listed. */
#define TESS_LIVE_MAX 1024

struct tess_live;

struct tess_live_config {
	uint64_t viewer_buffer_bytes; /* how far a player may lag */
	uint32_t max_viewers;
};

/** @retval 0, -ENOMEM */
int tess_live_alloc(struct tess_live **livep, struct tess_loop *loop, struct tess_streams *streams,
		    const struct tess_live_config *config) TESS_MUST_CHECK;
void tess_live_free(struct tess_live *live); /* players are closed; accepts NULL */
/** Make the outputs equal to the `live` array of a desired state (docs/links.md). */
void tess_live_apply(struct tess_live *live, const json_t *outputs);
/** Whether a player could be taken: @retval 0, -ENOENT no such output, -EUSERS too many (counted)
 */
int tess_live_admit(struct tess_live *live, const char *name) TESS_MUST_CHECK;
/**
 * Take over a player's connection: of http-flv, when the response head was sent (@p rtmp NULL), or
 * of RTMP, when it plays.
 * @retval 0 the socket and @p rtmp (allocated by malloc) are live's, -ENOENT, -ENOMEM: they stay
 * the caller's
 */
int tess_live_join(struct tess_live *live, const char *name, int fd,
		   struct tess_rtmp_server *rtmp) TESS_MUST_CHECK;
/** The `live` array of the facts; new reference or NULL. */
json_t *tess_live_facts(struct tess_live *live) TESS_MUST_CHECK;
/** Add the counters of docs/links.md that are live's to @p counters. */
void tess_live_count(const struct tess_live *live, json_t *counters);

#endif
