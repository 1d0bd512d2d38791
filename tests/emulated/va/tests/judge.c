/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/judge.c - decodes what an encoder wrote and compares it with its input.
 */
#include <libavcodec/avcodec.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/tests/coder.h"

static void compare(struct coder_judge *judge, const AVFrame *frame)
{
	uint8_t *wanted = rig_pattern(VA_FOURCC_NV12, (unsigned)frame->width,
				      (unsigned)frame->height, judge->pictures);
	for (int y = 0; y < frame->height; y++)
		for (int x = 0; x < frame->width; x++) {
			int error = frame->data[0][(ptrdiff_t)y * frame->linesize[0] + x] -
				    wanted[(ptrdiff_t)y * frame->width + x];
			judge->squares += error * error;
		}
	judge->samples += (double)frame->width * frame->height;
	judge->keys += frame->key_frame != 0;
	judge->pictures++;
	free(wanted);
}

static void drain(struct coder_judge *judge, AVCodecContext *codec, unsigned width, unsigned height)
{
	AVFrame *frame = av_frame_alloc();
	while (avcodec_receive_frame(codec, frame) == 0) {
		MUST(frame->width == (int)width && frame->height == (int)height);
		MUST(!frame->decode_error_flags && !(frame->flags & AV_FRAME_FLAG_CORRUPT));
		compare(judge, frame);
	}
	av_frame_free(&frame);
}

void coder_judge(struct coder_judge *judge, const uint8_t *stream, size_t length, unsigned width,
		 unsigned height)
{
	const AVCodec *h264 = avcodec_find_decoder(AV_CODEC_ID_H264);
	AVCodecContext *codec = avcodec_alloc_context3(h264);
	AVCodecParserContext *parser = av_parser_init(AV_CODEC_ID_H264);
	AVPacket *packet = av_packet_alloc();
	*judge = (struct coder_judge){0};
	MUST(codec && parser && packet);
	codec->thread_count = 1;
	codec->err_recognition = AV_EF_EXPLODE | AV_EF_BITSTREAM | AV_EF_CRCCHECK;
	MUST(avcodec_open2(codec, h264, NULL) == 0);
	uint8_t *padded = calloc(1, length + AV_INPUT_BUFFER_PADDING_SIZE);
	MUST(padded);
	memcpy(padded, stream, length);
	for (size_t at = 0;;) {
		bool flushing = at == length;
		int used =
			av_parser_parse2(parser, codec, &packet->data, &packet->size, padded + at,
					 (int)(length - at), AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
		MUST(used >= 0);
		at += (size_t)used;
		if (packet->size) {
			MUST(avcodec_send_packet(codec, packet) == 0);
			drain(judge, codec, width, height);
		} else if (flushing) {
			break;
		}
	}
	MUST(avcodec_send_packet(codec, NULL) == 0);
	drain(judge, codec, width, height);
	packet->data = NULL;
	packet->size = 0;
	av_packet_free(&packet);
	av_parser_close(parser);
	avcodec_free_context(&codec);
	free(padded);
}

double coder_psnr(const struct coder_judge *judge)
{
	return 10 * log10(255 * 255 * judge->samples / (judge->squares + 1e-9));
}
