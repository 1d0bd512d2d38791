/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/surface_pool.c - the surfaces of an engine, used again and again.
 */
#include "drivers/surface_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void surface_destroy(struct tess_surface *handle)
{
	struct tess_pooled_surface *surface = (struct tess_pooled_surface *)handle;
	struct tess_surface_pool *pool = surface->pool;

	pool->empty(surface);
	atomic_fetch_sub_explicit(&pool->live, 1, memory_order_relaxed);
	pthread_mutex_lock(&pool->lock);
	surface->next = pool->free_surfaces;
	pool->free_surfaces = surface;
	pthread_mutex_unlock(&pool->lock);
}

int tess_surface_pool_open(struct tess_surface_pool *pool, size_t size,
			   void (*empty)(struct tess_pooled_surface *surface))
{
	*pool = (struct tess_surface_pool){.empty = empty};
	if (pthread_mutex_init(&pool->lock, NULL) != 0)
		return -ENOMEM;
	pool->size = size;
	return 0;
}

void tess_surface_pool_close(struct tess_surface_pool *pool)
{
	if (!pool->size)
		return;
	while (pool->free_surfaces) {
		struct tess_pooled_surface *surface = pool->free_surfaces;

		pool->free_surfaces = surface->next;
		av_frame_free(&surface->frame);
		free(surface);
	}
	pthread_mutex_destroy(&pool->lock);
	pool->size = 0;
}

static struct tess_pooled_surface *surface_alloc(struct tess_surface_pool *pool)
{
	struct tess_pooled_surface *surface = calloc(1, pool->size);

	if (!surface)
		return NULL;
	surface->frame = av_frame_alloc();
	if (!surface->frame) {
		free(surface);
		return NULL;
	}
	surface->pool = pool;
	surface->base.destroy = surface_destroy;
	return surface;
}

struct tess_pooled_surface *tess_surface_pool_take(struct tess_surface_pool *pool)
{
	struct tess_pooled_surface *surface;

	pthread_mutex_lock(&pool->lock);
	surface = pool->free_surfaces;
	if (surface)
		pool->free_surfaces = surface->next;
	pthread_mutex_unlock(&pool->lock);
	if (!surface)
		surface = surface_alloc(pool);
	if (!surface)
		return NULL;
	memset(surface + 1, 0, pool->size - sizeof(*surface));
	atomic_store_explicit(&surface->base.references, 1, memory_order_relaxed);
	surface->base.serial = tess_surface_pool_serial(pool);
	surface->base.sar_num = surface->base.sar_den = 1;
	surface->base.width = surface->base.height = 0;
	surface->base.capture_us = 0;
	surface->next = NULL;
	atomic_fetch_add_explicit(&pool->live, 1, memory_order_relaxed);
	return surface;
}

uint64_t tess_surface_pool_serial(struct tess_surface_pool *pool)
{
	return atomic_fetch_add_explicit(&pool->next_serial, 1, memory_order_relaxed) + 1;
}

struct tess_pooled_surface *tess_surface_pool_of(const struct tess_surface_pool *pool,
						 struct tess_surface *handle)
{
	struct tess_pooled_surface *surface = (struct tess_pooled_surface *)handle;

	return handle->destroy == surface_destroy && surface->pool == pool ? surface : NULL;
}

uint64_t tess_surface_pool_live(const struct tess_surface_pool *pool)
{
	return atomic_load_explicit(&pool->live, memory_order_relaxed);
}
