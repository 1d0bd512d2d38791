/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/surface.c - pooled surfaces: nothing is allocated per picture once a
 * stream runs.
 */
#include "drivers/engine_soft/soft.h"

#include <stdlib.h>

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
	surface->full_range = surface->alpha = false;
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
