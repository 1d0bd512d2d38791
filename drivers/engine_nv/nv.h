/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/nv.h - what the parts of the NVIDIA engine share.
 */
#ifndef TESS_ENGINE_NV_NV_H
#define TESS_ENGINE_NV_NV_H

/* its CUDA types come before hwcontext_cuda.h, which asks for the toolkit's otherwise */
#include "drivers/engine_nv/api.h"

#include <libavutil/buffer.h>
#include <libavutil/frame.h>
#include <libavutil/hwcontext.h>
#include <libavutil/hwcontext_cuda.h>
#include <pthread.h>
#include <stdatomic.h>

#include "drivers/avlog/avlog.h"
#include "drivers/engine_nv/engine_nv.h"
#include "drivers/engine_nv/kernels.h"
#include "drivers/surface_pool.h"

#define NV_MAX_SIDE 4096

struct nv_engine;

/* ---- fault.c: what failed during one operation ---- */

#define NV_NOTES 4

/** On the stack of one operation, from begin to end on one thread. */
struct nv_watch {
	struct nv_engine *engine;
	struct tess_avlog log;
	unsigned failed; /* calls */
	bool memory;	 /* the first of them for want of it */
	bool no_session; /* NVENC has no more of them */
	bool no_surface; /* a decoder has no more of them; no failed call */
	struct {
		char call[48], error[160];
	} notes[NV_NOTES]; /* of the first ones */
};

/** Watch the calls of an operation: libavcodec logs those that fail, and so does nv_ok(). */
void nv_watch_begin(struct nv_watch *watch, struct nv_engine *engine);
/** @return whether @p result is success; if not it is logged for the watch */
bool nv_ok(const struct nv_engine *engine, const char *call, CUresult result);
/**
 * Stop watching; count and tell the failures, and look after the device if there were any.
 * @retval 0 no call failed, -ENOMEM, -EIO, -ENODEV the device is lost
 */
int nv_watch_end(struct nv_watch *watch);
/** As nv_watch_end(), but the device is not looked after. */
void nv_watch_tell(struct nv_watch *watch);
/** Stop watching and forget. */
void nv_watch_forget(struct nv_watch *watch);

/* ---- surface.c ---- */

/** A picture on the device. */
struct nv_surface {
	struct tess_pooled_surface pooled; /* its frame: AV_PIX_FMT_CUDA, NV12 */
	struct nv_engine *engine;
	AVBufferRef *alpha; /* NULL: opaque; width * height, then chroma's, half as wide and high */
	uint16_t x, y;	    /* where the visible pixels begin; even */
	bool full_range;    /* samples are 0..255, not 16..235 */
};

/** A surface with an empty frame and one reference, or NULL: no memory. */
struct nv_surface *nv_surface_new(struct nv_engine *engine);
/** The surface behind a handle, or NULL if it is of another engine. */
struct nv_surface *nv_surface_of(const struct nv_engine *engine, struct tess_surface *surface);
/** Before the first surface. @retval 0, -ENOMEM */
int nv_surfaces_open(struct nv_engine *engine) TESS_MUST_CHECK;
static inline nv_address nv_luma(const struct nv_surface *surface, int x, int y)
{
	const AVFrame *frame = surface->pooled.frame;
	return (nv_address)(uintptr_t)frame->data[0] +
	       (nv_address)((surface->y + y) * frame->linesize[0] + surface->x + x);
}
/** @p x and @p y are of luma, even. */
static inline nv_address nv_chroma(const struct nv_surface *surface, int x, int y)
{
	const AVFrame *frame = surface->pooled.frame;
	return (nv_address)(uintptr_t)frame->data[1] +
	       (nv_address)((surface->y + y) / 2 * frame->linesize[1] + surface->x + x);
}

/* ---- memory.c: pools of pictures, and copies ---- */

/** NV12 pictures of one size, shared by all of the engine that need this size. */
struct nv_pool {
	struct nv_pool *next;
	AVBufferRef *frames; /* AVHWFramesContext */
	int width, height;
	unsigned users;
};

/** @return the pool, which the caller uses from now on, or NULL: no memory, or a failed call */
struct nv_pool *nv_pool_take(struct nv_engine *engine, int width, int height);
void nv_pool_release(struct nv_engine *engine, struct nv_pool *pool); /* accepts NULL */
/** A new surface of the pool's size and any content, or NULL: no memory, or a failed call. */
struct nv_surface *nv_pool_surface(struct nv_engine *engine, struct nv_pool *pool);
/** @return device memory, counted, or NULL: no memory, or a failed call */
AVBufferRef *nv_memory_new(struct nv_engine *engine, size_t bytes);
/** Copy I420 to all of an opaque surface of the same size. @retval 0, -ENOMEM, -EIO */
int nv_write(struct nv_surface *to, const uint8_t *const planes[3], const int strides[3]);
/** Copy what is visible of one surface to another of the same size, on the device. */
int nv_copy(struct nv_surface *to, const struct nv_surface *from);
int nv_upload(struct tess_engine *engine, const struct tess_image *image,
	      struct tess_surface **surfacep);
int nv_download(struct tess_engine *engine, struct tess_surface *surface, uint8_t *i420);

/* ---- engine.c ---- */

struct nv_engine {
	struct tess_engine base;
	char device[TESS_ENGINE_DEVICE_MAX], vendor[128];
	void (*fault)(void *arg, const struct tess_engine_fault *fault);
	void *arg;
	CudaFunctions *cuda;
	AVBufferRef *device_ref; /* AVHWDeviceContext */
	CUcontext context;
	CUstream stream; /* of all work, so that it is in order */
	CUmodule module;
	CUfunction picture, fill, blend;
	int alignment; /* bytes, of rows */
	struct nv_codec_caps caps[TESS_CODEC_VP9 + 1];
	atomic_bool lost;
	pthread_mutex_t lock; /* guards pools */
	struct tess_surface_pool surfaces;
	struct nv_pool *pools;
	_Atomic uint64_t decoded, fallback_decoded, damaged, refused, composed, tiles_drawn,
		tiles_kept, encoded, downloads, uploads, allocations, faults;
};

/** Make the engine's context current. @return whether that worked; only then pop */
bool nv_push(const struct nv_engine *engine);
void nv_pop(const struct nv_engine *engine);

static inline void nv_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline bool nv_lost(const struct nv_engine *engine)
{
	return atomic_load_explicit(&engine->lost, memory_order_relaxed);
}

/* ---- the driver's calls ---- */

int nv_decoder_open(struct tess_decoder **decoderp, struct tess_engine *engine,
		    enum tess_codec codec);
void nv_decoder_close(struct tess_decoder *decoder);
int nv_decoder_decode(struct tess_decoder *decoder, const uint8_t *data, size_t length,
		      int64_t capture_us, struct tess_surface **surfacep);

int nv_compositor_open(struct tess_compositor **compositorp, struct tess_engine *engine,
		       uint16_t width, uint16_t height);
void nv_compositor_close(struct tess_compositor *compositor);
int nv_compositor_draw(struct tess_compositor *compositor, const struct tess_scene *scene,
		       struct tess_surface **surfacep);

int nv_encoder_open(struct tess_encoder **encoderp, struct tess_engine *engine,
		    const struct tess_encoder_config *config);
void nv_encoder_close(struct tess_encoder *encoder);
int nv_encoder_encode(struct tess_encoder *encoder, struct tess_surface *surface, int64_t pts_us,
		      bool force_key, struct tess_encoded *encoded);
int nv_encoder_set_bitrate(struct tess_encoder *encoder, uint32_t bitrate_bps);

#endif
