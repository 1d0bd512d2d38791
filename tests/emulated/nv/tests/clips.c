/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/tests/clips.c - see clips.h.
 */
#include "tests/emulated/nv/tests/clips.h"

#include "tests/emulated/nv/tests/device.h"

#include <stdio.h>
#include <string.h>

static enum AVPixelFormat choose(AVCodecContext *codec, const enum AVPixelFormat *formats)
{
	(void)codec;
	while (*formats != AV_PIX_FMT_NONE && *formats != AV_PIX_FMT_CUDA)
		formats++;
	return *formats;
}

uint8_t *clips_read(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size;

	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	assert_true(size > 0);
	rewind(file);
	data = calloc(1, (size_t)size + AV_INPUT_BUFFER_PADDING_SIZE);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, (size_t)size, file), size);
	fclose(file);
	*length = (size_t)size;
	return data;
}

static int show(AVCodecContext *codec, AVFrame *frame, clips_picture_fn *picture, void *user)
{
	int shown = 0, error;

	while (!(error = avcodec_receive_frame(codec, frame))) {
		picture(user, frame);
		av_frame_unref(frame);
		shown++;
	}
	assert_true(error == AVERROR(EAGAIN) || error == AVERROR_EOF);
	return shown;
}

int clips_decode(const uint8_t *data, size_t length, AVBufferRef *device, clips_picture_fn *picture,
		 void *user)
{
	AVCodecParserContext *parser = av_parser_init(AV_CODEC_ID_H264);
	AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_decoder_by_name("h264"));
	AVPacket *packet = av_packet_alloc();
	AVFrame *frame = av_frame_alloc();
	int shown = 0, end = 0;

	assert_true(parser && codec && packet && frame);
	codec->thread_count = 1;
	codec->extra_hw_frames = 4;
	if (device) {
		codec->hw_device_ctx = av_buffer_ref(device);
		codec->get_format = choose;
	}
	assert_int_equal(avcodec_open2(codec, codec->codec, NULL), 0);
	while (!end) {
		end = !length;
		int used = av_parser_parse2(parser, codec, &packet->data, &packet->size, data,
					    (int)length, AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);

		data += used;
		length -= (size_t)used;
		if (!packet->size)
			continue;
		assert_int_equal(avcodec_send_packet(codec, packet), 0);
		shown += show(codec, frame, picture, user);
	}
	assert_int_equal(avcodec_send_packet(codec, NULL), 0);
	shown += show(codec, frame, picture, user);
	av_frame_free(&frame);
	av_packet_free(&packet);
	avcodec_free_context(&codec);
	av_parser_close(parser);
	return shown;
}

uint8_t *clips_i420(const AVFrame *frame, size_t *length)
{
	size_t width = (size_t)frame->width, height = (size_t)frame->height;
	uint8_t *out = malloc(width * height * 3 / 2), *to = out;
	/* NV12 has both components in its second plane. */
	int step = frame->format == AV_PIX_FMT_NV12 ? 2 : 1;

	assert_non_null(out);
	for (size_t y = 0; y < height; y++, to += width)
		memcpy(to, frame->data[0] + y * (size_t)frame->linesize[0], width);
	for (int c = 1; c <= 2; c++) {
		const uint8_t *from = step == 2 ? frame->data[1] + c - 1 : frame->data[c];
		size_t pitch = (size_t)(step == 2 ? frame->linesize[1] : frame->linesize[c]);

		for (size_t y = 0; y < height / 2; y++)
			for (size_t x = 0; x < width / 2; x++)
				*to++ = from[y * pitch + x * (size_t)step];
	}
	*length = width * height * 3 / 2;
	return out;
}
