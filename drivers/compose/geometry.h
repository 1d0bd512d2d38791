/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/compose/geometry.h - which part of a picture goes where in its tile.
 *
 * All rectangles are even in position and size, so that chroma of 4:2:0 needs no half samples.
 */
#ifndef TESS_COMPOSE_GEOMETRY_H
#define TESS_COMPOSE_GEOMETRY_H

#include "hal/engine.h"

struct tess_compose_geometry {
	struct tess_rect source; /* of the picture */
	struct tess_rect target; /* of the canvas, inside the tile */
};

/** Place a picture in its tile; all but STRETCH keep its shape (sample aspect ratio regarded). */
struct tess_compose_geometry tess_compose_place(const struct tess_surface *surface,
						const struct tess_rect *tile,
						enum tess_render render);
bool tess_compose_rect_overlaps(const struct tess_rect *a, const struct tess_rect *b);
bool tess_compose_rect_equal(const struct tess_rect *a, const struct tess_rect *b);
/** @p inner leaves @p outer nowhere. */
bool tess_compose_rect_contains(const struct tess_rect *outer, const struct tess_rect *inner);
/** Even, not empty, and inside width x height. */
bool tess_compose_rect_valid(const struct tess_rect *rect, int32_t width, int32_t height);

#endif
