/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/clip.h - clips of H.264 for an engine's decoder, and what it made of them.
 */
#ifndef TESS_TEST_CLIP_H
#define TESS_TEST_CLIP_H

#include "hal/engine.h"

/** A clip of tests/support/make_clips: access units in decoding order. */
struct clip {
	uint8_t *data;
	unsigned count;
	size_t offsets[257]; /* of the units, and of the end */
};

/** @p name without .h264; from the folder that the environment's TESS_CLIPS names. */
void clip_load(struct clip *clip, const char *name);
void clip_free(struct clip *clip);
/** Access unit @p i; its picture's capture time is 1000 * i. */
int clip_decode(const struct clip *clip, unsigned i, const struct tess_engine *engine,
		struct tess_decoder *decoder, struct tess_surface **surfacep);

/** The samples of a surface, by download; free() them. */
uint8_t *rig_i420(struct tess_engine *engine, struct tess_surface *surface);
/** Peak signal to noise ratio, dB. */
double rig_psnr(const uint8_t *a, const uint8_t *b, size_t count);

#endif
