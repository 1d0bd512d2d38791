/* SPDX-License-Identifier: GPL-3.0-or-later
 * Layout templates against the published tables, and their invariants on odd canvases.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "pipeline/mix/layout.h"

/* the table of template 1 at 1280x720: columns, rows, tile size, for each count */
static const struct {
	unsigned count, columns, rows;
	int32_t width, height;
} grid_720p[] = {
	{1, 1, 1, 1280, 720}, {2, 2, 1, 640, 720},  {3, 2, 2, 640, 360},  {4, 2, 2, 640, 360},
	{5, 3, 3, 426, 240},  {6, 3, 3, 426, 240},  {7, 3, 3, 426, 240},  {8, 3, 3, 426, 240},
	{9, 3, 3, 426, 240},  {10, 4, 4, 320, 180}, {11, 4, 4, 320, 180}, {12, 4, 4, 320, 180},
	{13, 4, 4, 320, 180}, {14, 4, 4, 320, 180}, {15, 4, 4, 320, 180}, {16, 4, 4, 320, 180},
};

static void assert_rect(const struct tess_rect *rect, int32_t x, int32_t y, int32_t width,
			int32_t height)
{
	assert_int_equal(rect->x, x);
	assert_int_equal(rect->y, y);
	assert_int_equal(rect->width, width);
	assert_int_equal(rect->height, height);
}

static void assert_inside(const struct tess_rect *a, int32_t width, int32_t height)
{
	assert_int_equal((a->x | a->y | a->width | a->height) & 1, 0);
	assert_true(a->x >= 0 && a->y >= 0 && a->width > 0 && a->height > 0);
	assert_true(a->x + a->width <= width);
	assert_true(a->y + a->height <= height);
}

static void assert_apart(const struct tess_rect *a, const struct tess_rect *b)
{
	assert_true(a->x >= b->x + b->width || b->x >= a->x + a->width ||
		    a->y >= b->y + b->height || b->y >= a->y + a->height);
}

static void grid_matches_table(void **state)
{
	(void)state;
	struct tess_rect rects[TESS_LAYOUT_MAX_TILES];
	for (size_t n = 0; n < sizeof(grid_720p) / sizeof(grid_720p[0]); n++) {
		assert_int_equal(tess_layout_place(TESS_LAYOUT_GRID, false, 1280, 720,
						   grid_720p[n].count, rects),
				 0);
		for (unsigned i = 0; i < grid_720p[n].count; i++)
			assert_rect(&rects[i],
				    (int32_t)(i % grid_720p[n].columns) * grid_720p[n].width,
				    (int32_t)(i / grid_720p[n].columns) * grid_720p[n].height,
				    grid_720p[n].width, grid_720p[n].height);
	}
}

/* rows of the table written out by hand, so that the arithmetic above is not its own witness */
static void grid_known_slots(void **state)
{
	(void)state;
	struct tess_rect rects[TESS_LAYOUT_MAX_TILES];
	assert_int_equal(tess_layout_place(TESS_LAYOUT_GRID, false, 1280, 720, 5, rects), 0);
	assert_rect(&rects[2], 852, 0, 426, 240);
	assert_rect(&rects[3], 0, 240, 426, 240);
	assert_rect(&rects[4], 426, 240, 426, 240);
	assert_int_equal(tess_layout_place(TESS_LAYOUT_GRID, false, 1280, 720, 16, rects), 0);
	assert_rect(&rects[6], 640, 180, 320, 180);
	assert_rect(&rects[15], 960, 540, 320, 180);
	assert_int_equal(tess_layout_place(TESS_LAYOUT_GRID, false, 1280, 720, 3, rects), 0);
	assert_rect(&rects[2], 0, 360, 640, 360);
	/* 853/2 columns is 426.5: even is 426; 481 rounds to 480 first, three rows of 160 */
	assert_int_equal(tess_layout_place(TESS_LAYOUT_GRID, false, 853, 481, 2, rects), 0);
	assert_rect(&rects[1], 426, 0, 426, 480);
	assert_int_equal(tess_layout_place(TESS_LAYOUT_GRID, false, 853, 481, 9, rects), 0);
	assert_rect(&rects[8], 568, 320, 284, 160);
	/* 1366/4 = 341.5 and 766/4 = 191.5 */
	assert_int_equal(tess_layout_place(TESS_LAYOUT_GRID, false, 1366, 766, 13, rects), 0);
	assert_rect(&rects[12], 0, 570, 340, 190);
}

