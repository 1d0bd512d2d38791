/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of drivers/image_soft/fit.c: what is cut, what is stretched, and what becomes of alpha.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drivers/image_soft/image_soft.h"

/* Three columns as wide as each other: red, green, blue; of the alpha given. */
static struct tess_image_rgba striped(uint32_t width, uint32_t height, uint8_t alpha)
{
	struct tess_image_rgba image = {
		.pixels = calloc((size_t)width * height, 4),
		.width = width,
		.height = height,
		.alpha = alpha != 255,
	};

	assert_non_null(image.pixels);
	for (uint32_t i = 0; i < width * height; i++) {
		image.pixels[4 * i + i % width * 3 / width] = 255;
		image.pixels[4 * i + 3] = alpha;
	}
	return image;
}

static void assert_pixel(const struct tess_image_rgba *image, uint32_t x, uint32_t y, int r, int g,
			 int b, int a)
{
	const uint8_t *pixel = image->pixels + 4 * ((size_t)y * image->width + x);
	const int expected[] = {r, g, b, a};

	for (int i = 0; i < 4; i++) {
		if (abs(pixel[i] - expected[i]) > 2)
			fail_msg("%u,%u: %d %d %d %d", x, y, pixel[0], pixel[1], pixel[2],
				 pixel[3]);
	}
}

static void test_cover_cuts_the_sides(void **state)
{
	struct tess_image_rgba image = striped(300, 100, 255), fitted;

	(void)state;
	/* of 300 x 100 the middle 100 x 100 is left: all of it green */
	assert_int_equal(tess_image_fit(&fitted, &image, 50, 50, TESS_IMAGE_COVER), 0);
	assert_int_equal(fitted.width, 50);
	assert_int_equal(fitted.height, 50);
	assert_false(fitted.alpha);
	for (uint32_t i = 0; i < 50; i++) {
		assert_pixel(&fitted, i, 0, 0, 255, 0, 255);
		assert_pixel(&fitted, i, 49, 0, 255, 0, 255);
	}
	tess_image_free(&fitted);
	tess_image_free(&image);
}

static void test_cover_cuts_above_and_below(void **state)
{
	struct tess_image_rgba image = striped(30, 300, 255), fitted;

	(void)state;
	/* grows: all three columns are there */
	assert_int_equal(tess_image_fit(&fitted, &image, 300, 100, TESS_IMAGE_COVER), 0);
	for (uint32_t y = 0; y < 100; y += 99) {
		assert_pixel(&fitted, 30, y, 255, 0, 0, 255);
		assert_pixel(&fitted, 150, y, 0, 255, 0, 255);
		assert_pixel(&fitted, 270, y, 0, 0, 255, 255);
	}
	tess_image_free(&fitted);
	tess_image_free(&image);
}

static void test_stretch_shows_all(void **state)
{
	struct tess_image_rgba image = striped(300, 100, 128), fitted;

	(void)state;
	assert_int_equal(tess_image_fit(&fitted, &image, 30, 90, TESS_IMAGE_STRETCH), 0);
	assert_true(fitted.alpha);
	for (uint32_t y = 0; y < 90; y += 89) {
		assert_pixel(&fitted, 5, y, 255, 0, 0, 128);
		assert_pixel(&fitted, 15, y, 0, 255, 0, 128);
		assert_pixel(&fitted, 25, y, 0, 0, 255, 128);
	}
	tess_image_free(&fitted);
	tess_image_free(&image);
}

/* What is transparent has no colour to give to its neighbours. */
static void test_no_bleeding(void **state)
{
	struct tess_image_rgba image = striped(60, 60, 255), fitted;

	(void)state;
	image.alpha = true;
	for (uint32_t i = 0; i < 60 * 60; i++) {
		if (i % 60 < 20)
			image.pixels[4 * i + 3] = 0; /* the red is not to be seen */
	}
	/* two pixels of which each is an average of 30 columns */
	assert_int_equal(tess_image_fit(&fitted, &image, 2, 2, TESS_IMAGE_STRETCH), 0);
	assert_pixel(&fitted, 0, 0, 0, 255, 0, 85);
	tess_image_free(&fitted);
	tess_image_free(&image);

	/* and as a background it is black */
	image = striped(60, 60, 0);
	assert_int_equal(tess_image_fit(&fitted, &image, 20, 20, TESS_IMAGE_COVER), 0);
	assert_false(fitted.alpha);
	assert_pixel(&fitted, 3, 3, 0, 0, 0, 255);
	tess_image_free(&fitted);
	tess_image_free(&image);
}

/* Found by fuzzing: libyuv's mean of an area of 255 may be 254. */
static void test_opaque_stays_opaque(void **state)
{
	(void)state;
	for (int fit = TESS_IMAGE_COVER; fit <= TESS_IMAGE_STRETCH; fit++) {
		for (uint32_t side = 37; side < 300; side += 13) {
			struct tess_image_rgba image = striped(side + 23, side, 255), fitted;

			assert_int_equal(
				tess_image_fit(&fitted, &image, 64, 36, (enum tess_image_fit)fit),
				0);
			assert_false(fitted.alpha);
			for (size_t i = 3; i < (size_t)64 * 36 * 4; i += 4)
				assert_int_equal(fitted.pixels[i], 255);
			tess_image_free(&fitted);
			tess_image_free(&image);
		}
	}
}

static void test_extremes(void **state)
{
	struct tess_image_rgba image = striped(8192, 1, 255), fitted;

	(void)state;
	assert_int_equal(tess_image_fit(&fitted, &image, 2, 8192, TESS_IMAGE_COVER), 0);
	assert_pixel(&fitted, 0, 8191, 0, 255, 0, 255);
	tess_image_free(&fitted);
	assert_int_equal(tess_image_fit(&fitted, &image, 1, 2, TESS_IMAGE_COVER), -EINVAL);
	assert_int_equal(tess_image_fit(&fitted, &image, 0, 2, TESS_IMAGE_STRETCH), -EINVAL);
	assert_int_equal(tess_image_fit(&fitted, &image, 8194, 2, TESS_IMAGE_STRETCH), -EINVAL);
	assert_null(fitted.pixels);
	tess_image_free(&image);
	image = striped(1, 1, 255);
	assert_int_equal(tess_image_fit(&fitted, &image, 1920, 1080, TESS_IMAGE_COVER), 0);
	assert_pixel(&fitted, 1919, 1079, 255, 0, 0, 255);
	tess_image_free(&fitted);
	tess_image_free(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cover_cuts_the_sides),
		cmocka_unit_test(test_cover_cuts_above_and_below),
		cmocka_unit_test(test_stretch_shows_all),
		cmocka_unit_test(test_no_bleeding),
		cmocka_unit_test(test_opaque_stays_opaque),
		cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
