/* SPDX-License-Identifier: GPL-3.0-or-later
 * The compositor, sample by sample: where tiles are, what is kept, what is drawn again.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "h264.h"

#define WIDTH  320
#define HEIGHT 180

static const struct tess_engine_driver *driver = &tess_engine_soft;

struct yuv {
	uint8_t y, u, v;
};

static const struct yuv black = {16, 128, 128}, white = {235, 128, 128};

struct fixture {
	struct tess_engine *engine;
	struct tess_compositor *compositor;
	uint32_t background;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	*state = fixture;
	if (!fixture || driver->open(&fixture->engine, &(struct tess_engine_config){0}) != 0)
		return -1;
	fixture->background = 0xffffff;
	return driver->compositor_open(&fixture->compositor, fixture->engine, WIDTH, HEIGHT);
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	struct tess_engine_stats stats;
	driver->compositor_close(fixture->compositor);
	driver->stats(fixture->engine, &stats);
	driver->close(fixture->engine);
	free(fixture);
	return stats.surfaces_live == 0 ? 0 : -1;
}

static struct tess_surface *solid(struct fixture *fixture, int width, int height, uint8_t y)
{
	return surface_solid(fixture->engine, width, height, y, (uint8_t)(y + 1), (uint8_t)(y + 2));
}

static struct tess_tile tile(int x, int y, int width, int height, enum tess_render render,
			     struct tess_surface *surface)
{
	return (struct tess_tile){
		.rect = {x, y, width, height}, .render = render, .surface = surface};
}

static int try_draw(const struct fixture *fixture, const struct tess_tile *tiles, unsigned count,
		    struct tess_surface **canvas)
{
	const struct tess_scene scene = {
		.background = fixture->background, .tiles = tiles, .count = count};
	return driver->compositor_draw(fixture->compositor, &scene, canvas);
}

/* draw, and look at the result */
static uint8_t *draw(struct fixture *fixture, const struct tess_tile *tiles, unsigned count)
{
	struct tess_surface *canvas;
	assert_int_equal(try_draw(fixture, tiles, count, &canvas), 0);
	assert_int_equal(canvas->width, WIDTH);
	assert_int_equal(canvas->height, HEIGHT);
	uint8_t *i420 = surface_i420(fixture->engine, canvas);
	tess_surface_unref(canvas);
	return i420;
}

static void assert_rect(const uint8_t *i420, int x, int y, int width, int height, struct yuv want)
{
	const uint8_t *u = i420 + WIDTH * HEIGHT, *v = u + WIDTH / 2 * (HEIGHT / 2);
	for (int row = y; row < y + height; row++)
		for (int column = x; column < x + width; column++) {
			int chroma = row / 2 * (WIDTH / 2) + column / 2;
			assert_int_equal(i420[row * WIDTH + column], want.y);
			assert_int_equal(u[chroma], want.u);
			assert_int_equal(v[chroma], want.v);
		}
}

static void assert_solid(const uint8_t *i420, int x, int y, int width, int height, uint8_t luma)
{
	assert_rect(i420, x, y, width, height,
		    (struct yuv){luma, (uint8_t)(luma + 1), (uint8_t)(luma + 2)});
}

static struct tess_engine_stats stats_of(struct fixture *fixture)
{
	struct tess_engine_stats stats;
	driver->stats(fixture->engine, &stats);
	return stats;
}

