/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/soft.h - what the parts of the software engine share.
 */
#ifndef TESS_ENGINE_SOFT_SOFT_H
#define TESS_ENGINE_SOFT_SOFT_H

#include <libavutil/buffer.h>
#include <libavutil/frame.h>
#include <pthread.h>
#include <stdatomic.h>

#include "drivers/engine_soft/engine_soft.h"

struct soft_engine;

/** A picture: a reference to I420 planes that libavcodec or the compositor made. */
struct soft_surface {
	struct tess_surface base;
	struct soft_engine *engine;
	AVFrame *frame;		   /* AV_PIX_FMT_YUV420P as far as the planes go; empty when free */
	bool full_range;	   /* samples are 0..255, not 16..235 */
	struct soft_surface *next; /* in the free list */
};

struct soft_engine {
	struct tess_engine base;
	pthread_mutex_t lock; /* guards free_surfaces alone */
	struct soft_surface *free_surfaces;
	_Atomic uint64_t next_serial;
	_Atomic uint64_t decoded, damaged, refused, composed, tiles_drawn, tiles_kept, encoded,
		downloads;
	_Atomic uint64_t surfaces_live;
};

/** I420 buffers of one size, used again and again. Zeroed = empty. */
struct soft_frame_pool {
	AVBufferPool *buffers;
	int width, height;
};

/** A surface with an empty frame and one reference, or NULL: no memory. */
struct soft_surface *soft_surface_new(struct soft_engine *engine);
/** The surface behind a handle, or NULL if it is of another engine. */
struct soft_surface *soft_surface_of(const struct soft_engine *engine,
				     struct tess_surface *surface);
void soft_surfaces_free(struct soft_engine *engine);

/**
 * Give @p frame I420 planes of width x height (both even); their content is left from earlier uses.
 * @retval 0, -ENOMEM
 */
int soft_frame_pool_get(struct soft_frame_pool *pool, AVFrame *frame, int width, int height);
/** Buffers that are still out stay valid. */
void soft_frame_pool_close(struct soft_frame_pool *pool);

/** How much memory the pictures of one decoder may take, those that others still show included. */
struct soft_budget;

/** One reference, the caller's; NULL: no memory. */
struct soft_budget *soft_budget_new(size_t bytes);
/** Give it up; accepts NULL. What was taken stays valid. */
void soft_budget_release(struct soft_budget *budget);
/** Take @p bytes until the last reference to the buffer goes. NULL: it is spent. Threads: any. */
AVBufferRef *soft_budget_take(struct soft_budget *budget, size_t bytes);

int soft_decoder_open(struct tess_decoder **decoderp, struct tess_engine *engine,
		      enum tess_codec codec);
void soft_decoder_close(struct tess_decoder *decoder);
int soft_decoder_decode(struct tess_decoder *decoder, const uint8_t *data, size_t length,
			int64_t capture_us, struct tess_surface **surfacep);

int soft_compositor_open(struct tess_compositor **compositorp, struct tess_engine *engine,
			 uint16_t width, uint16_t height);
void soft_compositor_close(struct tess_compositor *compositor);
int soft_compositor_draw(struct tess_compositor *compositor, const struct tess_scene *scene,
			 struct tess_surface **surfacep);

int soft_encoder_open(struct tess_encoder **encoderp, struct tess_engine *engine,
		      const struct tess_encoder_config *config);
void soft_encoder_close(struct tess_encoder *encoder);
int soft_encoder_encode(struct tess_encoder *encoder, struct tess_surface *surface, int64_t pts_us,
			bool force_key, struct tess_encoded *encoded);
int soft_encoder_set_bitrate(struct tess_encoder *encoder, uint32_t bitrate_bps);

static inline void soft_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

#endif
