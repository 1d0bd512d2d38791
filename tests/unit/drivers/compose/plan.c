/* SPDX-License-Identifier: GPL-3.0-or-later
 * Plans, operation by operation.
 */
#include "drivers/compose/plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#define WIDTH  320
#define HEIGHT 180
#define WHITE  0xffffff
#define RED    0xff0000

#define RECT(...) ((struct tess_rect){__VA_ARGS__})

/* what look() says of a picture */
struct picture {
	struct tess_surface surface;
	bool alpha, foreign;
};

struct fixture {
	struct tess_compose_state state;
	struct tess_compose_plan plan;
	struct picture pictures[16];
	unsigned used;
	uint64_t serial;
	struct tess_tile tiles[TESS_ENGINE_MAX_TILES + 1];
	struct tess_scene scene;
};

static struct fixture fixture;

static int look(const void *engine, struct tess_surface *surface)
{
	const struct picture *picture = (const struct picture *)surface;
	assert_ptr_equal(engine, &fixture);
	return picture->foreign ? -EINVAL : picture->alpha;
}

static int setup(void **state)
{
	(void)state;
	memset(&fixture, 0, sizeof(fixture));
	tess_compose_init(&fixture.state, WIDTH, HEIGHT);
	fixture.scene.background = WHITE;
	fixture.scene.tiles = fixture.tiles;
	return 0;
}

static struct tess_surface *picture(int width, int height)
{
	struct picture *picture = &fixture.pictures[fixture.used++];
	picture->surface.width = (uint16_t)width;
	picture->surface.height = (uint16_t)height;
	picture->surface.sar_num = picture->surface.sar_den = 1;
	picture->surface.serial = fixture.serial++;
	return &picture->surface;
}

static struct tess_surface *glass(int width, int height)
{
	struct tess_surface *surface = picture(width, height);
	((struct picture *)surface)->alpha = true;
	return surface;
}

static struct tess_tile *tile(struct tess_rect rect, enum tess_render render,
			      struct tess_surface *surface)
{
	struct tess_tile *tile = &fixture.tiles[fixture.scene.count++];
	*tile = (struct tess_tile){.rect = rect, .render = render, .surface = surface};
	return tile;
}

static int try_plan(bool whole)
{
	return tess_compose_plan(&fixture.plan, &fixture.state, &fixture.scene, whole, look,
				 &fixture);
}

static const struct tess_compose_plan *plan_only(bool whole)
{
	memset(&fixture.plan, 0xa5, sizeof(fixture.plan));
	assert_int_equal(try_plan(whole), 0);
	return &fixture.plan;
}

static const struct tess_compose_plan *plan(bool whole)
{
	plan_only(whole);
	tess_compose_done(&fixture.state);
	return &fixture.plan;
}

static void assert_rect(const struct tess_rect *got, const struct tess_rect *want)
{
	assert_int_equal(got->x, want->x);
	assert_int_equal(got->y, want->y);
	assert_int_equal(got->width, want->width);
	assert_int_equal(got->height, want->height);
}

static void assert_fill(unsigned i, struct tess_rect rect, uint32_t rgb)
{
	const struct tess_compose_op *op = &fixture.plan.ops[i];
	struct tess_compose_yuv yuv = tess_compose_yuv_of_rgb(rgb);
	assert_true(i < fixture.plan.count);
	assert_int_equal(op->kind, TESS_COMPOSE_FILL);
	assert_rect(&op->target, &rect);
	assert_memory_equal(&op->color, &yuv, sizeof(yuv));
}

static void assert_draws(unsigned i, enum tess_compose_kind kind,
			 const struct tess_surface *surface, struct tess_rect source,
			 struct tess_rect target)
{
	const struct tess_compose_op *op = &fixture.plan.ops[i];
	assert_true(i < fixture.plan.count);
	assert_int_equal(op->kind, kind);
	assert_ptr_equal(op->surface, surface);
	assert_rect(&op->source, &source);
	assert_rect(&op->target, &target);
}

/* a 16:9 picture as a whole */
static void assert_picture(unsigned i, const struct tess_surface *surface, struct tess_rect target)
{
	assert_draws(i, TESS_COMPOSE_PICTURE, surface, RECT(0, 0, surface->width, surface->height),
		     target);
}

