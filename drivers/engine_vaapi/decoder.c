/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/decoder.c - pictures decoded by the device through libavcodec; what it does
 * not decode, by the CPU (fallback.c).
 *
 * What comes in was sent by strangers: sizes and memory are bounded before surfaces are made, and
 * an access unit that fails is one error, not the end of the decoder. Until the first key frame,
 * and after a failed call until the next, nothing is given to the device: it would show what a
 * surface held before.
 */
#include "drivers/engine_vaapi/decoder.h"

#include <errno.h>
#include <libavutil/hwcontext.h>
#include <limits.h>
#include <stdlib.h>

#include "drivers/decode_soft/input.h"

/* beside its references: the one being decoded, and those that libavcodec keeps for its own use */
#define PICTURES_BESIDE 4

static enum AVCodecID codec_id(enum tess_codec codec)
{
	switch (codec) {
	case TESS_CODEC_H264:
		return AV_CODEC_ID_H264;
	case TESS_CODEC_H265:
		return AV_CODEC_ID_HEVC;
	case TESS_CODEC_VP8:
		return AV_CODEC_ID_VP8;
	case TESS_CODEC_VP9:
		return AV_CODEC_ID_VP9;
	default:
		return AV_CODEC_ID_NONE;
	}
}

static bool size_taken(const struct vaapi_engine *engine, int width, int height)
{
	return width <= engine->max_side && height <= engine->max_side &&
	       width * height <= TESS_ENGINE_VAAPI_MAX_PICTURE_PIXELS;
}

/* is the status one of a device that does not know the profile or size, rather than of a fault? */
static bool says_unsupported(VAStatus status)
{
	return status == VA_STATUS_ERROR_UNSUPPORTED_PROFILE ||
	       status == VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT ||
	       status == VA_STATUS_ERROR_UNSUPPORTED_RT_FORMAT ||
	       status == VA_STATUS_ERROR_RESOLUTION_NOT_SUPPORTED;
}

/* the pool that libavcodec asks for, within bounds. @return false: decoder->outcome says why */
static bool make_pool(struct tess_decoder *decoder, AVCodecContext *codec)
{
	AVBufferRef *frames = NULL;
	unsigned failed = decoder->watch->failed;
	/* true baseline has tools that neither devices nor libavcodec know; senders that say
	 * baseline do not use them */
	if (codec->codec_id == AV_CODEC_ID_H264 && codec->profile == FF_PROFILE_H264_BASELINE)
		codec->hwaccel_flags |= AV_HWACCEL_FLAG_ALLOW_PROFILE_MISMATCH;
	if (avcodec_get_hw_frames_parameters(codec, decoder->engine->device_ref, AV_PIX_FMT_VAAPI,
					     &frames) < 0) {
		if (decoder->watch->failed == failed || says_unsupported(decoder->watch->status))
			decoder->outcome = OUTCOME_UNSUPPORTED;
		return false;
	}
	AVHWFramesContext *context = (AVHWFramesContext *)frames->data;
	context->sw_format = AV_PIX_FMT_NV12;
	size_t bytes = (size_t)context->width * (size_t)context->height * 3 / 2;
	size_t fit = TESS_ENGINE_VAAPI_DECODER_BYTES / bytes;
	size_t wanted = (size_t)context->initial_pool_size + TESS_ENGINE_VAAPI_HELD;
	context->initial_pool_size = (int)(wanted < fit ? wanted : fit);
	if (context->initial_pool_size < codec->refs + PICTURES_BESIDE)
		decoder->outcome = OUTCOME_REFUSED;
	else if (av_hwframe_ctx_init(frames) == 0 &&
		 vaapi_blacken(decoder->engine, decoder->watch, frames) == 0) {
		vaapi_count(&decoder->engine->allocations,
			    (uint64_t)context->initial_pool_size + 1);
		av_buffer_unref(&codec->hw_frames_ctx);
		codec->hw_frames_ctx = frames;
		return true;
	}
	av_buffer_unref(&frames);
	return false;
}

/* called for each new size, before tables are allocated for it, and once more without the device's
 * format if libavcodec could not set it up */
static enum AVPixelFormat get_format(AVCodecContext *codec, const enum AVPixelFormat *formats)
{
	struct tess_decoder *decoder = codec->opaque;
	bool planar =
		codec->sw_pix_fmt == AV_PIX_FMT_YUV420P || codec->sw_pix_fmt == AV_PIX_FMT_YUVJ420P;
	decoder->set_up = false;
	if (!size_taken(decoder->engine, codec->coded_width, codec->coded_height)) {
		decoder->outcome = OUTCOME_REFUSED;
		return AV_PIX_FMT_NONE;
	}
	while (*formats != AV_PIX_FMT_NONE && *formats != AV_PIX_FMT_VAAPI)
		formats++;
	if (!planar || (*formats == AV_PIX_FMT_NONE && decoder->watch->failed == 0)) {
		decoder->outcome = OUTCOME_UNSUPPORTED;
		return AV_PIX_FMT_NONE;
	}
	if (*formats == AV_PIX_FMT_NONE || !make_pool(decoder, codec))
		return AV_PIX_FMT_NONE;
	decoder->set_up = true;
	return AV_PIX_FMT_VAAPI;
}

