/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/compositor.c - canvases drawn by the video processor.
 *
 * Each canvas is drawn whole into a surface that nobody reads, which costs a GPU less than carrying
 * over what did not change. A scene without change is the last canvas again.
 */
#include "drivers/engine_vaapi/vaapi.h"

#include <errno.h>
#include <libavutil/hwcontext.h>
#include <libavutil/pixfmt.h>
#include <stdlib.h>

#include "drivers/compose/geometry.h"

/* the last one, one being drawn, the scaled backdrop, and what encoders still read */
#define CANVASES 8
/* all that one scene can have: background, black, and a border each */
#define COLORS (TESS_ENGINE_MAX_TILES + 2)
/* draws in a row that fail before a pass gets fewer layers */
#define FAILURES_TO_HALVE 2

/* a small surface of one colour, to be stretched */
struct color {
	struct tess_compose_yuv yuv;
	AVFrame *frame;
	uint64_t used; /* draws before its last use */
};

struct tess_compositor {
	struct vaapi_engine *engine;
	struct vaapi_vpp vpp;
	AVBufferRef *pool;
	uint16_t width, height;
	struct vaapi_surface *canvas; /* the last one handed out; NULL: none yet */
	AVFrame *backdrop;	      /* scaled to the canvas; empty: none yet */
	uint64_t backdrop_serial;
	unsigned layers; /* that one pass gets */
	unsigned failures;
	uint64_t draws;
	struct color colors[COLORS];
	struct tess_compose_state state;
	struct tess_compose_plan plan;
	struct vaapi_layer layer[TESS_COMPOSE_MAX_OPS];
};

static int look(const void *engine, struct tess_surface *handle)
{
	const struct vaapi_surface *surface = vaapi_surface_of(engine, handle);
	return surface ? surface->alpha : -EINVAL;
}

/* @retval 0, -ENOMEM */
static int open_pool(struct tess_compositor *compositor, struct vaapi_watch *watch)
{
	compositor->pool = vaapi_frames_new(watch, AV_PIX_FMT_NV12, compositor->width,
					    compositor->height, CANVASES);
	compositor->backdrop = av_frame_alloc();
	if (!compositor->pool || !compositor->backdrop)
		return -ENOMEM;
	return vaapi_vpp_open(&compositor->vpp, watch, compositor->pool, compositor->width,
			      compositor->height);
}

int vaapi_compositor_open(struct tess_compositor **compositorp, struct tess_engine *base,
			  uint16_t width, uint16_t height)
{
	struct vaapi_engine *engine = (struct vaapi_engine *)base;
	struct tess_rect whole = {0, 0, width, height};
	if (vaapi_lost(engine))
		return -ENODEV;
	if (!tess_compose_rect_valid(&whole, engine->max_side, engine->max_side))
		return -EINVAL;
	struct tess_compositor *compositor = calloc(1, sizeof(*compositor));
	if (!compositor)
		return -ENOMEM;
	compositor->engine = engine;
	compositor->width = width;
	compositor->height = height;
	compositor->layers = engine->layers;
	tess_compose_init(&compositor->state, width, height);
	struct vaapi_watch watch;
	vaapi_watch_begin(&watch, engine);
	int err = open_pool(compositor, &watch);
	int failed = vaapi_watch_end(&watch);
	if (failed)
		err = failed;
	if (err) {
		vaapi_compositor_close(compositor);
		return err;
	}
	*compositorp = compositor;
	return 0;
}

void vaapi_compositor_close(struct tess_compositor *compositor)
{
	if (!compositor)
		return;
	if (compositor->canvas)
		tess_surface_unref(&compositor->canvas->pooled.base);
	vaapi_vpp_close(&compositor->vpp);
	struct vaapi_watch watch;
	vaapi_watch_begin(&watch, compositor->engine);
	av_frame_free(&compositor->backdrop);
	for (unsigned i = 0; i < COLORS; i++)
		av_frame_free(&compositor->colors[i].frame);
	av_buffer_unref(&compositor->pool);
	vaapi_watch_tell(&watch);
	free(compositor);
}

static bool same_color(struct tess_compose_yuv a, struct tess_compose_yuv b)
{
	return a.y == b.y && a.u == b.u && a.v == b.v;
}

