/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/compositor.c - draws tiles into a canvas that lives from picture to picture.
 *
 * Only what changed is drawn again, straight from the decoder's output into the canvas that the
 * encoder reads. When a reader still holds the last canvas, that one is copied first. The backdrop
 * is scaled once and kept, so that restoring a part of it is a copy.
 */
#include "drivers/compose/geometry.h"
#include "drivers/compose/plan.h"
#include "drivers/decode_soft/frame_pool.h"
#include "drivers/engine_soft/ahead.h"
#include "drivers/engine_soft/area.h"

#include <errno.h>
#include <libyuv.h>
#include <stdlib.h>

struct tess_compositor {
	struct soft_engine *engine;
	struct soft_surface *canvas; /* the last one handed out; NULL: none yet */
	struct tess_frame_pool pool;
	AVFrame *backdrop;	  /* as large as the canvas; empty: none yet */
	uint64_t backdrop_serial; /* of the surface that it shows */
	struct tess_compose_state state;
	struct tess_compose_plan plan;
};

int soft_compositor_open(struct tess_compositor **compositorp, struct tess_engine *engine,
			 uint16_t width, uint16_t height)
{
	struct tess_rect whole = {0, 0, width, height};
	if (!tess_compose_rect_valid(&whole, TESS_ENGINE_SOFT_MAX_SIDE, TESS_ENGINE_SOFT_MAX_SIDE))
		return -EINVAL;
	struct tess_compositor *compositor = calloc(1, sizeof(*compositor));
	if (!compositor)
		return -ENOMEM;
	compositor->backdrop = av_frame_alloc();
	if (!compositor->backdrop) {
		free(compositor);
		return -ENOMEM;
	}
	compositor->engine = (struct soft_engine *)engine;
	tess_compose_init(&compositor->state, width, height);
	*compositorp = compositor;
	return 0;
}

void soft_compositor_close(struct tess_compositor *compositor)
{
	if (!compositor)
		return;
	if (compositor->canvas)
		tess_surface_unref(&compositor->canvas->pooled.base);
	av_frame_free(&compositor->backdrop);
	tess_frame_pool_close(&compositor->pool);
	free(compositor);
}

static void limit_plane(uint8_t *plane, int stride, int width, int height, unsigned span)
{
	for (int row = 0; row < height; row++, plane += stride)
		for (int x = 0; x < width; x++)
			plane[x] = tess_compose_limited(plane[x], span);
}

/* @retval 0, -ENOMEM */
static int draw_picture(AVFrame *frame, const struct soft_surface *surface,
			const struct tess_rect *source, const struct tess_rect *target)
{
	const AVFrame *ahead = soft_scaled_ahead(surface, source, target->width, target->height);
	struct tess_rect whole = {0, 0, target->width, target->height};
	if (ahead)
		soft_copy(ahead, &whole, frame, target);
	else if (soft_scale(surface->pooled.frame, source, frame, target) != 0)
		return -ENOMEM;
	if (surface->full_range) {
		struct soft_area to = soft_area_of(frame, target);
		limit_plane(to.plane[0], to.stride[0], to.width, to.height, TESS_COMPOSE_LUMA_SPAN);
		for (int i = 1; i < 3; i++)
			limit_plane(to.plane[i], to.stride[i], to.width / 2, to.height / 2,
				    TESS_COMPOSE_CHROMA_SPAN);
	}
	return 0;
}

static void blend_plane(const AVFrame *picture, int plane, int alpha_plane,
			const struct soft_area *to)
{
	int shift = plane > 0;
	for (int y = 0; y < to->height >> shift; y++) {
		const uint8_t *above =
			picture->data[plane] + (ptrdiff_t)y * picture->linesize[plane];
		const uint8_t *alpha =
			picture->data[alpha_plane] + (ptrdiff_t)y * picture->linesize[alpha_plane];
		uint8_t *below = to->plane[plane] + (ptrdiff_t)y * to->stride[plane];
		for (int x = 0; x < to->width >> shift; x++)
			below[x] = tess_compose_blend(below[x], above[x], alpha[x]);
	}
}

static void blend(AVFrame *canvas, const struct soft_surface *surface,
		  const struct tess_rect *target)
{
	struct soft_area to = soft_area_of(canvas, target);
	blend_plane(surface->pooled.frame, 0, 3, &to);
	blend_plane(surface->pooled.frame, 1, 4, &to);
	blend_plane(surface->pooled.frame, 2, 4, &to);
}

