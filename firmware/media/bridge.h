/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/bridge.h - publishers that are shown and heard in another room than their own,
 * whichever worker it is on.
 *
 * A publisher is received and decoded in its own room alone. A room that wants it too opens a line
 * to it and says which tiles are to get its pictures; its own room finds the line by the bridge and
 * feeds the tiles like its own. Sound goes through a queue of the line, for a second at most: what
 * finds it full is left out.
 *
 * Where the bridge is NULL, no room is joined with another. Threads: the bridge's calls from any;
 * of a line as it says, one at each end.
 */
#ifndef TESS_MEDIA_BRIDGE_H
#define TESS_MEDIA_BRIDGE_H

#include "firmware/media/decode.h"

struct tess_bridge;
struct tess_line;

/** @retval 0, -ENOMEM */
int tess_bridge_alloc(struct tess_bridge **bridgep) TESS_MUST_CHECK;
/** All lines must have been closed. Accepts NULL. */
void tess_bridge_free(struct tess_bridge *bridge);
/** Another number after each change of what lines there are and what they want. */
unsigned tess_bridge_version(struct tess_bridge *bridge);

/* the end that wants the publisher */

/** @retval 0, -EINVAL there is no bridge, -ENOMEM */
int tess_line_open(struct tess_line **linep, struct tess_bridge *bridge,
		   int64_t publisher) TESS_MUST_CHECK;
/** Nothing comes any more, a few milliseconds later. Accepts NULL. */
void tess_line_close(struct tess_line *line);
/** Pictures for @p count tiles (<= TESS_MAX_TAPS), which are referenced, and perhaps sound. */
void tess_line_want(struct tess_line *line, struct tess_tile_source *const *tiles, unsigned count,
		    bool sound);
/**
 * The next sound into @p pcm (TESS_AUDIO_MAX_FRAMES stereo frames), and when its first frame was
 * captured. @return frames; 0: there is none now
 */
unsigned tess_line_take(struct tess_line *line, float *pcm, int64_t *media_us);
/** What decoding the pictures costs, as the publisher's room last said. */
double tess_line_price(const struct tess_line *line);

/* the end that has the publisher */

/** What goes to one line, with references to both. */
struct tess_branch {
	struct tess_line *line;
	struct tess_tile_source *tile; /* NULL: none */
	bool sound;
};

/** All that is wanted of a publisher; starts zeroed. */
struct tess_branches {
	struct tess_branch list[TESS_MAX_TAPS];
	unsigned count;
};

/** What is wanted now, at most @p max branches. @return true if sound is among it */
bool tess_branches_find(struct tess_branches *branches, struct tess_bridge *bridge,
			int64_t publisher, unsigned max);
/** None any more. */
void tess_branches_release(struct tess_branches *branches);
/** Sound for all that want it. @return how many lines were too full */
unsigned tess_branches_push(struct tess_branches *branches, const float *pcm, unsigned frames,
			    int64_t media_us);
void tess_branches_set_price(struct tess_branches *branches, double price);

#endif
