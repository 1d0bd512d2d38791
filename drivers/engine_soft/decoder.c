/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/decoder.c - H.264 to I420 surfaces, by libavcodec.
 *
 * What comes in was sent by strangers: sizes and memory are bounded before libavcodec allocates,
 * and an access unit that fails is one error, not the end of the decoder.
 */
#include "drivers/engine_soft/soft.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libyuv.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIDE TESS_ENGINE_SOFT_MAX_SIDE
/* beside its references: the one being decoded, one shown, two waiting for their time */
#define PICTURES_BESIDE 4
/* an access unit is copied into a buffer that grows in steps of this */
#define INPUT_STEP_BYTES 16384u

struct tess_decoder {
	struct soft_engine *engine;
	AVCodecContext *codec;
	AVPacket *packet;
	AVBufferRef *input; /* the padded copy that libavcodec reads from */
	struct soft_frame_pool converted;
	struct soft_budget *budget; /* of the pictures that libavcodec decodes into */
	bool refused;		    /* the access unit at hand went over a limit */
};

/* called for each new size, before tables are allocated for it */
static enum AVPixelFormat get_format(AVCodecContext *codec, const enum AVPixelFormat *formats)
{
	struct tess_decoder *decoder = codec->opaque;
	int width = codec->coded_width, height = codec->coded_height;
	if (width > MAX_SIDE || height > MAX_SIDE ||
	    width * height > TESS_ENGINE_SOFT_MAX_PICTURE_PIXELS) {
		decoder->refused = true;
		return AV_PIX_FMT_NONE;
	}
	return avcodec_default_get_format(codec, formats);
}

static int get_buffer(AVCodecContext *codec, AVFrame *frame, int flags)
{
	struct tess_decoder *decoder = codec->opaque;
	int bytes = av_image_get_buffer_size(frame->format, frame->width, frame->height, 1);
	if (bytes < 0)
		return bytes;
	/* the share travels with each reference to the picture, and ends with the last */
	size_t needed = (size_t)(codec->refs + PICTURES_BESIDE) * (size_t)bytes;
	if (needed <= TESS_ENGINE_SOFT_DECODER_BYTES)
		frame->opaque_ref = soft_budget_take(decoder->budget, (size_t)bytes);
	if (!frame->opaque_ref) {
		decoder->refused = true;
		return AVERROR(ENOMEM);
	}
	return avcodec_default_get_buffer2(codec, frame, flags);
}

int soft_decoder_open(struct tess_decoder **decoderp, struct tess_engine *engine,
		      enum tess_codec codec)
{
	if (codec != TESS_CODEC_H264)
		return -ENOTSUP;
	const AVCodec *h264 = avcodec_find_decoder(AV_CODEC_ID_H264);
	if (!h264)
		return -ENOTSUP;
	struct tess_decoder *decoder = calloc(1, sizeof(*decoder));
	if (!decoder)
		return -ENOMEM;
	decoder->engine = (struct soft_engine *)engine;
	decoder->packet = av_packet_alloc();
	decoder->codec = avcodec_alloc_context3(h264);
	decoder->budget = soft_budget_new(TESS_ENGINE_SOFT_DECODER_BYTES);
	if (!decoder->packet || !decoder->codec || !decoder->budget)
		goto no_memory;
	AVCodecContext *context = decoder->codec;
	context->thread_count = 1;
	context->log_level_offset = AV_LOG_MAX_OFFSET; /* what fails is returned and counted */
	/* a picture out for each access unit in, unless the stream says that it reorders; crop by
	 * moved pointers, exactly, even if that costs their alignment */
	context->flags |= AV_CODEC_FLAG_LOW_DELAY | AV_CODEC_FLAG_UNALIGNED;
	context->opaque = decoder;
	context->get_format = get_format;
	context->get_buffer2 = get_buffer;
	if (avcodec_open2(context, h264, NULL) < 0)
		goto no_memory;
	*decoderp = decoder;
	return 0;
no_memory:
	soft_decoder_close(decoder);
	return -ENOMEM;
}

