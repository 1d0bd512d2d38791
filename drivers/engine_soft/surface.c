/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/surface.c - pooled surfaces and I420 buffers: nothing is allocated per
 * picture once a stream runs.
 */
#include "drivers/engine_soft/soft.h"

#include <errno.h>
#include <libavutil/pixfmt.h>
#include <stdlib.h>

/* rows begin on a cache line, and vector code may read past a row's end */
#define STRIDE_ALIGN 64

static void surface_destroy(struct tess_surface *handle)
{
	struct soft_surface *surface = (struct soft_surface *)handle;
	struct soft_engine *engine = surface->engine;
	av_frame_unref(surface->frame);
	atomic_fetch_sub_explicit(&engine->surfaces_live, 1, memory_order_relaxed);
	pthread_mutex_lock(&engine->lock);
	surface->next = engine->free_surfaces;
	engine->free_surfaces = surface;
	pthread_mutex_unlock(&engine->lock);
}

static struct soft_surface *surface_alloc(struct soft_engine *engine)
{
	struct soft_surface *surface = calloc(1, sizeof(*surface));
	if (!surface)
		return NULL;
	surface->frame = av_frame_alloc();
	if (!surface->frame) {
		free(surface);
		return NULL;
	}
	surface->engine = engine;
	surface->base.destroy = surface_destroy;
	return surface;
}

struct soft_surface *soft_surface_new(struct soft_engine *engine)
{
	pthread_mutex_lock(&engine->lock);
	struct soft_surface *surface = engine->free_surfaces;
	if (surface)
		engine->free_surfaces = surface->next;
	pthread_mutex_unlock(&engine->lock);
	if (!surface)
		surface = surface_alloc(engine);
	if (!surface)
		return NULL;
	atomic_store_explicit(&surface->base.references, 1, memory_order_relaxed);
	surface->base.serial =
		atomic_fetch_add_explicit(&engine->next_serial, 1, memory_order_relaxed) + 1;
	surface->base.sar_num = surface->base.sar_den = 1;
	surface->full_range = false;
	surface->next = NULL;
	soft_count(&engine->surfaces_live, 1);
	return surface;
}

struct soft_surface *soft_surface_of(const struct soft_engine *engine, struct tess_surface *handle)
{
	if (handle->destroy != surface_destroy)
		return NULL;
	struct soft_surface *surface = (struct soft_surface *)handle;
	return surface->engine == engine ? surface : NULL;
}

void soft_surfaces_free(struct soft_engine *engine)
{
	while (engine->free_surfaces) {
		struct soft_surface *surface = engine->free_surfaces;
		engine->free_surfaces = surface->next;
		av_frame_free(&surface->frame);
		free(surface);
	}
}

int soft_frame_pool_get(struct soft_frame_pool *pool, AVFrame *frame, int width, int height)
{
	int stride = (width + STRIDE_ALIGN - 1) & ~(STRIDE_ALIGN - 1);
	int chroma_stride = (width / 2 + STRIDE_ALIGN - 1) & ~(STRIDE_ALIGN - 1);
	size_t luma_bytes = (size_t)stride * height;
	size_t chroma_bytes = (size_t)chroma_stride * (height / 2);

	if (!pool->buffers || pool->width != width || pool->height != height) {
		soft_frame_pool_close(pool);
		/* zeroed, so that padding never makes two runs differ */
		pool->buffers = av_buffer_pool_init(luma_bytes + 2 * chroma_bytes + STRIDE_ALIGN,
						    av_buffer_allocz);
		if (!pool->buffers)
			return -ENOMEM;
		pool->width = width;
		pool->height = height;
	}
	frame->buf[0] = av_buffer_pool_get(pool->buffers);
	if (!frame->buf[0])
		return -ENOMEM;
	frame->format = AV_PIX_FMT_YUV420P;
	frame->width = width;
	frame->height = height;
	frame->data[0] = frame->buf[0]->data;
	frame->data[1] = frame->data[0] + luma_bytes;
	frame->data[2] = frame->data[1] + chroma_bytes;
	frame->linesize[0] = stride;
	frame->linesize[1] = frame->linesize[2] = chroma_stride;
	return 0;
}

void soft_frame_pool_close(struct soft_frame_pool *pool)
{
	av_buffer_pool_uninit(&pool->buffers);
}