static int get_buffer(AVCodecContext *codec, AVFrame *frame, int flags)
{
	struct tess_decoder *decoder = codec->opaque;
	int err = avcodec_default_get_buffer2(codec, frame, flags);
	if (err < 0 && decoder->watch->failed == 0)
		decoder->outcome = OUTCOME_REFUSED; /* all of the pool is out */
	return err;
}

/* @retval 0, -ENOMEM */
static int open_codec(struct tess_decoder *decoder)
{
	const AVCodec *known = avcodec_find_decoder(codec_id(decoder->kind));
	AVCodecContext *context = decoder->codec = avcodec_alloc_context3(known);
	if (!known || !context)
		return -ENOMEM;
	context->thread_count = 1;
	/* a picture out for each access unit in, unless the stream says that it reorders; a
	 * device's picture is cropped exactly by this flag */
	context->flags |= AV_CODEC_FLAG_LOW_DELAY | AV_CODEC_FLAG_UNALIGNED;
	context->opaque = decoder;
	context->get_format = get_format;
	context->get_buffer2 = get_buffer;
	decoder->set_up = false;
	decoder->await_key = true;
	return avcodec_open2(context, known, NULL) < 0 ? -ENOMEM : 0;
}

static void close_codec(struct tess_decoder *decoder)
{
	struct vaapi_watch watch;
	vaapi_watch_begin(&watch, decoder->engine);
	decoder->watch = &watch;
	avcodec_free_context(&decoder->codec);
	decoder->watch = NULL;
	vaapi_watch_tell(&watch);
}

int vaapi_decoder_open(struct tess_decoder **decoderp, struct tess_engine *base,
		       enum tess_codec codec)
{
	struct vaapi_engine *engine = (struct vaapi_engine *)base;
	if (vaapi_lost(engine))
		return -ENODEV;
	if (codec_id(codec) == AV_CODEC_ID_NONE)
		return -ENOTSUP;
	struct tess_decoder *decoder = calloc(1, sizeof(*decoder));
	if (!decoder)
		return -ENOMEM;
	decoder->engine = engine;
	decoder->kind = codec;
	decoder->packet = av_packet_alloc();
	int err = decoder->packet ? 0 : -ENOMEM;
	if (!err && engine->codecs & 1u << codec)
		err = open_codec(decoder);
	else if (!err)
		err = vaapi_fallback_open(&decoder->fallback, codec);
	if (err) {
		vaapi_decoder_close(decoder);
		return err;
	}
	*decoderp = decoder;
	return 0;
}

void vaapi_decoder_close(struct tess_decoder *decoder)
{
	if (!decoder)
		return;
	close_codec(decoder);
	vaapi_fallback_close(&decoder->fallback, decoder->engine);
	av_packet_free(&decoder->packet);
	av_buffer_unref(&decoder->input);
	free(decoder);
}

/* describe the decoded frame in its surface. @retval 0, -EBADMSG */
static int finish(struct vaapi_surface *surface, int64_t capture_us)
{
	const AVFrame *frame = surface->pooled.frame;
	/* of a device's picture libavutil applies the crop at the right and below alone */
	int width = (frame->width - (int)frame->crop_left) & ~1;
	int height = (frame->height - (int)frame->crop_top) & ~1;
	if (width < 2 || height < 2)
		return -EBADMSG;
	AVRational sar = frame->sample_aspect_ratio;
	if (sar.num > 0 && sar.den > 0 && sar.num <= UINT16_MAX && sar.den <= UINT16_MAX) {
		surface->pooled.base.sar_num = (uint16_t)sar.num;
		surface->pooled.base.sar_den = (uint16_t)sar.den;
	}
	surface->pooled.base.width = (uint16_t)width;
	surface->pooled.base.height = (uint16_t)height;
	surface->pooled.base.capture_us = frame->pts == AV_NOPTS_VALUE ? capture_us : frame->pts;
	surface->x = (uint16_t)(frame->crop_left & ~(size_t)1);
	surface->y = (uint16_t)(frame->crop_top & ~(size_t)1);
	surface->full_range = frame->color_range == AVCOL_RANGE_JPEG;
	return 0;
}

