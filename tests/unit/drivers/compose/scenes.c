/* SPDX-License-Identifier: GPL-3.0-or-later
 * Plans of random scenes, executed by the shortest engine there can be: its canvas is that of a
 * painter who knows no plans. Both ways of planning, and executions that fail on the way.
 */
#include <libyuv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/compose/image.h"
#include "drivers/compose/plan.h"
#include "tests/support/scenes.h"

#define WIDTH  160
#define HEIGHT 90
#define LUMA   ((size_t)WIDTH * HEIGHT)

/* planes of a size, tightly packed: Y U V, then A and that of chroma */
struct surface {
	struct tess_surface base;
	bool alpha;
	uint8_t *planes[5];
	uint8_t samples[];
};

static uint64_t serial;

static void destroy(struct tess_surface *surface)
{
	free(surface);
}

static struct surface *surface_new(uint16_t width, uint16_t height)
{
	size_t luma = (size_t)width * height;
	struct surface *surface = calloc(1, sizeof(*surface) + 3 * luma);
	assert_non_null(surface);
	atomic_init(&surface->base.references, 1);
	surface->base.width = width;
	surface->base.height = height;
	surface->base.sar_num = surface->base.sar_den = 1;
	surface->base.serial = ++serial;
	surface->base.destroy = destroy;
	surface->planes[0] = surface->samples;
	surface->planes[1] = surface->planes[0] + luma;
	surface->planes[2] = surface->planes[1] + luma / 4;
	surface->planes[3] = surface->planes[2] + luma / 4;
	surface->planes[4] = surface->planes[3] + luma;
	return surface;
}

static int upload(struct tess_engine *engine, const struct tess_image *image,
		  struct tess_surface **surfacep)
{
	(void)engine;
	struct surface *surface = surface_new(image->width, image->height);
	size_t width = image->width;
	surface->alpha = image->alpha;
	tess_compose_image_convert(
		image, &(struct tess_compose_planes){surface->planes[0], surface->planes[1],
						     surface->planes[2], width, width / 2,
						     surface->planes[3], surface->planes[4], width,
						     width / 2});
	*surfacep = &surface->base;
	return 0;
}

static const struct tess_engine_driver driver = {.size = sizeof(driver), .upload = upload};

static int look(const void *engine, struct tess_surface *surface)
{
	(void)engine;
	return ((struct surface *)surface)->alpha;
}

static size_t at(const struct surface *surface, const struct tess_rect *rect, int plane)
{
	int shift = plane > 0;
	return (size_t)(rect->y >> shift) * (surface->base.width >> shift) + (rect->x >> shift);
}

static void scale(struct surface *to, const struct tess_rect *target, const struct surface *from,
		  const struct tess_rect *source)
{
	int width = from->base.width, to_width = to->base.width;
	assert_int_equal(I420Scale(from->planes[0] + at(from, source, 0), width,
				   from->planes[1] + at(from, source, 1), width / 2,
				   from->planes[2] + at(from, source, 2), width / 2, source->width,
				   source->height, to->planes[0] + at(to, target, 0), to_width,
				   to->planes[1] + at(to, target, 1), to_width / 2,
				   to->planes[2] + at(to, target, 2), to_width / 2, target->width,
				   target->height, kFilterBilinear),
			 0);
}

/* lay a part of a picture over the canvas, in its own size */
static void put(struct surface *canvas, const struct tess_rect *target, const struct surface *over,
		const struct tess_rect *source)
{
	for (int k = 0; k < 3; k++)
		for (int y = 0; y < target->height >> (k > 0); y++)
			for (int x = 0; x < target->width >> (k > 0); x++) {
				uint8_t *to = canvas->planes[k] + at(canvas, target, k) +
					      y * (WIDTH >> (k > 0)) + x;
				size_t i = at(over, source, k) +
					   (size_t)y * (over->base.width >> (k > 0)) + (size_t)x;
				uint8_t alpha = over->alpha ? over->planes[k ? 4 : 3][i] : 255;
				*to = tess_compose_blend(*to, over->planes[k][i], alpha);
			}
}

