/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/decode_soft/decode_soft.c - access units to I420, by libavcodec.
 */
#include "drivers/decode_soft/decode_soft.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libyuv.h>
#include <limits.h>
#include <stdlib.h>

#include "drivers/decode_soft/budget.h"
#include "drivers/decode_soft/frame_pool.h"
#include "drivers/decode_soft/input.h"

#define MAX_SIDE TESS_DECODE_SOFT_MAX_SIDE
/* beside its references: the one being decoded, one shown, two waiting for their time */
#define PICTURES_BESIDE 4

struct tess_decode_soft {
	AVCodecContext *codec;
	AVPacket *packet;
	AVFrame *received;  /* empty between calls */
	AVBufferRef *input; /* the padded copy that libavcodec reads from */
	struct tess_frame_pool converted;
	struct tess_decode_budget *budget; /* of the pictures that libavcodec decodes into */
	bool refused;			   /* the access unit at hand went over a limit */
	tess_decode_soft_rows *rows;
	void *rows_arg;
};

static bool too_large(int width, int height)
{
	return width > MAX_SIDE || height > MAX_SIDE ||
	       width * height > TESS_DECODE_SOFT_MAX_PIXELS;
}

/* called for each new size, by H.264 and VP9 before tables are allocated for it */
static enum AVPixelFormat get_format(AVCodecContext *codec, const enum AVPixelFormat *formats)
{
	struct tess_decode_soft *decoder = codec->opaque;
	if (too_large(codec->coded_width, codec->coded_height)) {
		decoder->refused = true;
		return AV_PIX_FMT_NONE;
	}
	return avcodec_default_get_format(codec, formats);
}

static int get_buffer(AVCodecContext *codec, AVFrame *frame, int flags)
{
	struct tess_decode_soft *decoder = codec->opaque;
	int bytes = av_image_get_buffer_size(frame->format, frame->width, frame->height, 1);
	if (bytes < 0)
		return bytes;
	/* the share travels with each reference to the picture, and ends with the last */
	size_t needed = (size_t)(codec->refs + PICTURES_BESIDE) * (size_t)bytes;
	if (!too_large(frame->width, frame->height) && needed <= TESS_DECODE_SOFT_BYTES)
		frame->opaque_ref = tess_decode_budget_take(decoder->budget, (size_t)bytes);
	if (!frame->opaque_ref) {
		decoder->refused = true;
		return AVERROR(ENOMEM);
	}
	return avcodec_default_get_buffer2(codec, frame, flags);
}

static enum AVCodecID id_of(enum tess_codec codec)
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

int tess_decode_soft_open(struct tess_decode_soft **decoderp, enum tess_codec codec)
{
	const AVCodec *found = avcodec_find_decoder(id_of(codec));
	if (!found)
		return -ENOTSUP;
	struct tess_decode_soft *decoder = calloc(1, sizeof(*decoder));
	if (!decoder)
		return -ENOMEM;
	decoder->packet = av_packet_alloc();
	decoder->received = av_frame_alloc();
	decoder->codec = avcodec_alloc_context3(found);
	decoder->budget = tess_decode_budget_new(TESS_DECODE_SOFT_BYTES);
	if (!decoder->packet || !decoder->received || !decoder->codec || !decoder->budget)
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
	if (avcodec_open2(context, found, NULL) < 0)
		goto no_memory;
	*decoderp = decoder;
	return 0;
no_memory:
	tess_decode_soft_close(decoder);
	return -ENOMEM;
}

static void on_rows(AVCodecContext *codec, const AVFrame *frame, int offset[AV_NUM_DATA_POINTERS],
		    int row, int structure, int rows)
{
	struct tess_decode_soft *decoder = codec->opaque;
	(void)offset;
	(void)structure;
	decoder->rows(decoder->rows_arg, frame, row, rows);
}

void tess_decode_soft_watch(struct tess_decode_soft *decoder, tess_decode_soft_rows *rows,
			    void *arg)
{
	decoder->rows = rows;
	decoder->rows_arg = arg;
	decoder->codec->draw_horiz_band = on_rows;
}