static void assert_counts(unsigned ops, unsigned drawn, unsigned kept)
{
	assert_int_equal(fixture.plan.count, ops);
	assert_int_equal(fixture.plan.drawn, drawn);
	assert_int_equal(fixture.plan.kept, kept);
}

static void empty_scene(void **state)
{
	(void)state;
	assert_true(plan(false)->whole);
	assert_counts(1, 0, 0);
	assert_fill(0, RECT(0, 0, WIDTH, HEIGHT), WHITE);
	assert_true(plan(false)->unchanged);
	assert_counts(0, 0, 0);
}

/* tiles that cover all: no background; one missing: the background at first */
static void background_where_it_shows(void **state)
{
	(void)state;
	struct tess_surface *a = picture(640, 360);
	for (int i = 0; i < 16; i++)
		tile(RECT(i % 4 * 80, i / 4 * 44, 80, i < 12 ? 44 : 48), TESS_RENDER_STRETCH, a);
	assert_true(plan(false)->whole);
	assert_counts(16, 16, 0);
	for (unsigned i = 0; i < 16; i++)
		assert_picture(i, a, fixture.tiles[i].rect);
	fixture.scene.count = 15;
	plan(false);
	assert_counts(16, 15, 0);
	assert_fill(0, RECT(0, 0, WIDTH, HEIGHT), WHITE);
	/* two pixels that show are enough; glass does not cover */
	fixture.scene.count = 16;
	fixture.tiles[15].rect.height = 46;
	plan(false);
	assert_counts(17, 16, 0);
	tile(RECT(0, 160, 320, 20), TESS_RENDER_STRETCH, glass(320, 20));
	plan(false);
	assert_counts(18, 17, 0);
	assert_fill(0, RECT(0, 0, WIDTH, HEIGHT), WHITE);
	/* but a large one over all does */
	tile(RECT(0, 0, 320, 180), TESS_RENDER_STRETCH, a);
	plan(false);
	assert_counts(18, 18, 0);
	assert_int_equal(fixture.plan.ops[0].kind, TESS_COMPOSE_PICTURE);
}

static void bars_only_where_they_are_seen(void **state)
{
	(void)state;
	struct tess_surface *portrait = picture(90, 180), *under = picture(320, 180);
	tile(RECT(0, 0, 160, 180), TESS_RENDER_FIT, portrait);
	tile(RECT(160, 0, 160, 180), TESS_RENDER_FIT_BLACK, portrait);
	plan(true);
	assert_counts(5, 2, 0);
	assert_fill(0, RECT(0, 0, WIDTH, HEIGHT), WHITE);
	assert_picture(1, portrait, RECT(34, 0, 90, 180));
	assert_fill(2, RECT(160, 0, 34, 180), 0);
	assert_fill(3, RECT(284, 0, 36, 180), 0);
	assert_picture(4, portrait, RECT(194, 0, 90, 180));
	/* black on black */
	fixture.scene.background = 0;
	plan(true);
	assert_counts(3, 2, 0);
	assert_fill(0, RECT(0, 0, WIDTH, HEIGHT), 0);
	/* over another tile both need them, top and bottom too */
	struct tess_surface *wide = picture(320, 90);
	fixture.scene.count = 0;
	tile(RECT(0, 0, 320, 180), TESS_RENDER_CROP, under);
	tile(RECT(0, 0, 160, 180), TESS_RENDER_FIT, portrait);
	tile(RECT(160, 0, 160, 180), TESS_RENDER_FIT_BLACK, wide);
	plan(true);
	assert_counts(7, 3, 0);
	assert_picture(0, under, RECT(0, 0, 320, 180));
	assert_fill(1, RECT(0, 0, 34, 180), 0);
	assert_fill(2, RECT(124, 0, 36, 180), 0);
	assert_picture(3, portrait, RECT(34, 0, 90, 180));
	assert_fill(4, RECT(160, 0, 160, 66), 0);
	assert_fill(5, RECT(160, 112, 160, 68), 0);
	assert_picture(6, wide, RECT(160, 66, 160, 46));
	/* over a backdrop FIT needs it only where another tile is beneath, and black is needed */
	fixture.scene.backdrop = picture(640, 180);
	fixture.tiles[0].rect.width = 20;
	plan(true);
	assert_counts(7, 3, 0);
	assert_draws(0, TESS_COMPOSE_BACKDROP, fixture.scene.backdrop, RECT(160, 0, 320, 180),
		     RECT(0, 0, WIDTH, HEIGHT));
	assert_draws(2, TESS_COMPOSE_BACKDROP, fixture.scene.backdrop, RECT(160, 0, 320, 180),
		     RECT(0, 0, 34, 180));
	assert_picture(3, portrait, RECT(34, 0, 90, 180));
	assert_fill(4, RECT(160, 0, 160, 66), 0);
	fixture.tiles[0].rect = RECT(200, 0, 20, 20);
	plan(true);
	assert_counts(6, 3, 0);
	assert_picture(2, portrait, RECT(34, 0, 90, 180));
}