static void tiles_at_their_places(void **state)
{
	struct fixture *fixture = *state;
	struct tess_surface *a = solid(fixture, 640, 360, 60), *b = solid(fixture, 64, 36, 90);
	struct tess_tile tiles[] = {
		tile(0, 0, 106, 60, TESS_RENDER_CROP, a),
		tile(106, 0, 106, 60, TESS_RENDER_CROP, b),
		tile(212, 0, 106, 60, TESS_RENDER_CROP, NULL),
		tile(0, 60, 106, 60, TESS_RENDER_CROP, a),
	};
	uint8_t *i420 = draw(fixture, tiles, 4);
	assert_solid(i420, 0, 0, 106, 60, 60);
	assert_solid(i420, 106, 0, 106, 60, 90);
	assert_rect(i420, 212, 0, 106, 60, black);
	assert_solid(i420, 0, 60, 106, 60, 60);
	/* background: the strip on the right, the cells without a tile, the rest below */
	assert_rect(i420, 318, 0, 2, 180, white);
	assert_rect(i420, 106, 60, 214, 120, white);
	assert_rect(i420, 0, 120, 320, 60, white);
	free(i420);
	tess_surface_unref(a);
	tess_surface_unref(b);
}

static void background_colours(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		uint32_t rgb;
		struct yuv yuv; /* BT.601 limited range */
	} colours[] = {
		{0x000000, {16, 128, 128}}, {0xffffff, {235, 128, 128}},
		{0xff0000, {81, 90, 240}},  {0x00ff00, {145, 54, 34}},
		{0x0000ff, {41, 240, 110}}, {0x808080, {126, 128, 128}},
	};
	for (size_t c = 0; c < sizeof(colours) / sizeof(colours[0]); c++) {
		fixture->background = colours[c].rgb;
		uint8_t *i420 = draw(fixture, NULL, 0);
		assert_rect(i420, 0, 0, WIDTH, HEIGHT, colours[c].yuv);
		free(i420);
	}
}

static void render_modes(void **state)
{
	struct fixture *fixture = *state;
	struct tess_surface *portrait = solid(fixture, 90, 180, 70);
	struct tess_tile tiles[] = {
		tile(0, 0, 160, 180, TESS_RENDER_FIT, portrait),
		tile(160, 0, 160, 180, TESS_RENDER_FIT_BLACK, portrait),
	};
	uint8_t *i420 = draw(fixture, tiles, 2);
	/* 90 wide in 160: 34 (even) beside it on the left */
	assert_rect(i420, 0, 0, 34, 180, white);
	assert_solid(i420, 34, 0, 90, 180, 70);
	assert_rect(i420, 124, 0, 36, 180, white);
	assert_rect(i420, 160, 0, 34, 180, black);
	assert_solid(i420, 194, 0, 90, 180, 70);
	assert_rect(i420, 284, 0, 36, 180, black);
	free(i420);
	tess_surface_unref(portrait);
}

/* crop shows the middle: a picture with a marked border, of which nothing may be seen */
static void crop_shows_the_middle(void **state)
{
	struct fixture *fixture = *state;
	struct tess_surface *wide = solid(fixture, 640, 180, 200);
	AVFrame *frame = ((struct soft_surface *)wide)->pooled.frame;
	for (int y = 0; y < 180; y++)
		memset(frame->data[0] + y * frame->linesize[0] + 160, 50, 320);
	struct tess_tile tiles[] = {tile(0, 0, 320, 180, TESS_RENDER_CROP, wide)};
	uint8_t *i420 = draw(fixture, tiles, 1);
	for (int i = 0; i < WIDTH * HEIGHT; i++)
		assert_int_equal(i420[i], 50);
	free(i420);
	tess_surface_unref(wide);
}

