/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/surface_pool.h - the surfaces of an engine, used again and again: nothing is allocated
 * for a picture once a stream runs.
 *
 * An engine's own surface begins with struct tess_pooled_surface. Threads: take may be called from
 * any thread, and the last reference of a surface may go on any; open and close belong to one, with
 * no surface out.
 */
#ifndef TESS_DRIVERS_SURFACE_POOL_H
#define TESS_DRIVERS_SURFACE_POOL_H

#include <libavutil/frame.h>
#include <pthread.h>
#include <stddef.h>

#include "hal/compiler.h"
#include "hal/surface.h"

struct tess_surface_pool;

struct tess_pooled_surface {
	struct tess_surface base;
	AVFrame *frame; /* empty when the surface is free */
	/* the pool's */
	struct tess_surface_pool *pool;
	struct tess_pooled_surface *next;
};

/** Its fields are its own. */
struct tess_surface_pool {
	size_t size;
	void (*empty)(struct tess_pooled_surface *surface);
	pthread_mutex_t lock; /* guards free_surfaces */
	struct tess_pooled_surface *free_surfaces;
	_Atomic uint64_t next_serial, live;
};

/**
 * Surfaces of @p size bytes. When the last reference of one goes, @p empty gives up what it holds,
 * the content of its frame included. @retval 0, -ENOMEM
 */
int tess_surface_pool_open(struct tess_surface_pool *pool, size_t size,
			   void (*empty)(struct tess_pooled_surface *surface)) TESS_MUST_CHECK;
/** Also of one that was never opened (all zero). */
void tess_surface_pool_close(struct tess_surface_pool *pool);
/**
 * A surface with one reference, an empty frame, a serial of its own and square samples; all behind
 * struct tess_pooled_surface is zero. NULL: no memory.
 */
struct tess_pooled_surface *tess_surface_pool_take(struct tess_surface_pool *pool);
/** A serial that no other surface has, for one that is drawn on again. */
uint64_t tess_surface_pool_serial(struct tess_surface_pool *pool);
/** The surface behind a handle, or NULL if it is of another pool. */
struct tess_pooled_surface *tess_surface_pool_of(const struct tess_surface_pool *pool,
						 struct tess_surface *handle);
/** How many are out. */
uint64_t tess_surface_pool_live(const struct tess_surface_pool *pool);

#endif
