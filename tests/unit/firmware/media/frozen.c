/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/frozen.c - what is made of tiles whose picture stands still, drawn by
 * the software engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/engine_soft/engine_soft.h"
#include "firmware/media/frozen.h"

#define WIDTH  320
#define HEIGHT 180
#define TILE   160

struct rig {
	struct tess_engine *engine;
	struct tess_surface *grey;
	struct tess_tile tiles[2];
	struct tess_frozen_mark marks[2];
	struct tess_frozen_pictures frozen;
	struct tess_tile dressed[2 * TESS_LAYOUT_MAX_TILES];
	uint8_t canvas[WIDTH * HEIGHT * 3 / 2];
};

static int open_rig(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	uint8_t *rgba = malloc((size_t)TILE * HEIGHT * 4);
	const struct tess_image image = {
		.rgba = rgba, .stride = (size_t)TILE * 4, .width = TILE, .height = HEIGHT};

	assert_non_null(rig);
	assert_non_null(rgba);
	memset(rgba, 200, (size_t)TILE * HEIGHT * 4);
	assert_int_equal(
		tess_engine_soft.open(&rig->engine, &(struct tess_engine_config){.device = NULL}),
		0);
	assert_int_equal(tess_engine_soft.upload(rig->engine, &image, &rig->grey), 0);
	free(rgba);
	for (unsigned i = 0; i < 2; i++)
		rig->tiles[i] = (struct tess_tile){.rect = {(int)i * TILE, 0, TILE, HEIGHT},
						   .render = TESS_RENDER_CROP,
						   .surface = rig->grey};
	*state = rig;
	return 0;
}

static int close_rig(void **state)
{
	struct rig *rig = *state;

	tess_frozen_clear(&rig->frozen);
	tess_surface_unref(rig->grey);
	tess_engine_soft.close(rig->engine);
	free(rig);
	return 0;
}

static struct tess_engine_stats stats_of(const struct rig *rig)
{
	struct tess_engine_stats stats;

	tess_engine_soft.stats(rig->engine, &stats);
	return stats;
}

static void draw(struct rig *rig, unsigned expected_tiles)
{
	struct tess_scene scene = {.tiles = rig->dressed};
	struct tess_compositor *compositor;
	struct tess_surface *surface;
	int count = tess_frozen_dress(&rig->frozen, rig->engine, rig->tiles, rig->marks, 2,
				      rig->dressed);

	assert_int_equal(count, expected_tiles);
	scene.count = (unsigned)count;
	assert_int_equal(tess_engine_soft.compositor_open(&compositor, rig->engine, WIDTH, HEIGHT),
			 0);
	assert_int_equal(tess_engine_soft.compositor_draw(compositor, &scene, &surface), 0);
	assert_int_equal(tess_engine_soft.download(rig->engine, surface, rig->canvas), 0);
	tess_surface_unref(surface);
	tess_engine_soft.compositor_close(compositor);
}

static unsigned luma(const struct rig *rig, unsigned x, unsigned y)
{
	return rig->canvas[y * WIDTH + x];
}

/* Y of grey 200, and what 150/255 of black leaves of it */
#define BRIGHT 188
#define DIMMED (BRIGHT + (16 - BRIGHT) * 150 / 255)

static void as_they_are(void **state)
{
	struct rig *rig = *state;

	rig->marks[1].how = TESS_FROZEN_KEEP;
	draw(rig, 2);
	assert_in_range(luma(rig, 4, 4), BRIGHT - 2, BRIGHT + 2);
	assert_in_range(luma(rig, 240, 90), BRIGHT - 2, BRIGHT + 2);
	assert_int_equal(stats_of(rig).uploads, 1); /* the grey one */
}

static void dimmed_with_a_sign(void **state)
{
	struct rig *rig = *state;

	rig->marks[1].how = TESS_FROZEN_DIM;
	draw(rig, 3);
	assert_in_range(luma(rig, 80, 90), BRIGHT - 2, BRIGHT + 2);
	/* the whole tile, to its corners */
	assert_in_range(luma(rig, 161, 1), DIMMED - 3, DIMMED + 3);
	assert_in_range(luma(rig, 318, 178), DIMMED - 3, DIMMED + 3);
	/* between the bars, the bars, between bars and ring, the ring */
	assert_in_range(luma(rig, 240, 90), DIMMED - 3, DIMMED + 3);
	assert_in_range(luma(rig, 246, 90), 210, 235);
	assert_in_range(luma(rig, 233, 90), 210, 235);
	assert_in_range(luma(rig, 254, 90), DIMMED - 3, DIMMED + 3);
	assert_in_range(luma(rig, 261, 90), 210, 235);
}

