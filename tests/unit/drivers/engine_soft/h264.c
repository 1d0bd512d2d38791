/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_soft/h264.c - test pictures and streams.
 */
#include "h264.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 16

uint8_t pattern_luma(unsigned number, int x, int y, int width, int height)
{
	int at = (int)(number * 8) % (width > BLOCK ? width - BLOCK : 1);
	int row = height / 3;
	if (x >= at && x < at + BLOCK && y >= row && y < row + BLOCK)
		return 230;
	return (uint8_t)(40 + 80 * x / width + 60 * y / height);
}

static void put(AVFrame *frame, int plane, int x, int y, int depth, uint8_t value)
{
	uint8_t *row = frame->data[plane] + (ptrdiff_t)y * frame->linesize[plane];
	if (depth > 8)
		((uint16_t *)row)[x] = (uint16_t)(value << (depth - 8));
	else
		row[x] = value;
}

void pattern_draw(AVFrame *frame, unsigned number)
{
	const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);
	int depth = desc->comp[0].depth;
	for (int y = 0; y < frame->height; y++)
		for (int x = 0; x < frame->width; x++)
			put(frame, 0, x, y, depth,
			    pattern_luma(number, x, y, frame->width, frame->height));
	if (desc->nb_components < 3)
		return;
	int width = -(-frame->width >> desc->log2_chroma_w);
	int height = -(-frame->height >> desc->log2_chroma_h);
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			put(frame, 1, x, y, depth, (uint8_t)(90 + 60 * x / width));
			put(frame, 2, x, y, depth, (uint8_t)(160 - 60 * y / height));
		}
}

static void collect(struct h264_stream *stream, AVCodecContext *codec, AVPacket *packet)
{
	while (avcodec_receive_packet(codec, packet) == 0) {
		assert_true(stream->count < 256);
		struct h264_unit *unit = &stream->units[stream->count++];
		unit->data = malloc((size_t)packet->size);
		assert_non_null(unit->data);
		memcpy(unit->data, packet->data, (size_t)packet->size);
		unit->length = (size_t)packet->size;
		unit->pts = packet->pts;
		unit->key = packet->flags & AV_PKT_FLAG_KEY;
		av_packet_unref(packet);
	}
}

void video_encode(struct h264_stream *stream, const char *encoder, int format, int width,
		  int height, unsigned pictures, const char *options)
{
	AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_encoder_by_name(encoder));
	AVFrame *frame = av_frame_alloc();
	AVPacket *packet = av_packet_alloc();
	stream->count = 0;
	codec->width = frame->width = width;
	codec->height = frame->height = height;
	codec->pix_fmt = frame->format = format;
	codec->time_base = (AVRational){1, 15};
	codec->thread_count = 1;
	codec->log_level_offset = AV_LOG_MAX_OFFSET;
	assert_int_equal(av_opt_set(codec->priv_data, "crf", "12", 0), 0);
	assert_true(av_set_options_string(codec, options, "=", ":") >= 0);
	assert_int_equal(avcodec_open2(codec, NULL, NULL), 0);
	assert_int_equal(av_frame_get_buffer(frame, 0), 0);
	for (unsigned i = 0; i < pictures; i++) {
		assert_int_equal(av_frame_make_writable(frame), 0);
		pattern_draw(frame, i);
		frame->pts = i;
		assert_int_equal(avcodec_send_frame(codec, frame), 0);
		collect(stream, codec, packet);
	}
	assert_int_equal(avcodec_send_frame(codec, NULL), 0);
	collect(stream, codec, packet);
	assert_int_equal(stream->count, pictures);
	av_frame_free(&frame);
	av_packet_free(&packet);
	avcodec_free_context(&codec);
}

void h264_encode(struct h264_stream *stream, int format, int width, int height, unsigned pictures,
		 const char *options)
{
	char all[256];
	int length = snprintf(all, sizeof(all), "preset=veryfast:%s", options);
	assert_in_range(length, 0, sizeof(all) - 1);
	video_encode(stream, "libx264", format, width, height, pictures, all);
}

void h264_free(struct h264_stream *stream)
{
	for (unsigned i = 0; i < stream->count; i++)
		free(stream->units[i].data);
	stream->count = 0;
}

struct tess_surface *surface_solid(struct tess_engine *engine, int width, int height, uint8_t y,
				   uint8_t u, uint8_t v)
{
	struct soft_surface *surface = soft_surface_new((struct soft_engine *)engine);
	struct tess_frame_pool pool = {0};
	assert_non_null(surface);
	assert_int_equal(tess_frame_pool_get(&pool, surface->pooled.frame, width, height), 0);
	tess_frame_pool_close(&pool);
	AVFrame *frame = surface->pooled.frame;
	memset(frame->data[0], y, (size_t)frame->linesize[0] * height);
	memset(frame->data[1], u, (size_t)frame->linesize[1] * height / 2);
	memset(frame->data[2], v, (size_t)frame->linesize[2] * height / 2);
	surface->pooled.base.width = (uint16_t)width;
	surface->pooled.base.height = (uint16_t)height;
	surface->pooled.base.capture_us = 0;
	return &surface->pooled.base;
}

uint8_t *surface_i420(struct tess_engine *engine, struct tess_surface *surface)
{
	uint8_t *i420 = malloc((size_t)surface->width * surface->height * 3 / 2);
	assert_non_null(i420);
	assert_int_equal(tess_engine_soft.download(engine, surface, i420), 0);
	return i420;
}

double psnr(const uint8_t *a, const uint8_t *b, size_t count)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += pow((double)a[i] - b[i], 2);
	return sum > 0 ? 10 * log10(255.0 * 255 * (double)count / sum) : 99;
}