/* take what the decoder has ready; of several pictures the last.
 * @return how many came, or -EBADMSG, -ENOMEM */
static int receive(struct tess_decoder *decoder, int64_t capture_us, struct tess_surface **surfacep)
{
	for (int count = 0;; count++) {
		struct vaapi_surface *surface = vaapi_surface_new(decoder->engine);
		if (!surface)
			return -ENOMEM;
		int err = avcodec_receive_frame(decoder->codec, surface->pooled.frame);
		if (!err)
			err = finish(surface, capture_us);
		if (err) {
			tess_surface_unref(&surface->pooled.base);
			return err == AVERROR(EAGAIN)	? count
			       : err == AVERROR(ENOMEM) ? -ENOMEM
							: -EBADMSG;
		}
		tess_surface_unref(*surfacep);
		*surfacep = &surface->pooled.base;
	}
}

/* @return how many pictures came, or -EBADMSG, -ENOMEM */
static int send_packet(struct tess_decoder *decoder, int64_t capture_us,
		       struct tess_surface **surfacep)
{
	decoder->packet->pts = capture_us;
	int sent = avcodec_send_packet(decoder->codec, decoder->packet);
	av_packet_unref(decoder->packet);
	int count = receive(decoder, capture_us, surfacep);
	if (count < 0 || sent >= 0)
		return count;
	return sent == AVERROR(ENOMEM) ? -ENOMEM : -EBADMSG;
}

/* begin again at the next key frame. @retval 0, -ENOMEM */
static int recover(struct tess_decoder *decoder)
{
	decoder->await_key = true;
	if (decoder->codec && decoder->set_up) {
		avcodec_flush_buffers(decoder->codec);
		return 0;
	}
	/* its state between two formats is not to be relied on */
	close_codec(decoder);
	return open_codec(decoder);
}

/* @retval as vaapi_decoder_decode(), or -EAGAIN: the device cannot, the CPU shall try */
static int decode_on_device(struct tess_decoder *decoder, const uint8_t *data, size_t length,
			    int64_t capture_us, struct tess_surface **surfacep)
{
	int err = decoder->codec ? 0 : open_codec(decoder);
	if (!err)
		err = tess_decode_input(decoder->packet, &decoder->input, data, length);
	if (err)
		return err;
	if (decoder->await_key && !vaapi_key(decoder->kind, data, length)) {
		av_packet_unref(decoder->packet);
		return -EBADMSG;
	}
	decoder->await_key = false;
	decoder->outcome = OUTCOME_DECODED;
	struct vaapi_watch watch;
	vaapi_watch_begin(&watch, decoder->engine);
	decoder->watch = &watch;
	int count = send_packet(decoder, capture_us, surfacep);
	decoder->watch = NULL;
	int failed = vaapi_watch_end(&watch);
	if (failed == -ENODEV)
		return failed;
	if (decoder->outcome == OUTCOME_UNSUPPORTED)
		return -EAGAIN;
	if (decoder->outcome == OUTCOME_REFUSED || failed) {
		err = recover(decoder);
		if (err || decoder->outcome == OUTCOME_REFUSED)
			return err ? err : -ENOTSUP;
		return failed == -ENOMEM ? failed : -EBADMSG;
	}
	if (count < 0)
		return count;
	vaapi_count(&decoder->engine->decoded, (uint64_t)count);
	return 0;
}

static int decode(struct tess_decoder *decoder, const uint8_t *data, size_t length,
		  int64_t capture_us, struct tess_surface **surfacep)
{
	if (vaapi_lost(decoder->engine))
		return -ENODEV;
	if (length == 0 || length >= INT_MAX / 2)
		return -EBADMSG; /* nothing, which libavcodec would take for the stream's end */
	if (!decoder->fallback.decoder) {
		int err = decode_on_device(decoder, data, length, capture_us, surfacep);
		if (err != -EAGAIN)
			return err;
		close_codec(decoder);
		err = vaapi_fallback_open(&decoder->fallback, decoder->kind);
		if (err)
			return err;
	}
	return vaapi_fallback_decode(&decoder->fallback, decoder->engine, data, length, capture_us,
				     surfacep);
}

int vaapi_decoder_decode(struct tess_decoder *decoder, const uint8_t *data, size_t length,
			 int64_t capture_us, struct tess_surface **surfacep)
{
	*surfacep = NULL;
	int err = decode(decoder, data, length, capture_us, surfacep);
	if (err) {
		tess_surface_unref(*surfacep);
		*surfacep = NULL;
	}
	if (err == -ENOTSUP)
		vaapi_count(&decoder->engine->refused, 1);
	else if (err == -EBADMSG)
		vaapi_count(&decoder->engine->damaged, 1);
	return err;
}
