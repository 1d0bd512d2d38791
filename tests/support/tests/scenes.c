/* SPDX-License-Identifier: GPL-3.0-or-later
 * The random scenes: they are repeatable, valid, and have in them all that an engine can draw.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/scenes.h"

#define WIDTH  160
#define HEIGHT 90
#define BYTES  (WIDTH * HEIGHT * 3 / 2)

struct fake_surface {
	struct tess_surface base;
	bool alpha;
};

static uint64_t serial;
static unsigned live;

static void destroy(struct tess_surface *surface)
{
	live--;
	free(surface);
}

static int upload(struct tess_engine *engine, const struct tess_image *image,
		  struct tess_surface **surfacep)
{
	(void)engine;
	struct fake_surface *surface = calloc(1, sizeof(*surface));
	assert_non_null(surface);
	atomic_init(&surface->base.references, 1);
	surface->base.width = image->width;
	surface->base.height = image->height;
	surface->base.sar_num = surface->base.sar_den = 1;
	surface->base.serial = ++serial;
	surface->base.destroy = destroy;
	surface->alpha = image->alpha;
	live++;
	*surfacep = &surface->base;
	return 0;
}

static const struct tess_engine_driver driver = {.size = sizeof(driver), .upload = upload};

static struct tess_scenes *scenes_of(unsigned seed)
{
	return tess_scenes_new(
		&driver, NULL,
		&(struct tess_scenes_config){
			.width = WIDTH, .height = HEIGHT, .max_tiles = 16, .seed = seed});
}

static void same_seed_same_pixels(void **state)
{
	(void)state;
	struct tess_scenes *a = scenes_of(5), *b = scenes_of(5), *c = scenes_of(6);
	uint8_t canvas[3][BYTES];
	unsigned differ = 0;
	for (int step = 0; step < 50; step++) {
		tess_scenes_step(a);
		tess_scenes_step(b);
		tess_scenes_step(c);
		tess_scenes_paint(a, canvas[0], NULL);
		tess_scenes_paint(b, canvas[1], NULL);
		tess_scenes_paint(c, canvas[2], NULL);
		assert_memory_equal(canvas[0], canvas[1], BYTES);
		differ += memcmp(canvas[0], canvas[2], BYTES) != 0;
	}
	assert_int_equal(differ, 50);
	tess_scenes_free(a);
	tess_scenes_free(b);
	tess_scenes_free(c);
	tess_scenes_free(NULL);
	assert_int_equal(live, 0);
}

static void everything_occurs(void **state)
{
	(void)state;
	unsigned renders[TESS_RENDER_STRETCH + 1] = {0}, counts[17] = {0}, scales[3] = {0};
	unsigned alpha = 0, border = 0, empty = 0, backdrop = 0, black = 0, shared = 0;
	struct tess_scenes *scenes = scenes_of(1);
	uint8_t canvas[BYTES], scale[WIDTH * HEIGHT];
	for (int step = 0; step < 1000; step++) {
		const struct tess_scene *scene = tess_scenes_step(scenes);
		assert_in_range(scene->count, 1, 16);
		counts[scene->count]++;
		backdrop += scene->backdrop != NULL;
		black += scene->background == 0;
		for (unsigned i = 0; i < scene->count; i++) {
			const struct tess_tile *tile = &scene->tiles[i];
			const struct fake_surface *surface = (struct fake_surface *)tile->surface;
			renders[tile->render]++;
			border += tile->border > 0;
			empty += !surface;
			alpha += surface && surface->alpha;
			shared += surface && surface == (void *)scene->tiles[0].surface && i > 0;
			assert_true(tile->rect.x >= 0 && tile->rect.y >= 0);
			assert_true(tile->rect.x + tile->rect.width <= WIDTH);
			assert_true(tile->rect.y + tile->rect.height <= HEIGHT);
			if (surface && surface->alpha) {
				assert_int_equal(tile->rect.width, surface->base.width);
				assert_int_equal(tile->rect.height, surface->base.height);
				assert_int_equal(tile->border, 0);
				assert_int_equal(tile->render, TESS_RENDER_STRETCH);
			}
		}
		tess_scenes_paint(scenes, canvas, scale);
		for (size_t i = 0; i < sizeof(scale); i++)
			scales[scale[i]]++;
	}
	for (int i = TESS_RENDER_CROP; i <= TESS_RENDER_STRETCH; i++)
		assert_true(renders[i] > 100);
	assert_true(counts[1] > 0 && counts[16] > 0);
	assert_true(alpha > 100 && border > 100 && empty > 100 && shared > 10);
	assert_in_range(backdrop, 100, 900);
	assert_in_range(black, 100, 900);
	for (int i = 0; i < 3; i++)
		assert_true(scales[i] > 10000);
	tess_scenes_free(scenes);
	assert_int_equal(live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_seed_same_pixels),
		cmocka_unit_test(everything_occurs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
