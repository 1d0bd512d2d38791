/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/kernels.cu - the compositor's arithmetic: fill, scaled picture, blend.
 *
 * Every sample is what libyuv makes of it on x86 with kFilterBilinear, which is how the software
 * engine draws: its special ratios, its rounding, and where its vector code rounds unlike its C.
 */
#include "gpu.h"
#include "kernels.h"

/* one plane, or one of the two components of an interleaved one */
struct plane {
	nv_address address;
	int pitch;
	int step;      /* bytes from sample to sample */
	int component; /* bytes before the first */
};

GPU_FUNCTION int at(const struct plane *plane, int x, int y)
{
	return GPU_LOAD(plane->address,
			(long long)y * plane->pitch + x * plane->step + plane->component);
}

GPU_FUNCTION int average(int a, int b)
{
	return (a + b + 1) >> 1;
}

/* a row's b eighths of the way, in 1/256 */
GPU_FUNCTION int between_rows(int a, int b, int fraction)
{
	return (a * (256 - fraction) + b * fraction + 128) >> 8;
}

/* fraction in 1/65536, of which seven bits count */
GPU_FUNCTION int between_columns(int a, int b, int fraction)
{
	return a + (((fraction >> 9) * (b - a) + 64) >> 7);
}

GPU_FUNCTION int scale_between(const struct plane *from, const struct nv_scale *scale, int column,
			       int row)
{
	int x = scale->x + column * scale->x_step, y = scale->y + row * scale->y_step;
	if (y > scale->y_max)
		y = scale->y_max;
	int left = x >> 16, upper = y >> 16, across = x & 0xffff;
	int down = (y >> 8) & scale->y_fraction;
	int right = left + 1 < scale->from_width ? left + 1 : left;
	int lower = upper + 1 < scale->from_height ? upper + 1 : upper;
	int a = at(from, left, upper), b = at(from, right, upper);
	int c = at(from, left, lower), d = at(from, right, lower);
	if (scale->mode == NV_SCALE_UP)
		return between_rows(between_columns(a, b, across), between_columns(c, d, across),
				    down);
	return between_columns(between_rows(a, c, down), between_rows(b, d, down), across);
}

GPU_FUNCTION int scale_half(const struct plane *from, int column, int row)
{
	int x = 2 * column, y = 2 * row;
	return (at(from, x, y) + at(from, x + 1, y) + at(from, x, y + 1) + at(from, x + 1, y + 1) +
		2) >>
	       2;
}

/* near and far weigh 3 : 1, or in the middle 1 : 1 */
GPU_FUNCTION int three_to_one(int near_one, int far_one, int middle)
{
	return middle ? average(near_one, far_one) : (3 * near_one + far_one + 2) >> 2;
}

/* four samples to three: of each four one is met, then one in the middle of two, then one met */
GPU_FUNCTION int scale_three_quarters(const struct plane *from, const struct nv_scale *scale,
				      int column, int row)
{
	int part = column % 3, x = column / 3 * 4, row_part = row % 3, y = row / 3 * 4;
	int near_x = part == 0 ? x : part == 1 ? x + 1 : x + 3;
	int far_x = part == 0 ? x + 1 : x + 2;
	int near_y = row_part == 0 ? y : row_part == 1 ? y + 1 : y + 3;
	int far_y = row_part == 0 ? y + 1 : y + 2;
	int a = at(from, near_x, near_y), b = at(from, far_x, near_y);
	int c = at(from, near_x, far_y), d = at(from, far_x, far_y);
	if (column >= scale->vector_width)
		return three_to_one(three_to_one(a, b, part == 1), three_to_one(c, d, part == 1),
				    row_part == 1);
	int near_rows = average(a, c), far_rows = average(b, d);
	if (row_part != 1) {
		near_rows = average(a, near_rows);
		far_rows = average(b, far_rows);
	}
	return three_to_one(near_rows, far_rows, part == 1);
}

/* eight samples to three: the means of three, three and two */
GPU_FUNCTION int scale_three_eighths(const struct plane *from, const struct nv_scale *scale,
				     int column, int row)
{
	int x = column / 3 * 8 + column % 3 * 3, y = row / 3 * 8 + row % 3 * 3;
	int columns = column % 3 == 2 ? 2 : 3, rows = row % 3 == 2 ? 2 : 3;
	int vector = rows == 2 && column < scale->vector_width;
	int sum = 0;
	for (int i = 0; i < columns; i++) {
		int a = at(from, x + i, y), b = at(from, x + i, y + 1);
		if (vector)
			sum += average(a, b);
		else
			sum += a + b + (rows == 3 ? at(from, x + i, y + 2) : 0);
	}
	return sum * (65536 / (vector ? columns : columns * rows)) >> 16;
}

/* the neighbour of a sample that position / 2 is nearest to, in a line made twice as long; the ends
 * have none and stand for it themselves */
GPU_FUNCTION int twice_far(int position, int from_size)
{
	int far_one = position & 1 ? position / 2 + 1 : position / 2 - 1;
	return far_one < 0 || far_one >= from_size ? position / 2 : far_one;
}

/* in columns the last one stands for itself even where it has a neighbour */
GPU_FUNCTION int twice_far_column(const struct nv_scale *scale, int column)
{
	return column == scale->to_width - 1 ? column / 2 : twice_far(column, scale->from_width);
}

