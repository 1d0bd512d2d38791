/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/memory.c - memory of the device, and what goes in and out of it.
 *
 * All pictures of one size come from one pool as long as anybody uses that size: so an encoder
 * knows its canvases again, and NVENC's registration of one outlives no picture.
 */
#include "drivers/engine_nv/nv.h"

#include <errno.h>
#include <libavutil/imgutils.h>
#include <libyuv.h>
#include <stdlib.h>

#include "drivers/compose/image.h"

static void memory_free(void *opaque, uint8_t *data)
{
	struct nv_engine *engine = opaque;
	if (!nv_push(engine))
		return;
	nv_ok(engine, "cuMemFree", engine->cuda->cuMemFree((CUdeviceptr)(uintptr_t)data));
	nv_pop(engine);
}

AVBufferRef *nv_memory_new(struct nv_engine *engine, size_t bytes)
{
	CUdeviceptr address;
	if (!nv_push(engine))
		return NULL;
	bool done = nv_ok(engine, "cuMemAlloc", engine->cuda->cuMemAlloc(&address, bytes));
	nv_pop(engine);
	if (!done)
		return NULL;
	nv_count(&engine->allocations, 1);
	uint8_t *data = (uint8_t *)(uintptr_t)address;
	AVBufferRef *memory = av_buffer_create(data, bytes, memory_free, engine, 0);
	if (!memory)
		memory_free(engine, data);
	return memory;
}

static AVBufferRef *pool_alloc(void *opaque, size_t bytes)
{
	return nv_memory_new(opaque, bytes);
}

static void frames_free(AVHWFramesContext *frames)
{
	av_buffer_pool_uninit(&frames->pool);
}

/* @return AVHWFramesContext that counts what it allocates, or NULL */
static AVBufferRef *frames_new(struct nv_engine *engine, int width, int height)
{
	int bytes = av_image_get_buffer_size(AV_PIX_FMT_NV12, width, height, engine->alignment);
	AVBufferRef *ref = bytes > 0 ? av_hwframe_ctx_alloc(engine->device_ref) : NULL;
	if (!ref)
		return NULL;
	AVHWFramesContext *frames = (AVHWFramesContext *)ref->data;
	frames->format = AV_PIX_FMT_CUDA;
	frames->sw_format = AV_PIX_FMT_NV12;
	frames->width = width;
	frames->height = height;
	frames->free = frames_free;
	frames->pool = av_buffer_pool_init2((size_t)bytes, engine, pool_alloc, NULL);
	if (!frames->pool || av_hwframe_ctx_init(ref) < 0)
		av_buffer_unref(&ref);
	return ref;
}

static struct nv_pool *pool_find(struct nv_engine *engine, int width, int height)
{
	struct nv_pool *pool = engine->pools;
	while (pool && (pool->width != width || pool->height != height))
		pool = pool->next;
	return pool;
}

struct nv_pool *nv_pool_take(struct nv_engine *engine, int width, int height)
{
	pthread_mutex_lock(&engine->lock);
	struct nv_pool *pool = pool_find(engine, width, height);
	if (!pool) {
		pool = calloc(1, sizeof(*pool));
		if (pool)
			pool->frames = frames_new(engine, width, height);
		if (!pool || !pool->frames) {
			free(pool);
			pthread_mutex_unlock(&engine->lock);
			return NULL;
		}
		pool->width = width;
		pool->height = height;
		pool->next = engine->pools;
		engine->pools = pool;
	}
	pool->users++;
	pthread_mutex_unlock(&engine->lock);
	return pool;
}

void nv_pool_release(struct nv_engine *engine, struct nv_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&engine->lock);
	bool last = --pool->users == 0;
	if (last) {
		struct nv_pool **link = &engine->pools;
		while (*link != pool)
			link = &(*link)->next;
		*link = pool->next;
	}
	pthread_mutex_unlock(&engine->lock);
	if (last) {
		av_buffer_unref(&pool->frames);
		free(pool);
	}
}