void soft_decoder_close(struct tess_decoder *decoder)
{
	if (!decoder)
		return;
	avcodec_free_context(&decoder->codec);
	av_packet_free(&decoder->packet);
	av_buffer_unref(&decoder->input);
	soft_frame_pool_close(&decoder->converted);
	soft_budget_release(decoder->budget);
	free(decoder);
}

/* libavcodec wants reference-counted input with zeroed padding; the same buffer serves again once
 * the decoder has let go of it */
static int fill_packet(struct tess_decoder *decoder, const uint8_t *data, size_t length)
{
	size_t padded = length + AV_INPUT_BUFFER_PADDING_SIZE;
	AVBufferRef *input = decoder->input;
	if (!input || input->size < padded || !av_buffer_is_writable(input)) {
		size_t size = (padded + INPUT_STEP_BYTES - 1) / INPUT_STEP_BYTES * INPUT_STEP_BYTES;
		av_buffer_unref(&decoder->input);
		decoder->input = input = av_buffer_alloc(size);
		if (!input)
			return -ENOMEM;
	}
	memcpy(input->data, data, length);
	memset(input->data + length, 0, AV_INPUT_BUFFER_PADDING_SIZE);
	decoder->packet->buf = av_buffer_ref(input);
	if (!decoder->packet->buf)
		return -ENOMEM;
	decoder->packet->data = input->data;
	decoder->packet->size = (int)length;
	return 0;
}

/* other 8 and 10 bit formats to I420; sides are even here. @retval 0, -ENOTSUP */
static int convert_planes(const AVFrame *from, AVFrame *to, int width, int height)
{
	const uint8_t *y = from->data[0], *u = from->data[1], *v = from->data[2];
	int ys = from->linesize[0], us = from->linesize[1], vs = from->linesize[2];
	const uint16_t *y16 = (const uint16_t *)y, *u16 = (const uint16_t *)u,
		       *v16 = (const uint16_t *)v;
	uint8_t *dy = to->data[0], *du = to->data[1], *dv = to->data[2];
	int dys = to->linesize[0], dus = to->linesize[1], dvs = to->linesize[2];

	switch (from->format) {
	case AV_PIX_FMT_YUV422P:
	case AV_PIX_FMT_YUVJ422P:
		return I422ToI420(y, ys, u, us, v, vs, dy, dys, du, dus, dv, dvs, width, height);
	case AV_PIX_FMT_YUV444P:
	case AV_PIX_FMT_YUVJ444P:
		return I444ToI420(y, ys, u, us, v, vs, dy, dys, du, dus, dv, dvs, width, height);
	case AV_PIX_FMT_GRAY8:
		return I400ToI420(y, ys, dy, dys, du, dus, dv, dvs, width, height);
	case AV_PIX_FMT_NV12:
		return NV12ToI420(y, ys, u, us, dy, dys, du, dus, dv, dvs, width, height);
	case AV_PIX_FMT_YUV420P10:
		return I010ToI420(y16, ys / 2, u16, us / 2, v16, vs / 2, dy, dys, du, dus, dv, dvs,
				  width, height);
	case AV_PIX_FMT_YUV422P10:
		return I210ToI420(y16, ys / 2, u16, us / 2, v16, vs / 2, dy, dys, du, dus, dv, dvs,
				  width, height);
	case AV_PIX_FMT_YUV444P10:
		return I410ToI420(y16, ys / 2, u16, us / 2, v16, vs / 2, dy, dys, du, dus, dv, dvs,
				  width, height);
	default:
		return -ENOTSUP;
	}
}

/* replace the planes of @p frame by I420 ones */
static int convert(struct tess_decoder *decoder, AVFrame *frame, int width, int height)
{
	AVFrame *i420 = av_frame_alloc();
	if (!i420)
		return -ENOMEM;
	int err = soft_frame_pool_get(&decoder->converted, i420, width, height);
	if (!err)
		err = convert_planes(frame, i420, width, height);
	if (!err) {
		i420->color_range = frame->color_range;
		av_frame_unref(frame);
		av_frame_move_ref(frame, i420);
	}
	av_frame_free(&i420);
	return err;
}

