/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/scenes.h - random scenes for any engine, and the canvases that they must give.
 *
 * The pictures are uploaded to the engine under test; the canvas is painted here by a painter that
 * draws the whole scene each time, on its own copies of the pictures, and knows nothing of plans.
 *Its scaling is libyuv's, so that the software engine must give the same bytes.
 *
 *	for (step = 0; step < 500; step++) {
 *		compositor_draw(compositor, tess_scenes_step(scenes), &canvas);
 *		tess_scenes_paint(scenes, want, scale);
 *		... compare with the canvas
 *	}
 * Failures of the engine or of memory end the program with a message. One thread.
 */
#ifndef TESS_TESTS_SCENES_H
#define TESS_TESTS_SCENES_H

#include <stdint.h>

#include "hal/engine.h"

struct tess_scenes;

/** How the sample at a place came to be, in ascending order of what may differ between scalers. */
enum tess_scenes_scale {
	TESS_SCENES_AS_IT_IS, /* a fill, or a picture in its own size */
	TESS_SCENES_REDUCED,  /* in both directions, or in one while the other is as it is */
	TESS_SCENES_ENLARGED, /* in at least one direction */
};

struct tess_scenes_config {
	uint16_t width, height; /* of the canvas; even, at least 32 */
	unsigned max_tiles;	/* 1 to 16 */
	unsigned seed;
};

/** Scenes for an engine, which must be open until tess_scenes_free(). The same configuration gives
 * the same scenes. */
struct tess_scenes *tess_scenes_new(const struct tess_engine_driver *driver,
				    struct tess_engine *engine,
				    const struct tess_scenes_config *config);
/** Give up all surfaces; accepts NULL. */
void tess_scenes_free(struct tess_scenes *scenes);
/** Change one thing, seldom nothing. @return the scene, valid until the next call */
const struct tess_scene *tess_scenes_step(struct tess_scenes *scenes);
/**
 * Paint the scene. @p i420: width * height * 3 / 2 bytes, tightly packed. @p scale: width * height
 * of enum tess_scenes_scale, of what the luma sample there is made of; NULL: not wanted.
 */
void tess_scenes_paint(const struct tess_scenes *scenes, uint8_t *i420, uint8_t *scale);

#endif