static void empty_tiles_are_black(void **state)
{
	(void)state;
	tile(RECT(20, 20, 40, 40), TESS_RENDER_CROP, NULL);
	plan(true);
	assert_counts(2, 1, 0);
	assert_fill(1, RECT(20, 20, 40, 40), 0);
	fixture.scene.background = 0;
	plan(true);
	assert_counts(1, 1, 0);
	assert_fill(0, RECT(0, 0, WIDTH, HEIGHT), 0);
}

static void borders_are_inside(void **state)
{
	(void)state;
	struct tess_surface *a = picture(320, 180);
	struct tess_tile *framed = tile(RECT(0, 0, 320, 180), TESS_RENDER_CROP, a);
	framed->border = 6;
	framed->border_color = RED;
	plan(false);
	assert_counts(5, 1, 0);
	assert_picture(0, a, RECT(0, 0, 320, 180));
	assert_fill(1, RECT(0, 0, 320, 6), RED);
	assert_fill(2, RECT(0, 174, 320, 6), RED);
	assert_fill(3, RECT(0, 6, 6, 168), RED);
	assert_fill(4, RECT(314, 6, 6, 168), RED);
	/* a new picture takes its border with it */
	framed->surface = picture(320, 180);
	plan(false);
	assert_false(fixture.plan.whole);
	assert_counts(5, 1, 0);
	assert_fill(4, RECT(314, 6, 6, 168), RED);
	/* a new colour or width is a new layout */
	framed->border_color = WHITE;
	assert_true(plan(false)->whole);
	framed->border = 88;
	assert_true(plan(false)->whole);
	assert_counts(5, 1, 0);
	assert_fill(3, RECT(0, 88, 88, 4), WHITE);
	/* half the tile and more: nothing of the picture is left */
	for (int border = 90; border < 65536; border += 10922) {
		framed->border = (uint16_t)border;
		plan(false);
		assert_counts(1, 1, 0);
		assert_fill(0, RECT(0, 0, 320, 180), WHITE);
	}
}

static void only_what_changed(void **state)
{
	(void)state;
	struct tess_surface *a = picture(160, 90), *b = picture(160, 90), *c = picture(160, 90);
	tile(RECT(0, 0, 160, 90), TESS_RENDER_CROP, a);
	tile(RECT(160, 0, 160, 90), TESS_RENDER_FIT, b);
	tile(RECT(0, 90, 160, 90), TESS_RENDER_CROP, NULL);
	assert_true(plan(false)->whole);
	assert_false(fixture.plan.unchanged);
	assert_counts(4, 3, 0);
	assert_true(plan(false)->unchanged);
	assert_false(fixture.plan.whole);
	assert_counts(0, 0, 3);
	fixture.tiles[1].surface = c;
	assert_false(plan(false)->whole);
	assert_false(fixture.plan.unchanged);
	assert_counts(1, 1, 2);
	assert_picture(0, c, RECT(160, 0, 160, 90));
	/* another shape: its bars too */
	struct tess_surface *portrait = picture(90, 180);
	fixture.tiles[1].surface = portrait;
	plan(false);
	assert_counts(3, 1, 2);
	assert_fill(0, RECT(160, 0, 56, 90), WHITE);
	assert_fill(1, RECT(262, 0, 58, 90), WHITE);
	assert_picture(2, portrait, RECT(216, 0, 46, 90));
	/* no picture any more, and again one */
	fixture.tiles[1].surface = NULL;
	plan(false);
	assert_counts(1, 1, 2);
	assert_fill(0, RECT(160, 0, 160, 90), 0);
	fixture.tiles[1].surface = a; /* has the serial 0 */
	plan(false);
	assert_counts(1, 1, 2);
	/* everything each time, or nothing */
	assert_true(plan(true)->unchanged);
	assert_counts(0, 0, 3);
	fixture.tiles[1].surface = b;
	assert_true(plan(true)->whole);
	assert_counts(4, 3, 0);
}

