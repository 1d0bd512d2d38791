/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/ahead.c - pictures scaled by their decoder.
 */
#include "drivers/engine_soft/ahead.h"

#include <errno.h>
#include <stdlib.h>

#include "drivers/compose/geometry.h"
#include "drivers/engine_soft/area.h"

/* Rows that are scaled at once: so few that the processor still has them in its nearest caches. */
#define STRIP 64

struct soft_view {
	atomic_uint references;
	pthread_mutex_t lock; /* guards the rest */
	struct tess_rect source;
	int width, height; /* 0: nothing was drawn yet */
};

static struct soft_view *view_new(void)
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

int soft_ahead_open(struct soft_ahead *ahead)
{
	ahead->view = view_new();
	return ahead->view ? 0 : -ENOMEM;
}

static void give_up(struct soft_ahead *ahead)
{
	av_frame_free(&ahead->frame);
}

void soft_ahead_close(struct soft_ahead *ahead)
{
	give_up(ahead);
	soft_view_unref(ahead->view);
	tess_frame_pool_close(&ahead->pool);
}

/* Have a frame for what the view says of a picture of width x height, @p by_rows or of the whole.
 * @return if it is to be */
static bool begin(struct soft_ahead *ahead, int width, int height, bool by_rows)
{
	struct soft_view *view = ahead->view;
	give_up(ahead);
	pthread_mutex_lock(&view->lock);
	struct tess_rect source = view->source, target = {0, 0, view->width, view->height};
	pthread_mutex_unlock(&view->lock);
	/* where scaling saves less than half of the picture, a copy more is not worth it */
	if (!target.width || 2 * target.width * target.height > source.width * source.height ||
	    source.x + source.width > width || source.y + source.height > height)
		return false;
	/* rows are scaled independently of those of other strips only then */
	ahead->ratio = source.height / target.height;
	if (by_rows && ahead->ratio * target.height != source.height)
		return false;
	ahead->source = source;
	ahead->frame = av_frame_alloc();
	if (ahead->frame &&
	    tess_frame_pool_get(&ahead->pool, ahead->frame, target.width, target.height) == 0)
		return true;
	give_up(ahead); /* the compositor will scale, or say that there is no memory */
	return false;
}

static bool is_i420(const AVFrame *frame)
{
	return frame->format == AV_PIX_FMT_YUV420P || frame->format == AV_PIX_FMT_YUVJ420P;
}

/* Scale the next @p rows of the source. */
static void scale_rows(struct soft_ahead *ahead, const AVFrame *picture, int rows)
{
	const struct tess_rect from = {ahead->source.x, ahead->source.y + ahead->done,
				       ahead->source.width, rows};
	const struct tess_rect to = {0, ahead->done / ahead->ratio, ahead->frame->width,
				     rows / ahead->ratio};
	ahead->done += rows;
	if (soft_scale(picture, &from, ahead->frame, &to) != 0)
		give_up(ahead);
}

void soft_ahead_rows(void *arg, const AVFrame *picture, int row, int rows)
{
	struct soft_ahead *ahead = arg;
	if (row == 0) {
		if (!is_i420(picture) || !begin(ahead, picture->width, picture->height, true))
			return;
		ahead->buffer = picture->buf[0]->data;
		ahead->first = picture->data[0];
		ahead->seen = ahead->done = 0;
	}
	if (!ahead->frame)
		return;
	if (row != ahead->seen || picture->buf[0]->data != ahead->buffer) {
		give_up(ahead); /* slices in another order, or fields */
		return;
	}
	ahead->seen += rows;
	int ready = ahead->seen - ahead->source.y, left = ahead->source.height - ahead->done;
	ready = (ready < ahead->source.height ? ready : ahead->source.height) - ahead->done;
	ready -= ready % (2 * ahead->ratio); /* two rows of luma to one of chroma */
	if (ready > 0 && (ready >= STRIP || ready == left))
		scale_rows(ahead, picture, ready);
}

/* The picture's rows were all scaled as they came, and nothing has touched them afterwards. */
static bool is_done(const struct soft_ahead *ahead, const AVFrame *picture)
{
	return ahead->frame && ahead->done == ahead->source.height &&
	       picture->buf[0]->data == ahead->buffer && picture->data[0] == ahead->first &&
	       !picture->decode_error_flags;
}

void soft_ahead_finish(struct soft_ahead *ahead, struct soft_surface *surface)
{
	const AVFrame *picture = surface->pooled.frame;
	if (!is_done(ahead, picture) &&
	    (!begin(ahead, picture->width, picture->height, false) ||
	     soft_scale(picture, &ahead->source, ahead->frame,
			&(struct tess_rect){0, 0, ahead->frame->width, ahead->frame->height}) != 0))
		give_up(ahead);
	surface->ahead = ahead->frame;
	surface->ahead_source = ahead->source;
	surface->view = soft_view_ref(ahead->view);
	ahead->frame = NULL;
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
