/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/cover_soft/cover_soft.c - see cover_soft.h.
 */
#include "drivers/cover_soft/cover_soft.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libyuv.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/decode_soft/decode_soft.h"

/* of 2 (best) to 31 */
#define QUALITY 5
/* max_num_reorder_frames at most (ITU-T H.264 §E.2.1) */
#define MAX_REORDER 16

static int decode(AVFrame *frame, const uint8_t *au, size_t length)
{
	struct tess_decode_soft *decoder;
	int rc = tess_decode_soft_open(&decoder, TESS_CODEC_H264);
	unsigned times = 0;

	if (rc)
		return rc;
	/* Of a stream with B pictures the decoder holds the first ones back, to put them into
	 * order: the same key frame again pushes it out. */
	do
		rc = tess_decode_soft_decode(decoder, au, length, 0, frame);
	while (!rc && ++times <= MAX_REORDER);
	tess_decode_soft_close(decoder);
	return rc < 0 ? rc : rc ? 0 : -EBADMSG;
}

/* Of the picture as it is seen, its longer side TESS_COVER_SIDE, both sides even. */
static void size_of(const AVFrame *frame, int *width, int *height)
{
	int64_t wide = (int64_t)frame->width, high = (int64_t)frame->height, longer;

	if (frame->sample_aspect_ratio.num > 0 && frame->sample_aspect_ratio.den > 0)
		wide = wide * frame->sample_aspect_ratio.num / frame->sample_aspect_ratio.den;
	longer = wide > high ? wide : high;
	if (longer > TESS_COVER_SIDE) {
		wide = wide * TESS_COVER_SIDE / longer;
		high = high * TESS_COVER_SIDE / longer;
	}
	*width = wide < 2 ? 2 : (int)(wide & ~1);
	*height = high < 2 ? 2 : (int)(high & ~1);
}

static int alloc_frame(AVFrame **framep, enum AVPixelFormat format, int width, int height)
{
	AVFrame *frame = av_frame_alloc();

	if (frame) {
		frame->format = format;
		frame->width = width;
		frame->height = height;
		frame->color_range = AVCOL_RANGE_JPEG;
	}
	if (!frame || av_frame_get_buffer(frame, 0)) {
		av_frame_free(&frame);
		return -ENOMEM;
	}
	*framep = frame;
	return 0;
}

/* To full range by way of RGB, which libyuv has both ways for. */
static int to_full_range(AVFrame *to, const AVFrame *from, int full)
{
	size_t stride = (size_t)to->width * 4;
	uint8_t *argb = malloc(stride * (size_t)to->height);
	int (*const convert)(const uint8_t *, int, const uint8_t *, int, const uint8_t *, int,
			     uint8_t *, int, int, int) = full ? J420ToARGB : I420ToARGB;

	if (!argb)
		return -ENOMEM;
	(void)convert(from->data[0], from->linesize[0], from->data[1], from->linesize[1],
		      from->data[2], from->linesize[2], argb, (int)stride, to->width, to->height);
	(void)ARGBToJ420(argb, (int)stride, to->data[0], to->linesize[0], to->data[1],
			 to->linesize[1], to->data[2], to->linesize[2], to->width, to->height);
	free(argb);
	return 0;
}

static int scale(AVFrame **smallp, const AVFrame *frame)
{
	AVFrame *scaled = NULL, *small = NULL;
	int width, height, rc;

	size_of(frame, &width, &height);
	rc = alloc_frame(&scaled, AV_PIX_FMT_YUV420P, width, height);
	if (!rc)
		rc = alloc_frame(&small, AV_PIX_FMT_YUVJ420P, width, height);
	if (!rc &&
	    I420Scale(frame->data[0], frame->linesize[0], frame->data[1], frame->linesize[1],
		      frame->data[2], frame->linesize[2], frame->width, frame->height,
		      scaled->data[0], scaled->linesize[0], scaled->data[1], scaled->linesize[1],
		      scaled->data[2], scaled->linesize[2], width, height, kFilterBox))
		rc = -EBADMSG;
	if (!rc)
		rc = to_full_range(small, scaled, frame->color_range == AVCOL_RANGE_JPEG);
	av_frame_free(&scaled);
	if (rc)
		av_frame_free(&small);
	*smallp = small;
	return rc;
}

static int open_encoder(AVCodecContext **contextp, const AVFrame *picture)
{
	const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
	AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;

	if (!context)
		return codec ? -ENOMEM : -ENOTSUP;
	context->width = picture->width;
	context->height = picture->height;
	context->pix_fmt = AV_PIX_FMT_YUVJ420P;
	context->color_range = AVCOL_RANGE_JPEG;
	context->time_base = (AVRational){1, 1};
	context->thread_count = 1;
	context->flags |= AV_CODEC_FLAG_QSCALE;
	context->global_quality = FF_QP2LAMBDA * QUALITY;
	if (avcodec_open2(context, codec, NULL)) {
		avcodec_free_context(&context);
		return -ENOTSUP;
	}
	*contextp = context;
	return 0;
}

static int encode(uint8_t **jpeg, size_t *size, AVFrame *picture)
{
	AVPacket *packet = av_packet_alloc();
	AVCodecContext *context = NULL;
	int rc = packet ? open_encoder(&context, picture) : -ENOMEM;

	picture->quality = FF_QP2LAMBDA * QUALITY;
	if (!rc &&
	    (avcodec_send_frame(context, picture) || avcodec_receive_packet(context, packet)))
		rc = -ENOMEM;
	if (!rc) {
		*size = (size_t)packet->size;
		*jpeg = malloc(*size);
		rc = *jpeg ? 0 : -ENOMEM;
	}
	if (!rc)
		memcpy(*jpeg, packet->data, *size);
	avcodec_free_context(&context);
	av_packet_free(&packet);
	return rc;
}

int tess_cover_make(uint8_t **jpeg, size_t *size, const uint8_t *au, size_t length)
{
	AVFrame *frame = av_frame_alloc(), *small = NULL;
	int rc = frame ? decode(frame, au, length) : -ENOMEM;

	if (!rc)
		rc = scale(&small, frame);
	if (!rc)
		rc = encode(jpeg, size, small);
	av_frame_free(&frame);
	av_frame_free(&small);
	return rc;
}
