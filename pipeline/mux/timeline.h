/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/timeline.h - the one timestamp normaliser in front of muxers: media time in, time of
 * an output (from 0, rising in each track, gaps marked) out.
 *
 * Media time is the box's monotonic clock, so an output goes on over restarts of any process, with
 * a gap of its true length; only when it has jumped beyond reason is the time line anchored anew.
 */
#ifndef TESS_MUX_TIMELINE_H
#define TESS_MUX_TIMELINE_H

#include "hal/net.h"
#include "pipeline/stream/au.h"

/** Further behind the output than this, media time has begun anew; nearer, the unit is just late.
 */
#define TESS_TIMELINE_MAX_LATE_US 60000000
/** A picture is not shown later than this after it was decoded. */
#define TESS_TIMELINE_MAX_SHOWN_AFTER_US 2000000
/** Nothing of any track for longer than this is a gap, marked by the stream or not. */
#define TESS_TIMELINE_MAX_SILENCE_US 2000000
/** A longer gap is shortened to one second; 32 bits of ticks hold no more than 13 hours. */
#define TESS_TIMELINE_MAX_GAP_US (6ll * 3600 * 1000000)

struct tess_timeline {
	int64_t origin_us; /* the media time that is 0 */
	struct {
		bool begun;
		int64_t last_us; /* of the output */
	} tracks[2];
	bool gap;		   /* something is missing before the next unit */
	uint64_t late, reanchored; /* units dropped; times that the origin moved */
};

/** Where a unit stands in the output. */
struct tess_timeline_place {
	int64_t dts_us, pts_us; /* pts >= dts >= 0 */
	int64_t gap_us;		/* > 0: this much is missing before the unit */
};

void tess_timeline_init(struct tess_timeline *timeline, int64_t origin_us);
/** Go on behind what an output already holds: the time of a track's last unit in it. */
void tess_timeline_resume(struct tess_timeline *timeline, enum tess_track track, int64_t last_us);
/** Something is missing before the next unit. */
void tess_timeline_mark_gap(struct tess_timeline *timeline);
/**
 * The media time up to which the output has everything, INT64_MIN before any: of two tracks that
 * both go on, the last unit of the one that is behind.
 */
int64_t tess_timeline_last_media_us(const struct tess_timeline *timeline);
/**
 * Place a unit. @retval 0, -ESTALE it is not after its track's last or before the origin: drop it
 */
int tess_timeline_place(struct tess_timeline *timeline, const struct tess_au *au,
			struct tess_timeline_place *place) TESS_MUST_CHECK;

#endif
