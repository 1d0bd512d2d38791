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

#include "firmware/egress/guard.h"
#include "firmware/egress/sink.h"
#include "firmware/egress/traffic.h"
#include "firmware/egress/transport.h"
#include "pipeline/rtmp/server.h"

#define TESS_LIVE_NAME_SIZE 256
/** Live outputs at once; more are not listed. */
#define TESS_LIVE_MAX 1024

struct tess_live;
struct tess_live_hls;

struct tess_live_config {
	const struct tess_clock *clock;
	uint64_t viewer_buffer_bytes; /* how far a player may lag */
	uint64_t hls_bytes; /* what the HLS of all outputs may hold; no more is begun then */
	/** At once: of all streams, of one stream, of one application; 0 of the last two: no such
	 * limit. The guard's may be lower. */
	uint32_t max_viewers, max_stream_viewers, max_application_viewers;
	const struct tess_guard *guard; /* may be NULL */
	struct tess_traffic *traffic;	/* may be NULL */
	uint64_t first_viewer;		/* ids of viewers rise from here */
};

/** @retval 0, -ENOMEM */
int tess_live_alloc(struct tess_live **livep, struct tess_loop *loop, struct tess_streams *streams,
		    const struct tess_live_config *config) TESS_MUST_CHECK;
void tess_live_free(struct tess_live *live); /* players are closed; accepts NULL */
/** Make the outputs equal to the `live` array of a desired state (docs/links.md). */
void tess_live_apply(struct tess_live *live, const json_t *outputs);
/** Whose stream is it? @retval 0, -ENOENT */
int tess_live_application(struct tess_live *live, const char *name, uint32_t *app) TESS_MUST_CHECK;
/** Whether a player could be taken: @retval 0, -ENOENT no such output, -EUSERS too many (counted)
 */
int tess_live_admit(struct tess_live *live, const char *name) TESS_MUST_CHECK;
/**
 * Take over a player's connection: of http-flv, when the response head was sent (@p rtmp NULL), or
 * of RTMP, when it plays, which is in clear.
 * @retval 0 the connection and @p rtmp (allocated by malloc) are live's, -ENOENT, -ENOMEM: they
 * stay the caller's
 */
int tess_live_join(struct tess_live *live, const char *name, const struct tess_transport *transport,
		   struct tess_rtmp_server *rtmp) TESS_MUST_CHECK;

/** A player, as others may know it. */
struct tess_live_viewer {
	uint64_t id;
	union tess_addr address;
	const char *protocol; /* "flv", "rtmp", "hls" */
	int64_t age_us;
	uint64_t bytes_sent;
};

/**
 * Go through the players of an output; one for which @p each returns true is closed.
 * @return how many were
 */
unsigned tess_live_each(struct tess_live *live, const char *name,
			bool (*each)(void *arg, const struct tess_live_viewer *viewer), void *arg);
/** Has this viewer watched the HLS of the output lately? It goes on then. */
bool tess_live_knows_hls(struct tess_live *live, const char *name, uint64_t session);
/**
 * The HLS of an output, for a request of a viewer; it begins with the first one. A viewer that has
 * watched lately goes on without being admitted again.
 * @p session the same number, not 0, in all requests of a viewer; @p fd its connection
 * @retval 0 *hlsp may be used until the loop's next turn, -ENOENT, -EUSERS as above, -ENOSPC there
 * is no memory for another stream's HLS (counted), -ENOMEM
 */
int tess_live_watch_hls(struct tess_live *live, const char *name, uint64_t session, int fd,
			struct tess_live_hls **hlsp) TESS_MUST_CHECK;
/** Viewers by HLS, of all outputs. */
unsigned tess_live_hls_watching(const struct tess_live *live);
/** The `live` array of the facts; new reference or NULL. */
json_t *tess_live_facts(struct tess_live *live) TESS_MUST_CHECK;
/** Add the counters of docs/links.md that are live's to @p counters. */
void tess_live_count(const struct tess_live *live, json_t *counters);

#endif
