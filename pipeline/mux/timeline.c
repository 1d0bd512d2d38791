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

int64_t tess_timeline_last_media_us(const struct tess_timeline *timeline)
{
	int64_t last = INT64_MAX;

	for (unsigned i = 0; i < TRACKS; i++) {
		if (timeline->tracks[i].begun && timeline->tracks[i].last_us < last)
			last = timeline->tracks[i].last_us;
	}
	return last == INT64_MAX ? INT64_MIN : last + timeline->origin_us;
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

int tess_timeline_place(struct tess_timeline *timeline, const struct tess_au *au,
			struct tess_timeline_place *place)
{
	unsigned track = au->track - TESS_TRACK_VIDEO;
	int64_t dts_us, ahead_us, last_us = 0;
	bool begun = last_of_all(timeline, &last_us), gap = timeline->gap || au->discontinuity;

	/* times are hostile input too; this far from each other they wrap */
	if (__builtin_sub_overflow(au->dts_us, timeline->origin_us, &dts_us) ||
	    __builtin_sub_overflow(dts_us, last_us, &ahead_us))
		ahead_us = INT64_MAX;
	if (begun &&
	    (ahead_us > TESS_TIMELINE_MAX_GAP_US || ahead_us < -TESS_TIMELINE_MAX_LATE_US)) {
		dts_us = last_us + 1000000;
		ahead_us = 1000000;
		timeline->origin_us = (int64_t)((uint64_t)au->dts_us - (uint64_t)dts_us);
		timeline->reanchored++;
		gap = true;
	}
	if (dts_us < 0 ||
	    (timeline->tracks[track].begun && dts_us <= timeline->tracks[track].last_us)) {
		timeline->late++;
		return -ESTALE;
	}
	place->dts_us = dts_us;
	place->pts_us = dts_us;
	if (au->pts_us > au->dts_us && au->pts_us - au->dts_us <= TESS_TIMELINE_MAX_LATE_US)
		place->pts_us += au->pts_us - au->dts_us;
	place->gap_us = 0;
	if (begun && (gap || ahead_us > TESS_TIMELINE_MAX_SILENCE_US))
		place->gap_us = ahead_us > 0 ? ahead_us : 1;
	timeline->gap = false;
	timeline->tracks[track].begun = true;
	timeline->tracks[track].last_us = dts_us;
	return 0;
}