static void only_changes_are_drawn(void **state)
{
	struct fixture *fixture = *state;
	struct tess_surface *a = solid(fixture, 160, 90, 60), *b = solid(fixture, 160, 90, 90);
	struct tess_surface *c = solid(fixture, 160, 90, 120);
	struct tess_tile tiles[] = {
		tile(0, 0, 160, 90, TESS_RENDER_CROP, a),
		tile(160, 0, 160, 90, TESS_RENDER_CROP, b),
		tile(0, 90, 160, 90, TESS_RENDER_CROP, NULL),
	};
	struct tess_surface *first, *second;
	assert_int_equal(try_draw(fixture, tiles, 3, &first), 0);
	uint64_t serial = first->serial;
	tess_surface_unref(first);
	assert_int_equal(stats_of(fixture).tiles_drawn, 3);

	/* nothing new: the very same picture */
	assert_int_equal(try_draw(fixture, tiles, 3, &second), 0);
	assert_int_equal(second->serial, serial);
	tess_surface_unref(second);
	assert_int_equal(stats_of(fixture).tiles_drawn, 3);
	assert_int_equal(stats_of(fixture).tiles_kept, 3);
	assert_int_equal(stats_of(fixture).composed, 2);

	/* one new picture, drawn into the same canvas; a sample painted into another tile stays */
	tiles[1].surface = c;
	AVFrame *frame = ((struct soft_surface *)second)->pooled.frame;
	frame->data[0][5 * frame->linesize[0] + 5] = 222;
	assert_int_equal(try_draw(fixture, tiles, 3, &second), 0);
	assert_true(second->serial != serial);
	assert_int_equal(stats_of(fixture).tiles_drawn, 4);
	assert_int_equal(stats_of(fixture).tiles_kept, 5);
	uint8_t *i420 = surface_i420(fixture->engine, second);
	tess_surface_unref(second);
	assert_int_equal(i420[5 * WIDTH + 5], 222);
	assert_solid(i420, 160, 0, 160, 90, 120);
	assert_rect(i420, 0, 90, 160, 90, black);
	free(i420);

	/* a new layout leaves nothing of the old */
	struct tess_tile whole = tile(80, 0, 160, 90, TESS_RENDER_CROP, a);
	i420 = draw(fixture, &whole, 1);
	assert_rect(i420, 0, 0, 80, 180, white);
	assert_solid(i420, 80, 0, 160, 90, 60);
	assert_rect(i420, 240, 0, 80, 180, white);
	assert_rect(i420, 0, 90, 320, 90, white);
	free(i420);
	tess_surface_unref(a);
	tess_surface_unref(b);
	tess_surface_unref(c);
}

static void bars_follow_the_picture(void **state)
{
	struct fixture *fixture = *state;
	struct tess_surface *portrait = solid(fixture, 90, 180, 70);
	struct tess_surface *landscape = solid(fixture, 320, 90, 110);
	struct tess_tile tiles[] = {tile(0, 0, 320, 180, TESS_RENDER_FIT, portrait)};
	free(draw(fixture, tiles, 1));
	tiles[0].surface = landscape;
	uint8_t *i420 = draw(fixture, tiles, 1);
	assert_rect(i420, 0, 0, 320, 44, white);
	assert_solid(i420, 0, 44, 320, 90, 110);
	assert_rect(i420, 0, 134, 320, 46, white);
	free(i420);
	tiles[0].surface = NULL;
	i420 = draw(fixture, tiles, 1);
	assert_rect(i420, 0, 0, 320, 180, black);
	free(i420);
	tiles[0].surface = portrait;
	i420 = draw(fixture, tiles, 1);
	assert_rect(i420, 0, 0, 114, 180, white);
	assert_solid(i420, 114, 0, 90, 180, 70);
	assert_rect(i420, 204, 0, 116, 180, white);
	free(i420);
	tess_surface_unref(portrait);
	tess_surface_unref(landscape);
}

static void tile_above_stays_above(void **state)
{
	struct fixture *fixture = *state;
	struct tess_surface *big = solid(fixture, 320, 180, 40),
			    *small = solid(fixture, 90, 180, 80);
	struct tess_surface *bigger = solid(fixture, 320, 180, 44);
	struct tess_tile tiles[] = {
		tile(0, 0, 320, 180, TESS_RENDER_CROP, big),
		tile(200, 100, 100, 60, TESS_RENDER_FIT_BLACK, small),
		tile(0, 0, 20, 20, TESS_RENDER_CROP, NULL),
	};
	free(draw(fixture, tiles, 3));
	tiles[0].surface = bigger;
	uint8_t *i420 = draw(fixture, tiles, 3);
	assert_int_equal(stats_of(fixture).tiles_drawn, 6);
	assert_solid(i420, 20, 0, 180, 180, 44);
	assert_rect(i420, 200, 100, 34, 60, black);
	assert_solid(i420, 234, 100, 30, 60, 80);
	assert_rect(i420, 264, 100, 36, 60, black);
	assert_solid(i420, 300, 100, 20, 60, 44);
	assert_rect(i420, 0, 0, 20, 20, black);
	free(i420);
	/* a change above leaves what is below alone */
	tiles[1].surface = big;
	free(draw(fixture, tiles, 3));
	assert_int_equal(stats_of(fixture).tiles_drawn, 7);
	tess_surface_unref(big);
	tess_surface_unref(bigger);
	tess_surface_unref(small);
}