struct nv_surface *nv_pool_surface(struct nv_engine *engine, struct nv_pool *pool)
{
	struct nv_surface *surface = nv_surface_new(engine);
	if (surface && av_hwframe_get_buffer(pool->frames, surface->pooled.frame, 0) < 0) {
		tess_surface_unref(&surface->pooled.base);
		return NULL;
	}
	if (surface) {
		surface->pooled.base.width = (uint16_t)pool->width;
		surface->pooled.base.height = (uint16_t)pool->height;
	}
	return surface;
}

/* one plane, to or from the host or on the device */
static bool copy_plane(const struct nv_engine *engine, CUDA_MEMCPY2D copy, size_t bytes, int rows)
{
	copy.WidthInBytes = bytes;
	copy.Height = (size_t)rows;
	return nv_ok(engine, "cuMemcpy2DAsync",
		     engine->cuda->cuMemcpy2DAsync(&copy, engine->stream));
}

/* so that the host's memory may go */
static bool finish(const struct nv_engine *engine)
{
	return nv_ok(engine, "cuStreamSynchronize",
		     engine->cuda->cuStreamSynchronize(engine->stream));
}

static bool write_plane(const struct nv_engine *engine, nv_address to, int pitch,
			const uint8_t *from, int stride, int bytes, int rows)
{
	const CUDA_MEMCPY2D copy = {
		.srcMemoryType = CU_MEMORYTYPE_HOST,
		.srcHost = from,
		.srcPitch = (size_t)stride,
		.dstMemoryType = CU_MEMORYTYPE_DEVICE,
		.dstDevice = to,
		.dstPitch = (size_t)pitch,
	};
	return copy_plane(engine, copy, (size_t)bytes, rows);
}

static bool read_plane(const struct nv_engine *engine, uint8_t *to, nv_address from, int pitch,
		       int bytes, int rows)
{
	const CUDA_MEMCPY2D copy = {
		.srcMemoryType = CU_MEMORYTYPE_DEVICE,
		.srcDevice = from,
		.srcPitch = (size_t)pitch,
		.dstMemoryType = CU_MEMORYTYPE_HOST,
		.dstHost = to,
		.dstPitch = (size_t)bytes,
	};
	return copy_plane(engine, copy, (size_t)bytes, rows);
}

int nv_write(struct nv_surface *to, const uint8_t *const planes[3], const int strides[3])
{
	struct nv_engine *engine = to->engine;
	int width = to->pooled.base.width, height = to->pooled.base.height;
	const int *pitch = to->pooled.frame->linesize;
	uint8_t *chroma = malloc((size_t)width * (height / 2));
	if (!chroma)
		return -ENOMEM;
	MergeUVPlane(planes[1], strides[1], planes[2], strides[2], chroma, width, width / 2,
		     height / 2);
	bool done = nv_push(engine);
	if (done) {
		done = write_plane(engine, nv_luma(to, 0, 0), pitch[0], planes[0], strides[0],
				   width, height) &&
		       write_plane(engine, nv_chroma(to, 0, 0), pitch[1], chroma, width, width,
				   height / 2);
		done = finish(engine) && done;
		nv_pop(engine);
	}
	free(chroma);
	if (!done)
		return -EIO;
	nv_count(&engine->uploads, 1);
	return 0;
}

int nv_copy(struct nv_surface *to, const struct nv_surface *from)
{
	struct nv_engine *engine = to->engine;
	int width = to->pooled.base.width, height = to->pooled.base.height;
	CUDA_MEMCPY2D luma = {
		.srcMemoryType = CU_MEMORYTYPE_DEVICE,
		.srcDevice = nv_luma(from, 0, 0),
		.srcPitch = (size_t)from->pooled.frame->linesize[0],
		.dstMemoryType = CU_MEMORYTYPE_DEVICE,
		.dstDevice = nv_luma(to, 0, 0),
		.dstPitch = (size_t)to->pooled.frame->linesize[0],
	};
	CUDA_MEMCPY2D chroma = luma;
	chroma.srcDevice = nv_chroma(from, 0, 0);
	chroma.srcPitch = (size_t)from->pooled.frame->linesize[1];
	chroma.dstDevice = nv_chroma(to, 0, 0);
	chroma.dstPitch = (size_t)to->pooled.frame->linesize[1];
	if (!nv_push(engine))
		return -EIO;
	bool done = copy_plane(engine, luma, (size_t)width, height) &&
		    copy_plane(engine, chroma, (size_t)width, height / 2);
	nv_pop(engine);
	return done ? 0 : -EIO;
}

