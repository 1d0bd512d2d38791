/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/clock.c - see clock.h.
 */
#include "pipeline/rtmp/clock.h"

#include <math.h>

/* A time stamp that steps this far back, or so much further than time went on, is of another
 * clock. */
#define JUMP_MS 1000
/* At first the quickest path is not known yet: so long each quicker one counts at once. */
#define LEARN_US 2000000
/* Time stamps in milliseconds are off by less; what is further off is a gap of the sound. */
#define SOUND_GAP_US 20000
/* how much of an error a frame puts right */
#define SOUND_PULL 64

static bool is_jump(const struct tess_rtmp_clock *clock, int32_t step_ms, int64_t arrival_us)
{
	int64_t elapsed_ms = (arrival_us - clock->last_arrival_us) / 1000;

	return step_ms < -JUMP_MS || step_ms > elapsed_ms + JUMP_MS;
}

/** Media time of the clock's time, before the delay. @return whether the clock jumped */
static bool follow(struct tess_rtmp_clock *clock, uint32_t time_ms, int64_t arrival_us)
{
	int32_t step_ms = (int32_t)(time_ms - clock->last_ms);
	bool jumped = clock->started && is_jump(clock, step_ms, arrival_us);
	int64_t sample_us;

	if (!clock->started)
		clock->extended_ms = time_ms;
	else
		clock->extended_ms += step_ms;
	sample_us = arrival_us - clock->extended_ms * 1000;
	if (!clock->started || jumped) {
		tess_rtp_offset_start(&clock->offset, sample_us, arrival_us);
		clock->started_us = arrival_us;
	} else if (arrival_us - clock->started_us < LEARN_US &&
		   sample_us < tess_rtp_offset_value(&clock->offset)) {
		tess_rtp_offset_start(&clock->offset, sample_us, arrival_us);
	} else {
		tess_rtp_offset_feed(&clock->offset, sample_us, arrival_us);
	}
	clock->started = true;
	clock->last_ms = time_ms;
	clock->last_arrival_us = arrival_us;
	return jumped;
}

/** Frames of sound follow each other without the steps of whole milliseconds. */
static int64_t smooth(struct tess_rtmp_clock *clock, int64_t mapped_us, double duration_us)
{
	int64_t error_us = mapped_us - clock->sound_us;

	if (!clock->has_sound || error_us < -SOUND_GAP_US || error_us > SOUND_GAP_US)
		clock->sound_us = mapped_us;
	else
		clock->sound_us += error_us / SOUND_PULL;
	clock->has_sound = true;
	mapped_us = clock->sound_us;
	clock->sound_us += llround(duration_us);
	return mapped_us;
}

struct tess_rtmp_times tess_rtmp_clock_map(struct tess_rtmp_clock *clock, enum tess_track track,
					   uint32_t time_ms, int32_t composition_ms,
					   double duration_us, int64_t arrival_us)
{
	int64_t *last_us = &clock->last_us[track == TESS_TRACK_AUDIO];
	struct tess_rtmp_times times = {.jumped = follow(clock, time_ms, arrival_us)};

	times.dts_us = clock->extended_ms * 1000 + tess_rtp_offset_value(&clock->offset) +
		       TESS_RTMP_DELAY_US;
	if (track == TESS_TRACK_AUDIO && duration_us > 0)
		times.dts_us = smooth(clock, times.dts_us, duration_us);
	times.pts_us = times.dts_us + (int64_t)composition_ms * 1000;
	if (*last_us && times.dts_us <= *last_us)
		times.dts_us = *last_us + 1;
	if (times.pts_us < times.dts_us)
		times.pts_us = times.dts_us;
	*last_us = times.dts_us;
	return times;
}
