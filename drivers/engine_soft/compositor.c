/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/compositor.c - draws tiles into a canvas that lives from picture to picture.
 *
 * Only tiles whose picture changed are scaled again, straight from the decoder's output into the
 * canvas that the encoder reads. When a reader still holds the last canvas, that one is copied
 * first.
 */
#include "drivers/compose/geometry.h"
#include "drivers/engine_soft/soft.h"

#include <errno.h>
#include <libyuv.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TILES TESS_ENGINE_MAX_TILES

struct yuv {
	uint8_t y, u, v;
};

static const struct yuv black = {16, 128, 128};

/* what a tile shows on the canvas as it is */
struct drawn {
	struct tess_rect rect;
	enum tess_render render;
	uint64_t serial; /* 0: black */
	uint16_t width, height, sar_num, sar_den;
};

enum redraw {
	REDRAW_NONE = 1,
	REDRAW_PICTURE, /* the picture covers exactly what the one before it did */
	REDRAW_WHOLE,	/* also what shows beside it */
};

struct tess_compositor {
	struct soft_engine *engine;
	struct soft_surface *canvas; /* the last one handed out; NULL: none yet */
	struct soft_frame_pool pool;
	uint16_t width, height;
	uint32_t background_rgb;
	struct yuv background;
	unsigned count; /* of drawn */
	struct drawn drawn[MAX_TILES];
};

/* limited range BT.601 (ITU-R BT.601-7 §2.5.1, §3), 16 bits of fraction */
static struct yuv yuv_of_rgb(uint32_t rgb)
{
	int r = rgb >> 16 & 0xff, g = rgb >> 8 & 0xff, b = rgb & 0xff;
	return (struct yuv){
		.y = (uint8_t)((16829 * r + 33039 * g + 6416 * b + (16 << 16) + 32768) >> 16),
		.u = (uint8_t)((-9714 * r - 19071 * g + 28785 * b + (128 << 16) + 32768) >> 16),
		.v = (uint8_t)((28785 * r - 24104 * g - 4681 * b + (128 << 16) + 32768) >> 16),
	};
}

int soft_compositor_open(struct tess_compositor **compositorp, struct tess_engine *engine,
			 uint16_t width, uint16_t height)
{
	struct tess_rect whole = {0, 0, width, height};
	if (!tess_compose_rect_valid(&whole, TESS_ENGINE_SOFT_MAX_SIDE, TESS_ENGINE_SOFT_MAX_SIDE))
		return -EINVAL;
	struct tess_compositor *compositor = calloc(1, sizeof(*compositor));
	if (!compositor)
		return -ENOMEM;
	compositor->engine = (struct soft_engine *)engine;
	compositor->width = width;
	compositor->height = height;
	*compositorp = compositor;
	return 0;
}

void soft_compositor_close(struct tess_compositor *compositor)
{
	if (!compositor)
		return;
	if (compositor->canvas)
		tess_surface_unref(&compositor->canvas->base);
	soft_frame_pool_close(&compositor->pool);
	free(compositor);
}

static struct drawn describe(const struct tess_tile *tile)
{
	struct drawn drawn = {.rect = tile->rect, .render = tile->render};
	const struct tess_surface *surface = tile->surface;
	if (surface) {
		drawn.serial = surface->serial;
		drawn.width = surface->width;
		drawn.height = surface->height;
		drawn.sar_num = surface->sar_num;
		drawn.sar_den = surface->sar_den;
	}
	return drawn;
}

static bool tile_valid(const struct tess_compositor *compositor, const struct tess_tile *tile)
{
	return tess_compose_rect_valid(&tile->rect, compositor->width, compositor->height) &&
	       tile->render >= TESS_RENDER_CROP && tile->render <= TESS_RENDER_FIT_BLACK &&
	       (!tile->surface || soft_surface_of(compositor->engine, tile->surface));
}

static bool layout_changed(const struct tess_compositor *compositor, uint32_t background,
			   const struct drawn *now, unsigned count)
{
	if (!compositor->canvas || count != compositor->count ||
	    background != compositor->background_rgb)
		return true;
	for (unsigned i = 0; i < count; i++) {
		const struct drawn *old = &compositor->drawn[i];
		if (!tess_compose_rect_equal(&old->rect, &now[i].rect) ||
		    old->render != now[i].render)
			return true;
	}
	return false;
}