/* the planes of alpha, which lie one after the other. @retval 0, -ENOMEM, -EIO */
static int write_alpha(struct nv_surface *surface, const uint8_t *alpha)
{
	struct nv_engine *engine = surface->engine;
	int bytes = surface->pooled.base.width * surface->pooled.base.height * 5 / 4;
	surface->alpha = nv_memory_new(engine, (size_t)bytes);
	if (!surface->alpha)
		return -ENOMEM;
	if (!nv_push(engine))
		return -EIO;
	nv_address to = (nv_address)(uintptr_t)surface->alpha->data;
	bool done = write_plane(engine, to, bytes, alpha, bytes, bytes, 1);
	done = finish(engine) && done;
	nv_pop(engine);
	return done ? 0 : -EIO;
}

/* @retval 0, -ENOMEM, -EIO */
static int write_image(struct nv_surface *surface, const struct tess_image *image)
{
	size_t pixels = (size_t)image->width * image->height;
	uint8_t *memory = malloc(pixels * 3); /* I420 and, if there is any, alpha */
	if (!memory)
		return -ENOMEM;
	int width = image->width, half = width / 2;
	uint8_t *u = memory + pixels, *v = u + pixels / 4, *alpha = v + pixels / 4;
	const struct tess_compose_planes planes = {
		.y = memory,
		.u = u,
		.v = v,
		.y_stride = (size_t)width,
		.chroma_stride = (size_t)half,
		.a = alpha,
		.a_stride = (size_t)width,
		.chroma_a = alpha + pixels,
		.chroma_a_stride = (size_t)half,
	};
	tess_compose_image_convert(image, &planes);
	int err = nv_write(surface, (const uint8_t *const[]){memory, u, v},
			   (const int[]){width, half, half});
	if (!err && image->alpha)
		err = write_alpha(surface, alpha);
	free(memory);
	return err;
}

int nv_upload(struct tess_engine *base, const struct tess_image *image,
	      struct tess_surface **surfacep)
{
	struct nv_engine *engine = (struct nv_engine *)base;
	struct nv_watch watch;
	if (!tess_compose_image_valid(image, NV_MAX_SIDE))
		return -EINVAL;
	if (nv_lost(engine))
		return -ENODEV;
	nv_watch_begin(&watch, engine);
	int err = -ENOMEM;
	struct nv_pool *pool = nv_pool_take(engine, image->width, image->height);
	struct nv_surface *surface = pool ? nv_pool_surface(engine, pool) : NULL;
	nv_pool_release(engine, pool);
	if (surface)
		err = write_image(surface, image);
	if (err && surface) {
		tess_surface_unref(&surface->pooled.base);
		surface = NULL;
	}
	int failure = nv_watch_end(&watch);
	if (!err)
		*surfacep = &surface->pooled.base;
	return err ? (failure ? failure : err) : 0;
}

int nv_download(struct tess_engine *base, struct tess_surface *handle, uint8_t *i420)
{
	struct nv_engine *engine = (struct nv_engine *)base;
	const struct nv_surface *surface = nv_surface_of(engine, handle);
	struct nv_watch watch;
	if (!surface)
		return -EINVAL;
	if (nv_lost(engine))
		return -ENODEV;
	int width = handle->width, height = handle->height;
	uint8_t *chroma = malloc((size_t)width * (height / 2));
	if (!chroma)
		return -ENOMEM;
	const int *pitch = surface->pooled.frame->linesize;
	nv_watch_begin(&watch, engine);
	if (nv_push(engine)) {
		if (read_plane(engine, i420, nv_luma(surface, 0, 0), pitch[0], width, height) &&
		    read_plane(engine, chroma, nv_chroma(surface, 0, 0), pitch[1], width,
			       height / 2))
			finish(engine);
		nv_pop(engine);
	}
	int err = nv_watch_end(&watch);
	if (!err) {
		uint8_t *u = i420 + (size_t)width * height;
		SplitUVPlane(chroma, width, u, width / 2, u + (size_t)(width / 2) * (height / 2),
			     width / 2, width / 2, height / 2);
		nv_count(&engine->downloads, 1);
	}
	free(chroma);
	return err;
}