struct published {
	unsigned count;
	struct tess_rect rects[16];
};

/* the table of template 0 (floating) at 1280x720 */
static const struct published floating_720p[] = {
	{1, {{0, 0, 1280, 720}}},
	{2, {{0, 0, 1280, 720}, {14, 542, 300, 168}}},
	{3, {{0, 0, 1280, 720}, {14, 542, 300, 168}, {330, 542, 300, 168}}},
	{4, {{0, 0, 1280, 720}, {14, 542, 300, 168}, {330, 542, 300, 168}, {646, 542, 300, 168}}},
	{5,
	 {{0, 0, 1280, 720},
	  {14, 542, 300, 168},
	  {330, 542, 300, 168},
	  {646, 542, 300, 168},
	  {962, 542, 300, 168}}},
	{9,
	 {{0, 0, 1280, 720},
	  {14, 542, 300, 168},
	  {330, 542, 300, 168},
	  {646, 542, 300, 168},
	  {962, 542, 300, 168},
	  {14, 364, 300, 168},
	  {330, 364, 300, 168},
	  {646, 364, 300, 168},
	  {962, 364, 300, 168}}},
	{16,
	 {{0, 0, 1280, 720},
	  {14, 542, 300, 168},
	  {330, 542, 300, 168},
	  {646, 542, 300, 168},
	  {962, 542, 300, 168},
	  {14, 364, 300, 168},
	  {330, 364, 300, 168},
	  {646, 364, 300, 168},
	  {962, 364, 300, 168},
	  {14, 186, 300, 168},
	  {330, 186, 300, 168},
	  {646, 186, 300, 168},
	  {962, 186, 300, 168},
	  {14, 8, 300, 168},
	  {330, 8, 300, 168},
	  {646, 8, 300, 168}}},
};

/* the table of template 2 (screen share) at 1280x720 */
static const struct published screen_720p[] = {
	{1, {{0, 0, 1024, 720}}},
	{2, {{0, 0, 1024, 720}, {1024, 0, 256, 180}}},
	{3, {{0, 0, 1024, 720}, {1024, 0, 256, 180}, {1024, 180, 256, 180}}},
	{4, {{0, 0, 1024, 720}, {1024, 0, 256, 180}, {1024, 180, 256, 180}, {1024, 360, 256, 180}}},
	{5,
	 {{0, 0, 1024, 720},
	  {1024, 0, 256, 180},
	  {1024, 180, 256, 180},
	  {1024, 360, 256, 180},
	  {1024, 540, 256, 180}}},
	{9,
	 {{0, 0, 1138, 720},
	  {1138, 0, 142, 90},
	  {1138, 90, 142, 90},
	  {1138, 180, 142, 90},
	  {1138, 270, 142, 90},
	  {1138, 360, 142, 90},
	  {1138, 450, 142, 90},
	  {1138, 540, 142, 90},
	  {1138, 630, 142, 90}}},
	{16,
	 {{0, 0, 1024, 720},
	  {1024, 0, 128, 90},
	  {1024, 90, 128, 90},
	  {1024, 180, 128, 90},
	  {1024, 270, 128, 90},
	  {1024, 360, 128, 90},
	  {1024, 450, 128, 90},
	  {1024, 540, 128, 90},
	  {1024, 630, 128, 90},
	  {1152, 0, 128, 90},
	  {1152, 90, 128, 90},
	  {1152, 180, 128, 90},
	  {1152, 270, 128, 90},
	  {1152, 360, 128, 90},
	  {1152, 450, 128, 90},
	  {1152, 540, 128, 90}}},
};

static void assert_published(enum tess_layout_template layout, const struct published *rows,
			     size_t count)
{
	struct tess_rect rects[TESS_LAYOUT_MAX_TILES];
	for (size_t n = 0; n < count; n++) {
		assert_int_equal(tess_layout_place(layout, false, 1280, 720, rows[n].count, rects),
				 0);
		for (unsigned i = 0; i < rows[n].count; i++)
			assert_rect(&rects[i], rows[n].rects[i].x, rows[n].rects[i].y,
				    rows[n].rects[i].width, rows[n].rects[i].height);
	}
}

