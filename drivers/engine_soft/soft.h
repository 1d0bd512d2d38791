/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/soft.h - what the parts of the software engine share.
 */
#ifndef TESS_ENGINE_SOFT_SOFT_H
#define TESS_ENGINE_SOFT_SOFT_H

#include <libavutil/frame.h>
#include <pthread.h>
#include <stdatomic.h>

#include "drivers/engine_soft/engine_soft.h"
#include "drivers/surface_pool.h"

struct soft_engine;
struct soft_view;

/** A picture: a reference to I420 planes that libavcodec, the compositor or upload made. */
struct soft_surface {
	/* planes 0 to 2 of its frame are I420; with alpha, 3 is that of luma, 4 that of chroma */
	struct tess_pooled_surface pooled;
	bool full_range; /* samples are 0..255, not 16..235 */
	bool alpha;
	struct soft_view *view;	       /* a decoder's picture: how the last ones were drawn */
	AVFrame *ahead;		       /* it scaled already, or NULL; see ahead.h */
	struct tess_rect ahead_source; /* the part of it that ahead shows */
};

struct soft_engine {
	struct tess_engine base;
	struct tess_surface_pool surfaces;
	_Atomic uint64_t decoded, damaged, refused, composed, tiles_drawn, tiles_kept, encoded,
		downloads, uploads;
};

/** A surface with an empty frame and one reference, or NULL: no memory. */
struct soft_surface *soft_surface_new(struct soft_engine *engine);
/** The surface behind a handle, or NULL if it is of another engine. */
struct soft_surface *soft_surface_of(const struct soft_engine *engine,
				     struct tess_surface *surface);
/** Before the first surface. @retval 0, -ENOMEM */
int soft_surfaces_open(struct soft_engine *engine) TESS_MUST_CHECK;

int soft_upload(struct tess_engine *engine, const struct tess_image *image,
		struct tess_surface **surfacep);

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
