/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mix/layout.h - where the tiles of a canvas are.
 *
 * E(a,b) is a/b rounded down to even; n is how many tiles there are. W x H is rounded down to even
 * first.
 *
 * Floating: tile 0 is the whole canvas; small tiles of E(235 W,1000) x E(235 H,1000) lie over it,
 * four in a row, from the lower left to the right and then up.
 * Grid: c = 1, 2, 3, 4 columns for n = 1, 2-4, 5-9, 10-16; one row for n <= 2, else c rows; tiles
 * are E(W,c) x E(H,rows).
 * Screen: tile 0 is the big one at the left, as high as the canvas; small ones stand in one column
 * at its right (n <= 5: E(W,5) x E(H,4), n <= 7: E(W,7) x E(H,6), n <= 9: E(W,9) x E(H,8)) or in
 * two (E(W,10) x E(H,8)), the first next to the big one. Mirrored if the big one is to be right.
 * The other templates are rectangles as given.
 */
#ifndef TESS_MIX_LAYOUT_H
#define TESS_MIX_LAYOUT_H

#include "hal/engine.h"

/** The screen template has a big tile beside 16 small ones. */
#define TESS_LAYOUT_MAX_TILES 17

/** One more than the number that LayoutParams.Template carries. */
enum tess_layout_template {
	TESS_LAYOUT_FLOATING = 1,
	TESS_LAYOUT_GRID,
	TESS_LAYOUT_SCREEN,
	TESS_LAYOUT_PICTURE, /* in picture */
	TESS_LAYOUT_CUSTOM,
};

/**
 * Rectangles of @p count tiles (1..16, screen: 1..17) on a canvas, tile 0 first, in drawing order.
 * @p right: the big tile of the screen template is at the right.
 * @retval 0, -EINVAL count or canvas out of range, or a template whose rectangles are given
 */
int tess_layout_place(enum tess_layout_template layout, bool right, uint16_t width, uint16_t height,
		      unsigned count,
		      struct tess_rect rects[TESS_LAYOUT_MAX_TILES]) TESS_MUST_CHECK;

#endif