static void floating_and_screen_match_tables(void **state)
{
	(void)state;
	assert_published(TESS_LAYOUT_FLOATING, floating_720p,
			 sizeof(floating_720p) / sizeof(floating_720p[0]));
	assert_published(TESS_LAYOUT_SCREEN, screen_720p,
			 sizeof(screen_720p) / sizeof(screen_720p[0]));
}

static void screen_may_be_mirrored(void **state)
{
	(void)state;
	struct tess_rect rects[TESS_LAYOUT_MAX_TILES];
	assert_int_equal(tess_layout_place(TESS_LAYOUT_SCREEN, true, 1280, 720, 17, rects), 0);
	assert_rect(&rects[0], 256, 0, 1024, 720);
	assert_rect(&rects[1], 128, 0, 128, 90);
	assert_rect(&rects[8], 128, 630, 128, 90);
	assert_rect(&rects[9], 0, 0, 128, 90);
	assert_rect(&rects[16], 0, 630, 128, 90);
}

static void invariants(void **state)
{
	(void)state;
	static const uint16_t sizes[][2] = {{1280, 720}, {1920, 1080}, {720, 1280},   {641, 363},
					    {854, 480},	 {40, 40},     {65535, 65535}};
	struct tess_rect rects[TESS_LAYOUT_MAX_TILES];
	for (enum tess_layout_template layout = TESS_LAYOUT_FLOATING; layout <= TESS_LAYOUT_SCREEN;
	     layout++)
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
			for (unsigned count = 1; count <= 16; count++) {
				/* the small tiles of the floating template lie over the first */
				unsigned first = layout == TESS_LAYOUT_FLOATING ? 1 : 0;
				assert_int_equal(tess_layout_place(layout, count & 1, sizes[s][0],
								   sizes[s][1], count, rects),
						 0);
				for (unsigned i = 0; i < count; i++)
					assert_inside(&rects[i], sizes[s][0], sizes[s][1]);
				for (unsigned i = first; i < count; i++)
					for (unsigned j = first; j < i; j++)
						assert_apart(&rects[i], &rects[j]);
			}
}

static void refuses(void **state)
{
	(void)state;
	struct tess_rect rects[TESS_LAYOUT_MAX_TILES];
	assert_int_equal(tess_layout_place(TESS_LAYOUT_GRID, false, 1280, 720, 0, rects), -EINVAL);
	assert_int_equal(tess_layout_place(TESS_LAYOUT_GRID, false, 1280, 720, 17, rects), -EINVAL);
	assert_int_equal(tess_layout_place(TESS_LAYOUT_GRID, false, 1, 720, 1, rects), -EINVAL);
	assert_int_equal(tess_layout_place(TESS_LAYOUT_GRID, false, 7, 720, 16, rects), -EINVAL);
	assert_int_equal(
		tess_layout_place((enum tess_layout_template)9, false, 1280, 720, 1, rects),
		-EINVAL);
	assert_int_equal(tess_layout_place(TESS_LAYOUT_FLOATING, false, 1280, 720, 17, rects),
			 -EINVAL);
	assert_int_equal(tess_layout_place(TESS_LAYOUT_FLOATING, false, 8, 720, 2, rects), -EINVAL);
	assert_int_equal(tess_layout_place(TESS_LAYOUT_SCREEN, false, 1280, 720, 18, rects),
			 -EINVAL);
	assert_int_equal(tess_layout_place(TESS_LAYOUT_SCREEN, false, 1280, 14, 16, rects),
			 -EINVAL);
	assert_int_equal(tess_layout_place(TESS_LAYOUT_PICTURE, false, 1280, 720, 2, rects),
			 -EINVAL);
	assert_int_equal(tess_layout_place(TESS_LAYOUT_CUSTOM, false, 1280, 720, 2, rects),
			 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grid_matches_table),
		cmocka_unit_test(grid_known_slots),
		cmocka_unit_test(floating_and_screen_match_tables),
		cmocka_unit_test(screen_may_be_mirrored),
		cmocka_unit_test(invariants),
		cmocka_unit_test(refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
