/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_vaapi/compositor.c - canvases are those of a painter who draws
 * everything by the CPU, and passes are as few as the device allows.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/scenes.h"
#include "tests/unit/drivers/engine_vaapi/rig.h"

#include <cmocka.h>

#define WIDTH  640
#define HEIGHT 360
#define STEPS  100

static const struct tess_engine_driver *const driver = &tess_engine_vaapi;

/* the device scales with libyuv too, but NV12 is not exactly I420 where it enlarges */
static void assert_same(const uint8_t *got, const uint8_t *want, const uint8_t *scale, int step)
{
	for (size_t i = 0; i < WIDTH * HEIGHT * 3 / 2; i++) {
		size_t luma = i;
		if (i >= WIDTH * HEIGHT) {
			size_t chroma = (i - WIDTH * HEIGHT) % (WIDTH * HEIGHT / 4);
			luma = chroma / (WIDTH / 2) * 2 * WIDTH + chroma % (WIDTH / 2) * 2;
		}
		int most = scale[luma] == TESS_SCENES_ENLARGED;
		if (abs(got[i] - want[i]) > most)
			fail_msg("step %d: sample %zu (x %zu, y %zu) is %u, not %u", step, i,
				 luma % WIDTH, luma / WIDTH, got[i], want[i]);
	}
}

static void random_scenes(const char *personality, unsigned max_tiles, unsigned seed)
{
	struct rig rig;
	struct tess_compositor *compositor;
	uint8_t *got = malloc(WIDTH * HEIGHT * 3 / 2), *want = malloc(WIDTH * HEIGHT * 3 / 2),
		*scale = malloc(WIDTH * HEIGHT);
	assert_true(got && want && scale);
	rig_open(&rig, personality);
	assert_int_equal(driver->compositor_open(&compositor, rig.vaapi, WIDTH, HEIGHT), 0);
	struct tess_scenes *scenes = tess_scenes_new(
		driver, rig.vaapi, &(struct tess_scenes_config){WIDTH, HEIGHT, max_tiles, seed});
	for (int step = 0; step < STEPS; step++) {
		struct tess_surface *canvas;
		const struct tess_scene *scene = tess_scenes_step(scenes);
		assert_int_equal(driver->compositor_draw(compositor, scene, &canvas), 0);
		tess_scenes_paint(scenes, want, scale);
		assert_int_equal(driver->download(rig.vaapi, canvas, got), 0);
		assert_same(got, want, scale, step);
		tess_surface_unref(canvas);
	}
	struct tess_engine_stats stats = rig_stats(&rig);
	assert_int_equal(stats.composed, STEPS);
	assert_int_equal(stats.faults, 0);
	assert_int_equal(rig.faults, 0);
	tess_scenes_free(scenes);
	driver->compositor_close(compositor);
	rig_close(&rig);
	free(got);
	free(want);
	free(scale);
}

static void test_random_scenes(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 4; seed++)
		random_scenes("max_layers=16\n", 4 * seed, seed);
}

static void test_random_scenes_of_eight_layers(void **state)
{
	(void)state;
	for (unsigned seed = 11; seed <= 13; seed++)
		random_scenes("max_layers=8\n", 16, seed);
}

static void test_random_scenes_of_one_layer(void **state)
{
	(void)state;
	random_scenes("max_layers=1\n", 16, 21);
}

/* work may run long after its call is back */
static void test_random_scenes_late(void **state)
{
	(void)state;
	random_scenes("late=yes\n", 16, 31);
}

static struct tess_surface *gray(const struct rig *rig, uint16_t width, uint16_t height)
{
	struct tess_surface *surface;
	uint8_t *rgba = malloc((size_t)width * height * 4);
	assert_non_null(rgba);
	memset(rgba, 0x80, (size_t)width * height * 4);
	const struct tess_image image = {width, height, rgba, (size_t)width * 4, false};
	assert_int_equal(driver->upload(rig->vaapi, &image, &surface), 0);
	free(rgba);
	return surface;
}

static struct emu_va_stats draw(const struct rig *rig, struct tess_compositor *compositor,
				const struct tess_scene *scene, struct tess_surface **canvas)
{
	struct emu_va_stats before = rig_device(rig), after;
	assert_int_equal(driver->compositor_draw(compositor, scene, canvas), 0);
	after = rig_device(rig);
	after.passes -= before.passes;
	after.layers -= before.layers;
	after.uploads -= before.uploads;
	return after;
}

