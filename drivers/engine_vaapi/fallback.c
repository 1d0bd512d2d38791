/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/fallback.c - decoded by the CPU, then uploaded.
 */
#include "drivers/engine_vaapi/decoder.h"

#include <errno.h>
#include <libavutil/hwcontext.h>
#include <libyuv.h>

int vaapi_fallback_open(struct vaapi_fallback *fallback, enum tess_codec codec)
{
	fallback->picture = av_frame_alloc();
	if (!fallback->picture)
		return -ENOMEM;
	int err = tess_decode_soft_open(&fallback->decoder, codec);
	if (err)
		av_frame_free(&fallback->picture);
	return err;
}

void vaapi_fallback_close(struct vaapi_fallback *fallback, struct vaapi_engine *engine)
{
	struct vaapi_watch watch;
	tess_decode_soft_close(fallback->decoder);
	fallback->decoder = NULL;
	av_frame_free(&fallback->picture);
	vaapi_watch_begin(&watch, engine);
	av_buffer_unref(&fallback->frames);
	vaapi_watch_tell(&watch);
}

/* surfaces of this size, as many as may be out. @retval 0, -ENOMEM */
static int make_pool(struct vaapi_fallback *fallback, struct vaapi_watch *watch, int width,
		     int height)
{
	if (fallback->frames && fallback->width == width && fallback->height == height)
		return 0;
	av_buffer_unref(&fallback->frames);
	fallback->frames =
		vaapi_frames_new(watch, AV_PIX_FMT_NV12, width, height, TESS_ENGINE_VAAPI_HELD);
	fallback->width = width;
	fallback->height = height;
	return fallback->frames ? 0 : -ENOMEM;
}

static int copy_in(const AVFrame *picture, AVFrame *frame)
{
	AVFrame *mapped = av_frame_alloc();
	if (!mapped)
		return -ENOMEM;
	int err = vaapi_map(frame, mapped);
	if (!err)
		I420ToNV12(picture->data[0], picture->linesize[0], picture->data[1],
			   picture->linesize[1], picture->data[2], picture->linesize[2],
			   mapped->data[0], mapped->linesize[0], mapped->data[1],
			   mapped->linesize[1], picture->width, picture->height);
	av_frame_free(&mapped);
	return err;
}

/* @retval 0, -ENOMEM, -ENOTSUP more are out than there are, -EIO */
static int upload(struct vaapi_fallback *fallback, struct vaapi_watch *watch,
		  struct vaapi_surface *surface)
{
	const AVFrame *picture = fallback->picture;
	int err = make_pool(fallback, watch, picture->width, picture->height);
	if (err)
		return err;
	if (av_hwframe_get_buffer(fallback->frames, surface->pooled.frame, 0) < 0)
		return -ENOTSUP;
	surface->pooled.base.width = (uint16_t)picture->width;
	surface->pooled.base.height = (uint16_t)picture->height;
	surface->pooled.base.sar_num = (uint16_t)picture->sample_aspect_ratio.num;
	surface->pooled.base.sar_den = (uint16_t)picture->sample_aspect_ratio.den;
	surface->pooled.base.capture_us = picture->pts;
	surface->full_range = picture->color_range == AVCOL_RANGE_JPEG;
	return copy_in(picture, surface->pooled.frame);
}

int vaapi_fallback_decode(struct vaapi_fallback *fallback, struct vaapi_engine *engine,
			  const uint8_t *data, size_t length, int64_t capture_us,
			  struct tess_surface **surfacep)
{
	int count = tess_decode_soft_decode(fallback->decoder, data, length, capture_us,
					    fallback->picture);
	if (count <= 0)
		return count;
	vaapi_count(&engine->decoded, (uint64_t)count);
	vaapi_count(&engine->fallback_decoded, (uint64_t)count);
	struct vaapi_surface *surface = vaapi_surface_new(engine);
	int err = -ENOMEM;
	if (surface) {
		struct vaapi_watch watch;
		vaapi_watch_begin(&watch, engine);
		err = upload(fallback, &watch, surface);
		int failed = vaapi_watch_end(&watch);
		if (failed)
			err = failed;
		/* the picture is lost, not the stream: the CPU goes on with the next */
		if (err == -EIO)
			err = -EBADMSG;
	}
	av_frame_unref(fallback->picture);
	if (err) {
		if (surface)
			tess_surface_unref(&surface->pooled.base);
		return err;
	}
	vaapi_count(&engine->uploads, 1);
	*surfacep = &surface->pooled.base;
	return 0;
}
