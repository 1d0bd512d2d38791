/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/cli/selftest_side.h - one of the two engines that a self-test compares: the same
 * pictures and scenes on each.
 */
#ifndef TESS_CLI_SELFTEST_SIDE_H
#define TESS_CLI_SELFTEST_SIDE_H

#include "hal/engine.h"

#define SELFTEST_PICTURES	4 /* different ones */
#define SELFTEST_PICTURE_WIDTH	640
#define SELFTEST_PICTURE_HEIGHT 360
/** Of the canvas. */
#define SELFTEST_WIDTH	1280
#define SELFTEST_HEIGHT 720

/** An engine, the caller's, with what was brought to it. */
struct selftest_side {
	const struct tess_engine_driver *driver;
	struct tess_engine *engine;
	struct tess_surface *pictures[SELFTEST_PICTURES];
	struct tess_surface *logo; /* translucent, 160x90; NULL: not all could be brought */
};

enum selftest_scene {
	SELFTEST_AS_THEY_ARE = 1,
	SELFTEST_SMALLER,
	SELFTEST_LARGER,
	SELFTEST_CROPPED,
	SELFTEST_BESIDE,
	SELFTEST_DECORATED,
};

/** Bring the pictures there. @retval 0, or the error of the engine */
int selftest_side_upload(struct selftest_side *side) TESS_MUST_CHECK;
void selftest_side_drop(struct selftest_side *side);
/** Copy a surface out. @retval 0, or the error of the engine */
int selftest_side_download(const struct selftest_side *side, struct tess_surface *surface,
			   uint8_t *i420) TESS_MUST_CHECK;
/** Draw a scene. @retval 0, or the error of the engine */
int selftest_side_draw(const struct selftest_side *side, struct tess_compositor *compositor,
		       enum selftest_scene scene, struct tess_surface **canvas) TESS_MUST_CHECK;

#endif
