/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/surface.c - the engine's surfaces, from the shared pool.
 */
#include "drivers/engine_vaapi/vaapi.h"

static void surface_empty(struct tess_pooled_surface *pooled)
{
	struct vaapi_watch watch;

	vaapi_watch_begin(&watch, ((struct vaapi_surface *)pooled)->engine);
	av_frame_unref(pooled->frame); /* the last of a pool that was given up ends the pool */
	vaapi_watch_tell(&watch);
}

int vaapi_surfaces_open(struct vaapi_engine *engine)
{
	return tess_surface_pool_open(&engine->surfaces, sizeof(struct vaapi_surface),
				      surface_empty);
}

struct vaapi_surface *vaapi_surface_new(struct vaapi_engine *engine)
{
	struct vaapi_surface *surface =
		(struct vaapi_surface *)tess_surface_pool_take(&engine->surfaces);

	if (surface)
		surface->engine = engine;
	return surface;
}

struct vaapi_surface *vaapi_surface_of(const struct vaapi_engine *engine,
				       struct tess_surface *handle)
{
	return (struct vaapi_surface *)tess_surface_pool_of(&engine->surfaces, handle);
}
