/* SPDX-License-Identifier: GPL-3.0-or-later
 * Media time to the time of an output.
 */
#include "pipeline/mux/timeline.h"

#include <errno.h>

#define TRACKS 2

void tess_timeline_init(struct tess_timeline *timeline, int64_t origin_us)
{
	*timeline = (struct tess_timeline){.origin_us = origin_us};
}

void tess_timeline_resume(struct tess_timeline *timeline, enum tess_track track, int64_t last_us)
{
	timeline->tracks[track - TESS_TRACK_VIDEO].begun = true;
	timeline->tracks[track - TESS_TRACK_VIDEO].last_us = last_us;
}

void tess_timeline_mark_gap(struct tess_timeline *timeline)
{
	timeline->gap = true;
}

/** End of the output so far; false when it is empty. */
static bool last_of_all(const struct tess_timeline *timeline, int64_t *last_us)
{
	bool begun = false;

	for (unsigned i = 0; i < TRACKS; i++) {
		if (!timeline->tracks[i].begun)
			continue;
		if (!begun || timeline->tracks[i].last_us > *last_us)
			*last_us = timeline->tracks[i].last_us;
		begun = true;
	}
	return begun;
}

int64_t tess_timeline_last_media_us(const struct tess_timeline *timeline)
{
	int64_t end_us = 0, last_us;

	if (!last_of_all(timeline, &end_us))
		return INT64_MIN;
	last_us = end_us;
	for (unsigned i = 0; i < TRACKS; i++) {
		int64_t track_us = timeline->tracks[i].last_us;

		if (timeline->tracks[i].begun && track_us < last_us &&
		    track_us > end_us - TESS_TIMELINE_MAX_SILENCE_US)
			last_us = track_us;
	}
	return last_us + timeline->origin_us;
}

/** Time of a unit in the output; far below 0 when media time is beyond reason. */
static int64_t output_time(const struct tess_timeline *timeline, int64_t media_us)
{
	int64_t time_us;

	if (__builtin_sub_overflow(media_us, timeline->origin_us, &time_us) ||
	    time_us > INT64_MAX / 4 || time_us < INT64_MIN / 4)
		return INT64_MIN / 4;
	return time_us;
}

int tess_timeline_place(struct tess_timeline *timeline, const struct tess_au *au,
			struct tess_timeline_place *place)
{
	int64_t dts_us = output_time(timeline, au->dts_us), ahead_us, later_us, last_us = 0;
	unsigned track = au->track - TESS_TRACK_VIDEO;
	bool begun = last_of_all(timeline, &last_us);

	if (au->discontinuity) /* to be remembered even if this unit is dropped */
		timeline->gap = true;
	ahead_us = dts_us - last_us;
	if (begun &&
	    (ahead_us > TESS_TIMELINE_MAX_GAP_US || ahead_us < -TESS_TIMELINE_MAX_LATE_US)) {
		ahead_us = 1000000;
		dts_us = last_us + ahead_us;
		timeline->origin_us = (int64_t)((uint64_t)au->dts_us - (uint64_t)dts_us);
		timeline->reanchored++;
		timeline->gap = true;
	}
	if (dts_us < 0 ||
	    (timeline->tracks[track].begun && dts_us <= timeline->tracks[track].last_us)) {
		timeline->late++;
		return -ESTALE;
	}
	place->dts_us = dts_us;
	place->pts_us = dts_us;
	if (!__builtin_sub_overflow(au->pts_us, au->dts_us, &later_us) && later_us > 0 &&
	    later_us <= TESS_TIMELINE_MAX_SHOWN_AFTER_US)
		place->pts_us += later_us;
	place->gap_us = 0;
	if (begun && (timeline->gap || ahead_us > TESS_TIMELINE_MAX_SILENCE_US))
		place->gap_us = ahead_us > 0 ? ahead_us : 1;
	timeline->gap = false;
	timeline->tracks[track].begun = true;
	timeline->tracks[track].last_us = dts_us;
	return 0;
}
