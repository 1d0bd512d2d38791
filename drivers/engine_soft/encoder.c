/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/encoder.c - canvases to H.264, by x264 through libavcodec.
 *
 * Each picture comes out of the call that it went into: no B-frames, no lookahead, and with several
 * threads slices of one picture, not pictures, run side by side.
 */
#include "drivers/engine_soft/soft.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <stdlib.h>

/* one thread keeps up with 30 of these a second; rooms side by side use the other cores */
#define ONE_THREAD_PIXELS (1920 * 1088)

struct tess_encoder {
	struct soft_engine *engine;
	AVCodecContext *codec;
	AVFrame *frame;	  /* a second reference to the picture, with this encoder's pts */
	AVPacket *packet; /* the last one handed out */
};

static void set_bitrate(AVCodecContext *codec, uint32_t bitrate_bps)
{
	codec->bit_rate = bitrate_bps;
	codec->rc_max_rate = bitrate_bps;
	codec->rc_buffer_size = bitrate_bps > INT32_MAX ? INT32_MAX : (int)bitrate_bps; /* 1 s */
}

static bool config_valid(const struct tess_encoder_config *config)
{
	return config->width >= 2 && config->height >= 2 &&
	       !((config->width | config->height) & 1) &&
	       config->width <= TESS_ENGINE_SOFT_MAX_SIDE &&
	       config->height <= TESS_ENGINE_SOFT_MAX_SIDE && config->frame_rate > 0 &&
	       config->gop_frames > 0 && config->bitrate_bps >= 1000;
}

static int configure(AVCodecContext *codec, const struct tess_encoder_config *config)
{
	codec->log_level_offset = AV_LOG_MAX_OFFSET; /* nothing of it */
	codec->width = config->width;
	codec->height = config->height;
	codec->pix_fmt = AV_PIX_FMT_YUV420P;
	codec->time_base = (AVRational){1, 1000000};
	codec->framerate = (AVRational){config->frame_rate, 1};
	codec->gop_size = config->gop_frames;
	codec->sample_aspect_ratio = (AVRational){1, 1};
	/* the rule is in engine_soft.h */
	codec->color_range = AVCOL_RANGE_MPEG;
	codec->colorspace = AVCOL_SPC_SMPTE170M;
	codec->color_primaries = AVCOL_PRI_SMPTE170M;
	codec->color_trc = AVCOL_TRC_BT709;
	codec->thread_count = config->threads;
	if (!config->threads)
		codec->thread_count = config->width * config->height > ONE_THREAD_PIXELS ? 2 : 1;
	codec->thread_type = FF_THREAD_SLICE;
	set_bitrate(codec, config->bitrate_bps);
	static const char *const options[][2] = {
		{"preset", "superfast"},
		/* no B-frames, rc-lookahead=0, sync-lookahead=0, no mb-tree, sliced threads, and
		 * rate control by frame rate instead of time stamps */
		{"tune", "zerolatency"},
		{"profile", "high"},
		{"forced-idr", "1"},
		{"sc_threshold", "0"},
	};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (av_opt_set(codec->priv_data, options[i][0], options[i][1], 0) < 0)
			return -EINVAL;
	return 0;
}

int soft_encoder_open(struct tess_encoder **encoderp, struct tess_engine *engine,
		      const struct tess_encoder_config *config)
{
	if (!config_valid(config))
		return -EINVAL;
	const AVCodec *x264 = avcodec_find_encoder_by_name("libx264");
	if (!x264)
		return -ENODEV;
	int err = -ENOMEM;
	struct tess_encoder *encoder = calloc(1, sizeof(*encoder));
	if (!encoder)
		return -ENOMEM;
	encoder->engine = (struct soft_engine *)engine;
	encoder->codec = avcodec_alloc_context3(x264);
	encoder->frame = av_frame_alloc();
	encoder->packet = av_packet_alloc();
	if (!encoder->codec || !encoder->frame || !encoder->packet)
		goto fail;
	err = configure(encoder->codec, config);
	if (err)
		goto fail;
	err = avcodec_open2(encoder->codec, x264, NULL);
	if (err) {
		err = err == AVERROR(ENOMEM) ? -ENOMEM : -EINVAL;
		goto fail;
	}
	*encoderp = encoder;
	return 0;
fail:
	soft_encoder_close(encoder);
	return err;
}

void soft_encoder_close(struct tess_encoder *encoder)
{
	if (!encoder)
		return;
	avcodec_free_context(&encoder->codec);
	av_frame_free(&encoder->frame);
	av_packet_free(&encoder->packet);
	free(encoder);
}

static int negative_errno(int averror)
{
	return averror == AVERROR(ENOMEM) ? -ENOMEM : -EINVAL;
}

int soft_encoder_encode(struct tess_encoder *encoder, struct tess_surface *handle, int64_t pts_us,
			bool force_key, struct tess_encoded *encoded)
{
	AVCodecContext *codec = encoder->codec;
	struct soft_surface *surface = soft_surface_of(encoder->engine, handle);
	*encoded = (struct tess_encoded){0};
	if (!surface || handle->width != codec->width || handle->height != codec->height)
		return -EINVAL;

	AVFrame *frame = encoder->frame;
	int err = av_frame_ref(frame, surface->pooled.frame);
	if (err)
		return negative_errno(err);
	frame->pts = pts_us;
	frame->pict_type = force_key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	err = avcodec_send_frame(codec, frame);
	av_frame_unref(frame);
	if (err)
		return negative_errno(err);

	AVPacket *packet = encoder->packet;
	av_packet_unref(packet);
	err = avcodec_receive_packet(codec, packet);
	if (err == AVERROR(EAGAIN))
		return 0;
	if (err)
		return negative_errno(err);
	*encoded = (struct tess_encoded){
		.data = packet->data,
		.length = (size_t)packet->size,
		.pts_us = packet->pts,
		.dts_us = packet->dts,
		.key = packet->flags & AV_PKT_FLAG_KEY,
	};
	soft_count(&encoder->engine->encoded, 1);
	return 0;
}

/* libavcodec's wrapper compares these with x264's before each picture and reconfigures it */
int soft_encoder_set_bitrate(struct tess_encoder *encoder, uint32_t bitrate_bps)
{
	if (bitrate_bps < 1000)
		return -EINVAL;
	set_bitrate(encoder->codec, bitrate_bps);
	return 0;
}
