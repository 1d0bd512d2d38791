/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/http_server.h - the HTTP server of players and downloads, in clear or by TLS.
 *
 *   /live/NAME.flv                          http-flv, until the stream ends
 *   /live/NAME.m3u8, /live/NAME/...         live HLS
 *   /record/ID.mp4?expires=UNIX&sign=HEX    a recording, with byte ranges
 *   /health                                 200 while the process works
 *
 * Threads: the loop's.
 */
#ifndef TESS_EGRESS_HTTP_SERVER_H
#define TESS_EGRESS_HTTP_SERVER_H

#include "firmware/base/loop.h"
#include "firmware/egress/token.h"

struct tess_http;
struct tess_guard;
struct tess_live;
struct tess_tls_context;
struct tess_traffic;

struct tess_http_config {
	union tess_addr listen;	      /* port 0: any */
	struct tess_tls_context *tls; /* NULL: in clear; else all connections are by TLS */
	/** Of requests; players that were handed over do not count, and those of HLS have two more
	 * each. A new one pushes out the oldest that waits for a request. */
	unsigned max_connections;
	unsigned max_viewers; /* of HLS, that there may be at most */
	const struct tess_clock *clock;
	struct tess_live *live;
	struct tess_guard *guard;     /* NULL: everybody may play */
	struct tess_traffic *traffic; /* what is sent of files; NULL: it is not counted */
	/**
	 * Open a file of a recording for reading; @p name as it was asked for, or NULL: the first
	 * MP4. @p app becomes its application. @retval 0 *fdp is the server's, -ENOENT, ...
	 */
	int (*record_open)(void *arg, int64_t id, const char *name, int *fdp, uint32_t *app);
	void *arg;
	/** Of control, which may know where a file is that is not here: whoever may have it is sent
	 * there. Its port, at the host that was asked for (0: nobody is sent), or its address. */
	uint16_t control_port;
	const char *control_url; /* NULL, "": by the port */
};

/** Listens from now on. @retval 0, -EADDRINUSE, -EACCES, -ENOMEM, ... */
int tess_http_alloc(struct tess_http **httpp, struct tess_loop *loop,
		    const struct tess_http_config *config) TESS_MUST_CHECK;
void tess_http_free(struct tess_http *http); /* accepts NULL */
/** Before the first key no recording can be fetched. */
void tess_http_set_key(struct tess_http *http, const uint8_t key[TESS_TOKEN_KEY_SIZE]);
/** The port it listens at. */
uint16_t tess_http_port(const struct tess_http *http);

#endif
