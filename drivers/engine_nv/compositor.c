/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/compositor.c - a canvas is drawn anew whenever anything of it changed, one
 * kernel launch for each operation of the plan, on the stream that decoding and encoding are on.
 */
#include "drivers/engine_nv/nv.h"

#include <errno.h>
#include <stdlib.h>

#include "drivers/compose/geometry.h"
#include "drivers/compose/plan.h"
#include "drivers/engine_nv/scale.h"

/* threads of a block, each of which draws 2x2 pixels */
#define BLOCK_WIDTH  32
#define BLOCK_HEIGHT 8

struct tess_compositor {
	struct nv_engine *engine;
	struct nv_pool *pool;
	struct nv_surface *canvas; /* the last one handed out; NULL: none yet */
	struct tess_compose_state state;
	struct tess_compose_plan plan;
};

int nv_compositor_open(struct tess_compositor **compositorp, struct tess_engine *base,
		       uint16_t width, uint16_t height)
{
	struct nv_engine *engine = (struct nv_engine *)base;
	const struct tess_rect whole = {0, 0, width, height};
	struct nv_watch watch;
	if (!tess_compose_rect_valid(&whole, NV_MAX_SIDE, NV_MAX_SIDE))
		return -EINVAL;
	if (nv_lost(engine))
		return -ENODEV;
	struct tess_compositor *compositor = calloc(1, sizeof(*compositor));
	if (!compositor)
		return -ENOMEM;
	compositor->engine = engine;
	tess_compose_init(&compositor->state, width, height);
	nv_watch_begin(&watch, engine);
	compositor->pool = nv_pool_take(engine, width, height);
	int err = nv_watch_end(&watch);
	if (!compositor->pool) {
		free(compositor);
		return err == -ENODEV ? err : -ENOMEM;
	}
	*compositorp = compositor;
	return 0;
}

void nv_compositor_close(struct tess_compositor *compositor)
{
	struct nv_watch watch;
	if (!compositor)
		return;
	nv_watch_begin(&watch, compositor->engine);
	if (compositor->canvas)
		tess_surface_unref(&compositor->canvas->pooled.base);
	nv_pool_release(compositor->engine, compositor->pool);
	nv_watch_tell(&watch);
	free(compositor);
}

static int look(const void *engine, struct tess_surface *handle)
{
	const struct nv_surface *surface = nv_surface_of(engine, handle);
	return !surface ? -EINVAL : surface->alpha != NULL;
}

/* @p arg: the kernel's one parameter */
static bool launch(const struct nv_engine *engine, CUfunction kernel,
		   const struct tess_rect *target, void *arg)
{
	unsigned columns = (unsigned)target->width / 2, rows = (unsigned)target->height / 2;
	void *parameters[] = {arg};
	return nv_ok(engine, "cuLaunchKernel",
		     engine->cuda->cuLaunchKernel(kernel, (columns + BLOCK_WIDTH - 1) / BLOCK_WIDTH,
						  (rows + BLOCK_HEIGHT - 1) / BLOCK_HEIGHT, 1,
						  BLOCK_WIDTH, BLOCK_HEIGHT, 1, 0, engine->stream,
						  parameters, NULL));
}

static bool draw_fill(const struct nv_surface *canvas, const struct tess_compose_op *op)
{
	const struct tess_rect *target = &op->target;
	struct nv_fill_arg arg = {
		.to_luma = nv_luma(canvas, target->x, target->y),
		.to_chroma = nv_chroma(canvas, target->x, target->y),
		.pitch = canvas->pooled.frame->linesize[0],
		.width = target->width,
		.height = target->height,
		.y = op->color.y,
		.u = op->color.u,
		.v = op->color.v,
	};
	return launch(canvas->engine, canvas->engine->fill, target, &arg);
}

/* @p image: where all of the scaled source would be; target lies in it */
static bool draw_picture(const struct nv_surface *canvas, const struct tess_compose_op *op,
			 const struct tess_rect *image)
{
	const struct tess_rect *target = &op->target, *source = &op->source;
	const struct nv_surface *surface = nv_surface_of(canvas->engine, op->surface);
	struct nv_picture_arg arg = {
		.from_luma = nv_luma(surface, source->x, source->y),
		.from_chroma = nv_chroma(surface, source->x, source->y),
		.to_luma = nv_luma(canvas, target->x, target->y),
		.to_chroma = nv_chroma(canvas, target->x, target->y),
		.from_pitch = surface->pooled.frame->linesize[0],
		.to_pitch = canvas->pooled.frame->linesize[0],
		.x = target->x - image->x,
		.y = target->y - image->y,
		.width = target->width,
		.height = target->height,
		.full_range = surface->full_range,
		.luma = nv_scale_choose(source->width, source->height, image->width, image->height),
		.chroma = nv_scale_choose(source->width / 2, source->height / 2, image->width / 2,
					  image->height / 2),
	};
	return launch(canvas->engine, canvas->engine->picture, target, &arg);
}

