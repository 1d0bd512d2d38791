/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/viewer.h - one http-flv player: a cursor into the window of its stream and a
 * socket.
 *
 * A viewer has no queue of its own: what waits for it lies in the shared window, so that it costs a
 * few hundred bytes. It writes at most once for each call, up to TESS_VIEWER_IOVECS pieces.
 */
#ifndef TESS_EGRESS_VIEWER_H
#define TESS_EGRESS_VIEWER_H

#include "firmware/egress/window.h"

/** Pieces of one write, two for each tag. */
#define TESS_VIEWER_IOVECS 64
/** A viewer that lags by more than this in time is moved on, if there is a newer key frame. */
#define TESS_VIEWER_MAX_LAG_MS 10000

struct tess_viewer {
	int fd;
	uint64_t number; /* of the next tag to send */
	bool placed; /* false: number is the first that may be; begins at a key frame from there on
		      */
	bool begun;  /* the file header was sent */
	bool based;  /* base_ms is set, from the first tag sent */
	int64_t base_ms;
	struct tess_start *start; /* what was sent before the key frames so far */
	unsigned start_part;	  /* of the next one: how many of its tags were sent */
	struct tess_tag *partial; /* sent up to partial_sent, its tag header included */
	uint32_t partial_ms, partial_sent;
	uint64_t bytes_sent;
};

enum tess_viewer_result {
	TESS_VIEWER_IDLE = 1, /* all was sent */
	TESS_VIEWER_MORE,     /* more could be sent at once */
	TESS_VIEWER_BLOCKED,  /* the socket takes no more */
	TESS_VIEWER_CLOSED,   /* the socket is broken */
};

/** Begin at the newest key frame held, or the next one to come. The socket stays the caller's. */
void tess_viewer_init(struct tess_viewer *viewer, int fd, const struct tess_window *window);
/** Give up what it holds; the socket is not closed. */
void tess_viewer_clear(struct tess_viewer *viewer);
/** Whether it lags too far; then it was moved to the newest key frame. */
bool tess_viewer_check_lag(struct tess_viewer *viewer, const struct tess_window *window,
			   uint64_t max_bytes);
/** Send what can be sent in one write. */
enum tess_viewer_result tess_viewer_send(struct tess_viewer *viewer,
					 const struct tess_window *window);

#endif
