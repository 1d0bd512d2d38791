/* SPDX-License-Identifier: GPL-3.0-or-later
 * Crop, fit and stretch arithmetic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "drivers/compose/geometry.h"

static void check(int width, int height, int sar_num, int sar_den, struct tess_rect tile,
		  enum tess_render render, struct tess_rect source, struct tess_rect target)
{
	struct tess_surface surface = {
		.width = (uint16_t)width,
		.height = (uint16_t)height,
		.sar_num = (uint16_t)sar_num,
		.sar_den = (uint16_t)sar_den,
	};
	struct tess_compose_geometry got = tess_compose_place(&surface, &tile, render);
	assert_int_equal(got.source.x, source.x);
	assert_int_equal(got.source.y, source.y);
	assert_int_equal(got.source.width, source.width);
	assert_int_equal(got.source.height, source.height);
	assert_int_equal(got.target.x, target.x);
	assert_int_equal(got.target.y, target.y);
	assert_int_equal(got.target.width, target.width);
	assert_int_equal(got.target.height, target.height);
}

#define RECT(...) ((struct tess_rect){__VA_ARGS__})

static void same_shape_is_whole(void **state)
{
	(void)state;
	for (enum tess_render render = TESS_RENDER_CROP; render <= TESS_RENDER_STRETCH; render++) {
		check(640, 360, 1, 1, RECT(320, 180, 320, 180), render, RECT(0, 0, 640, 360),
		      RECT(320, 180, 320, 180));
		/* a shape that differs by less than the even grid: nothing is cut, no bars */
		check(640, 360, 1, 1, RECT(426, 240, 426, 240), render, RECT(0, 0, 640, 360),
		      RECT(426, 240, 426, 240));
	}
}

static void crop_cuts_the_middle_out(void **state)
{
	(void)state;
	/* 16:9 into 8:9: half the width */
	check(1280, 720, 1, 1, RECT(640, 0, 640, 720), TESS_RENDER_CROP, RECT(320, 0, 640, 720),
	      RECT(640, 0, 640, 720));
	/* portrait into 16:9: 360 x 202.5 of it */
	check(360, 640, 1, 1, RECT(0, 0, 320, 180), TESS_RENDER_CROP, RECT(0, 218, 360, 202),
	      RECT(0, 0, 320, 180));
}

static void fit_leaves_bars(void **state)
{
	(void)state;
	check(1280, 720, 1, 1, RECT(640, 0, 640, 720), TESS_RENDER_FIT, RECT(0, 0, 1280, 720),
	      RECT(640, 180, 640, 360));
	check(360, 640, 1, 1, RECT(0, 0, 320, 180), TESS_RENDER_FIT_BLACK, RECT(0, 0, 360, 640),
	      RECT(108, 0, 102, 180));
}

static void stretch_keeps_no_shape(void **state)
{
	(void)state;
	check(1280, 720, 1, 1, RECT(640, 0, 64, 720), TESS_RENDER_STRETCH, RECT(0, 0, 1280, 720),
	      RECT(640, 0, 64, 720));
	check(360, 640, 3, 7, RECT(2, 4, 320, 180), TESS_RENDER_STRETCH, RECT(0, 0, 360, 640),
	      RECT(2, 4, 320, 180));
}

static void sample_shape_counts(void **state)
{
	(void)state;
	/* 720x576 with 64:45 samples is 16:9 */
	check(720, 576, 64, 45, RECT(0, 0, 640, 360), TESS_RENDER_FIT, RECT(0, 0, 720, 576),
	      RECT(0, 0, 640, 360));
	/* 352x288 with 2:1 samples is 704:288: 16:9 of it is 512 shown, 256 stored */
	check(352, 288, 2, 1, RECT(0, 0, 640, 360), TESS_RENDER_CROP, RECT(48, 0, 256, 288),
	      RECT(0, 0, 640, 360));
}

static void absurd_shapes_stay_inside(void **state)
{
	(void)state;
	static const int shapes[][4] = {{2, 4096, 1, 1},
					{4096, 2, 1, 1},
					{640, 360, 65535, 1},
					{640, 360, 1, 65535},
					{4096, 2, 65535, 1},
					{2, 4096, 1, 65535},
					{4096, 4096, 65535, 65535},
					{2, 2, 1, 1}};
	static const struct tess_rect tiles[] = {
		{0, 0, 2, 2}, {10, 20, 4096, 2}, {0, 0, 2, 4096}, {4, 4, 426, 240}};
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
		for (size_t t = 0; t < sizeof(tiles) / sizeof(tiles[0]); t++)
			for (enum tess_render render = TESS_RENDER_CROP;
			     render <= TESS_RENDER_STRETCH; render++) {
				struct tess_surface surface = {
					.width = (uint16_t)shapes[s][0],
					.height = (uint16_t)shapes[s][1],
					.sar_num = (uint16_t)shapes[s][2],
					.sar_den = (uint16_t)shapes[s][3],
				};
				struct tess_compose_geometry got =
					tess_compose_place(&surface, &tiles[t], render);
				assert_true(tess_compose_rect_valid(&got.source, surface.width,
								    surface.height));
				struct tess_rect inside = got.target;
				inside.x -= tiles[t].x;
				inside.y -= tiles[t].y;
				assert_true(tess_compose_rect_valid(&inside, tiles[t].width,
								    tiles[t].height));
			}
}

static void rectangles(void **state)
{
	(void)state;
	assert_true(tess_compose_rect_valid(&RECT(0, 0, 1280, 720), 1280, 720));
	assert_false(tess_compose_rect_valid(&RECT(2, 0, 1280, 720), 1280, 720));
	assert_false(tess_compose_rect_valid(&RECT(1, 0, 2, 2), 1280, 720));
	assert_false(tess_compose_rect_valid(&RECT(0, 0, 3, 2), 1280, 720));
	assert_false(tess_compose_rect_valid(&RECT(-2, 0, 4, 2), 1280, 720));
	assert_false(tess_compose_rect_valid(&RECT(0, 0, 0, 2), 1280, 720));
	assert_false(tess_compose_rect_valid(&RECT(INT32_MAX - 1, 0, 2, 2), 1280, 720));
	assert_true(tess_compose_rect_overlaps(&RECT(0, 0, 10, 10), &RECT(8, 8, 10, 10)));
	assert_false(tess_compose_rect_overlaps(&RECT(0, 0, 10, 10), &RECT(10, 0, 10, 10)));
	assert_true(tess_compose_rect_contains(&RECT(2, 2, 10, 10), &RECT(2, 2, 10, 10)));
	assert_true(tess_compose_rect_contains(&RECT(2, 2, 10, 10), &RECT(4, 4, 8, 8)));
	assert_false(tess_compose_rect_contains(&RECT(2, 2, 10, 10), &RECT(0, 2, 10, 10)));
	assert_false(tess_compose_rect_contains(&RECT(2, 2, 10, 10), &RECT(2, 4, 10, 10)));
	assert_true(tess_compose_rect_equal(&RECT(2, 4, 6, 8), &RECT(2, 4, 6, 8)));
	assert_false(tess_compose_rect_equal(&RECT(2, 4, 6, 8), &RECT(2, 4, 6, 10)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_shape_is_whole), cmocka_unit_test(crop_cuts_the_middle_out),
		cmocka_unit_test(fit_leaves_bars),     cmocka_unit_test(stretch_keeps_no_shape),
		cmocka_unit_test(sample_shape_counts), cmocka_unit_test(absurd_shapes_stay_inside),
		cmocka_unit_test(rectangles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
