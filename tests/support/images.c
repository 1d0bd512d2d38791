/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/images.c - still pictures as files have them.
 */
#include "tests/support/images.h"

#include <libavcodec/avcodec.h>
#include <stdlib.h>
#include <string.h>

struct format {
	const char *name;
	enum AVCodecID codec;
	enum AVPixelFormat pixels;
};

static const struct format formats[] = {
	{"png", AV_CODEC_ID_PNG, AV_PIX_FMT_RGBA},
	{"jpeg", AV_CODEC_ID_MJPEG, AV_PIX_FMT_YUVJ444P},
	{"bmp", AV_CODEC_ID_BMP, AV_PIX_FMT_BGR24},
};

static void check(int good)
{
	if (!good)
		abort();
}

static uint8_t clip(double value)
{
	return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)(value + 0.5);
}

/* JFIF 1.02's equations. */
static void put_yuv(AVFrame *frame, unsigned x, unsigned y, const uint8_t *rgba)
{
	double r = rgba[0], g = rgba[1], b = rgba[2];
	const double values[] = {0.299 * r + 0.587 * g + 0.114 * b,
				 -0.168736 * r - 0.331264 * g + 0.5 * b + 128,
				 0.5 * r - 0.418688 * g - 0.081312 * b + 128};

	for (int plane = 0; plane < 3; plane++)
		frame->data[plane][(int)y * frame->linesize[plane] + (int)x] = clip(values[plane]);
}

static void put(AVFrame *frame, unsigned x, unsigned y, const uint8_t *rgba)
{
	uint8_t *row = frame->data[0] + (int)y * frame->linesize[0];

	if (frame->format == AV_PIX_FMT_RGBA)
		memcpy(row + (size_t)x * 4, rgba, 4);
	else if (frame->format == AV_PIX_FMT_YUVJ444P)
		put_yuv(frame, x, y, rgba);
	else
		for (size_t i = 0; i < 3; i++)
			row[(size_t)x * 3 + i] = rgba[2 - i];
}

static AVFrame *painted(const struct format *format, unsigned width, unsigned height,
			tess_test_paint *paint)
{
	AVFrame *frame = av_frame_alloc();

	check(frame != NULL);
	frame->format = format->pixels;
	frame->width = (int)width;
	frame->height = (int)height;
	check(av_frame_get_buffer(frame, 0) == 0);
	for (unsigned y = 0; y < height; y++) {
		for (unsigned x = 0; x < width; x++) {
			uint8_t rgba[4] = {0};

			paint(rgba, x, y);
			put(frame, x, y, rgba);
		}
	}
	return frame;
}

static AVCodecContext *open_encoder(const struct format *format, unsigned width, unsigned height)
{
	const AVCodec *codec = avcodec_find_encoder(format->codec);
	AVCodecContext *context = avcodec_alloc_context3(codec);

	check(codec && context);
	context->width = (int)width;
	context->height = (int)height;
	context->pix_fmt = format->pixels;
	context->time_base = (AVRational){1, 1};
	context->flags |= AV_CODEC_FLAG_QSCALE;
	context->global_quality = FF_QP2LAMBDA;
	context->qmin = 1;
	check(avcodec_open2(context, codec, NULL) == 0);
	return context;
}

size_t tess_test_image(uint8_t **data, const char *format_name, unsigned width, unsigned height,
		       tess_test_paint *paint)
{
	const struct format *format = formats;
	AVPacket *packet = av_packet_alloc();
	AVCodecContext *context;
	AVFrame *frame;
	size_t length;

	while (strcmp(format->name, format_name) != 0)
		check(++format < formats + sizeof(formats) / sizeof(formats[0]));
	context = open_encoder(format, width, height);
	frame = painted(format, width, height, paint);
	frame->quality = FF_QP2LAMBDA;
	check(avcodec_send_frame(context, frame) == 0);
	check(avcodec_send_frame(context, NULL) == 0);
	check(avcodec_receive_packet(context, packet) == 0);
	length = (size_t)packet->size;
	*data = malloc(length);
	check(*data != NULL);
	memcpy(*data, packet->data, length);
	av_frame_free(&frame);
	avcodec_free_context(&context);
	av_packet_free(&packet);
	return length;
}
