/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/publishers.h - the connections of those who publish by RTMP, from their `publish`
 * on: control is asked whether they may, then their access units go into a ring each, which media
 * reads in place of RTP, and which is the user's own stream as well.
 *
 * A user's newer connection takes the place of the older one: that may be one whose peer is long
 * gone. When a connection ends, control is told, and the user leaves the room. When media is away
 * connections stay, and it is offered their rings when it is back.
 *
 * Bounded: TESS_PUBLISHERS_MAX connections, each with a ring of 16 MiB at most and messages of
 * TESS_RTMP_MAX_PICTURE; TESS_PUBLISHERS_MAX_KBPS on average over 5 s; a connection that sends
 * nothing for idle_us is closed. Threads: the loop's.
 */
#ifndef TESS_EGRESS_PUBLISHERS_H
#define TESS_EGRESS_PUBLISHERS_H

#include <jansson.h>

#include "firmware/egress/sink.h"
#include "hal/clock.h"
#include "pipeline/rtmp/address.h"
#include "pipeline/rtmp/server.h"

#define TESS_PUBLISHERS_MAX	 128
#define TESS_PUBLISHERS_MAX_KBPS 20000
/** idle_us of the product. */
#define TESS_PUBLISHERS_IDLE_US 10000000

struct tess_publishers;

struct tess_publishers_config {
	struct tess_loop *loop;
	const struct tess_clock *clock;
	struct tess_streams *streams; /* NULL: rings are no streams of their own */
	int64_t idle_us;	      /* who sends nothing for so long is closed */
	/** Send a message to control. @retval 0, or negative: it is not there */
	int (*to_control)(void *arg, const json_t *message);
	/** Send a message to media, @p memfd < 0 none; when it is not there nothing is lost. */
	void (*to_media)(void *arg, const json_t *message, int memfd);
	void *arg;
};

/** @retval 0, -ENOMEM */
int tess_publishers_alloc(struct tess_publishers **publishersp,
			  const struct tess_publishers_config *config) TESS_MUST_CHECK;
/** Connections are closed without a word to control. Accepts NULL. */
void tess_publishers_free(struct tess_publishers *publishers);
/**
 * Take over a connection in state ASKING; the socket and @p rtmp (allocated by malloc) are the
 * publishers' in any case. The ticket in @p address is not kept.
 */
void tess_publishers_take(struct tess_publishers *publishers, int fd, struct tess_rtmp_server *rtmp,
			  const struct tess_rtmp_address *address);
/** The message publish_answer of control. */
void tess_publishers_answer(struct tess_publishers *publishers, const json_t *message);
/** Close those that are not in the `publishers` array of a desired state. */
void tess_publishers_apply(struct tess_publishers *publishers, const json_t *wanted);
/** The link to control broke: what was asked is not answered any more. */
void tess_publishers_control_down(struct tess_publishers *publishers);
/** The link to media is up: offer it all rings. */
void tess_publishers_media_up(struct tess_publishers *publishers);
/** The `publishers` array of the facts; new reference or NULL. */
json_t *tess_publishers_facts(const struct tess_publishers *publishers) TESS_MUST_CHECK;
/** Add the counters of docs/links.md that are the publishers' to @p counters. */
void tess_publishers_count(const struct tess_publishers *publishers, json_t *counters);

#endif
