/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/clock.h - from RTMP time stamps to media time, for one connection that publishes.
 *
 * A time stamp is the milliseconds of a clock that nobody knows, in 32 bits that go round. Sound
 * and picture share it, so they meet. It is anchored at the arrival of what waited least
 * (pipeline/rtp/offset.h); a clock that jumps is anchored anew. To what comes out a fixed delay is
 * added: TCP, and encoders that wait for one medium before they send the other, deliver in bursts.
 */
#ifndef TESS_RTMP_CLOCK_H
#define TESS_RTMP_CLOCK_H

#include <stdbool.h>

#include "pipeline/rtp/offset.h"
#include "pipeline/stream/au.h"

/** What may come so much later than the quickest is still in time. */
#define TESS_RTMP_DELAY_US 100000

/** All zero is one that nothing came in of. */
struct tess_rtmp_clock {
	bool started;
	uint32_t last_ms;
	int64_t extended_ms, started_us, last_arrival_us;
	struct tess_rtp_offset offset;
	bool has_sound;
	int64_t sound_us;   /* when the next frame of sound would be, if it follows the last */
	int64_t last_us[2]; /* decoding times given out, of each track; 0: none */
};

/** When a unit is to be decoded and shown. */
struct tess_rtmp_times {
	int64_t dts_us, pts_us;
	bool jumped; /* the sender's clock did */
};

/**
 * A unit of @p track came in at @p arrival_us.
 * @p composition_ms: it is shown so much later than it is decoded
 * @p duration_us: of a frame of sound, whose times go on by it instead of in whole milliseconds; 0:
 * not known. Decoding times of a track always rise.
 */
struct tess_rtmp_times tess_rtmp_clock_map(struct tess_rtmp_clock *clock, enum tess_track track,
					   uint32_t time_ms, int32_t composition_ms,
					   double duration_us, int64_t arrival_us);

#endif