/* have the backdrop in the canvas's size. @retval 0, -ENOMEM */
static int scale_backdrop(struct tess_compositor *compositor, const struct soft_surface *surface,
			  const struct tess_rect *source)
{
	const struct tess_rect canvas = {0, 0, compositor->state.width, compositor->state.height};
	AVFrame *backdrop = compositor->backdrop;
	if (backdrop->buf[0] && compositor->backdrop_serial == surface->pooled.base.serial)
		return 0;
	av_frame_unref(backdrop);
	int err = tess_frame_pool_get(&compositor->pool, backdrop, canvas.width, canvas.height);
	if (!err)
		err = draw_picture(backdrop, surface, source, &canvas);
	if (err) {
		av_frame_unref(backdrop);
		return err;
	}
	compositor->backdrop_serial = surface->pooled.base.serial;
	return 0;
}

/* @retval 0, -ENOMEM */
static int execute(struct tess_compositor *compositor, const struct tess_compose_op *op)
{
	AVFrame *canvas = compositor->canvas->pooled.frame;
	const struct soft_surface *surface = (const struct soft_surface *)op->surface;
	const struct tess_rect *target = &op->target;
	int err;
	switch (op->kind) {
	case TESS_COMPOSE_FILL:
		I420Rect(canvas->data[0], canvas->linesize[0], canvas->data[1], canvas->linesize[1],
			 canvas->data[2], canvas->linesize[2], target->x, target->y, target->width,
			 target->height, op->color.y, op->color.u, op->color.v);
		return 0;
	case TESS_COMPOSE_BACKDROP:
		err = scale_backdrop(compositor, surface, &op->source);
		if (err)
			return err;
		soft_copy(compositor->backdrop, target, canvas, target);
		return 0;
	case TESS_COMPOSE_PICTURE:
		return draw_picture(canvas, surface, &op->source, target);
	case TESS_COMPOSE_BLEND:
		blend(canvas, surface, target);
		return 0;
	}
	return 0;
}

/* a canvas nobody else holds, with the content of the last if keep; it gets a new serial */
static int own_canvas(struct tess_compositor *compositor, bool keep)
{
	struct soft_surface *old = compositor->canvas;
	struct soft_engine *engine = compositor->engine;
	const struct tess_rect whole = {0, 0, compositor->state.width, compositor->state.height};
	if (old && atomic_load_explicit(&old->pooled.base.references, memory_order_acquire) == 1) {
		old->pooled.base.serial = tess_surface_pool_serial(&engine->surfaces);
		return 0;
	}
	struct soft_surface *canvas = soft_surface_new(engine);
	if (!canvas)
		return -ENOMEM;
	int err = tess_frame_pool_get(&compositor->pool, canvas->pooled.frame, whole.width,
				      whole.height);
	if (err) {
		tess_surface_unref(&canvas->pooled.base);
		return err;
	}
	canvas->pooled.base.width = (uint16_t)whole.width;
	canvas->pooled.base.height = (uint16_t)whole.height;
	if (old && keep)
		soft_copy(old->pooled.frame, &whole, canvas->pooled.frame, &whole);
	if (old)
		tess_surface_unref(&old->pooled.base);
	compositor->canvas = canvas;
	return 0;
}

static int look(const void *engine, struct tess_surface *handle)
{
	const struct soft_surface *surface = soft_surface_of(engine, handle);
	if (!surface)
		return -EINVAL;
	return surface->alpha;
}

int soft_compositor_draw(struct tess_compositor *compositor, const struct tess_scene *scene,
			 struct tess_surface **surfacep)
{
	struct tess_compose_plan *plan = &compositor->plan;
	struct soft_engine *engine = compositor->engine;
	int err = tess_compose_plan(plan, &compositor->state, scene, false, look, engine);
	if (err)
		return err;
	if (!plan->unchanged) {
		err = own_canvas(compositor, !plan->whole);
		for (unsigned i = 0; i < plan->count && !err; i++)
			err = execute(compositor, &plan->ops[i]);
		if (err)
			return err;
		compositor->canvas->pooled.base.capture_us = plan->capture_us;
		tess_compose_done(&compositor->state);
	}
	soft_count(&engine->composed, 1);
	soft_count(&engine->tiles_drawn, plan->drawn);
	soft_count(&engine->tiles_kept, plan->kept);
	*surfacep = tess_surface_ref(&compositor->canvas->pooled.base);
	return 0;
}