/* a colour that is there, else a place for one: an empty one, else the one used longest ago, which
 * is none of the scene at hand, since COLORS hold all of a scene */
static struct color *find_color(struct tess_compositor *compositor, struct tess_compose_yuv yuv)
{
	struct color *place = &compositor->colors[0];
	for (struct color *color = compositor->colors; color < compositor->colors + COLORS;
	     color++) {
		if (!color->frame)
			return color;
		if (same_color(color->yuv, yuv))
			return color;
		if (color->used < place->used)
			place = color;
	}
	return place;
}

/* @retval 0, -ENOMEM, -EIO */
static int make_color(struct vaapi_engine *engine, struct color *color, struct tess_compose_yuv yuv)
{
	AVFrame *frame = av_frame_alloc();
	if (!frame)
		return -ENOMEM;
	int err = -ENOMEM;
	if (av_hwframe_get_buffer(engine->health.frames, frame, 0) == 0)
		err = vaapi_fill(frame, yuv);
	if (err) {
		av_frame_free(&frame);
		return err;
	}
	av_frame_free(&color->frame);
	color->frame = frame;
	color->yuv = yuv;
	vaapi_count(&engine->allocations, 1);
	return 0;
}

static int fill_layer(struct tess_compositor *compositor, const struct tess_compose_op *op,
		      struct vaapi_layer *layer)
{
	struct color *color = find_color(compositor, op->color);
	if (!color->frame || !same_color(color->yuv, op->color)) {
		int err = make_color(compositor->engine, color, op->color);
		if (err)
			return err;
	}
	color->used = compositor->draws;
	*layer = (struct vaapi_layer){
		.surface = vaapi_id(color->frame),
		.source = {0, 0, VAAPI_SMALL_SIDE, VAAPI_SMALL_SIDE},
		.target = op->target,
	};
	return 0;
}

static void picture_layer(const struct vaapi_surface *surface, const struct tess_rect *source,
			  const struct tess_rect *target, struct vaapi_layer *layer)
{
	*layer = (struct vaapi_layer){
		.surface = vaapi_id(surface->pooled.frame),
		.source = *source,
		.target = *target,
		.full_range = surface->full_range || surface->alpha, /* RGB has no other */
	};
	layer->source.x += surface->x;
	layer->source.y += surface->y;
}

/* the backdrop as large as the canvas, so that any part of it is a plain copy */
static int scale_backdrop(struct tess_compositor *compositor, struct vaapi_watch *watch,
			  const struct tess_compose_op *op)
{
	const struct vaapi_surface *surface = vaapi_surface_of(compositor->engine, op->surface);
	if (compositor->backdrop->buf[0] && compositor->backdrop_serial == op->surface->serial)
		return 0;
	const struct tess_rect whole = {0, 0, compositor->width, compositor->height};
	struct vaapi_layer layer;
	picture_layer(surface, &op->source, &whole, &layer);
	av_frame_unref(compositor->backdrop);
	if (av_hwframe_get_buffer(compositor->pool, compositor->backdrop, 0) < 0)
		return -ENOMEM;
	int err = vaapi_vpp_pass(&compositor->vpp, watch, vaapi_id(compositor->backdrop),
				 0xff000000, &layer, 1);
	if (err)
		av_frame_unref(compositor->backdrop);
	compositor->backdrop_serial = op->surface->serial;
	return err;
}

static int make_layer(struct tess_compositor *compositor, struct vaapi_watch *watch,
		      const struct tess_compose_op *op, struct vaapi_layer *layer)
{
	if (op->kind == TESS_COMPOSE_FILL)
		return fill_layer(compositor, op, layer);
	if (op->kind == TESS_COMPOSE_BACKDROP) {
		int err = scale_backdrop(compositor, watch, op);
		*layer = (struct vaapi_layer){
			.surface = vaapi_id(compositor->backdrop),
			.source = op->target,
			.target = op->target,
		};
		return err;
	}
	picture_layer(vaapi_surface_of(compositor->engine, op->surface), &op->source, &op->target,
		      layer);
	return 0;
}

/* does the plan begin with the background, and go on? Then the first layer has it beneath; a black
 * tile as large as the canvas looks alike */
