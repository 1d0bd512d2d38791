/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/audio_soft/timeline.h - which sample was heard when: sample numbers to media time, over
 * gaps.
 */
#ifndef TESS_AUDIO_SOFT_TIMELINE_H
#define TESS_AUDIO_SOFT_TIMELINE_H

#include <stdint.h>

/** More jumps than this inside the encoder's delay and the oldest is forgotten. */
#define AUDIO_TIMELINE_ANCHORS 8

struct audio_timeline {
	uint32_t rate;
	unsigned count;
	struct audio_anchor {
		int64_t sample; /* from this one on ... */
		int64_t pts_us; /* ... time runs on from here */
	} anchors[AUDIO_TIMELINE_ANCHORS];
};

/** Sample @p sample is at pts_us; so it stays until the next anchor. */
void audio_timeline_anchor(struct audio_timeline *timeline, int64_t sample, int64_t pts_us);
/** When @p sample is; those before the first anchor lie before its time. Needs an anchor. */
int64_t audio_timeline_pts(const struct audio_timeline *timeline, int64_t sample);

#endif
