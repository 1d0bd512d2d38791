/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mix/layout.c - the rectangles of the layout templates.
 */
#include "pipeline/mix/layout.h"

#include <errno.h>

/* the even floor of a/b */
static int32_t even_part(int32_t a, int32_t b)
{
	return a / (2 * b) * 2;
}

static int place_grid(int32_t width, int32_t height, unsigned count, struct tess_rect *rects)
{
	int32_t columns = count <= 1 ? 1 : count <= 4 ? 2 : count <= 9 ? 3 : 4;
	int32_t rows = count <= 2 ? 1 : columns;
	int32_t tile_width = even_part(width, columns);
	int32_t tile_height = even_part(height, rows);
	if (tile_width == 0 || tile_height == 0)
		return -EINVAL;
	for (int32_t i = 0; i < (int32_t)count; i++)
		rects[i] = (struct tess_rect){
			.x = i % columns * tile_width,
			.y = i / columns * tile_height,
			.width = tile_width,
			.height = tile_height,
		};
	return 0;
}

int tess_layout_place(enum tess_layout_template layout, uint16_t width, uint16_t height,
		      unsigned count, struct tess_rect rects[TESS_LAYOUT_MAX_TILES])
{
	if (count < 1 || count > TESS_LAYOUT_MAX_TILES)
		return -EINVAL;
	switch (layout) {
	case TESS_LAYOUT_GRID:
		return place_grid(width & ~1, height & ~1, count, rects);
	}
	return -EINVAL;
}
