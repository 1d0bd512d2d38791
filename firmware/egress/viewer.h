/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/viewer.h - one player, or one server that is pushed to: a cursor into the window
 * of its stream and a socket.
 *
 * A viewer has no queue of its own: what waits for it lies in the shared window, so that it costs a
 * few hundred bytes. It writes at most once for each call, up to TESS_VIEWER_IOVECS pieces.
 *
 * A player begins with the newest key frame, at time 0. What came after that, up to the last
 * TESS_VIEWER_CUSHION_MS, is sent to be decoded and hardly to be seen: its pictures follow each
 * other TESS_VIEWER_HURRY times as fast, without their sound. So a player that joins in the middle
 * of a group of pictures is not behind by it, and need not run after the stream.
 */
#ifndef TESS_EGRESS_VIEWER_H
#define TESS_EGRESS_VIEWER_H

#include "firmware/egress/wire.h"

/** Pieces of one write, at least two for each tag. */
#define TESS_VIEWER_IOVECS 64
/** What a player has to play when it has got all there was, and how much faster that before is. */
#define TESS_VIEWER_CUSHION_MS 300
#define TESS_VIEWER_HURRY      16
/** A viewer that lags by more than this in time is moved on, if there is a newer key frame. */
#define TESS_VIEWER_MAX_LAG_MS 10000

/** What is left out while the network takes too little: see tess_viewer_ease(). */
enum tess_viewer_drop {
	TESS_VIEWER_DROP_NONE,
	TESS_VIEWER_DROP_UNREFERENCED, /* pictures that no other is predicted from */
	TESS_VIEWER_DROP_TO_KEY,       /* all of them, up to the next key frame */
};

struct tess_viewer {
	int fd;
	struct tess_wire wire;
	/** Takes the pieces instead of sendmsg(): bytes taken, or -1 with errno; NULL: none. */
	ssize_t (*write)(void *arg, const struct iovec *iov, unsigned count);
	void *write_arg;
	bool hold; /* finish what was begun, and begin nothing */
	enum tess_viewer_drop drop;
	bool caught_up;	  /* all that there was at its begin has been sent */
	uint64_t dropped; /* pictures left out */
	int64_t sent_ms;  /* dts of the last tag that was sent as a whole */
	uint64_t number;  /* of the next tag to send */
	bool placed; /* false: number is the first that may be; begins at a key frame from there on
		      */
	bool begun;  /* the file header was sent */
	bool based;  /* base_ms is set, from the first tag sent */
	int64_t base_ms;
	int64_t live_ms;	  /* from here on it goes in real time; base_ms: at once */
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
void tess_viewer_init(struct tess_viewer *viewer, int fd, const struct tess_wire *wire,
		      const struct tess_window *window);
/** Give up what it holds; the socket is not closed. */
void tess_viewer_clear(struct tess_viewer *viewer);
/** Whether it lags too far; then it was moved to the newest key frame. */
bool tess_viewer_check_lag(struct tess_viewer *viewer, const struct tess_window *window,
			   uint64_t max_bytes);
/**
 * For one that must not lose sound: look how far it lags, and choose what pictures it is not sent.
 * True: it lagged so far that the window holds its place no more, and was moved as above.
 */
bool tess_viewer_ease(struct tess_viewer *viewer, const struct tess_window *window);
/** How far what was sent is behind the newest access unit. */
int64_t tess_viewer_delay_ms(const struct tess_viewer *viewer, const struct tess_window *window);
/** Send what can be sent in one write. */
enum tess_viewer_result tess_viewer_send(struct tess_viewer *viewer,
					 const struct tess_window *window);

#endif
