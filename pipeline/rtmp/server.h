/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/server.h - the server's side of a connection (§7.2): connect to an application,
 * createStream, and then play, or publish into a room (pipeline/rtmp/address.h).
 */
#ifndef TESS_RTMP_SERVER_H
#define TESS_RTMP_SERVER_H

#include "pipeline/rtmp/session.h"

/** Of a player's stream, and of a publisher's, which has a ticket in it. */
#define TESS_RTMP_MAX_NAME	   512
#define TESS_RTMP_MAX_PUBLISH_NAME 3072
#define TESS_RTMP_MAX_APP	   256

enum tess_rtmp_server_state {
	TESS_RTMP_SERVER_OPENING = 1, /* it has not asked for a stream yet */
	TESS_RTMP_SERVER_PLAYING,     /* pictures may be sent on TESS_RTMP_STREAM */
	TESS_RTMP_SERVER_ASKING, /* it wants to publish: tess_rtmp_server_accept() or refuse() */
	TESS_RTMP_SERVER_PUBLISHING, /* what it sends goes to `media` */
	TESS_RTMP_SERVER_OVER,	     /* refused or left: to be closed when `out` is sent */
};

struct tess_rtmp_server {
	struct tess_rtmp_session session;
	enum tess_rtmp_server_state state;
	const char *app;		  /* of players */
	char room_app[TESS_RTMP_MAX_APP]; /* that a publisher connected to; "" of a player */
	bool connected;
	char tc_url[256], page_url[256]; /* as it said in connect, cut; "" = nothing */
	/**
	 * A stream is asked for: its name, and what stood behind its '?'.
	 * @retval 0 it will be played, -ENOENT, -EUSERS, -EACCES: the player is told, state OVER
	 */
	int (*play)(void *arg, const char *name, const char *query);
	/**
	 * It asks to publish: the application it connected to, the name, and what stood behind its
	 * '?', a secret. @retval 0 ASKING, -EINVAL no such address: it is told, state OVER
	 */
	int (*publish)(void *arg, const char *app, const char *name, const char *query);
	/** A message of a publisher, from within input(). @retval 0, or negative: input() ends */
	int (*media)(void *arg, const struct tess_rtmp_message *message);
	void *arg;
};

/**
 * The handlers and arg are the caller's to set; without `publish` it has no rooms. @p app must
 * outlive it. @retval 0, -ENOMEM
 */
int tess_rtmp_server_init(struct tess_rtmp_server *server, const char *app,
			  uint64_t seed) TESS_MUST_CHECK;
void tess_rtmp_server_fini(struct tess_rtmp_server *server);
/**
 * @retval 0 look at state and session.out, or negative as tess_rtmp_session_next() or as `media`
 * says
 */
int tess_rtmp_server_input(struct tess_rtmp_server *server, const uint8_t *data,
			   size_t length) TESS_MUST_CHECK;
/** Tell the player that the stream has ended; state OVER. */
void tess_rtmp_server_end(struct tess_rtmp_server *server);
/** ASKING becomes PUBLISHING. */
void tess_rtmp_server_accept(struct tess_rtmp_server *server);
/** Tell a publisher, before or while it publishes, that it may not, and why; state OVER. */
void tess_rtmp_server_refuse(struct tess_rtmp_server *server, const char *code, const char *text);

#endif
