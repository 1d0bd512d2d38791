/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/ahead.c - pictures scaled by their decoder.
 */
#include "drivers/engine_soft/ahead.h"

#include <stdlib.h>

#include "drivers/compose/geometry.h"
#include "drivers/engine_soft/area.h"

struct soft_view {
	atomic_uint references;
	pthread_mutex_t lock; /* guards the rest */
	struct tess_rect source;
	int width, height; /* 0: nothing was drawn yet */
};

struct soft_view *soft_view_new(void)
{
	struct soft_view *view = calloc(1, sizeof(*view));
	if (!view)
		return NULL;
	if (pthread_mutex_init(&view->lock, NULL) != 0) {
		free(view);
		return NULL;
	}
	atomic_init(&view->references, 1);
	return view;
}

struct soft_view *soft_view_ref(struct soft_view *view)
{
	atomic_fetch_add_explicit(&view->references, 1, memory_order_relaxed);
	return view;
}

void soft_view_unref(struct soft_view *view)
{
	if (view && atomic_fetch_sub_explicit(&view->references, 1, memory_order_acq_rel) == 1) {
		pthread_mutex_destroy(&view->lock);
		free(view);
	}
}

void soft_scale_ahead(struct soft_surface *surface, struct tess_frame_pool *pool)
{
	const struct tess_surface *picture = &surface->pooled.base;
	struct soft_view *view = surface->view;
	pthread_mutex_lock(&view->lock);
	struct tess_rect source = view->source, target = {0, 0, view->width, view->height};
	pthread_mutex_unlock(&view->lock);
	/* where scaling saves less than half of the picture, a copy more is not worth it */
	if (!target.width || 2 * target.width * target.height > source.width * source.height ||
	    source.x + source.width > picture->width || source.y + source.height > picture->height)
		return;
	AVFrame *ahead = av_frame_alloc();
	if (ahead && tess_frame_pool_get(pool, ahead, target.width, target.height) == 0 &&
	    soft_scale(surface->pooled.frame, &source, ahead, &target) == 0) {
		surface->ahead = ahead;
		surface->ahead_source = source;
	} else {
		av_frame_free(
			&ahead); /* the compositor will scale, or say that there is no memory */
	}
}

const AVFrame *soft_scaled_ahead(const struct soft_surface *surface, const struct tess_rect *source,
				 int width, int height)
{
	const AVFrame *ahead = surface->ahead;
	if (surface->view) {
		pthread_mutex_lock(&surface->view->lock);
		surface->view->source = *source;
		surface->view->width = width;
		surface->view->height = height;
		pthread_mutex_unlock(&surface->view->lock);
	}
	if (ahead && ahead->width == width && ahead->height == height &&
	    tess_compose_rect_equal(&surface->ahead_source, source))
		return ahead;
	return NULL;
}
