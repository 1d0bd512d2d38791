/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests tests/support/test_pattern.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/support/test_pattern.h"

static struct tess_test_i420 allocate(unsigned width, unsigned height)
{
	uint8_t *data = malloc((size_t)width * height * 3 / 2);
	struct tess_test_i420 picture = tess_test_i420_wrap(data, width, height);

	assert_non_null(data);
	tess_test_i420_fill(&picture, 16, 128, 128);
	return picture;
}

static void release(struct tess_test_i420 *picture)
{
	free(picture->planes[0]);
}

/* A plain box filter: what a compositor does to a picture that it puts into a tile. */
static void place(const struct tess_test_i420 *canvas, const struct tess_rect *tile,
		  const struct tess_test_i420 *source, enum tess_render render)
{
	double across = (double)tile->width / source->width;
	double down = (double)tile->height / source->height;
	double scale = (render == TESS_RENDER_CROP) == (across > down) ? across : down;

	for (unsigned plane = 0; plane < 3; plane++) {
		int shift = plane ? 1 : 0;
		int width = tile->width >> shift, height = tile->height >> shift;
		double source_width = source->width >> shift,
		       source_height = source->height >> shift;

		for (int y = 0; y < height; y++) {
			for (int x = 0; x < width; x++) {
				double from_x = source_width / 2 + (x + 0.5 - width / 2.0) / scale;
				double from_y =
					source_height / 2 + (y + 0.5 - height / 2.0) / scale;

				if (from_x < 0 || from_y < 0 || from_x >= source_width ||
				    from_y >= source_height)
					continue;
				canvas->planes[plane][((tile->y >> shift) + y) *
							      (int)canvas->strides[plane] +
						      (tile->x >> shift) + x] =
					source->planes[plane]
						      [(int)from_y * (int)source->strides[plane] +
						       (int)from_x];
			}
		}
	}
}

static void expect(const struct tess_test_pattern *read, const struct tess_test_pattern *drawn)
{
	uint8_t colour[3] = {235, 128, 128};

	assert_int_equal(read->id, drawn->id);
	assert_int_equal(read->time_us, drawn->time_us / TESS_TEST_PATTERN_UNIT_US *
						TESS_TEST_PATTERN_UNIT_US %
						TESS_TEST_PATTERN_WRAP_US);
	assert_int_equal(read->flash, drawn->flash);
	if (!drawn->flash)
		tess_test_pattern_colour(colour, drawn->id);
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(read->colour[i] + 256, colour[i] + 256 - 4, colour[i] + 256 + 4);
}

static void reads_what_was_drawn(void **state)
{
	struct tess_test_i420 picture = allocate(160, 90);
	struct tess_rect whole = {0, 0, 160, 90};

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		struct tess_test_pattern drawn = {
			.id = i % TESS_TEST_PATTERN_IDS,
			.time_us = (int64_t)i * i * 1009,
			.flash = i % 3 == 0,
		};
		struct tess_test_pattern read;

		tess_test_pattern_draw(&picture, &drawn);
		assert_int_equal(
			tess_test_pattern_read(&read, &picture, &whole, TESS_RENDER_CROP, 160, 90),
			0);
		expect(&read, &drawn);
	}
	release(&picture);
}

/* Every shape that a grid makes on 1280x720, and others, from several sizes of source. */
static void survives_scaling_and_cropping(void **state)
{
	static const struct tess_rect tiles[] = {
		{0, 0, 1280, 720},    {640, 0, 640, 720},   {640, 360, 640, 360},
		{426, 240, 426, 240}, {960, 540, 320, 180}, {160, 90, 160, 90},
		{2, 4, 214, 120},
	};
	static const unsigned sizes[][2] = {
		{160, 90}, {320, 180}, {640, 360}, {640, 480}, {1280, 720}};
	struct tess_test_i420 canvas = allocate(1280, 720);

	(void)state;
	for (unsigned size = 0; size < 5; size++) {
		struct tess_test_i420 source = allocate(sizes[size][0], sizes[size][1]);

		for (unsigned i = 0; i < sizeof(tiles) / sizeof(tiles[0]); i++) {
			for (unsigned render = TESS_RENDER_CROP; render <= TESS_RENDER_FIT;
			     render++) {
				struct tess_test_pattern drawn = {.id = i + 9,
								  .time_us = 123456789 + i * 20000,
								  .flash = i & 1};
				struct tess_test_pattern read;

				tess_test_i420_fill(&canvas, 16, 128, 128);
				tess_test_pattern_draw(&source, &drawn);
				place(&canvas, &tiles[i], &source, render);
				assert_int_equal(tess_test_pattern_read(&read, &canvas, &tiles[i],
									render, source.width,
									source.height),
						 0);
				expect(&read, &drawn);
			}
		}
		release(&source);
	}
	release(&canvas);
}

static void refuses_what_is_none(void **state)
{
	struct tess_test_i420 picture = allocate(160, 90);
	struct tess_rect whole = {0, 0, 160, 90}, moved = {16, 0, 144, 90};
	struct tess_test_pattern pattern = {.id = 3, .time_us = 5000000};
	unsigned wrong = 0;

	(void)state;
	for (unsigned y = 0; y < 256; y += 16) {
		tess_test_i420_fill(&picture, (uint8_t)y, 128, 128);
		assert_int_equal(tess_test_pattern_read(&pattern, &picture, &whole,
							TESS_RENDER_CROP, 160, 90),
				 -ENOENT);
	}
	/* one block turned over is always found */
	for (unsigned block = 0; block < 24; block++) {
		pattern.id = block;
		pattern.time_us = 20000 * 7919;
		tess_test_pattern_draw(&picture, &pattern);
		for (unsigned y = 18 + block / 4 * 9; y < 27 + block / 4 * 9; y++)
			for (unsigned x = 48 + block % 4 * 16; x < 64 + block % 4 * 16; x++)
				picture.planes[0][y * 160 + x] ^= 0xff;
		wrong += tess_test_pattern_read(&pattern, &picture, &whole, TESS_RENDER_CROP, 160,
						90) == -ENOENT;
	}
	assert_int_equal(wrong, 24);
	/* the wrong place */
	pattern = (struct tess_test_pattern){.id = 1, .time_us = 20000};
	tess_test_pattern_draw(&picture, &pattern);
	assert_int_equal(
		tess_test_pattern_read(&pattern, &picture, &moved, TESS_RENDER_FIT, 90, 160),
		-ENOENT);
	release(&picture);
}

static void mean_is_of_the_rectangle(void **state)
{
	struct tess_test_i420 picture = allocate(64, 64);
	uint8_t mean[3];

	(void)state;
	for (unsigned y = 32; y < 64; y++)
		for (unsigned x = 0; x < 64; x++)
			picture.planes[0][y * 64 + x] = 200;
	tess_test_i420_mean(mean, &picture, &(struct tess_rect){10, 32, 20, 30});
	assert_int_equal(mean[0], 200);
	assert_int_equal(mean[1], 128);
	tess_test_i420_mean(mean, &picture, &(struct tess_rect){0, 0, 64, 64});
	assert_int_equal(mean[0], 108);
	release(&picture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_was_drawn),
		cmocka_unit_test(survives_scaling_and_cropping),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(mean_is_of_the_rectangle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
