/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/egress/publisher_ring.h - what a publisher sends by RTMP, as access units in a ring.
 *
 * The ring is made with the first access unit, when it is known what there is, and anew when the
 * kind of sound changes or a medium comes late. Threads: the loop's.
 */
#ifndef TESS_EGRESS_PUBLISHER_RING_H
#define TESS_EGRESS_PUBLISHER_RING_H

#include "firmware/egress/sink.h"
#include "hal/clock.h"
#include "pipeline/rtmp/chunk.h"

struct tess_publisher_ring;

struct tess_publisher_ring_config {
	const struct tess_clock *clock;
	struct tess_streams *streams; /* the ring is the stream "user-ID" here too; NULL: not */
	int64_t publisher;
	/** A ring for media; it stays the ring's. @p memfd -1: it is over. */
	void (*offer)(void *arg, uint64_t epoch, int memfd);
	/** What is sent has become known, or has changed. */
	void (*tracks)(void *arg, bool video, bool audio);
	void *arg;
};

/** @retval 0, -ENOMEM */
int tess_publisher_ring_alloc(struct tess_publisher_ring **ringp,
			      const struct tess_publisher_ring_config *config) TESS_MUST_CHECK;
/**
 * Its readers are told that it is over, and if the user @p left, that no other follows. Accepts
 * NULL.
 */
void tess_publisher_ring_free(struct tess_publisher_ring *ring, bool left);
/**
 * Take a message that has just come in.
 * @retval 0, -ENOTSUP not a kind that is received, see reason(); -EBADMSG, -ENOMEM, -EMFILE
 */
int tess_publisher_ring_take(struct tess_publisher_ring *ring,
			     const struct tess_rtmp_message *message) TESS_MUST_CHECK;
/** After -ENOTSUP, for a person. */
const char *tess_publisher_ring_reason(const struct tess_publisher_ring *ring);
/** Offer it again, if there is one. */
void tess_publisher_ring_offer(const struct tess_publisher_ring *ring);
/** What is sent; both until that is known. */
void tess_publisher_ring_tracks(const struct tess_publisher_ring *ring, bool *video, bool *audio);

#endif
