/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/compose/geometry.c - crop, fit and stretch arithmetic.
 */
#include "drivers/compose/geometry.h"

/* a * b / c to the nearest even number, between 2 and limit (even) */
static int32_t scale_even(int64_t a, int64_t b, int64_t c, int32_t limit)
{
	int64_t even = (a * b + c) / (2 * c) * 2;
	if (even < 2)
		return 2;
	return even > limit ? limit : (int32_t)even;
}

/* where a span of the given size begins when centred in limit; even */
static int32_t centre_even(int32_t limit, int32_t size)
{
	return (limit - size) / 4 * 2;
}

struct tess_compose_geometry tess_compose_place(const struct tess_surface *surface,
						const struct tess_rect *tile,
						enum tess_render render)
{
	struct tess_compose_geometry geometry = {
		.source = {0, 0, surface->width, surface->height},
		.target = *tile,
	};
	if (render == TESS_RENDER_STRETCH)
		return geometry;
	/* the picture's shape is across : down, in pixels of the canvas */
	int64_t across = (int64_t)surface->width * surface->sar_num;
	int64_t down = (int64_t)surface->height * surface->sar_den;
	bool wider = across * tile->height > down * tile->width;

	if (render == TESS_RENDER_CROP) {
		struct tess_rect *source = &geometry.source;
		if (wider) {
			source->width = scale_even(down * tile->width, 1,
						   (int64_t)surface->sar_num * tile->height,
						   surface->width);
			source->x = centre_even(surface->width, source->width);
		} else {
			source->height = scale_even(across * tile->height, 1,
						    (int64_t)surface->sar_den * tile->width,
						    surface->height);
			source->y = centre_even(surface->height, source->height);
		}
	} else {
		struct tess_rect *target = &geometry.target;
		if (wider) {
			target->height = scale_even(tile->width, down, across, tile->height);
			target->y += centre_even(tile->height, target->height);
		} else {
			target->width = scale_even(tile->height, across, down, tile->width);
			target->x += centre_even(tile->width, target->width);
		}
	}
	return geometry;
}

bool tess_compose_rect_overlaps(const struct tess_rect *a, const struct tess_rect *b)
{
	return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height &&
	       b->y < a->y + a->height;
}

bool tess_compose_rect_equal(const struct tess_rect *a, const struct tess_rect *b)
{
	return a->x == b->x && a->y == b->y && a->width == b->width && a->height == b->height;
}

bool tess_compose_rect_contains(const struct tess_rect *outer, const struct tess_rect *inner)
{
	return inner->x >= outer->x && inner->y >= outer->y &&
	       inner->x + inner->width <= outer->x + outer->width &&
	       inner->y + inner->height <= outer->y + outer->height;
}

bool tess_compose_rect_valid(const struct tess_rect *rect, int32_t width, int32_t height)
{
	if ((rect->x | rect->y | rect->width | rect->height) & 1)
		return false;
	return rect->x >= 0 && rect->y >= 0 && rect->width > 0 && rect->height > 0 &&
	       rect->width <= width && rect->height <= height && rect->x <= width - rect->width &&
	       rect->y <= height - rect->height;
}