static enum redraw redraw_of(const struct drawn *old, const struct drawn *now)
{
	if (old->serial == now->serial)
		return REDRAW_NONE;
	if (old->serial && now->serial && old->width == now->width && old->height == now->height &&
	    old->sar_num == now->sar_num && old->sar_den == now->sar_den)
		return REDRAW_PICTURE;
	return REDRAW_WHOLE;
}

/* decide per tile; a tile that lies over a redrawn one is drawn again. @return how many are drawn
 */
static unsigned plan(const struct tess_compositor *compositor, const struct drawn *now,
		     unsigned count, bool everything, enum redraw *redraw)
{
	unsigned drawn = 0;
	for (unsigned i = 0; i < count; i++) {
		redraw[i] = everything ? REDRAW_WHOLE : redraw_of(&compositor->drawn[i], &now[i]);
		for (unsigned j = 0; j < i && redraw[i] != REDRAW_WHOLE; j++)
			if (redraw[j] != REDRAW_NONE &&
			    tess_compose_rect_overlaps(&now[j].rect, &now[i].rect))
				redraw[i] = REDRAW_WHOLE;
		drawn += redraw[i] != REDRAW_NONE;
	}
	return drawn;
}

static void fill(AVFrame *canvas, int32_t x, int32_t y, int32_t width, int32_t height,
		 struct yuv colour)
{
	if (width > 0 && height > 0)
		I420Rect(canvas->data[0], canvas->linesize[0], canvas->data[1], canvas->linesize[1],
			 canvas->data[2], canvas->linesize[2], x, y, width, height, colour.y,
			 colour.u, colour.v);
}

/* what of the tile the picture leaves free */
static void fill_beside(AVFrame *canvas, const struct tess_rect *tile,
			const struct tess_rect *picture, struct yuv colour)
{
	int32_t picture_right = picture->x + picture->width;
	int32_t picture_bottom = picture->y + picture->height;
	fill(canvas, tile->x, tile->y, tile->width, picture->y - tile->y, colour);
	fill(canvas, tile->x, picture_bottom, tile->width, tile->y + tile->height - picture_bottom,
	     colour);
	fill(canvas, tile->x, picture->y, picture->x - tile->x, picture->height, colour);
	fill(canvas, picture_right, picture->y, tile->x + tile->width - picture_right,
	     picture->height, colour);
}

/* full to limited range in place: low + value * span / 255, rounded */
static void compress_plane(uint8_t *plane, int stride, int width, int height, unsigned span,
			   unsigned low)
{
	unsigned scale = (span * 65536 + 127) / 255;
	for (int row = 0; row < height; row++, plane += stride)
		for (int x = 0; x < width; x++)
			plane[x] = (uint8_t)(low + ((plane[x] * scale + 32768) >> 16));
}

static int draw_picture(AVFrame *canvas, const struct soft_surface *surface,
			const struct tess_compose_geometry *geometry)
{
	const AVFrame *picture = surface->frame;
	const struct tess_rect *from = &geometry->source, *to = &geometry->target;
	uint8_t *plane[3];
	const uint8_t *source[3];
	for (int i = 0; i < 3; i++) {
		int shift = i > 0;
		plane[i] = canvas->data[i] + (ptrdiff_t)(to->y >> shift) * canvas->linesize[i] +
			   (to->x >> shift);
		source[i] = picture->data[i] +
			    (ptrdiff_t)(from->y >> shift) * picture->linesize[i] +
			    (from->x >> shift);
	}
	if (I420Scale(source[0], picture->linesize[0], source[1], picture->linesize[1], source[2],
		      picture->linesize[2], from->width, from->height, plane[0],
		      canvas->linesize[0], plane[1], canvas->linesize[1], plane[2],
		      canvas->linesize[2], to->width, to->height, kFilterBilinear) != 0)
		return -ENOMEM; /* only its scratch rows can fail */
	if (surface->full_range) {
		compress_plane(plane[0], canvas->linesize[0], to->width, to->height, 219, 16);
		for (int i = 1; i < 3; i++)
			compress_plane(plane[i], canvas->linesize[i], to->width / 2, to->height / 2,
				       224, 16);
	}
	return 0;
}