static void fill(struct surface *canvas, const struct tess_rect *target,
		 struct tess_compose_yuv color)
{
	const uint8_t samples[] = {color.y, color.u, color.v};
	for (int k = 0; k < 3; k++)
		for (int y = 0; y < target->height >> (k > 0); y++)
			memset(canvas->planes[k] + at(canvas, target, k) + y * (WIDTH >> (k > 0)),
			       samples[k], (size_t)(target->width >> (k > 0)));
}

static void execute(struct surface *canvas, const struct tess_compose_op *op)
{
	const struct tess_rect whole = {0, 0, WIDTH, HEIGHT};
	const struct surface *surface = (const struct surface *)op->surface;
	struct surface *scaled;
	switch (op->kind) {
	case TESS_COMPOSE_FILL:
		fill(canvas, &op->target, op->color);
		break;
	case TESS_COMPOSE_BACKDROP:
		scaled = surface_new(WIDTH, HEIGHT);
		scale(scaled, &whole, surface, &op->source);
		put(canvas, &op->target, scaled, &op->target);
		free(scaled);
		break;
	case TESS_COMPOSE_PICTURE:
		scale(canvas, &op->target, surface, &op->source);
		break;
	case TESS_COMPOSE_BLEND:
		put(canvas, &op->target, surface, &op->source);
		break;
	default:
		fail_msg("operation %d", op->kind);
	}
}

/* fail_every: one in so many executions stops on the way, and leaves rubbish */
static void run(unsigned seed, unsigned max_tiles, bool whole, int steps, int fail_every)
{
	static struct tess_compose_plan plan;
	struct tess_compose_state state;
	struct surface *canvas = surface_new(WIDTH, HEIGHT);
	struct tess_scenes *scenes = tess_scenes_new(
		&driver, NULL, &(struct tess_scenes_config){WIDTH, HEIGHT, max_tiles, seed});
	uint8_t want[LUMA * 3 / 2];
	unsigned partial = 0;
	tess_compose_init(&state, WIDTH, HEIGHT);
	for (int step = 0; step < steps; step++) {
		const struct tess_scene *scene = tess_scenes_step(scenes);
		assert_int_equal(tess_compose_plan(&plan, &state, scene, whole, look, NULL), 0);
		assert_int_equal(plan.drawn + plan.kept, scene->count);
		assert_true(plan.count <= TESS_COMPOSE_MAX_OPS);
		assert_true(!plan.unchanged || (plan.count == 0 && plan.drawn == 0));
		assert_true(!whole || plan.whole || plan.unchanged);
		partial += !plan.whole && !plan.unchanged;
		if (plan.whole) /* it needs nothing of what was there */
			memset(canvas->samples, 0xee, LUMA * 3 / 2);
		if (fail_every && step % fail_every == 0 && plan.count) {
			for (unsigned i = 0; i < plan.count / 2; i++)
				execute(canvas, &plan.ops[i]);
			memset(canvas->samples, 0xaa, LUMA);
			continue;
		}
		for (unsigned i = 0; i < plan.count; i++)
			execute(canvas, &plan.ops[i]);
		tess_compose_done(&state);
		tess_scenes_paint(scenes, want, NULL);
		for (size_t i = 0; i < sizeof(want); i++)
			if (canvas->samples[i] != want[i])
				fail_msg("step %d: byte %zu is %u, not %u", step, i,
					 canvas->samples[i], want[i]);
	}
	assert_int_equal(partial > 0, !whole);
	tess_scenes_free(scenes);
	free(canvas);
}

static void whole_canvases(void **state)
{
	(void)state;
	run(1, 16, true, 400, 0);
	run(2, 4, true, 400, 7);
}

static void changes_alone(void **state)
{
	(void)state;
	run(3, 16, false, 600, 0);
	run(4, 5, false, 600, 0);
	run(5, 9, false, 600, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_canvases),
		cmocka_unit_test(changes_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
