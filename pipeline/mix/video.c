/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mix/video.c - the queue of one publication's pictures and the pick for a tick.
 *
 * A surface's last reference runs code of its engine, so references are never dropped under the
 * lock.
 */
#include "pipeline/mix/video.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* a quarter of a second at 30 pictures a second ... */
#define QUEUE_LENGTH 8
/* ... of up to 1920x1080; of larger ones fewer, since each is memory */
#define QUEUE_PIXELS (8 * 1920 * 1088)

struct tess_video_source {
	pthread_mutex_t lock; /* guards queue, count and skipped */
	struct tess_surface
		*queue[QUEUE_LENGTH]; /* as pushed, which is the order of presentation */
	unsigned count;
	uint64_t skipped;
	struct tess_surface *shown; /* the owner's */
};

int tess_video_source_alloc(struct tess_video_source **sourcep)
{
	struct tess_video_source *source = calloc(1, sizeof(*source));
	if (!source)
		return -ENOMEM;
	if (pthread_mutex_init(&source->lock, NULL) != 0) {
		free(source);
		return -ENOMEM;
	}
	*sourcep = source;
	return 0;
}

void tess_video_source_free(struct tess_video_source *source)
{
	if (!source)
		return;
	tess_video_source_clear(source);
	pthread_mutex_destroy(&source->lock);
	free(source);
}

/* take the first n pictures off the queue; called with the lock held */
static void take(struct tess_video_source *source, struct tess_surface **taken, unsigned n)
{
	memcpy(taken, source->queue, n * sizeof(taken[0]));
	source->count -= n;
	memmove(source->queue, source->queue + n, source->count * sizeof(taken[0]));
}

static uint32_t pixels_of(const struct tess_surface *surface)
{
	return (uint32_t)surface->width * surface->height;
}

/* how many pictures must give way to one more; called with the lock held */
static unsigned too_many(const struct tess_video_source *source, const struct tess_surface *surface)
{
	uint64_t pixels = pixels_of(surface);
	for (unsigned i = 0; i < source->count; i++)
		pixels += pixels_of(source->queue[i]);
	unsigned left = source->count;
	for (unsigned i = 1; left > 1 && (left == QUEUE_LENGTH || pixels > QUEUE_PIXELS); i++) {
		pixels -= pixels_of(source->queue[i]);
		left--;
	}
	return source->count - left;
}

void tess_video_source_push(struct tess_video_source *source, struct tess_surface *surface)
{
	struct tess_surface *dropped[QUEUE_LENGTH];
	pthread_mutex_lock(&source->lock);
	unsigned n = too_many(source, surface);
	if (n > 0) {
		/* the oldest but one: if the oldest went, a publisher whose pictures all come this
		 * early would never see one become due */
		memcpy(dropped, source->queue + 1, n * sizeof(dropped[0]));
		source->count -= n;
		memmove(source->queue + 1, source->queue + 1 + n,
			(source->count - 1) * sizeof(source->queue[0]));
		source->skipped += n;
	}
	source->queue[source->count++] = surface;
	pthread_mutex_unlock(&source->lock);
	for (unsigned i = 0; i < n; i++)
		tess_surface_unref(dropped[i]);
}

void tess_video_source_clear(struct tess_video_source *source)
{
	struct tess_surface *taken[QUEUE_LENGTH];
	pthread_mutex_lock(&source->lock);
	unsigned n = source->count;
	take(source, taken, n);
	pthread_mutex_unlock(&source->lock);
	for (unsigned i = 0; i < n; i++)
		tess_surface_unref(taken[i]);
	tess_surface_unref(source->shown);
	source->shown = NULL;
}

struct tess_surface *tess_video_source_pick(struct tess_video_source *source, int64_t media_us)
{
	struct tess_surface *taken[QUEUE_LENGTH];
	pthread_mutex_lock(&source->lock);
	unsigned n = source->count;
	while (n > 0 && source->queue[n - 1]->capture_us > media_us)
		n--;
	take(source, taken, n);
	if (n > 1)
		source->skipped += n - 1;
	pthread_mutex_unlock(&source->lock);
	if (n == 0)
		return source->shown;
	for (unsigned i = 0; i < n - 1; i++)
		tess_surface_unref(taken[i]);
	tess_surface_unref(source->shown);
	source->shown = taken[n - 1];
	return source->shown;
}

uint64_t tess_video_source_skipped(const struct tess_video_source *source)
{
	struct tess_video_source *locked = (struct tess_video_source *)source;
	pthread_mutex_lock(&locked->lock);
	uint64_t skipped = source->skipped;
	pthread_mutex_unlock(&locked->lock);
	return skipped;
}