static void what_changes_everything(void **state)
{
	(void)state;
	struct tess_surface *a = picture(160, 90);
	tile(RECT(0, 0, 160, 90), TESS_RENDER_CROP, a);
	plan(false);
	fixture.scene.background = RED;
	assert_true(plan(false)->whole);
	fixture.scene.backdrop = picture(320, 180);
	assert_true(plan(false)->whole);
	fixture.scene.backdrop = picture(320, 180);
	assert_true(plan(false)->whole);
	fixture.tiles[0].render = TESS_RENDER_STRETCH;
	assert_true(plan(false)->whole);
	fixture.tiles[0].rect.x = 2;
	assert_true(plan(false)->whole);
	tile(RECT(0, 0, 160, 90), TESS_RENDER_CROP, NULL);
	assert_true(plan(false)->whole);
	fixture.scene.backdrop = NULL;
	assert_true(plan(false)->whole);
	assert_true(plan(false)->unchanged);
}

static void what_lies_above_follows(void **state)
{
	(void)state;
	struct tess_surface *below = picture(320, 180), *small = picture(90, 180),
			    *apart = picture(20, 20);
	tile(RECT(0, 0, 300, 180), TESS_RENDER_CROP, below);
	tile(RECT(200, 100, 100, 60), TESS_RENDER_FIT, small);
	tile(RECT(300, 0, 20, 20), TESS_RENDER_CROP, apart);
	plan(false);
	fixture.tiles[0].surface = picture(320, 180);
	plan(false);
	assert_counts(4, 2, 1);
	assert_int_equal(fixture.plan.ops[0].kind, TESS_COMPOSE_PICTURE);
	assert_fill(1, RECT(200, 100, 34, 60), WHITE);
	assert_fill(2, RECT(264, 100, 36, 60), WHITE);
	assert_picture(3, small, RECT(234, 100, 30, 60));
	fixture.tiles[1].surface = picture(90, 180);
	plan(false);
	assert_counts(1, 1, 2);
}

/* two pictures side by side, glass over the seam, a third picture elsewhere */
static void glass_is_laid_on_what_was_there(void **state)
{
	(void)state;
	struct tess_surface *a = picture(160, 90), *b = picture(160, 90), *c = picture(160, 90);
	struct tess_surface *logo = glass(100, 60);
	tile(RECT(0, 0, 160, 90), TESS_RENDER_CROP, a);
	tile(RECT(160, 0, 160, 90), TESS_RENDER_CROP, b);
	tile(RECT(0, 90, 160, 90), TESS_RENDER_CROP, c);
	tile(RECT(110, 0, 100, 60), TESS_RENDER_STRETCH, logo);
	plan(false);
	assert_counts(5, 4, 0);
	assert_draws(4, TESS_COMPOSE_BLEND, logo, RECT(0, 0, 100, 60), RECT(110, 0, 100, 60));
	/* one side is new: the other must be drawn again for the glass's sake */
	fixture.tiles[0].surface = picture(160, 90);
	plan(false);
	assert_counts(4, 3, 1);
	assert_fill(0, RECT(110, 0, 100, 60), WHITE);
	assert_picture(1, fixture.tiles[0].surface, RECT(0, 0, 160, 90));
	assert_picture(2, b, RECT(160, 0, 160, 90));
	assert_draws(3, TESS_COMPOSE_BLEND, logo, RECT(0, 0, 100, 60), RECT(110, 0, 100, 60));
	/* new glass: both sides */
	fixture.tiles[3].surface = glass(100, 60);
	plan(false);
	assert_counts(4, 3, 1);
	/* what is apart from it does not care */
	fixture.tiles[2].surface = picture(160, 90);
	plan(false);
	assert_counts(1, 1, 3);
	/* inside one picture: that one is enough, the ground is not needed */
	fixture.tiles[3].rect.x = 0;
	plan(false);
	fixture.tiles[3].surface = logo;
	plan(false);
	assert_counts(2, 2, 2);
	assert_int_equal(fixture.plan.ops[0].kind, TESS_COMPOSE_PICTURE);
	assert_int_equal(fixture.plan.ops[1].kind, TESS_COMPOSE_BLEND);
	/* glass becomes a picture, and that black: nothing beneath is needed */
	fixture.tiles[3].surface = c;
	plan(false);
	assert_counts(1, 1, 3);
	fixture.tiles[3].surface = NULL;
	plan(false);
	assert_counts(1, 1, 3);
	fixture.tiles[3].surface = logo;
	plan(false);
	assert_counts(2, 2, 2);
}