static void held_canvas_is_not_touched(void **state)
{
	struct fixture *fixture = *state;
	struct tess_surface *a = solid(fixture, 320, 180, 60), *b = solid(fixture, 320, 180, 90);
	struct tess_surface *held[2];
	struct tess_tile tiles[] = {
		tile(0, 0, 160, 180, TESS_RENDER_CROP, a),
		tile(160, 0, 160, 180, TESS_RENDER_CROP, a),
	};
	assert_int_equal(try_draw(fixture, tiles, 2, &held[0]), 0);
	tiles[0].surface = b;
	assert_int_equal(try_draw(fixture, tiles, 2, &held[1]), 0);
	assert_ptr_not_equal(held[0], held[1]);
	uint8_t *before = surface_i420(fixture->engine, held[0]);
	uint8_t *after = surface_i420(fixture->engine, held[1]);
	assert_solid(before, 0, 0, 320, 180, 60);
	assert_solid(after, 0, 0, 160, 180, 90);
	assert_solid(after, 160, 0, 160, 180, 60);
	assert_int_equal(stats_of(fixture).tiles_drawn, 3);
	free(before);
	free(after);
	for (int i = 0; i < 2; i++)
		tess_surface_unref(held[i]);
	tess_surface_unref(a);
	tess_surface_unref(b);
}

static void full_range_is_brought_to_limited(void **state)
{
	struct fixture *fixture = *state;
	static const uint8_t full[] = {0, 1, 64, 128, 254, 255};
	static const uint8_t luma[] = {16, 17, 71, 126, 234, 235};
	static const uint8_t chroma[] = {16, 17, 72, 128, 239, 240};
	for (size_t i = 0; i < sizeof(full); i++) {
		struct tess_surface *surface =
			surface_solid(fixture->engine, WIDTH, HEIGHT, full[i], full[i], full[i]);
		((struct soft_surface *)surface)->full_range = true;
		struct tess_tile tiles[] = {tile(0, 0, 160, 90, TESS_RENDER_CROP, surface)};
		uint8_t *i420 = draw(fixture, tiles, 1);
		assert_rect(i420, 0, 0, 160, 90, (struct yuv){luma[i], chroma[i], chroma[i]});
		assert_rect(i420, 160, 0, 160, 180, white);
		free(i420);
		tess_surface_unref(surface);
	}
}

static void capture_time_is_the_newest(void **state)
{
	struct fixture *fixture = *state;
	struct tess_surface *a = solid(fixture, 32, 18, 60), *b = solid(fixture, 32, 18, 60),
			    *canvas;
	a->capture_us = 7000;
	b->capture_us = 9000;
	struct tess_tile tiles[] = {
		tile(0, 0, 160, 90, TESS_RENDER_CROP, b),
		tile(160, 0, 160, 90, TESS_RENDER_CROP, a),
	};
	assert_int_equal(try_draw(fixture, tiles, 2, &canvas), 0);
	assert_int_equal(canvas->capture_us, 9000);
	tess_surface_unref(canvas);
	tess_surface_unref(a);
	tess_surface_unref(b);
}

