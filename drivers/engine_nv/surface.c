/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/surface.c - handles of pictures, used again and again.
 */
#include "drivers/engine_nv/nv.h"

#include <stdlib.h>

static void surface_destroy(struct tess_surface *handle)
{
	struct nv_surface *surface = (struct nv_surface *)handle;
	struct nv_engine *engine = surface->engine;
	struct nv_watch watch;
	nv_watch_begin(&watch, engine);
	/* a decoder's picture is unmapped; the last one of a pool that nobody uses ends the pool */
	av_frame_unref(surface->frame);
	av_buffer_unref(&surface->alpha);
	nv_watch_tell(&watch);
	atomic_fetch_sub_explicit(&engine->surfaces_live, 1, memory_order_relaxed);
	pthread_mutex_lock(&engine->lock);
	surface->next = engine->free_surfaces;
	engine->free_surfaces = surface;
	pthread_mutex_unlock(&engine->lock);
}

static struct nv_surface *surface_alloc(struct nv_engine *engine)
{
	struct nv_surface *surface = calloc(1, sizeof(*surface));
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

struct nv_surface *nv_surface_new(struct nv_engine *engine)
{
	pthread_mutex_lock(&engine->lock);
	struct nv_surface *surface = engine->free_surfaces;
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
	surface->base.capture_us = 0;
	surface->x = surface->y = 0;
	surface->full_range = false;
	surface->next = NULL;
	nv_count(&engine->surfaces_live, 1);
	return surface;
}

struct nv_surface *nv_surface_of(const struct nv_engine *engine, struct tess_surface *handle)
{
	if (handle->destroy != surface_destroy)
		return NULL;
	struct nv_surface *surface = (struct nv_surface *)handle;
	return surface->engine == engine ? surface : NULL;
}

void nv_surfaces_free(struct nv_engine *engine)
{
	while (engine->free_surfaces) {
		struct nv_surface *surface = engine->free_surfaces;
		engine->free_surfaces = surface->next;
		av_frame_free(&surface->frame);
		free(surface);
	}
}
