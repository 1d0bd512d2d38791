/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/http/server.h - the HTTP server: libmicrohttpd in the loop of the process.
 *
 * Bounds: 240 connections, beyond which a new one pushes out the oldest of whoever has most; a
 * request must be complete 60 s after its connection was ready for it, its answer taken 120 s after
 * that; 64 MiB of bodies at one instant.
 */
#ifndef TESS_CONTROL_HTTP_SERVER_H
#define TESS_CONTROL_HTTP_SERVER_H

#include "firmware/base/loop.h"
#include "firmware/control/control.h"

struct tess_http_server;

/** Listen at control.listen. @retval 0, -EINVAL no address, -EADDRINUSE, -ENOMEM, ... */
int tess_http_server_start(struct tess_http_server **serverp, struct tess_control *control,
			   struct tess_loop *loop) TESS_MUST_CHECK;
void tess_http_server_stop(struct tess_http_server *server); /* accepts NULL */
/** Where it listens: the port that port 0 became. */
uint16_t tess_http_server_port(const struct tess_http_server *server);

#endif
