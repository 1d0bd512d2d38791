/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/test_pattern.c - pictures that say who published them and when.
 */
#include <errno.h>
#include <string.h>

#include "tests/support/test_pattern.h"

#define COLUMNS 4
#define ROWS	6
#define BLACK	16
#define WHITE	235
#define GREY	128
/* The distance from the middle that a block must keep to be believed. */
#define MARGIN 25

/* Of the picture's size: where the blocks are, and the two strips that show the colour. */
static const double blocks_left = 0.3, blocks_top = 0.2, blocks_width = 0.4, blocks_height = 0.6;
static const double strip_tops[2] = {0.14, 0.82}, strip_height = 0.04;

struct area {
	double left, top, width, height;
};

struct tess_test_i420 tess_test_i420_wrap(uint8_t *data, unsigned width, unsigned height)
{
	size_t luma = (size_t)width * height;

	return (struct tess_test_i420){
		.planes = {data, data + luma, data + luma + luma / 4},
		.strides = {width, width / 2, width / 2},
		.width = width,
		.height = height,
	};
}

static void fill_plane(const struct tess_test_i420 *picture, unsigned plane, uint8_t value)
{
	unsigned shift = plane ? 1 : 0;

	for (unsigned row = 0; row < picture->height >> shift; row++)
		memset(picture->planes[plane] + row * picture->strides[plane], value,
		       picture->width >> shift);
}

void tess_test_i420_fill(const struct tess_test_i420 *picture, uint8_t y, uint8_t u, uint8_t v)
{
	fill_plane(picture, 0, y);
	fill_plane(picture, 1, u);
	fill_plane(picture, 2, v);
}

void tess_test_pattern_colour(uint8_t colour[3], unsigned id)
{
	/* a grid of 4 x 4 in U and V, two luma levels */
	colour[0] = id & 16 ? 120 : 80;
	colour[1] = (uint8_t)(68 + (id & 3) * 40);
	colour[2] = (uint8_t)(68 + (id >> 2 & 3) * 40);
}

/* Three bits over the other 21; all black and all white are wrong. */
static uint32_t check_of(uint32_t code)
{
	uint32_t check = 5;

	for (; code; code >>= 3)
		check = (check * 3 + (code & 7)) & 7;
	return check;
}

static uint32_t encode(const struct tess_test_pattern *pattern)
{
	uint32_t code = (pattern->id & 31) << 16 |
			(uint32_t)(pattern->time_us / TESS_TEST_PATTERN_UNIT_US & 0xffff);

	return code << 3 | check_of(code);
}

/* Chroma of the blocks is grey: on the chroma plane, the same area. */
static void fill_area(const struct tess_test_i420 *picture, unsigned plane, const struct area *area,
		      uint8_t value)
{
	double scale = plane ? 0.5 : 1.0;
	unsigned left = (unsigned)(area->left * scale + 0.5);
	unsigned right = (unsigned)((area->left + area->width) * scale + 0.5);
	unsigned top = (unsigned)(area->top * scale + 0.5);
	unsigned bottom = (unsigned)((area->top + area->height) * scale + 0.5);

	for (unsigned row = top; row < bottom; row++)
		memset(picture->planes[plane] + row * picture->strides[plane] + left, value,
		       right - left);
}

/* The block in column and row of a picture that covers @whole. */
static struct area block_area(const struct area *whole, unsigned index)
{
	double width = whole->width * blocks_width / COLUMNS;
	double height = whole->height * blocks_height / ROWS;
	unsigned column = index % COLUMNS, row = index / COLUMNS;

	return (struct area){
		.left = whole->left + whole->width * blocks_left + column * width,
		.top = whole->top + whole->height * blocks_top + row * height,
		.width = width,
		.height = height,
	};
}

void tess_test_pattern_draw(const struct tess_test_i420 *picture,
			    const struct tess_test_pattern *pattern)
{
	struct area whole = {.width = picture->width, .height = picture->height};
	uint32_t code = encode(pattern);
	uint8_t colour[3] = {WHITE, GREY, GREY};

	if (!pattern->flash)
		tess_test_pattern_colour(colour, pattern->id);
	tess_test_i420_fill(picture, colour[0], colour[1], colour[2]);
	for (unsigned i = 0; i < COLUMNS * ROWS; i++) {
		struct area area = block_area(&whole, i);

		fill_area(picture, 0, &area, code >> i & 1 ? WHITE : BLACK);
		fill_area(picture, 1, &area, GREY);
		fill_area(picture, 2, &area, GREY);
	}
}

