/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/clock.h - from RTP time to media time, for one track of a source.
 *
 * Without sender reports a track is anchored at its packets' arrival:
 *	media = rtp + offset(arrival - rtp)
 * With them it goes over the sender's wall clock, and what lies between that clock and ours is
 * learnt from all tracks of the source together, so that they meet:
 *	media = ntp(rtp) + offset(arrival - ntp) + residual
 * residual makes the change between the two, and each correction of ntp(), a slow one.
 */
#ifndef TESS_RTP_CLOCK_H
#define TESS_RTP_CLOCK_H

#include <stdbool.h>

#include "pipeline/rtp/ntp.h"
#include "pipeline/rtp/offset.h"
#include "pipeline/rtp/track.h"

struct tess_rtp_base;

struct tess_rtp_clock {
	struct tess_rtp_source *source;
	struct tess_rtp_clock *sister; /* the source's next track */
	uint32_t rate;
	bool started;	    /* a packet came in */
	bool delivered;	    /* map() was called */
	bool replaced;	    /* there was another sender before */
	int64_t begun_us;   /* if replaced and started: when its first packet came in */
	int64_t rtp;	    /* extended timestamp of the last packet */
	int64_t strange_us; /* since when packets are far off the mapping; INT64_MAX: they are not
			     */
	struct tess_rtp_offset arrival;
	struct tess_rtp_ntp ntp;
	struct tess_rtp_base *base; /* of the source; NULL: mapped by arrival */
	double residual_us;
	int64_t residual_at_us;
	unsigned steps_seen;	   /* of the source's clock */
	unsigned reports_since;	   /* reports used since the last of them */
	int64_t last_rtp, last_us; /* the newest that map() was asked for, and the last answer */
};

/** Join @p source, which must outlive it. */
void tess_rtp_clock_init(struct tess_rtp_clock *clock, struct tess_rtp_source *source,
			 uint32_t rate);
/** Leave the source. */
void tess_rtp_clock_clear(struct tess_rtp_clock *clock);
/**
 * Another sender follows: forget the mapping. What is known of a wall clock by other tracks counts
 * for it only when they go on: they may be about to be replaced as well, by one whose wall clock,
 * or time from capture to sending, is another.
 */
void tess_rtp_clock_restart(struct tess_rtp_clock *clock);
/** A packet with that timestamp came in; in order of arrival. */
void tess_rtp_clock_arrival(struct tess_rtp_clock *clock, uint32_t timestamp, int64_t arrival_us);
/**
 * A sender report came in: @p timestamp is the sender's time @p ntp_us. After the first arrival().
 * @return false if it was left out
 */
bool tess_rtp_clock_report(struct tess_rtp_clock *clock, uint32_t timestamp, int64_t ntp_us,
			   int64_t now_us);
/**
 * Media time of @p timestamp; after the first arrival(). Never goes back while timestamps rise.
 * @param now_us what maps far from it has a stray timestamp and gets the time now
 */
int64_t tess_rtp_clock_map(struct tess_rtp_clock *clock, uint32_t timestamp, int64_t now_us);

#endif