/* describe the decoded frame in its surface */
static int finish(struct tess_decoder *decoder, struct soft_surface *surface, int64_t capture_us)
{
	AVFrame *frame = surface->frame;
	int width = frame->width & ~1, height = frame->height & ~1;
	if (width < 2 || height < 2)
		return -EBADMSG;
	bool full_range =
		frame->color_range == AVCOL_RANGE_JPEG || frame->format == AV_PIX_FMT_YUVJ420P ||
		frame->format == AV_PIX_FMT_YUVJ422P || frame->format == AV_PIX_FMT_YUVJ444P;
	AVRational sar = frame->sample_aspect_ratio;
	int64_t pts = frame->pts;
	if (frame->format != AV_PIX_FMT_YUV420P && frame->format != AV_PIX_FMT_YUVJ420P) {
		int err = convert(decoder, frame, width, height);
		if (err)
			return err;
	}
	if (sar.num > 0 && sar.den > 0 && sar.num <= UINT16_MAX && sar.den <= UINT16_MAX) {
		surface->base.sar_num = (uint16_t)sar.num;
		surface->base.sar_den = (uint16_t)sar.den;
	}
	surface->base.width = (uint16_t)width;
	surface->base.height = (uint16_t)height;
	surface->base.capture_us = pts == AV_NOPTS_VALUE ? capture_us : pts;
	surface->full_range = full_range;
	return 0;
}

/* take what the decoder has ready; of several pictures the last. @retval 0, -EBADMSG, -ENOTSUP,
 * -ENOMEM */
static int receive(struct tess_decoder *decoder, int64_t capture_us, struct tess_surface **surfacep)
{
	for (;;) {
		struct soft_surface *surface = soft_surface_new(decoder->engine);
		if (!surface)
			return -ENOMEM;
		int err = avcodec_receive_frame(decoder->codec, surface->frame);
		if (!err)
			err = finish(decoder, surface, capture_us);
		if (err) {
			tess_surface_unref(&surface->base);
			if (err == AVERROR(EAGAIN))
				return 0;
			return err == -ENOTSUP || err == -ENOMEM ? err : -EBADMSG;
		}
		soft_count(&decoder->engine->decoded, 1);
		tess_surface_unref(*surfacep);
		*surfacep = &surface->base;
	}
}

/* @retval 0, -EBADMSG, -ENOTSUP, -ENOMEM */
static int decode(struct tess_decoder *decoder, const uint8_t *data, size_t length,
		  int64_t capture_us, struct tess_surface **surfacep)
{
	if (length == 0 || length >= INT_MAX / 2)
		return -EBADMSG; /* nothing, which libavcodec would take for the end of the stream
				  */
	int err = fill_packet(decoder, data, length);
	if (err)
		return err;
	decoder->packet->pts = capture_us;
	decoder->refused = false;
	int sent = avcodec_send_packet(decoder->codec, decoder->packet);
	av_packet_unref(decoder->packet);
	err = receive(decoder, capture_us, surfacep);
	if (decoder->refused) {
		/* give up the references that it holds: the next key frame gets a new chance */
		avcodec_flush_buffers(decoder->codec);
		return -ENOTSUP;
	}
	if (!err && sent < 0)
		err = sent == AVERROR(ENOMEM) ? -ENOMEM : -EBADMSG;
	return err;
}

int soft_decoder_decode(struct tess_decoder *decoder, const uint8_t *data, size_t length,
			int64_t capture_us, struct tess_surface **surfacep)
{
	*surfacep = NULL;
	int err = decode(decoder, data, length, capture_us, surfacep);
	if (err) {
		tess_surface_unref(*surfacep);
		*surfacep = NULL;
	}
	if (err == -ENOTSUP)
		soft_count(&decoder->engine->refused, 1);
	else if (err == -EBADMSG)
		soft_count(&decoder->engine->damaged, 1);
	return err;
}
