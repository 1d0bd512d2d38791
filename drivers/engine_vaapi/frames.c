/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/frames.c - pools of surfaces, and the ways between host and device.
 */
#include "drivers/engine_vaapi/vaapi.h"

#include <errno.h>
#include <libavutil/hwcontext.h>
#include <libavutil/pixfmt.h>
#include <libyuv.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/compose/image.h"

AVBufferRef *vaapi_frames_new(struct vaapi_watch *watch, int sw_format, int width, int height,
			      unsigned count)
{
	AVBufferRef *frames = av_hwframe_ctx_alloc(watch->engine->device_ref);
	if (!frames)
		return NULL;
	AVHWFramesContext *context = (AVHWFramesContext *)frames->data;
	context->format = AV_PIX_FMT_VAAPI;
	context->sw_format = sw_format;
	context->width = width;
	context->height = height;
	context->initial_pool_size = (int)count;
	if (av_hwframe_ctx_init(frames) < 0) {
		av_buffer_unref(&frames);
		return NULL;
	}
	vaapi_count(&watch->engine->allocations, count ? count : 1);
	return frames;
}

static int negative_errno(int averror)
{
	return averror == AVERROR(ENOMEM) ? -ENOMEM : -EIO;
}

int vaapi_map(AVFrame *frame, AVFrame *mapped)
{
	int err = av_hwframe_map(mapped, frame, AV_HWFRAME_MAP_WRITE | AV_HWFRAME_MAP_OVERWRITE);
	return err < 0 ? negative_errno(err) : 0;
}

int vaapi_fill(AVFrame *frame, struct tess_compose_yuv color)
{
	AVFrame *mapped = av_frame_alloc();
	if (!mapped)
		return -ENOMEM;
	int err = vaapi_map(frame, mapped);
	if (!err) {
		for (int row = 0; row < frame->height; row++)
			memset(mapped->data[0] + (ptrdiff_t)row * mapped->linesize[0], color.y,
			       (size_t)frame->width);
		for (int row = 0; row < frame->height / 2; row++) {
			uint8_t *uv = mapped->data[1] + (ptrdiff_t)row * mapped->linesize[1];
			for (int x = 0; x < frame->width; x += 2) {
				uv[x] = color.u;
				uv[x + 1] = color.v;
			}
		}
	}
	av_frame_free(&mapped);
	return err;
}

static int write_nv12(const struct tess_image *image, AVFrame *mapped)
{
	size_t width = image->width / 2u, height = image->height / 2u;
	uint8_t *chroma = malloc(2 * width * height);
	if (!chroma)
		return -ENOMEM;
	const struct tess_compose_planes planes = {
		.y = mapped->data[0],
		.y_stride = (size_t)mapped->linesize[0],
		.u = chroma,
		.v = chroma + width * height,
		.chroma_stride = width,
	};
	tess_compose_image_convert(image, &planes);
	MergeUVPlane(planes.u, (int)width, planes.v, (int)width, mapped->data[1],
		     mapped->linesize[1], (int)width, (int)height);
	free(chroma);
	return 0;
}

/* @retval 0, -ENOMEM, -EIO */
static int write_image(const struct tess_image *image, AVFrame *frame)
{
	AVFrame *mapped = av_frame_alloc();
	if (!mapped)
		return -ENOMEM;
	int err = vaapi_map(frame, mapped);
	if (!err && image->alpha)
		/* libyuv names the bytes from the last one: from R G B A to B G R A */
		ABGRToARGB(image->rgba, (int)image->stride, mapped->data[0], mapped->linesize[0],
			   image->width, image->height);
	else if (!err)
		err = write_nv12(image, mapped);
	av_frame_free(&mapped);
	return err;
}

static int upload(struct vaapi_watch *watch, const struct tess_image *image,
		  struct vaapi_surface *surface)
{
	AVBufferRef *frames =
		vaapi_frames_new(watch, image->alpha ? AV_PIX_FMT_BGRA : AV_PIX_FMT_NV12,
				 image->width, image->height, 1);
	if (!frames)
		return -ENOMEM;
	int err = av_hwframe_get_buffer(frames, surface->pooled.frame, 0);
	av_buffer_unref(&frames); /* the frame keeps its pool */
	if (err < 0)
		return negative_errno(err);
	surface->pooled.base.width = image->width;
	surface->pooled.base.height = image->height;
	surface->alpha = image->alpha;
	return write_image(image, surface->pooled.frame);
}

int vaapi_upload(struct tess_engine *base, const struct tess_image *image,
		 struct tess_surface **surfacep)
{
	struct vaapi_engine *engine = (struct vaapi_engine *)base;
	*surfacep = NULL;
	if (vaapi_lost(engine))
		return -ENODEV;
	if (!tess_compose_image_valid(image, engine->max_side))
		return -EINVAL;
	struct vaapi_surface *surface = vaapi_surface_new(engine);
	if (!surface)
		return -ENOMEM;
	struct vaapi_watch watch;
	vaapi_watch_begin(&watch, engine);
	int err = upload(&watch, image, surface);
	int failed = vaapi_watch_end(&watch);
	if (failed)
		err = failed;
	if (err) {
		tess_surface_unref(&surface->pooled.base);
		return err;
	}
	vaapi_count(&engine->uploads, 1);
	*surfacep = &surface->pooled.base;
	return 0;
}

static int copy_out(const struct vaapi_surface *surface, AVFrame *nv12, uint8_t *i420)
{
	int width = surface->pooled.base.width, height = surface->pooled.base.height;
	int err = av_hwframe_transfer_data(nv12, surface->pooled.frame, 0);
	if (err < 0)
		return negative_errno(err);
	uint8_t *u = i420 + (size_t)width * height;
	uint8_t *v = u + (size_t)(width / 2) * (height / 2);
	NV12ToI420(nv12->data[0] + (ptrdiff_t)surface->y * nv12->linesize[0] + surface->x,
		   nv12->linesize[0],
		   nv12->data[1] + (ptrdiff_t)(surface->y / 2) * nv12->linesize[1] + surface->x,
		   nv12->linesize[1], i420, width, u, width / 2, v, width / 2, width, height);
	return 0;
}

int vaapi_download(struct tess_engine *base, struct tess_surface *handle, uint8_t *i420)
{
	struct vaapi_engine *engine = (struct vaapi_engine *)base;
	struct vaapi_surface *surface = vaapi_surface_of(engine, handle);
	if (!surface || surface->alpha)
		return -EINVAL;
	if (vaapi_lost(engine))
		return -ENODEV;
	AVFrame *nv12 = av_frame_alloc();
	if (!nv12)
		return -ENOMEM;
	nv12->format = AV_PIX_FMT_NV12;
	struct vaapi_watch watch;
	vaapi_watch_begin(&watch, engine);
	int err = copy_out(surface, nv12, i420);
	int failed = vaapi_watch_end(&watch);
	av_frame_free(&nv12);
	if (!err && !failed)
		vaapi_count(&engine->downloads, 1);
	return failed ? failed : err;
}
