/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/vaapi.h - what the parts of the VA-API engine share.
 */
#ifndef TESS_ENGINE_VAAPI_VAAPI_H
#define TESS_ENGINE_VAAPI_VAAPI_H

#include <libavutil/buffer.h>
#include <libavutil/frame.h>
#include <pthread.h>
#include <stdatomic.h>
#include <va/va.h>
#include <va/va_vpp.h>

#include "drivers/avlog/avlog.h"
#include "drivers/compose/color.h"
#include "drivers/compose/plan.h"
#include "drivers/engine_vaapi/engine_vaapi.h"
#include "drivers/surface_pool.h"

/* the most layers in one pass; a device may take fewer */
#define VAAPI_MAX_LAYERS 16

struct vaapi_engine;

/* ---- fault.c: what failed during one operation ---- */

#define VAAPI_NOTES 4

/** On the stack of one operation, from begin to end on one thread. */
struct vaapi_watch {
	struct vaapi_engine *engine;
	struct tess_avlog log;
	unsigned failed; /* calls */
	VAStatus status; /* of the first of them */
	struct {
		const char *call;
		char error[256];
	} notes[VAAPI_NOTES]; /* of the first ones */
};

/** Watch the calls of an operation: ours by vaapi_ok(), libavcodec's by what it logs. */
void vaapi_watch_begin(struct vaapi_watch *watch, struct vaapi_engine *engine);
/** @return whether @p status is success; if not it is noted */
bool vaapi_ok(struct vaapi_watch *watch, const char *call, VAStatus status);
/**
 * Stop watching; count and tell the failures, and look after the device if there were any.
 * @retval 0 no call failed, -ENOMEM, -EIO, -ENODEV the device is lost
 */
int vaapi_watch_end(struct vaapi_watch *watch);
/** As vaapi_watch_end(), but the device is not looked after. */
void vaapi_watch_tell(struct vaapi_watch *watch);
/** Stop watching and forget: the calls were made to see what the device can do. */
void vaapi_watch_forget(struct vaapi_watch *watch);

/* ---- surface.c ---- */

/** A picture: a reference to a frame of one of the pools. */
struct vaapi_surface {
	struct tess_pooled_surface pooled; /* its frame: AV_PIX_FMT_VAAPI */
	struct vaapi_engine *engine;
	uint16_t x, y;	 /* where the visible pixels begin; even */
	bool full_range; /* samples are 0..255, not 16..235 */
	bool alpha;	 /* BGRA, not NV12 */
};

/** A surface with an empty frame and one reference, or NULL: no memory. */
struct vaapi_surface *vaapi_surface_new(struct vaapi_engine *engine);
/** The surface behind a handle, or NULL if it is of another engine. */
struct vaapi_surface *vaapi_surface_of(const struct vaapi_engine *engine,
				       struct tess_surface *surface);
/** Before the first surface. @retval 0, -ENOMEM */
int vaapi_surfaces_open(struct vaapi_engine *engine) TESS_MUST_CHECK;

static inline VASurfaceID vaapi_id(const AVFrame *frame)
{
	return (VASurfaceID)(uintptr_t)frame->data[3];
}

/* ---- frames.c ---- */

/**
 * A pool of surfaces. With @p count 0 it grows as needed, but is no list of targets for a context.
 * @return NULL: no memory, or a failed call, which @p watch has
 */
AVBufferRef *vaapi_frames_new(struct vaapi_watch *watch, int sw_format, int width, int height,
			      unsigned count);
/** Let the CPU write all of a frame; unref @p mapped to hand it back. @retval 0, -ENOMEM, -EIO */
int vaapi_map(AVFrame *frame, AVFrame *mapped);
/** Fill an NV12 frame with one colour. @retval 0, -ENOMEM, -EIO */
int vaapi_fill(AVFrame *frame, struct tess_compose_yuv color);
int vaapi_upload(struct tess_engine *engine, const struct tess_image *image,
		 struct tess_surface **surfacep);
int vaapi_download(struct tess_engine *engine, struct tess_surface *surface, uint8_t *i420);

/* ---- vpp.c: the video processor ---- */

struct vaapi_layer {
	VASurfaceID surface;
	struct tess_rect source, target;
	bool full_range;
};