static bool begins_with(const struct tess_compositor *compositor, uint32_t background)
{
	const struct tess_compose_plan *plan = &compositor->plan;
	const struct tess_rect whole = {0, 0, compositor->width, compositor->height};
	return plan->count > 1 && plan->ops[0].kind == TESS_COMPOSE_FILL &&
	       tess_compose_rect_equal(&plan->ops[0].target, &whole) &&
	       same_color(plan->ops[0].color, tess_compose_yuv_of_rgb(background));
}

/* @return how many layers the plan comes to, or -ENOMEM, -EIO */
static int make_layers(struct tess_compositor *compositor, struct vaapi_watch *watch,
		       uint32_t background)
{
	const struct tess_compose_plan *plan = &compositor->plan;
	unsigned first = begins_with(compositor, background);
	for (unsigned i = first; i < plan->count; i++) {
		int err =
			make_layer(compositor, watch, &plan->ops[i], &compositor->layer[i - first]);
		if (err)
			return err;
	}
	return (int)(plan->count - first);
}

static int draw_layers(struct tess_compositor *compositor, struct vaapi_watch *watch,
		       VASurfaceID target, uint32_t background, unsigned count)
{
	for (unsigned i = 0; i < count; i += compositor->layers) {
		unsigned rest = count - i;
		int err = vaapi_vpp_pass(&compositor->vpp, watch, target, i ? 0 : background,
					 &compositor->layer[i],
					 rest < compositor->layers ? rest : compositor->layers);
		if (err)
			return err;
	}
	return 0;
}

static int draw(struct tess_compositor *compositor, struct vaapi_watch *watch, AVFrame *target,
		uint32_t background)
{
	if (av_hwframe_get_buffer(compositor->pool, target, 0) < 0)
		return -ENOMEM;
	int count = make_layers(compositor, watch, background);
	if (count < 0)
		return count;
	return draw_layers(compositor, watch, vaapi_id(target), 0xff000000 | background,
			   (unsigned)count);
}

static void on_failure(struct tess_compositor *compositor)
{
	if (++compositor->failures < FAILURES_TO_HALVE || compositor->layers == 1)
		return;
	/* one failure may be chance; the device may also not like what it took when it was asked */
	compositor->layers /= 2;
	compositor->failures = 0;
}

/* @retval 0, -ENOMEM, -EIO, -ENODEV */
static int draw_canvas(struct tess_compositor *compositor, uint32_t background)
{
	struct vaapi_engine *engine = compositor->engine;
	struct vaapi_surface *canvas = vaapi_surface_new(engine);
	if (!canvas)
		return -ENOMEM;
	canvas->pooled.base.width = compositor->width;
	canvas->pooled.base.height = compositor->height;
	canvas->pooled.base.capture_us = compositor->plan.capture_us;
	struct vaapi_watch watch;
	compositor->draws++;
	vaapi_watch_begin(&watch, engine);
	int err = draw(compositor, &watch, canvas->pooled.frame, background);
	int failed = vaapi_watch_end(&watch);
	if (failed) {
		on_failure(compositor);
		err = failed;
	}
	if (err) {
		tess_surface_unref(&canvas->pooled.base);
		return err;
	}
	compositor->failures = 0;
	if (compositor->canvas)
		tess_surface_unref(&compositor->canvas->pooled.base);
	compositor->canvas = canvas;
	return 0;
}

int vaapi_compositor_draw(struct tess_compositor *compositor, const struct tess_scene *scene,
			  struct tess_surface **surfacep)
{
	struct vaapi_engine *engine = compositor->engine;
	struct tess_compose_plan *plan = &compositor->plan;
	if (vaapi_lost(engine))
		return -ENODEV;
	int err = tess_compose_plan(plan, &compositor->state, scene, true, look, engine);
	if (!err && !plan->unchanged)
		err = draw_canvas(compositor, scene->background & 0xffffff);
	if (err)
		return err;
	tess_compose_done(&compositor->state);
	vaapi_count(&engine->composed, 1);
	vaapi_count(&engine->tiles_drawn, plan->drawn);
	vaapi_count(&engine->tiles_kept, plan->kept);
	*surfacep = tess_surface_ref(&compositor->canvas->pooled.base);
	return 0;
}
