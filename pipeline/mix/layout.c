/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mix/layout.c - the rectangles of the layout templates.
 */
#include "pipeline/mix/layout.h"

#include <errno.h>

/* The floating template's tiles and gaps, in thousandths of the canvas: four of them and five gaps
 * fill a row. */
#define SMALL 235
#define GAP   12
#define STEP  (SMALL + GAP)

/* the even floor of a/b */
static int32_t even_part(int32_t a, int32_t b)
{
	return a / (2 * b) * 2;
}

static void place_floating(int32_t width, int32_t height, int32_t count, struct tess_rect *rects)
{
	rects[0] = (struct tess_rect){0, 0, width, height};
	for (int32_t i = 0; i < count - 1; i++)
		rects[i + 1] = (struct tess_rect){
			.x = even_part(width * (GAP + STEP * (i % 4)), 1000),
			.y = even_part(height * (1000 - STEP * (i / 4 + 1)), 1000),
			.width = even_part(width * SMALL, 1000),
			.height = even_part(height * SMALL, 1000),
		};
}

static void place_grid(int32_t width, int32_t height, int32_t count, struct tess_rect *rects)
{
	int32_t columns = count <= 1 ? 1 : count <= 4 ? 2 : count <= 9 ? 3 : 4;
	int32_t rows = count <= 2 ? 1 : columns;
	int32_t tile_width = even_part(width, columns);
	int32_t tile_height = even_part(height, rows);
	for (int32_t i = 0; i < count; i++)
		rects[i] = (struct tess_rect){
			.x = i % columns * tile_width,
			.y = i / columns * tile_height,
			.width = tile_width,
			.height = tile_height,
		};
}

static void place_screen(int32_t width, int32_t height, int32_t count, bool right,
			 struct tess_rect *rects)
{
	int32_t across = count <= 5 ? 5 : count <= 7 ? 7 : count <= 9 ? 9 : 10;
	int32_t down = count <= 5 ? 4 : count <= 7 ? 6 : 8;
	int32_t columns = count <= 9 ? 1 : 2;
	int32_t small_width = even_part(width, across), small_height = even_part(height, down);
	int32_t big_width = width - columns * small_width;
	rects[0] = (struct tess_rect){0, 0, big_width, height};
	for (int32_t i = 0; i < count - 1; i++)
		rects[i + 1] = (struct tess_rect){
			.x = big_width + i / 8 * small_width,
			.y = i % 8 * small_height,
			.width = small_width,
			.height = small_height,
		};
	for (int32_t i = 0; right && i < count; i++)
		rects[i].x = width - rects[i].x - rects[i].width;
}

int tess_layout_place(enum tess_layout_template layout, bool right, uint16_t width, uint16_t height,
		      unsigned count, struct tess_rect rects[TESS_LAYOUT_MAX_TILES])
{
	int32_t w = width & ~1, h = height & ~1, n = (int32_t)count;
	if (count < 1 || count > (layout == TESS_LAYOUT_SCREEN ? TESS_LAYOUT_MAX_TILES
							       : TESS_LAYOUT_MAX_TILES - 1))
		return -EINVAL;
	switch (layout) {
	case TESS_LAYOUT_FLOATING:
		place_floating(w, h, n, rects);
		break;
	case TESS_LAYOUT_GRID:
		place_grid(w, h, n, rects);
		break;
	case TESS_LAYOUT_SCREEN:
		place_screen(w, h, n, right, rects);
		break;
	default:
		return -EINVAL;
	}
	for (unsigned i = 0; i < count; i++)
		if (rects[i].width <= 0 || rects[i].height <= 0)
			return -EINVAL;
	return 0;
}