/** A context of the video processor; one thread at a time. */
struct vaapi_vpp {
	struct vaapi_engine *engine;
	VAContextID context;
	/* of the pass at hand: VA reads the regions until vaEndPicture */
	VARectangle source[VAAPI_MAX_LAYERS], target[VAAPI_MAX_LAYERS];
	VABufferID buffers[VAAPI_MAX_LAYERS];
};

/** @p targets: a pool of a fixed size, or NULL: any surface. @retval 0, -EIO */
int vaapi_vpp_open(struct vaapi_vpp *vpp, struct vaapi_watch *watch, AVBufferRef *targets,
		   int width, int height);
/** A vpp that was not opened, all zero, is accepted. */
void vaapi_vpp_close(struct vaapi_vpp *vpp);
/**
 * Draw layers, from the lowest, in one pass.
 * @param background 0xAARRGGBB: A 255 for all of the target beneath; 0: the target keeps its
 * content
 * @param count 1 to VAAPI_MAX_LAYERS
 * @retval 0, -EIO: @p watch has it
 */
int vaapi_vpp_pass(struct vaapi_vpp *vpp, struct vaapi_watch *watch, VASurfaceID target,
		   uint32_t background, const struct vaapi_layer *layers, unsigned count);

/* ---- health.c ---- */

/** A small black surface, what is needed to draw it, and a place to draw it to. */
struct vaapi_health {
	pthread_mutex_t lock; /* of vpp */
	struct vaapi_vpp vpp;
	AVBufferRef *frames; /* small NV12 surfaces: these, and those of one colour */
	AVFrame *black, *scratch;
};

/** The sides of a surface of engine->health.frames. */
#define VAAPI_SMALL_SIDE 128

/** Also finds out how many layers a pass may have. @retval 0, -ENOMEM, -EIO */
int vaapi_health_open(struct vaapi_engine *engine, struct vaapi_watch *watch);
void vaapi_health_close(struct vaapi_engine *engine);
/** Does the device still work? Threads: any. */
bool vaapi_healthy(struct vaapi_engine *engine);
/**
 * Draw black on all surfaces of a pool: a fresh one holds what others left there, and streams of
 * strangers may refer to pictures that they never sent. @retval 0, -EIO
 */
int vaapi_blacken(struct vaapi_engine *engine, struct vaapi_watch *watch, AVBufferRef *frames);

/* ---- engine.c ---- */

struct vaapi_engine {
	struct tess_engine base;
	char device[TESS_ENGINE_DEVICE_MAX];
	void (*fault)(void *arg, const struct tess_engine_fault *fault);
	void *arg;
	AVBufferRef *device_ref;
	VADisplay display;
	VAConfigID vpp_config;
	uint32_t codecs; /* bits 1 << enum tess_codec that the device decodes */
	uint16_t max_side;
	bool low_power;	 /* H.264 encoding has the low-power entry point alone */
	unsigned layers; /* that one pass may have */
	atomic_bool lost;
	struct vaapi_health health;
	struct tess_surface_pool surfaces;
	_Atomic uint64_t decoded, fallback_decoded, damaged, refused, composed, tiles_drawn,
		tiles_kept, encoded, downloads, uploads, allocations, faults;
};

static inline void vaapi_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline bool vaapi_lost(const struct vaapi_engine *engine)
{
	return atomic_load_explicit(&engine->lost, memory_order_relaxed);
}

/* ---- the driver's calls ---- */

int vaapi_decoder_open(struct tess_decoder **decoderp, struct tess_engine *engine,
		       enum tess_codec codec);
void vaapi_decoder_close(struct tess_decoder *decoder);
int vaapi_decoder_decode(struct tess_decoder *decoder, const uint8_t *data, size_t length,
			 int64_t capture_us, struct tess_surface **surfacep);

int vaapi_compositor_open(struct tess_compositor **compositorp, struct tess_engine *engine,
			  uint16_t width, uint16_t height);
void vaapi_compositor_close(struct tess_compositor *compositor);
int vaapi_compositor_draw(struct tess_compositor *compositor, const struct tess_scene *scene,
			  struct tess_surface **surfacep);

int vaapi_encoder_open(struct tess_encoder **encoderp, struct tess_engine *engine,
		       const struct tess_encoder_config *config);
void vaapi_encoder_close(struct tess_encoder *encoder);
int vaapi_encoder_encode(struct tess_encoder *encoder, struct tess_surface *surface, int64_t pts_us,
			 bool force_key, struct tess_encoded *encoded);

#endif
