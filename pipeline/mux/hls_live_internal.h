/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/hls_live_internal.h - what hls_live.c makes and hls_live_text.c lists.
 */
#ifndef TESS_MUX_HLS_LIVE_INTERNAL_H
#define TESS_MUX_HLS_LIVE_INTERNAL_H

#include "pipeline/mux/fmp4.h"
#include "pipeline/mux/hls_live.h"
#include "pipeline/mux/timeline.h"

struct hls_part {
	struct tess_chunk *chunk;
	int64_t length_us;
	bool independent; /* it begins with a key frame, or has no picture */
};

struct hls_segment {
	uint64_t number, init;
	int64_t begin_us, length_us; /* length: of its complete parts */
	int64_t utc_us;		     /* of its begin */
	bool discontinuity;	     /* before it */
	bool complete;
	unsigned part_count;
	struct hls_part parts[TESS_HLS_LIVE_PARTS];
};

struct hls_init {
	uint64_t number;
	struct tess_chunk *chunk;
};

/* init segments that segments which are held may refer to */
#define HLS_INITS TESS_HLS_LIVE_SEGMENTS

struct tess_hls_live {
	uint64_t *account, limit, bytes; /* bytes: of the parts held */
	/* segments, oldest first: [unlisted)[listed); the last is not complete, if there is one */
	struct hls_segment *segments[TESS_HLS_LIVE_SEGMENTS];
	struct hls_init inits[HLS_INITS];
	unsigned count, unlisted, init_count;
	uint32_t target_s; /* 0: not settled */
	uint64_t next_number, next_init;
	uint64_t discontinuities; /* before the first segment that is listed */
	int64_t part_target_us;	  /* 0: not known */
	/* what comes in */
	struct tess_mp4_track tracks[TESS_MP4_TRACKS];
	struct tess_timeline timeline;
	struct tess_fragment fragment; /* the part that is being collected */
	int64_t part_begin_us;
	int64_t lead_us; /* of the last unit that parts are cut by */
	int64_t last_us[TESS_MP4_TRACKS], distance_us[TESS_MP4_TRACKS];
	uint64_t last_ticks[TESS_MP4_TRACKS];
	uint32_t distance[TESS_MP4_TRACKS]; /* ticks */
	struct tess_stream_info info;
	uint32_t sequence;
	bool begun[TESS_MP4_TRACKS];
	bool part_independent;
	bool based; /* the time line has its origin */
	bool need_key, changed, ended;
};

static inline struct hls_segment *hls_last(const struct tess_hls_live *hls)
{
	return hls->count ? hls->segments[hls->count - 1] : NULL;
}

#endif
