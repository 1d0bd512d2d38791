/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/stream/reorder.h - decoding times of pictures of which only is known when they are
 * shown, as RTP tells.
 *
 * Where a picture may come before @p depth others that are shown earlier, its decoding time is the
 * earliest display time among it and the @p depth pictures before it that have not been one yet.
 * Such times rise, and are never behind the display time. Pure.
 */
#ifndef TESS_STREAM_REORDER_H
#define TESS_STREAM_REORDER_H

#include <stdbool.h>
#include <stdint.h>

/** The deepest that H.264 has (max_num_reorder_frames, Annex E). */
#define TESS_REORDER_MAX 16

/** All zero: nothing has come, and pictures come in the order in which they are shown. */
struct tess_reorder {
	unsigned depth;
	unsigned count;			    /* of shown_us */
	int64_t shown_us[TESS_REORDER_MAX]; /* not used as a decoding time yet, rising */
	bool begun;
	int64_t dts_us; /* the last one given */
};

/** From the next picture on; less than before, or more than MAX, is not taken. */
void tess_reorder_set_depth(struct tess_reorder *reorder, unsigned depth);
/** What comes next does not follow what came before. */
void tess_reorder_break(struct tess_reorder *reorder);
/**
 * The decoding time of the next picture, in the order of decoding. @p pts_us is put off where it
 * is before that: a stream that is deeper than it said, whose depth is known better from then on.
 */
int64_t tess_reorder_dts(struct tess_reorder *reorder, int64_t *pts_us);

#endif