/* The mean of the pixels whose middle is inside @area; @area is in luma pixels. */
static double mean_of(const struct tess_test_i420 *canvas, unsigned plane, const struct area *area)
{
	double scale = plane ? 0.5 : 1.0, sum = 0;
	int left = (int)(area->left * scale + 0.5), top = (int)(area->top * scale + 0.5);
	int right = (int)((area->left + area->width) * scale + 0.5);
	int bottom = (int)((area->top + area->height) * scale + 0.5);
	int width = (int)(canvas->width * scale), height = (int)(canvas->height * scale);

	right += right == left; /* at least one pixel */
	bottom += bottom == top;
	if (left < 0 || top < 0 || right > width || bottom > height)
		return -1;
	for (int row = top; row < bottom; row++)
		for (int column = left; column < right; column++)
			sum += canvas->planes[plane][(size_t)row * canvas->strides[plane] +
						     (size_t)column];
	return sum / ((double)(right - left) * (bottom - top));
}

void tess_test_i420_mean(uint8_t mean[3], const struct tess_test_i420 *canvas,
			 const struct tess_rect *rect)
{
	struct area area = {rect->x, rect->y, rect->width, rect->height};

	for (unsigned plane = 0; plane < 3; plane++)
		mean[plane] = (uint8_t)(mean_of(canvas, plane, &area) + 0.5);
}

/* Where the whole picture would be on the canvas: beyond the tile if it was cropped. */
static struct area whole_area(const struct tess_rect *tile, enum tess_render render,
			      unsigned source_width, unsigned source_height)
{
	double across = (double)tile->width / source_width;
	double down = (double)tile->height / source_height;
	bool cover = render == TESS_RENDER_CROP;
	double scale = (across > down) == cover ? across : down;
	struct area whole = {.width = scale * source_width, .height = scale * source_height};

	whole.left = tile->x + (tile->width - whole.width) / 2;
	whole.top = tile->y + (tile->height - whole.height) / 2;
	return whole;
}

static struct area inner_half(const struct area *area)
{
	return (struct area){area->left + area->width / 4, area->top + area->height / 4,
			     area->width / 2, area->height / 2};
}

int tess_test_pattern_read(struct tess_test_pattern *pattern, const struct tess_test_i420 *canvas,
			   const struct tess_rect *tile, enum tess_render render,
			   unsigned source_width, unsigned source_height)
{
	struct area whole = whole_area(tile, render, source_width, source_height);
	uint32_t code = 0;

	for (unsigned i = 0; i < COLUMNS * ROWS; i++) {
		struct area area = block_area(&whole, i), inner = inner_half(&area);
		double luma = mean_of(canvas, 0, &inner);

		if (luma < 0 || (luma > GREY - MARGIN && luma < GREY + MARGIN))
			return -ENOENT;
		code |= (uint32_t)(luma > GREY) << i;
	}
	if ((code & 7) != check_of(code >> 3))
		return -ENOENT;
	pattern->id = code >> 19;
	pattern->time_us = (int64_t)(code >> 3 & 0xffff) * TESS_TEST_PATTERN_UNIT_US;
	for (unsigned plane = 0; plane < 3; plane++) {
		double sum = 0;

		for (unsigned i = 0; i < 2; i++) {
			struct area strip = {
				.left = whole.left + whole.width * blocks_left,
				.top = whole.top + whole.height * strip_tops[i],
				.width = whole.width * blocks_width,
				.height = whole.height * strip_height,
			};

			sum += mean_of(canvas, plane, &strip);
		}
		if (sum < 0)
			return -ENOENT;
		pattern->colour[plane] = (uint8_t)(sum / 2 + 0.5);
	}
	pattern->flash = pattern->colour[0] > (WHITE + 120) / 2;
	return 0;
}