GPU_FUNCTION int scale_twice_wide(const struct plane *from, const struct nv_scale *scale,
				  int column, int row)
{
	int y = (scale->y + row * scale->y_step) >> 16;
	return (3 * at(from, column / 2, y) + at(from, twice_far_column(scale, column), y) + 2) >>
	       2;
}

GPU_FUNCTION int scale_twice(const struct plane *from, const struct nv_scale *scale, int column,
			     int row)
{
	int near_x = column / 2, far_x = twice_far_column(scale, column);
	int near_y = row / 2, far_y = twice_far(row, scale->from_height);
	return (9 * at(from, near_x, near_y) + 3 * at(from, far_x, near_y) +
		3 * at(from, near_x, far_y) + at(from, far_x, far_y) + 8) >>
	       4;
}

GPU_FUNCTION int scaled(const struct plane *from, const struct nv_scale *scale, int column, int row)
{
	switch (scale->mode) {
	case NV_SCALE_COPY:
		return at(from, column, row);
	case NV_SCALE_POINT:
		return at(from, (scale->x + column * scale->x_step) >> 16,
			  (scale->y + row * scale->y_step) >> 16);
	case NV_SCALE_HALF:
		return scale_half(from, column, row);
	case NV_SCALE_THREE_QUARTERS:
		return scale_three_quarters(from, scale, column, row);
	case NV_SCALE_THREE_EIGHTHS:
		return scale_three_eighths(from, scale, column, row);
	case NV_SCALE_TWICE_WIDE:
		return scale_twice_wide(from, scale, column, row);
	case NV_SCALE_TWICE:
		return scale_twice(from, scale, column, row);
	default:
		return scale_between(from, scale, column, row);
	}
}

/* as tess_compose_limited() */
GPU_FUNCTION int limited(int sample, int span)
{
	int factor = (span * 65536 + 127) / 255;
	return 16 + ((sample * factor + 32768) >> 16);
}

/* as tess_compose_blend() */
GPU_FUNCTION int blended(int below, int above, int alpha)
{
	return (below * (255 - alpha) + above * alpha + 127) / 255;
}

/* the first pixel of this thread */
#define COLUMN ((int)(2 * (GPU_BLOCK(x) * GPU_BLOCK_SIZE(x) + GPU_THREAD(x))))
#define ROW    ((int)(2 * (GPU_BLOCK(y) * GPU_BLOCK_SIZE(y) + GPU_THREAD(y))))

GPU_KERNEL(nv_picture, nv_picture_arg)
{
	int column = COLUMN, row = ROW;
	if (column >= arg.width || row >= arg.height)
		return;
	struct plane luma = {arg.from_luma, arg.from_pitch, 1, 0};
	for (int i = 0; i < 4; i++) {
		int x = column + (i & 1), y = row + (i >> 1);
		int sample = scaled(&luma, &arg.luma, arg.x + x, arg.y + y);
		GPU_STORE(arg.to_luma, (long long)y * arg.to_pitch + x,
			  arg.full_range ? limited(sample, 219) : sample);
	}
	for (int i = 0; i < 2; i++) {
		struct plane chroma = {arg.from_chroma, arg.from_pitch, 2, i};
		int sample = scaled(&chroma, &arg.chroma, (arg.x + column) / 2, (arg.y + row) / 2);
		GPU_STORE(arg.to_chroma, (long long)(row / 2) * arg.to_pitch + column + i,
			  arg.full_range ? limited(sample, 224) : sample);
	}
}

GPU_KERNEL(nv_fill, nv_fill_arg)
{
	int column = COLUMN, row = ROW;
	if (column >= arg.width || row >= arg.height)
		return;
	for (int i = 0; i < 4; i++)
		GPU_STORE(arg.to_luma, (long long)(row + (i >> 1)) * arg.pitch + column + (i & 1),
			  arg.y);
	long long chroma = (long long)(row / 2) * arg.pitch + column;
	GPU_STORE(arg.to_chroma, chroma, arg.u);
	GPU_STORE(arg.to_chroma, chroma + 1, arg.v);
}

GPU_KERNEL(nv_blend, nv_blend_arg)
{
	int column = COLUMN, row = ROW;
	if (column >= arg.width || row >= arg.height)
		return;
	for (int i = 0; i < 4; i++) {
		int x = column + (i & 1), y = row + (i >> 1);
		long long to = (long long)y * arg.to_pitch + x;
		int above = GPU_LOAD(arg.from_luma, (long long)y * arg.from_pitch + x);
		int alpha = GPU_LOAD(arg.alpha, (long long)y * arg.alpha_pitch + x);
		GPU_STORE(arg.to_luma, to, blended(GPU_LOAD(arg.to_luma, to), above, alpha));
	}
	int alpha = GPU_LOAD(arg.chroma_alpha,
			     (long long)(row / 2) * (arg.alpha_pitch / 2) + column / 2);
	for (int i = 0; i < 2; i++) {
		long long to = (long long)(row / 2) * arg.to_pitch + column + i;
		int above = GPU_LOAD(arg.from_chroma,
				     (long long)(row / 2) * arg.from_pitch + column + i);
		GPU_STORE(arg.to_chroma, to, blended(GPU_LOAD(arg.to_chroma, to), above, alpha));
	}
}
