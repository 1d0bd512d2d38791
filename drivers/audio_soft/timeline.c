/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/audio_soft/timeline.c - sample numbers to media time.
 */
#include "drivers/audio_soft/timeline.h"

#include <string.h>

void audio_timeline_anchor(struct audio_timeline *timeline, int64_t sample, int64_t pts_us)
{
	if (timeline->count == AUDIO_TIMELINE_ANCHORS) {
		timeline->count--;
		memmove(timeline->anchors, timeline->anchors + 1,
			timeline->count * sizeof(timeline->anchors[0]));
	}
	timeline->anchors[timeline->count++] = (struct audio_anchor){sample, pts_us};
}

int64_t audio_timeline_pts(const struct audio_timeline *timeline, int64_t sample)
{
	unsigned i = timeline->count - 1;
	while (i > 0 && timeline->anchors[i].sample > sample)
		i--;
	const struct audio_anchor *anchor = &timeline->anchors[i];
	int64_t scaled = (sample - anchor->sample) * 1000000;
	int64_t rate = timeline->rate;
	/* to the nearest microsecond, also before the anchor */
	return anchor->pts_us + (scaled + (scaled < 0 ? -rate / 2 : rate / 2)) / rate;
}
