/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mix/layout.h - where the tiles of a canvas are.
 *
 * Template 1 (grid): c = 1, 2, 3, 4 columns for n = 1, 2-4, 5-9, 10-16; one row for n <= 2, else c
 * rows; tiles are E(W,c) x E(H,rows), where E(a,b) is a/b rounded down to even.
 */
#ifndef TESS_MIX_LAYOUT_H
#define TESS_MIX_LAYOUT_H

#include "hal/engine.h"

#define TESS_LAYOUT_MAX_TILES 16

enum tess_layout_template {
	TESS_LAYOUT_GRID = 1, /* the number that LayoutParams.Template carries */
};

/**
 * Rectangles of @p count tiles (1..16) on a canvas, slot 0 first.
 * @retval 0, -EINVAL count or canvas out of range, or a template that is not there
 */
int tess_layout_place(enum tess_layout_template layout, uint16_t width, uint16_t height,
		      unsigned count,
		      struct tess_rect rects[TESS_LAYOUT_MAX_TILES]) TESS_MUST_CHECK;

#endif