static bool draw_blend(const struct nv_surface *canvas, const struct tess_compose_op *op)
{
	const struct tess_rect *target = &op->target, *source = &op->source;
	const struct nv_surface *surface = nv_surface_of(canvas->engine, op->surface);
	int width = surface->pooled.base.width;
	nv_address alpha = (nv_address)(uintptr_t)surface->alpha->data;
	nv_address chroma_alpha = alpha + (nv_address)(width * surface->pooled.base.height);
	struct nv_blend_arg arg = {
		.from_luma = nv_luma(surface, source->x, source->y),
		.from_chroma = nv_chroma(surface, source->x, source->y),
		.alpha = alpha + (nv_address)(source->y * width + source->x),
		.chroma_alpha =
			chroma_alpha + (nv_address)(source->y / 2 * (width / 2) + source->x / 2),
		.to_luma = nv_luma(canvas, target->x, target->y),
		.to_chroma = nv_chroma(canvas, target->x, target->y),
		.from_pitch = surface->pooled.frame->linesize[0],
		.alpha_pitch = width,
		.to_pitch = canvas->pooled.frame->linesize[0],
		.width = target->width,
		.height = target->height,
	};
	return launch(canvas->engine, canvas->engine->blend, target, &arg);
}

static bool execute(const struct nv_surface *canvas, const struct tess_compose_op *op)
{
	const struct tess_rect whole = {0, 0, canvas->pooled.base.width,
					canvas->pooled.base.height};
	switch (op->kind) {
	case TESS_COMPOSE_FILL:
		return draw_fill(canvas, op);
	case TESS_COMPOSE_BACKDROP:
		return draw_picture(canvas, op, &whole);
	case TESS_COMPOSE_PICTURE:
		return draw_picture(canvas, op, &op->target);
	case TESS_COMPOSE_BLEND:
		return draw_blend(canvas, op);
	}
	return false;
}

/* @return the canvas that the plan makes, or NULL: no memory, or a failed call */
static struct nv_surface *draw_canvas(struct tess_compositor *compositor)
{
	struct nv_engine *engine = compositor->engine;
	const struct tess_compose_plan *plan = &compositor->plan;
	struct nv_surface *canvas = nv_pool_surface(engine, compositor->pool);
	if (!canvas)
		return NULL;
	canvas->pooled.base.capture_us = plan->capture_us;
	bool drawn = nv_push(engine);
	if (drawn) {
		for (unsigned i = 0; i < plan->count && drawn; i++)
			drawn = execute(canvas, &plan->ops[i]);
		nv_pop(engine);
	}
	if (!drawn) {
		tess_surface_unref(&canvas->pooled.base);
		return NULL;
	}
	return canvas;
}

int nv_compositor_draw(struct tess_compositor *compositor, const struct tess_scene *scene,
		       struct tess_surface **surfacep)
{
	struct nv_engine *engine = compositor->engine;
	const struct tess_compose_plan *plan = &compositor->plan;
	struct nv_watch watch;
	int err =
		tess_compose_plan(&compositor->plan, &compositor->state, scene, true, look, engine);
	if (err)
		return err;
	if (nv_lost(engine))
		return -ENODEV;
	if (!plan->unchanged) {
		nv_watch_begin(&watch, engine);
		struct nv_surface *canvas = draw_canvas(compositor);
		err = nv_watch_end(&watch);
		if (!canvas)
			return err ? err : -ENOMEM;
		if (compositor->canvas)
			tess_surface_unref(&compositor->canvas->pooled.base);
		compositor->canvas = canvas;
	}
	tess_compose_done(&compositor->state);
	nv_count(&engine->composed, 1);
	nv_count(&engine->tiles_drawn, plan->drawn);
	nv_count(&engine->tiles_kept, plan->kept);
	*surfacep = tess_surface_ref(&compositor->canvas->pooled.base);
	return 0;
}
