/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/surface.c - the engine's surfaces, from the shared pool.
 */
#include "drivers/engine_nv/nv.h"

static void surface_empty(struct tess_pooled_surface *pooled)
{
	struct nv_surface *surface = (struct nv_surface *)pooled;
	struct nv_watch watch;

	nv_watch_begin(&watch, surface->engine);
	/* a decoder's picture is unmapped; the last one of a pool that nobody uses ends the pool */
	av_frame_unref(pooled->frame);
	av_buffer_unref(&surface->alpha);
	nv_watch_tell(&watch);
}

int nv_surfaces_open(struct nv_engine *engine)
{
	return tess_surface_pool_open(&engine->surfaces, sizeof(struct nv_surface), surface_empty);
}

struct nv_surface *nv_surface_new(struct nv_engine *engine)
{
	struct nv_surface *surface = (struct nv_surface *)tess_surface_pool_take(&engine->surfaces);

	if (surface)
		surface->engine = engine;
	return surface;
}

struct nv_surface *nv_surface_of(const struct nv_engine *engine, struct tess_surface *handle)
{
	return (struct nv_surface *)tess_surface_pool_of(&engine->surfaces, handle);
}