void tess_decode_soft_close(struct tess_decode_soft *decoder)
{
	if (!decoder)
		return;
	avcodec_free_context(&decoder->codec);
	av_packet_free(&decoder->packet);
	av_frame_free(&decoder->received);
	av_buffer_unref(&decoder->input);
	tess_frame_pool_close(&decoder->converted);
	tess_decode_budget_release(decoder->budget);
	free(decoder);
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
static int convert(struct tess_decode_soft *decoder, AVFrame *frame, int width, int height)
{
	AVFrame *i420 = av_frame_alloc();
	if (!i420)
		return -ENOMEM;
	int err = tess_frame_pool_get(&decoder->converted, i420, width, height);
	if (!err)
		err = convert_planes(frame, i420, width, height);
	if (!err) {
		av_frame_unref(frame);
		av_frame_move_ref(frame, i420);
	}
	av_frame_free(&i420);
	return err;
}

/* make the decoded frame what the header says. @retval 0, -EBADMSG, -ENOTSUP, -ENOMEM */
static int finish(struct tess_decode_soft *decoder, AVFrame *frame, int64_t capture_us)
{
	int width = frame->width & ~1, height = frame->height & ~1;
	if (width < 2 || height < 2)
		return -EBADMSG;
	bool full_range =
		frame->color_range == AVCOL_RANGE_JPEG || frame->format == AV_PIX_FMT_YUVJ420P ||
		frame->format == AV_PIX_FMT_YUVJ422P || frame->format == AV_PIX_FMT_YUVJ444P;
	AVRational sar = frame->sample_aspect_ratio;
	int64_t pts = frame->pts == AV_NOPTS_VALUE ? capture_us : frame->pts;
	if (frame->format != AV_PIX_FMT_YUV420P && frame->format != AV_PIX_FMT_YUVJ420P) {
		int err = convert(decoder, frame, width, height);
		if (err)
			return err;
	}
	if (sar.num <= 0 || sar.den <= 0 || sar.num > UINT16_MAX || sar.den > UINT16_MAX)
		sar = (AVRational){1, 1};
	frame->format = AV_PIX_FMT_YUV420P;
	frame->width = width;
	frame->height = height;
	frame->sample_aspect_ratio = sar;
	frame->color_range = full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
	frame->pts = pts;
	return 0;
}

/* take what the decoder has ready; of several pictures the last. @return how many, or -EBADMSG,
 * -ENOTSUP, -ENOMEM */
static int receive(struct tess_decode_soft *decoder, int64_t capture_us, AVFrame *frame)
{
	for (int count = 0;; count++) {
		AVFrame *received = decoder->received;
		int err = avcodec_receive_frame(decoder->codec, received);
		if (!err)
			err = finish(decoder, received, capture_us);
		if (err) {
			av_frame_unref(received);
			if (err == AVERROR(EAGAIN))
				return count;
			return err == -ENOTSUP || err == -ENOMEM ? err : -EBADMSG;
		}
		av_frame_unref(frame);
		av_frame_move_ref(frame, received);
	}
}

/* @return how many pictures, or -EBADMSG, -ENOTSUP, -ENOMEM */
static int decode(struct tess_decode_soft *decoder, const uint8_t *data, size_t length,
		  int64_t capture_us, AVFrame *frame)
{
	if (length == 0 || length >= INT_MAX / 2)
		return -EBADMSG; /* nothing, which libavcodec would take for the end of the stream
				  */
	int err = tess_decode_input(decoder->packet, &decoder->input, data, length);
	if (err)
		return err;
	decoder->packet->pts = capture_us;
	decoder->refused = false;
	int sent = avcodec_send_packet(decoder->codec, decoder->packet);
	av_packet_unref(decoder->packet);
	int count = receive(decoder, capture_us, frame);
	if (decoder->refused) {
		/* give up the references that it holds: the next key frame gets a new chance */
		avcodec_flush_buffers(decoder->codec);
		return -ENOTSUP;
	}
	if (count >= 0 && sent < 0)
		return sent == AVERROR(ENOMEM) ? -ENOMEM : -EBADMSG;
	return count;
}

int tess_decode_soft_decode(struct tess_decode_soft *decoder, const uint8_t *data, size_t length,
			    int64_t capture_us, AVFrame *frame)
{
	int count = decode(decoder, data, length, capture_us, frame);
	if (count < 0)
		av_frame_unref(frame);
	return count;
}
