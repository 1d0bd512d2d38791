/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/frozen.h - what is shown of a user whose picture stands still: the last one, the
 * last one dimmed with a sign on it, or an avatar in its place.
 *
 * The room's thread says of each tile how it is to be shown; the canvas's strand makes the signs
 * and avatars, each as large as its tile, and keeps them on the device while they are shown.
 */
#ifndef TESS_MEDIA_FROZEN_H
#define TESS_MEDIA_FROZEN_H

#include <stdint.h>

#include "hal/compiler.h"
#include "hal/engine.h"
#include "pipeline/mix/layout.h"

/** A picture that nothing new came after for so long stands still. */
#define TESS_FROZEN_US INT64_C(5000000)

enum tess_frozen {
	TESS_FROZEN_KEEP = 1,
	TESS_FROZEN_DIM,
	TESS_FROZEN_AVATAR,
};

/** Of one tile. All zero, and KEEP: the tile as it is. */
struct tess_frozen_mark {
	enum tess_frozen how;
	uint32_t color; /* of the avatar's ground, 0xRRGGBB */
};

/** The colour of a user's avatars. */
uint32_t tess_frozen_color(const char *user);

struct tess_frozen_picture {
	struct tess_frozen_mark mark;
	struct tess_surface *surface; /* of its tile's size */
	bool shown;
};

/** What is on the device. All zero: nothing. Threads: one at a time. */
struct tess_frozen_pictures {
	struct tess_frozen_picture pictures[TESS_LAYOUT_MAX_TILES];
	unsigned count;
};

/**
 * Copy @p count tiles (<= TESS_LAYOUT_MAX_TILES) to @p dressed (twice as many), as their marks say.
 * Surfaces in @p dressed are valid until the next call; what is not shown any more is given up. A
 * sign that the device cannot take this time is left out.
 * @return how many tiles it has become, or -ENODEV
 */
int tess_frozen_dress(struct tess_frozen_pictures *frozen, struct tess_engine *engine,
		      const struct tess_tile *tiles, const struct tess_frozen_mark *marks,
		      unsigned count, struct tess_tile *dressed) TESS_MUST_CHECK;
/** Give all up, before the engine goes. */
void tess_frozen_clear(struct tess_frozen_pictures *frozen);

#endif
