/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/server.h - the server's side of a player's connection (§7.2): connect to an
 * application, createStream, play. Publishing is refused.
 */
#ifndef TESS_RTMP_SERVER_H
#define TESS_RTMP_SERVER_H

#include "pipeline/rtmp/session.h"

#define TESS_RTMP_MAX_NAME 512

enum tess_rtmp_server_state {
	TESS_RTMP_SERVER_OPENING = 1, /* it has not asked for a stream yet */
	TESS_RTMP_SERVER_PLAYING,     /* pictures may be sent on TESS_RTMP_STREAM */
	TESS_RTMP_SERVER_OVER,	      /* refused or left: to be closed when `out` is sent */
};

struct tess_rtmp_server {
	struct tess_rtmp_session session;
	enum tess_rtmp_server_state state;
	const char *app;
	bool connected;
	char tc_url[256], page_url[256]; /* as it said in connect, cut; "" = nothing */
	/**
	 * A stream is asked for: its name, and what stood behind its '?'.
	 * @retval 0 it will be played, -ENOENT, -EUSERS, -EACCES: the player is told, state OVER
	 */
	int (*play)(void *arg, const char *name, const char *query);
	void *arg;
};

/** play and arg are the caller's to set. @p app must outlive it. @retval 0, -ENOMEM */
int tess_rtmp_server_init(struct tess_rtmp_server *server, const char *app,
			  uint64_t seed) TESS_MUST_CHECK;
void tess_rtmp_server_fini(struct tess_rtmp_server *server);
/** @retval 0 look at state and session.out, or negative as tess_rtmp_session_next() */
int tess_rtmp_server_input(struct tess_rtmp_server *server, const uint8_t *data,
			   size_t length) TESS_MUST_CHECK;
/** Tell the player that the stream has ended; state OVER. */
void tess_rtmp_server_end(struct tess_rtmp_server *server);

#endif