static void test_passes(void **state)
{
	(void)state;
	struct rig rig;
	struct tess_compositor *compositor;
	struct tess_surface *canvas, *same;
	struct tess_tile tiles[18];
	rig_open(&rig, "max_layers=8\n");
	assert_int_equal(rig.faults, 0); /* finding that out is no fault */
	assert_int_equal(driver->compositor_open(&compositor, rig.vaapi, 640, 360), 0);
	struct tess_surface *picture = gray(&rig, 64, 64);
	for (int i = 0; i < 18; i++)
		tiles[i] = (struct tess_tile){.rect = {i % 6 * 100, i / 6 * 100, 64, 64},
					      .render = TESS_RENDER_CROP,
					      .surface = picture};
	struct tess_scene scene = {.background = 0x336699, .tiles = tiles, .count = 18};
	struct emu_va_stats made = draw(&rig, compositor, &scene, &canvas);
	assert_int_equal(made.passes, 3);
	assert_int_equal(made.layers, 18); /* the background is none */
	assert_int_equal(made.uploads, 0);

	made = draw(&rig, compositor, &scene, &same); /* nothing changed */
	assert_int_equal(made.passes, 0);
	assert_ptr_equal(same, canvas);
	tess_surface_unref(same);
	assert_int_equal(rig_stats(&rig).tiles_drawn, 18);
	assert_int_equal(rig_stats(&rig).tiles_kept, 18);

	/* an empty scene is its background */
	scene.count = 0;
	made = draw(&rig, compositor, &scene, &same);
	assert_int_equal(made.passes, 1);
	assert_int_equal(made.layers, 1);
	assert_int_equal(made.uploads, 1); /* the colour, once */
	assert_true(same->serial != canvas->serial);
	uint8_t *i420 = rig_i420(rig.vaapi, same);
	assert_int_equal(i420[0],
			 (16829 * 0x33 + 33039 * 0x66 + 6416 * 0x99 + (16 << 16) + 32768) >> 16);
	free(i420);
	tess_surface_unref(same);

	/* a black tile on all of the canvas is not the background */
	struct tess_tile black[] = {{.rect = {0, 0, 640, 360}, .render = TESS_RENDER_FIT},
				    tiles[0]};
	scene.tiles = black;
	scene.count = 2;
	made = draw(&rig, compositor, &scene, &same);
	assert_int_equal(made.layers, 2);
	i420 = rig_i420(rig.vaapi, same);
	assert_int_equal(i420[639], 16);
	free(i420);
	tess_surface_unref(same);
	scene.tiles = tiles;

	/* a border is four fills of a colour that is made once */
	tiles[0].border = 4;
	tiles[0].border_color = 0xff0000;
	scene.count = 1;
	made = draw(&rig, compositor, &scene, &same);
	assert_int_equal(made.layers, 5);
	assert_int_equal(made.uploads, 1);
	tess_surface_unref(same);
	tiles[0].rect.x += 2;
	made = draw(&rig, compositor, &scene, &same);
	assert_int_equal(made.layers, 5);
	assert_int_equal(made.uploads, 0);
	tess_surface_unref(same);

	tess_surface_unref(canvas);
	tess_surface_unref(picture);
	driver->compositor_close(compositor);
	rig_close(&rig);
}

static void test_what_is_refused(void **state)
{
	(void)state;
	struct rig rig;
	struct tess_compositor *compositor, *none;
	struct tess_surface *canvas = NULL;
	rig_open(&rig, NULL);
	assert_int_equal(driver->compositor_open(&none, rig.vaapi, 0, 360), -EINVAL);
	assert_int_equal(driver->compositor_open(&none, rig.vaapi, 641, 360), -EINVAL);
	assert_int_equal(driver->compositor_open(&none, rig.vaapi, 8192, 360), -EINVAL);
	assert_int_equal(driver->compositor_open(&compositor, rig.vaapi, 640, 360), 0);
	struct tess_tile tile = {.rect = {0, 0, 642, 360}, .render = TESS_RENDER_FIT};
	const struct tess_scene scene = {.tiles = &tile, .count = 1};
	assert_int_equal(driver->compositor_draw(compositor, &scene, &canvas), -EINVAL);
	/* a surface of another engine */
	const struct tess_engine_config config = {.device = rig.device};
	struct tess_engine *engine = rig.vaapi, *other;
	assert_int_equal(driver->open(&other, &config), 0);
	rig.vaapi = other;
	struct tess_surface *foreign = gray(&rig, 64, 64);
	rig.vaapi = engine;
	tile.rect.width = 640;
	tile.surface = foreign;
	assert_int_equal(driver->compositor_draw(compositor, &scene, &canvas), -EINVAL);
	assert_null(canvas);
	tess_surface_unref(foreign);
	driver->close(other);
	driver->compositor_close(compositor);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passes),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_random_scenes),
		cmocka_unit_test(test_random_scenes_of_eight_layers),
		cmocka_unit_test(test_random_scenes_of_one_layer),
		cmocka_unit_test(test_random_scenes_late),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
