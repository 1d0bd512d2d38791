/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/surface.c - the engine's surfaces, from the shared pool.
 */
#include "drivers/engine_soft/ahead.h"

static void surface_empty(struct tess_pooled_surface *pooled)
{
	struct soft_surface *surface = (struct soft_surface *)pooled;
	av_frame_unref(pooled->frame);
	av_frame_free(&surface->ahead);
	soft_view_unref(surface->view);
}

int soft_surfaces_open(struct soft_engine *engine)
{
	return tess_surface_pool_open(&engine->surfaces, sizeof(struct soft_surface),
				      surface_empty);
}

struct soft_surface *soft_surface_new(struct soft_engine *engine)
{
	return (struct soft_surface *)tess_surface_pool_take(&engine->surfaces);
}

struct soft_surface *soft_surface_of(const struct soft_engine *engine, struct tess_surface *handle)
{
	return (struct soft_surface *)tess_surface_pool_of(&engine->surfaces, handle);
}
