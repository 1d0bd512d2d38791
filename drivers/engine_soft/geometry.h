/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/geometry.h - which part of a picture goes where in its tile.
 *
 * All rectangles are even in position and size, so that chroma of 4:2:0 needs no half samples.
 */
#ifndef TESS_ENGINE_SOFT_GEOMETRY_H
#define TESS_ENGINE_SOFT_GEOMETRY_H

#include "hal/engine.h"

struct soft_geometry {
	struct tess_rect source; /* of the picture */
	struct tess_rect target; /* of the canvas, inside the tile */
};

/** Place a picture in its tile, keeping its shape (sample aspect ratio regarded). */
struct soft_geometry soft_geometry_place(const struct tess_surface *surface,
					 const struct tess_rect *tile, enum tess_render render);
bool soft_rect_overlaps(const struct tess_rect *a, const struct tess_rect *b);
bool soft_rect_equal(const struct tess_rect *a, const struct tess_rect *b);
/** Even, not empty, and inside width x height. */
bool soft_rect_valid(const struct tess_rect *rect, int32_t width, int32_t height);

#endif
