/* SPDX-License-Identifier: GPL-3.0-or-later
 * Random scenes, one change at a time: the canvas that lives from picture to picture is that of a
 * painter who draws everything each time, byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/engine_soft/engine_soft.h"
#include "tests/support/scenes.h"

static const struct tess_engine_driver *driver = &tess_engine_soft;

static void assert_same(const uint8_t *got, const uint8_t *want, int width, int height, int step)
{
	size_t bytes = (size_t)width * height * 3 / 2;
	for (size_t i = 0; i < bytes; i++)
		if (got[i] != want[i])
			fail_msg("step %d: byte %zu (luma: x %zu, y %zu) is %u, not %u", step, i,
				 i % (size_t)width, i / (size_t)width, got[i], want[i]);
}

static void run(unsigned seed, int width, int height, unsigned max_tiles, int steps)
{
	struct tess_engine *engine;
	struct tess_compositor *compositor;
	struct tess_surface *canvas, *held = NULL;
	size_t bytes = (size_t)width * height * 3 / 2;
	uint8_t *got = malloc(bytes), *want = malloc(bytes), *kept = malloc(bytes);
	assert_true(got && want && kept);
	assert_int_equal(driver->open(&engine, &(struct tess_engine_config){0}), 0);
	assert_int_equal(
		driver->compositor_open(&compositor, engine, (uint16_t)width, (uint16_t)height), 0);
	struct tess_scenes *scenes = tess_scenes_new(
		driver, engine,
		&(struct tess_scenes_config){(uint16_t)width, (uint16_t)height, max_tiles, seed});
	for (int step = 0; step < steps; step++) {
		const struct tess_scene *scene = tess_scenes_step(scenes);
		assert_int_equal(driver->compositor_draw(compositor, scene, &canvas), 0);
		tess_scenes_paint(scenes, want, NULL);
		driver->download(engine, canvas, got);
		assert_same(got, want, width, height, step);
		if (held) { /* a canvas that somebody looks at stays what it was */
			driver->download(engine, held, got);
			assert_same(got, kept, width, height, step);
			tess_surface_unref(held);
			held = NULL;
		}
		if (step % 3 == 0) {
			held = canvas;
			memcpy(kept, want, bytes);
		} else {
			tess_surface_unref(canvas);
		}
	}
	struct tess_engine_stats stats;
	driver->stats(engine, &stats);
	assert_int_equal(stats.composed, steps);
	assert_true(stats.tiles_drawn > 0);
	assert_true(max_tiles == 1 || stats.tiles_kept > 0);
	assert_int_equal(stats.faults, 0);
	assert_int_equal(stats.allocations, 0);
	tess_surface_unref(held);
	tess_scenes_free(scenes);
	driver->compositor_close(compositor);
	driver->stats(engine, &stats);
	assert_int_equal(stats.surfaces_live, 0);
	driver->close(engine);
	free(got);
	free(want);
	free(kept);
}

static void sixteen_tiles(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 4; seed++)
		run(seed, 320, 180, 16, 300);
}

static void few_tiles(void **state)
{
	(void)state;
	run(11, 160, 90, 1, 300);
	run(12, 190, 94, 3, 500);
	run(13, 64, 64, 6, 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixteen_tiles),
		cmocka_unit_test(few_tiles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
