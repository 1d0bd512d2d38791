/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/rtmp_server.h - the RTMP server: of players, rtmp://HOST/live/NAME, and of
 * publishers (pipeline/rtmp/address.h).
 *
 * A connection is here until it plays, then it is live's; or until it asks to publish, then it is
 * the publishers'. Threads: the loop's.
 */
#ifndef TESS_EGRESS_RTMP_SERVER_H
#define TESS_EGRESS_RTMP_SERVER_H

#include "firmware/base/loop.h"
#include "firmware/egress/live.h"
#include "firmware/egress/publishers.h"

struct tess_rtmp_listener;

struct tess_rtmp_listener_config {
	union tess_addr listen; /* port 0: any */
	/** Of connections that do not play or publish yet. A new one pushes out the oldest. */
	unsigned max_connections;
	struct tess_live *live;
	struct tess_guard *guard;	    /* NULL: everybody may play */
	struct tess_publishers *publishers; /* NULL: nobody may publish */
};

/** Listens from now on. @retval 0, -EADDRINUSE, -EACCES, -ENOMEM, ... */
int tess_rtmp_listener_alloc(struct tess_rtmp_listener **listenerp, struct tess_loop *loop,
			     const struct tess_rtmp_listener_config *config) TESS_MUST_CHECK;
void tess_rtmp_listener_free(struct tess_rtmp_listener *listener); /* accepts NULL */
/** The port it listens at. */
uint16_t tess_rtmp_listener_port(const struct tess_rtmp_listener *listener);

#endif
