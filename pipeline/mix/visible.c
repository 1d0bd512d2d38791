/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mix/visible.c - what others leave of a rectangle.
 *
 * The rectangle is cut into columns at the sides of those over it; in one column, whether a height
 * is hidden is a walk downwards.
 */
#include "pipeline/mix/visible.h"

/* The column from @p left to @p right, which no side of the others is inside of. */
static bool column_is_seen(const struct tess_rect *rect, int32_t left, int32_t right,
			   const struct tess_rect *over, unsigned count)
{
	int32_t hidden_to = rect->y, before;

	do {
		before = hidden_to;
		for (unsigned i = 0; i < count; i++) {
			int32_t bottom = over[i].y + over[i].height;

			if (over[i].x <= left && over[i].x + over[i].width >= right &&
			    over[i].y <= hidden_to && bottom > hidden_to)
				hidden_to = bottom;
		}
	} while (hidden_to > before && hidden_to < rect->y + rect->height);
	return hidden_to < rect->y + rect->height;
}

/* The next side behind @p x. */
static int32_t next_side(int32_t x, int32_t end, const struct tess_rect *over, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		int32_t right = over[i].x + over[i].width;

		if (over[i].x > x && over[i].x < end)
			end = over[i].x;
		if (right > x && right < end)
			end = right;
	}
	return end;
}

bool tess_rect_is_seen(const struct tess_rect *rect, const struct tess_rect *over, unsigned count)
{
	int32_t end = rect->x + rect->width;

	if (rect->height <= 0)
		return false;
	for (int32_t x = rect->x; x < end;) {
		int32_t next = next_side(x, end, over, count);

		if (column_is_seen(rect, x, next, over, count))
			return true;
		x = next;
	}
	return false;
}