static int draw_tile(struct tess_compositor *compositor, const struct tess_tile *tile,
		     enum redraw redraw)
{
	AVFrame *canvas = compositor->canvas->frame;
	const struct tess_rect *rect = &tile->rect;
	if (!tile->surface) {
		fill(canvas, rect->x, rect->y, rect->width, rect->height, black);
		return 0;
	}
	struct tess_compose_geometry geometry =
		tess_compose_place(tile->surface, rect, tile->render);
	if (redraw == REDRAW_WHOLE)
		fill_beside(canvas, rect, &geometry.target,
			    tile->render == TESS_RENDER_FIT_BLACK ? black : compositor->background);
	return draw_picture(canvas, soft_surface_of(compositor->engine, tile->surface), &geometry);
}

/* a canvas nobody else holds, with the content of the last if keep; it gets a new serial */
static int own_canvas(struct tess_compositor *compositor, bool keep)
{
	struct soft_surface *old = compositor->canvas;
	struct soft_engine *engine = compositor->engine;
	if (old && atomic_load_explicit(&old->base.references, memory_order_acquire) == 1) {
		old->base.serial =
			atomic_fetch_add_explicit(&engine->next_serial, 1, memory_order_relaxed) +
			1;
		return 0;
	}
	struct soft_surface *canvas = soft_surface_new(engine);
	if (!canvas)
		return -ENOMEM;
	AVFrame *to = canvas->frame;
	int err = soft_frame_pool_get(&compositor->pool, to, compositor->width, compositor->height);
	if (err) {
		tess_surface_unref(&canvas->base);
		return err;
	}
	canvas->base.width = compositor->width;
	canvas->base.height = compositor->height;
	canvas->base.capture_us = old ? old->base.capture_us : 0;
	if (keep) {
		const AVFrame *from = old->frame;
		I420Copy(from->data[0], from->linesize[0], from->data[1], from->linesize[1],
			 from->data[2], from->linesize[2], to->data[0], to->linesize[0],
			 to->data[1], to->linesize[1], to->data[2], to->linesize[2],
			 compositor->width, compositor->height);
	}
	if (old)
		tess_surface_unref(&old->base);
	compositor->canvas = canvas;
	return 0;
}

int soft_compositor_draw(struct tess_compositor *compositor, const struct tess_scene *scene,
			 struct tess_surface **surfacep)
{
	const struct tess_tile *tiles = scene->tiles;
	unsigned count = scene->count;
	struct drawn now[MAX_TILES];
	enum redraw redraw[MAX_TILES];
	if (count > MAX_TILES)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++) {
		if (!tile_valid(compositor, &tiles[i]))
			return -EINVAL;
		now[i] = describe(&tiles[i]);
	}
	bool everything = layout_changed(compositor, scene->background, now, count);
	unsigned drawn = plan(compositor, now, count, everything, redraw);
	if (everything || drawn > 0) {
		int err = own_canvas(compositor, !everything);
		if (err)
			return err;
	}
	struct tess_surface *canvas = &compositor->canvas->base;
	/* until all is drawn the canvas counts as unknown: an error means drawing everything next
	 * time */
	compositor->count = UINT32_MAX;
	compositor->background_rgb = scene->background;
	compositor->background = yuv_of_rgb(scene->background);
	if (everything)
		fill(compositor->canvas->frame, 0, 0, compositor->width, compositor->height,
		     compositor->background);
	for (unsigned i = 0; i < count; i++) {
		if (redraw[i] == REDRAW_NONE)
			continue;
		int err = draw_tile(compositor, &tiles[i], redraw[i]);
		if (err)
			return err;
		if (tiles[i].surface && tiles[i].surface->capture_us > canvas->capture_us)
			canvas->capture_us = tiles[i].surface->capture_us;
	}
	memcpy(compositor->drawn, now, count * sizeof(now[0]));
	compositor->count = count;
	soft_count(&compositor->engine->composed, 1);
	soft_count(&compositor->engine->tiles_drawn, drawn);
	soft_count(&compositor->engine->tiles_kept, count - drawn);
	*surfacep = tess_surface_ref(canvas);
	return 0;
}