static void an_avatar_in_its_place(void **state)
{
	struct rig *rig = *state;

	rig->marks[0] = (struct tess_frozen_mark){TESS_FROZEN_AVATAR, 0x0000ff};
	rig->marks[1] = (struct tess_frozen_mark){TESS_FROZEN_AVATAR, 0xff0000};
	draw(rig, 2);
	/* blue and red, ITU-R BT.601 */
	assert_in_range(luma(rig, 2, 2), 39, 43);
	assert_in_range(luma(rig, 162, 2), 80, 84);
	/* the head, and the neck's side where there is nothing */
	assert_in_range(luma(rig, 80, 74), 210, 235);
	assert_in_range(luma(rig, 240, 74), 210, 235);
	assert_in_range(luma(rig, 80, 130), 210, 235);
	assert_in_range(luma(rig, 40, 80), 39, 43);
	assert_int_equal(stats_of(rig).uploads, 3);
}

static void made_once_and_given_up_when_not_shown(void **state)
{
	struct rig *rig = *state;

	rig->marks[0].how = rig->marks[1].how = TESS_FROZEN_DIM;
	draw(rig, 4);
	/* two tiles of one size */
	assert_int_equal(stats_of(rig).uploads, 2);
	for (unsigned i = 0; i < 10; i++)
		draw(rig, 4);
	assert_int_equal(stats_of(rig).uploads, 2);
	assert_int_equal(stats_of(rig).surfaces_live, 2);
	/* another size is another picture, and the first is still shown */
	rig->tiles[1].rect.height = HEIGHT / 2;
	draw(rig, 4);
	assert_int_equal(stats_of(rig).uploads, 3);
	assert_int_equal(stats_of(rig).surfaces_live, 3);
	rig->marks[0].how = TESS_FROZEN_KEEP;
	draw(rig, 3);
	assert_int_equal(stats_of(rig).surfaces_live, 2);
	rig->marks[1].how = TESS_FROZEN_AVATAR;
	draw(rig, 2);
	assert_int_equal(stats_of(rig).surfaces_live, 2);
	tess_frozen_clear(&rig->frozen);
	assert_int_equal(stats_of(rig).surfaces_live, 1);
}

static int upload_error;

static int failing_upload(struct tess_engine *engine, const struct tess_image *image,
			  struct tess_surface **surfacep)
{
	(void)engine;
	(void)image;
	(void)surfacep;
	return upload_error;
}

static void a_device_that_cannot(void **state)
{
	struct rig *rig = *state;
	struct tess_engine_driver failing = tess_engine_soft;
	struct tess_engine engine = {.driver = &failing};

	failing.upload = failing_upload;
	rig->marks[0].how = TESS_FROZEN_DIM;
	upload_error = -EIO;
	assert_int_equal(
		tess_frozen_dress(&rig->frozen, &engine, rig->tiles, rig->marks, 2, rig->dressed),
		2);
	assert_ptr_equal(rig->dressed[0].surface, rig->grey);
	upload_error = -ENODEV;
	assert_int_equal(
		tess_frozen_dress(&rig->frozen, &engine, rig->tiles, rig->marks, 2, rig->dressed),
		-ENODEV);
	assert_int_equal(rig->frozen.count, 0);
}

static void users_have_colours(void **state)
{
	unsigned different = 0;
	char user[8] = "u0";

	(void)state;
	assert_int_equal(tess_frozen_color("alice"), tess_frozen_color("alice"));
	for (unsigned i = 0; i < 10; i++) {
		user[1] = (char)('0' + i);
		different += tess_frozen_color(user) != tess_frozen_color("alice");
	}
	assert_true(different >= 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(as_they_are),
		TEST(dimmed_with_a_sign),
		TEST(an_avatar_in_its_place),
		TEST(made_once_and_given_up_when_not_shown),
		TEST(a_device_that_cannot),
		cmocka_unit_test(users_have_colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