/* each glass lies on a picture that lies under the next: one change goes through all */
static void a_chain_of_glass(void **state)
{
	(void)state;
	fixture.scene.backdrop = picture(320, 180);
	for (int i = 0; i < 4; i++)
		tile(RECT(i * 80, 0, 80, 80), TESS_RENDER_CROP, picture(80, 80));
	for (int i = 0; i < 3; i++)
		tile(RECT(60 + i * 80, 40, 40, 60), TESS_RENDER_STRETCH, glass(40, 60));
	plan(false);
	fixture.tiles[3].surface = picture(80, 80);
	plan(false);
	assert_false(fixture.plan.whole);
	assert_counts(10, 7, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_draws(i, TESS_COMPOSE_BACKDROP, fixture.scene.backdrop, RECT(0, 0, 320, 180),
			     RECT(60 + (int)i * 80, 40, 40, 60));
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(fixture.plan.ops[3 + i].kind, TESS_COMPOSE_PICTURE);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(fixture.plan.ops[7 + i].kind, TESS_COMPOSE_BLEND);
}

static void failure_makes_the_next_whole(void **state)
{
	(void)state;
	tile(RECT(0, 0, 160, 90), TESS_RENDER_CROP, picture(160, 90));
	tile(RECT(160, 0, 160, 90), TESS_RENDER_CROP, picture(160, 90));
	assert_true(plan_only(false)->whole);
	assert_true(plan_only(false)->whole);
	assert_counts(3, 2, 0);
	tess_compose_done(&fixture.state);
	assert_true(plan_only(false)->unchanged);
	assert_true(plan_only(false)->unchanged); /* done or not: nothing was to be done */
	fixture.tiles[0].surface = picture(160, 90);
	assert_false(plan_only(false)->whole);
	assert_counts(1, 1, 1);
	assert_true(plan_only(false)->whole);
	assert_true(plan(true)->whole);
	assert_true(plan(true)->unchanged);
	fixture.tiles[0].surface = picture(160, 90);
	plan_only(true);
	assert_false(plan_only(true)->unchanged);
}

static void capture_time_never_falls(void **state)
{
	(void)state;
	struct tess_surface *a = picture(160, 90), *b = picture(160, 90);
	a->capture_us = 7000;
	b->capture_us = 9000;
	tile(RECT(0, 0, 160, 90), TESS_RENDER_CROP, b);
	tile(RECT(160, 0, 160, 90), TESS_RENDER_CROP, a);
	assert_int_equal(plan(false)->capture_us, 9000);
	fixture.tiles[0].surface = NULL;
	assert_int_equal(plan(false)->capture_us, 9000);
	a = picture(160, 90);
	a->capture_us = 9500;
	fixture.tiles[1].surface = a;
	assert_int_equal(plan(true)->capture_us, 9500);
}

static void refused(void)
{
	struct tess_compose_state before = fixture.state;
	memset(&fixture.plan, 0xa5, sizeof(fixture.plan));
	assert_int_equal(try_plan(false), -EINVAL);
	assert_int_equal(try_plan(true), -EINVAL);
	assert_memory_equal(&before, &fixture.state, sizeof(before));
	for (size_t i = 0; i < sizeof(fixture.plan); i++)
		assert_int_equal(((const uint8_t *)&fixture.plan)[i], 0xa5);
	fixture.scene.count--;
}

static void refuses(void **state)
{
	(void)state;
	struct tess_surface *a = picture(160, 90), *logo = glass(100, 60), *alien = picture(16, 16);
	((struct picture *)alien)->foreign = true;
	tile(RECT(0, 0, 160, 90), TESS_RENDER_CROP, a);
	plan(false);
	static const struct tess_rect rects[] = {
		{1, 0, 16, 16},	 {0, 0, 16, 15}, {0, 0, 322, 16},  {306, 0, 16, 16},
		{0, -2, 16, 16}, {0, 0, 0, 16},	 {0, 166, 16, 16}, {INT32_MAX - 1, 0, 2, 2}};
	for (size_t i = 0; i < sizeof(rects) / sizeof(rects[0]); i++) {
		tile(rects[i], TESS_RENDER_CROP, a);
		refused();
	}
	tile(RECT(0, 0, 16, 16), (enum tess_render)0, a);
	refused();
	tile(RECT(0, 0, 16, 16), (enum tess_render)(TESS_RENDER_STRETCH + 1), a);
	refused();
	tile(RECT(0, 0, 16, 16), TESS_RENDER_CROP, a)->border = 3;
	refused();
	tile(RECT(0, 0, 16, 16), TESS_RENDER_CROP, alien);
	refused();
	tile(RECT(0, 0, 100, 60), TESS_RENDER_CROP, logo);
	refused();
	tile(RECT(0, 0, 100, 62), TESS_RENDER_STRETCH, logo);
	refused();
	tile(RECT(0, 0, 98, 60), TESS_RENDER_STRETCH, logo);
	refused();
	tile(RECT(0, 0, 100, 60), TESS_RENDER_STRETCH, logo)->border = 2;
	refused();
	struct tess_surface *const backdrops[] = {logo, alien};
	for (int i = 0; i < 2; i++) {
		fixture.scene.backdrop = backdrops[i];
		fixture.scene.count++;
		refused();
	}
	fixture.scene.backdrop = NULL;
	while (fixture.scene.count <= TESS_ENGINE_MAX_TILES)
		tile(RECT(0, 0, 16, 16), TESS_RENDER_CROP, a);
	refused();
	plan(false);
	assert_int_equal(fixture.plan.drawn, TESS_ENGINE_MAX_TILES);
}

/* the most operations that a plan can have fit in it */
static void the_longest_plan_fits(void **state)
{
	(void)state;
	struct tess_surface *portrait = picture(90, 180);
	for (int i = 0; i < TESS_ENGINE_MAX_TILES; i++) {
		tile(RECT(0, 0, 320, 178), TESS_RENDER_FIT, portrait);
		fixture.tiles[i].border = 2;
	}
	plan(false);
	assert_counts(TESS_COMPOSE_MAX_OPS - 2, TESS_ENGINE_MAX_TILES, 0); /* the lowest's bars */
	fixture.scene.background = 0;
	for (int i = 0; i < TESS_ENGINE_MAX_TILES; i++)
		fixture.tiles[i].render = TESS_RENDER_FIT_BLACK;
	fixture.scene.background = WHITE;
	plan(false);
	assert_counts(TESS_COMPOSE_MAX_OPS, TESS_ENGINE_MAX_TILES, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(empty_scene),
		TEST(background_where_it_shows),
		TEST(bars_only_where_they_are_seen),
		TEST(empty_tiles_are_black),
		TEST(borders_are_inside),
		TEST(only_what_changed),
		TEST(what_changes_everything),
		TEST(what_lies_above_follows),
		TEST(glass_is_laid_on_what_was_there),
		TEST(a_chain_of_glass),
		TEST(failure_makes_the_next_whole),
		TEST(capture_time_never_falls),
		TEST(refuses),
		TEST(the_longest_plan_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
