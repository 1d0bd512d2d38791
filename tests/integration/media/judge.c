/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/integration/media/judge.c - looks at and listens to a stream's access units.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>

#include "hal/engine.h"
#include "tests/integration/media/judge.h"

struct judge {
	struct judge_handlers handlers;
	AVCodecContext *video, *audio;
	AVPacket *packet;
	AVFrame *frame;
	int64_t last_us[3]; /* by track */
	bool seen[3];
	uint64_t digest;
};

static AVCodecContext *open_decoder(enum AVCodecID id, const uint8_t *extra, size_t extra_length)
{
	const AVCodec *codec = avcodec_find_decoder(id);
	AVCodecContext *context = avcodec_alloc_context3(codec);

	assert_non_null(context);
	context->thread_count = 1;
	context->flags |= AV_CODEC_FLAG_LOW_DELAY;
	context->err_recognition = AV_EF_EXPLODE;
	if (extra_length) {
		context->extradata = av_mallocz(extra_length + AV_INPUT_BUFFER_PADDING_SIZE);
		assert_non_null(context->extradata);
		memcpy(context->extradata, extra, extra_length);
		context->extradata_size = (int)extra_length;
	}
	assert_int_equal(avcodec_open2(context, codec, NULL), 0);
	return context;
}

struct judge *judge_open(const struct judge_handlers *handlers)
{
	struct judge *judge = calloc(1, sizeof(*judge));

	assert_non_null(judge);
	judge->handlers = *handlers;
	judge->packet = av_packet_alloc();
	judge->frame = av_frame_alloc();
	judge->digest = UINT64_C(14695981039346656037);
	return judge;
}

void judge_close(struct judge *judge)
{
	avcodec_free_context(&judge->video);
	avcodec_free_context(&judge->audio);
	av_packet_free(&judge->packet);
	av_frame_free(&judge->frame);
	free(judge);
}

uint64_t judge_digest(const struct judge *judge)
{
	return judge->digest;
}

static void digest(struct judge *judge, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < length; i++)
		judge->digest = (judge->digest ^ bytes[i]) * UINT64_C(1099511628211);
}

/* Length prefixes to start codes. */
static void make_packet(struct judge *judge, const struct tess_au *au)
{
	size_t at = 0;

	av_packet_unref(judge->packet);
	assert_int_equal(av_new_packet(judge->packet, (int)au->length), 0);
	memcpy(judge->packet->data, au->data, au->length);
	judge->packet->pts = au->pts_us;
	if (au->track != TESS_TRACK_VIDEO)
		return;
	while (at < au->length) {
		uint8_t *nal = judge->packet->data + at;
		size_t length;

		assert_true(at + 5 <= au->length);
		length = (size_t)nal[0] << 24 | (size_t)nal[1] << 16 | (size_t)nal[2] << 8 | nal[3];
		memcpy(nal, "\0\0\0\1", 4);
		at += 4 + length;
	}
	assert_int_equal(at, au->length);
}

static void see(struct judge *judge)
{
	const AVFrame *frame = judge->frame;
	const struct tess_test_i420 picture = {
		.planes = {frame->data[0], frame->data[1], frame->data[2]},
		.strides = {(size_t)frame->linesize[0], (size_t)frame->linesize[1],
			    (size_t)frame->linesize[2]},
		.width = (unsigned)frame->width,
		.height = (unsigned)frame->height,
	};

	assert_true(frame->format == AV_PIX_FMT_YUV420P);
	judge->handlers.picture(judge->handlers.arg, frame->pts, &picture);
}

static void hear(struct judge *judge)
{
	const AVFrame *frame = judge->frame;
	const float *left = (const float *)frame->data[0];

	assert_true(frame->format == AV_SAMPLE_FMT_FLTP);
	judge->handlers.sound(judge->handlers.arg, frame->pts, left,
			      frame->ch_layout.nb_channels > 1 ? (const float *)frame->data[1]
							       : left,
			      (unsigned)frame->nb_samples);
}

static void check_times(struct judge *judge, const struct tess_au *au)
{
	assert_true(au->track == TESS_TRACK_VIDEO || au->track == TESS_TRACK_AUDIO);
	assert_int_equal(au->pts_us, au->dts_us);
	if (judge->seen[au->track])
		assert_true(au->dts_us > judge->last_us[au->track]);
	else
		assert_true(au->key);
	judge->seen[au->track] = true;
	judge->last_us[au->track] = au->dts_us;
}

void judge_au(struct judge *judge, const struct tess_stream_info *info, const struct tess_au *au)
{
	bool video = au->track == TESS_TRACK_VIDEO;
	AVCodecContext **decoder = video ? &judge->video : &judge->audio;

	check_times(judge, au);
	digest(judge, au->data, au->length);
	digest(judge, &au->pts_us, sizeof(au->pts_us));
	digest(judge, &au->key, sizeof(au->key));
	if (video ? !judge->handlers.picture : !judge->handlers.sound)
		return;
	if (!*decoder && !video && info->audio_codec == TESS_CODEC_MP3)
		*decoder = open_decoder(AV_CODEC_ID_MP3, NULL, 0);
	else if (!*decoder)
		*decoder = video ? open_decoder(AV_CODEC_ID_H264, NULL, 0)
				 : open_decoder(AV_CODEC_ID_AAC, info->audio_config,
						info->audio_config_length);
	make_packet(judge, au);
	assert_int_equal(avcodec_send_packet(*decoder, judge->packet), 0);
	/* low delay: one in, one out */
	assert_int_equal(avcodec_receive_frame(*decoder, judge->frame), 0);
	assert_int_equal(judge->frame->pts, au->pts_us);
	if (video)
		see(judge);
	else
		hear(judge);
	av_frame_unref(judge->frame);
}