static void refuses_bad_tiles(void **state)
{
	struct fixture *fixture = *state;
	struct tess_engine *other;
	struct tess_surface *canvas = NULL, *a = solid(fixture, 32, 18, 60);
	assert_int_equal(driver->open(&other, &(struct tess_engine_config){0}), 0);
	struct tess_surface *foreign = surface_solid(other, 32, 18, 1, 1, 1);
	struct tess_tile bad[] = {
		tile(1, 0, 16, 16, TESS_RENDER_CROP, a),
		tile(0, 0, 16, 15, TESS_RENDER_CROP, a),
		tile(0, 0, 322, 16, TESS_RENDER_CROP, a),
		tile(306, 0, 16, 16, TESS_RENDER_CROP, a),
		tile(0, -2, 16, 16, TESS_RENDER_CROP, a),
		tile(0, 0, 16, 16, (enum tess_render)0, a),
		tile(0, 0, 16, 16, TESS_RENDER_CROP, foreign),
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(try_draw(fixture, &bad[i], 1, &canvas), -EINVAL);
	struct tess_tile many[TESS_ENGINE_MAX_TILES + 1];
	for (unsigned i = 0; i <= TESS_ENGINE_MAX_TILES; i++)
		many[i] = tile(0, 0, 16, 16, TESS_RENDER_CROP, a);
	assert_int_equal(try_draw(fixture, many, TESS_ENGINE_MAX_TILES + 1, &canvas), -EINVAL);
	assert_null(canvas);
	free(draw(fixture, many, TESS_ENGINE_MAX_TILES));

	struct tess_compositor *compositor;
	assert_int_equal(driver->compositor_open(&compositor, other, 321, 180), -EINVAL);
	assert_int_equal(driver->compositor_open(&compositor, other, 0, 180), -EINVAL);
	assert_int_equal(driver->compositor_open(&compositor, other, 320, 4098), -EINVAL);
	tess_surface_unref(a);
	tess_surface_unref(foreign);
	driver->close(other);
}

struct holder {
	struct tess_surface *_Atomic slot;
	atomic_bool stop;
};

/* another thread takes canvases and lets them go whenever it likes */
static void *hold(void *arg)
{
	struct holder *holder = arg;
	while (!atomic_load(&holder->stop)) {
		struct tess_surface *surface = atomic_exchange(&holder->slot, NULL);
		if (!surface)
			continue;
		const AVFrame *frame = ((struct soft_surface *)surface)->pooled.frame;
		uint8_t first = frame->data[0][0];
		for (int i = 0; i < WIDTH; i++)
			if (frame->data[0][i] != first)
				atomic_store(&holder->stop, true);
		tess_surface_unref(surface);
	}
	return NULL;
}

static void canvases_may_be_held_by_other_threads(void **state)
{
	struct fixture *fixture = *state;
	struct holder holder;
	pthread_t thread;
	atomic_init(&holder.slot, NULL);
	atomic_init(&holder.stop, false);
	assert_int_equal(pthread_create(&thread, NULL, hold, &holder), 0);
	for (unsigned i = 0; i < 500; i++) {
		struct tess_surface *surface = solid(fixture, 64, 36, (uint8_t)(20 + i % 200)),
				    *canvas;
		struct tess_tile tiles[] = {tile(0, 0, 320, 180, TESS_RENDER_CROP, surface)};
		assert_int_equal(try_draw(fixture, tiles, 1, &canvas), 0);
		tess_surface_unref(atomic_exchange(&holder.slot, canvas));
		tess_surface_unref(surface);
	}
	assert_false(atomic_exchange(&holder.stop, true)); /* set by the thread: a torn canvas */
	assert_int_equal(pthread_join(thread, NULL), 0);
	tess_surface_unref(holder.slot);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tiles_at_their_places),
		TEST(background_colours),
		TEST(render_modes),
		TEST(crop_shows_the_middle),
		TEST(only_changes_are_drawn),
		TEST(bars_follow_the_picture),
		TEST(tile_above_stays_above),
		TEST(held_canvas_is_not_touched),
		TEST(full_range_is_brought_to_limited),
		TEST(capture_time_is_the_newest),
		TEST(refuses_bad_tiles),
		TEST(canvases_may_be_held_by_other_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
