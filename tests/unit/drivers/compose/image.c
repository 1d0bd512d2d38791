/* SPDX-License-Identifier: GPL-3.0-or-later
 * Colours, still pictures and blending.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/compose/color.h"
#include "drivers/compose/image.h"

static void known_colors(void **state)
{
	(void)state;
	static const struct {
		uint32_t rgb;
		uint8_t y, u, v;
	} colors[] = {{0x000000, 16, 128, 128},	  {0xffffff, 235, 128, 128},
		      {0xff0000, 81, 90, 240},	  {0x00ff00, 145, 54, 34},
		      {0x0000ff, 41, 240, 110},	  {0x808080, 126, 128, 128},
		      {0xff808080, 126, 128, 128}};
	for (size_t i = 0; i < sizeof(colors) / sizeof(colors[0]); i++) {
		struct tess_compose_yuv yuv = tess_compose_yuv_of_rgb(colors[i].rgb);
		assert_int_equal(yuv.y, colors[i].y);
		assert_int_equal(yuv.u, colors[i].u);
		assert_int_equal(yuv.v, colors[i].v);
	}
}

/* never further from the exact value than rounding and the coefficients' fractions allow */
static void all_colors_are_near_the_standard(void **state)
{
	(void)state;
	for (uint32_t rgb = 0; rgb < 1 << 24; rgb += 37) {
		double r = rgb >> 16, g = rgb >> 8 & 255, b = rgb & 255;
		double y = 0.299 * r + 0.587 * g + 0.114 * b;
		struct tess_compose_yuv yuv = tess_compose_yuv_of_rgb(rgb);
		assert_true(fabs(yuv.y - (16 + y * 219 / 255)) < 0.51);
		assert_true(fabs(yuv.u - (128 + (b - y) / 1.772 * 224 / 255)) < 0.51);
		assert_true(fabs(yuv.v - (128 + (r - y) / 1.402 * 224 / 255)) < 0.51);
	}
}

static void full_range_to_limited(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++) {
		assert_int_equal(tess_compose_limited((uint8_t)i, TESS_COMPOSE_LUMA_SPAN),
				 (int)(16 + i * 219 / 255.0 + 0.5));
		assert_int_equal(tess_compose_limited((uint8_t)i, TESS_COMPOSE_CHROMA_SPAN),
				 (int)(16 + i * 224 / 255.0 + 0.5));
	}
}

static void blending(void **state)
{
	(void)state;
	for (int below = 0; below < 256; below += 5)
		for (int above = 0; above < 256; above++)
			for (int alpha = 0; alpha < 256; alpha++)
				assert_int_equal(tess_compose_blend((uint8_t)below, (uint8_t)above,
								    (uint8_t)alpha),
						 (below * (255 - alpha) + above * alpha + 127) /
							 255);
	assert_int_equal(tess_compose_blend(17, 200, 0), 17);
	assert_int_equal(tess_compose_blend(17, 200, 255), 200);
}

/* 4x2: the first block of four colours whose means round, the second of one colour; rows have
 * something behind them */
static void planes_of_an_image(void **state)
{
	(void)state;
	static const uint8_t rgba[2][20] = {
		{255, 0, 0, 255, 0, 255, 0, 10, 9, 90, 200, 7, 9, 90, 200, 7, 1, 1, 1, 1},
		{0, 0, 255, 0, 1, 2, 3, 128, 9, 90, 200, 8, 9, 90, 200, 8, 2, 2, 2, 2}};
	struct tess_image image = {
		.width = 4, .height = 2, .rgba = rgba[0], .stride = 20, .alpha = true};
	uint8_t y[2][6], u[3], v[3], a[2][5], chroma_a[3];
	struct tess_compose_planes planes = {.y = y[0],
					     .u = u,
					     .v = v,
					     .y_stride = 6,
					     .chroma_stride = 3,
					     .a = a[0],
					     .chroma_a = chroma_a,
					     .a_stride = 5,
					     .chroma_a_stride = 3};
	memset(y, 0xee, sizeof(y));
	memset(u, 0xee, sizeof(u));
	memset(v, 0xee, sizeof(v));
	memset(a, 0xee, sizeof(a));
	memset(chroma_a, 0xee, sizeof(chroma_a));
	assert_true(tess_compose_image_valid(&image, 4));
	tess_compose_image_convert(&image, &planes);
	for (int row = 0; row < 2; row++)
		for (int x = 0; x < 4; x++) {
			const uint8_t *p = &rgba[row][4 * x];
			uint32_t rgb = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
			assert_int_equal(y[row][x], tess_compose_yuv_of_rgb(rgb).y);
			assert_int_equal(a[row][x], p[3]);
		}
	/* (255+0+0+1+2)/4 = 64, (0+255+0+2+2)/4 = 64, (0+0+255+3+2)/4 = 65 */
	struct tess_compose_yuv first = tess_compose_yuv_of_rgb(0x404041);
	struct tess_compose_yuv second = tess_compose_yuv_of_rgb(0x095ac8);
	assert_int_equal(u[0], first.u);
	assert_int_equal(v[0], first.v);
	assert_int_equal(u[1], second.u);
	assert_int_equal(v[1], second.v);
	assert_int_equal(chroma_a[0], (255 + 10 + 0 + 128 + 2) / 4);
	assert_int_equal(chroma_a[1], 8); /* 7.5 */
	/* nothing beside the planes */
	assert_int_equal(y[0][4], 0xee);
	assert_int_equal(y[1][5], 0xee);
	assert_int_equal(u[2], 0xee);
	assert_int_equal(a[1][4], 0xee);
	assert_int_equal(chroma_a[2], 0xee);

	/* opaque: the planes of alpha are not touched, nor need they be there */
	image.alpha = false;
	planes.a = planes.chroma_a = NULL;
	memset(y, 0, sizeof(y));
	tess_compose_image_convert(&image, &planes);
	assert_int_equal(y[0][0], 81);
}

static void valid_images(void **state)
{
	(void)state;
	static const uint8_t pixels[4 * 4 * 4];
	const struct tess_image good = {.width = 4, .height = 4, .rgba = pixels, .stride = 16};
	assert_true(tess_compose_image_valid(&good, 4));
	assert_false(tess_compose_image_valid(&good, 2));
	struct tess_image bad[6] = {good, good, good, good, good, good};
	bad[0].width = 3;
	bad[1].height = 3;
	bad[2].width = 0;
	bad[3].height = 0;
	bad[4].stride = 15;
	bad[5].rgba = NULL;
	for (int i = 0; i < 6; i++)
		assert_false(tess_compose_image_valid(&bad[i], 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_colors),
		cmocka_unit_test(all_colors_are_near_the_standard),
		cmocka_unit_test(full_range_to_limited),
		cmocka_unit_test(blending),
		cmocka_unit_test(planes_of_an_image),
		cmocka_unit_test(valid_images),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
