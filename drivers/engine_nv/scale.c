/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/scale.c - the choice that libyuv's ScalePlane() makes for kFilterBilinear, and
 * where its filters begin and step, in 1/65536 sample.
 *
 * Planes are chosen for one by one: luma of 10 rows to 18 is interpolated, its chroma of 5 to 9
 * goes the way of doubling.
 */
#include "drivers/engine_nv/scale.h"

#include <stdbool.h>
#include <stdint.h>

#define ONE  65536
#define HALF 32768

/* what libyuv leaves of the bilinear filter */
enum filter {
	FILTER_NONE = 1,
	FILTER_COLUMNS,
	FILTER_BOTH,
};

static enum filter filter_for(int from_width, int from_height, int to_width, int to_height)
{
	enum filter filter = FILTER_BOTH;
	if (from_height == 1 || to_height == from_height || to_height * 3 == from_height)
		filter = FILTER_COLUMNS;
	if (from_width == 1)
		return FILTER_NONE;
	if (filter == FILTER_COLUMNS && (to_width == from_width || to_width * 3 == from_width))
		return FILTER_NONE;
	return filter;
}

static int step_for(int from, int to)
{
	return (int)(((int64_t)from << 16) / to);
}

/* upwards the last sample is met, but not gone beyond */
static int step_up(int from, int to)
{
	return from > 1 && to > 1 ? (int)((((int64_t)from << 16) - 0x10001) / (to - 1)) : 0;
}

/* interpolated positions: downwards in the middle of what a sample stands for */
static void between(int from, int to, int *start, int *step)
{
	bool down = to <= from;
	*step = down ? step_for(from, to) : step_up(from, to);
	*start = down ? *step / 2 - HALF : 0;
}

static bool ratio(const struct nv_scale *scale, int numerator, int denominator)
{
	return denominator * scale->to_width == numerator * scale->from_width &&
	       denominator * scale->to_height == numerator * scale->from_height;
}

static void choose_same_width(struct nv_scale *scale, enum filter filter)
{
	scale->x_step = ONE;
	between(scale->from_height, scale->to_height, &scale->y, &scale->y_step);
	scale->y_max = scale->from_height > 1 ? ((scale->from_height - 1) << 16) - 1 : 0;
	scale->mode = filter == FILTER_NONE ? NV_SCALE_POINT : NV_SCALE_DOWN;
}

static void choose_twice_wide(struct nv_scale *scale)
{
	scale->mode = NV_SCALE_TWICE_WIDE;
	scale->y = HALF - 1;
	if (scale->to_height == 1)
		scale->y = (scale->from_height - 1) / 2 * ONE;
	else
		scale->y_step = step_for(scale->from_height - 1, scale->to_height - 1);
}

static void choose_general(struct nv_scale *scale, enum filter filter)
{
	int from_width = scale->from_width, from_height = scale->from_height;
	scale->y_step = step_for(from_height, scale->to_height);
	scale->y = scale->y_step / 2;
	scale->y_max = (from_height - 1) << 16;
	if (filter == FILTER_NONE) {
		scale->mode = NV_SCALE_POINT;
		scale->x_step = step_for(from_width, scale->to_width);
		scale->x = scale->x_step / 2;
		return;
	}
	scale->mode = scale->to_height > from_height ? NV_SCALE_UP : NV_SCALE_DOWN;
	between(from_width, scale->to_width, &scale->x, &scale->x_step);
	if (filter == FILTER_COLUMNS)
		scale->y_fraction = 0;
	else
		between(from_height, scale->to_height, &scale->y, &scale->y_step);
}

struct nv_scale nv_scale_choose(int from_width, int from_height, int to_width, int to_height)
{
	struct nv_scale scale = {
		.from_width = from_width,
		.from_height = from_height,
		.to_width = to_width,
		.to_height = to_height,
		.y_fraction = 255,
	};
	enum filter filter = filter_for(from_width, from_height, to_width, to_height);
	if (ratio(&scale, 1, 1)) {
		scale.mode = NV_SCALE_COPY;
	} else if (to_width == from_width) {
		choose_same_width(&scale, filter);
	} else if (ratio(&scale, 3, 4)) {
		scale.mode = NV_SCALE_THREE_QUARTERS;
		scale.vector_width = to_width - to_width % 24;
	} else if (ratio(&scale, 1, 2)) {
		scale.mode = NV_SCALE_HALF;
	} else if (ratio(&scale, 3, 8)) {
		scale.mode = NV_SCALE_THREE_EIGHTHS;
		scale.vector_width = to_width - to_width % 6;
	} else if ((to_width + 1) / 2 == from_width && filter == FILTER_COLUMNS) {
		choose_twice_wide(&scale);
	} else if ((to_width + 1) / 2 == from_width && (to_height + 1) / 2 == from_height &&
		   filter == FILTER_BOTH) {
		scale.mode = NV_SCALE_TWICE;
	} else {
		choose_general(&scale, filter);
	}
	return scale;
}
