/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/encoder.c - canvases to H.264, by the device through libavcodec.
 *
 * libavcodec's encoder is not fit to go on after an error, nor to change its bit rate: it is opened
 * anew, and begins with a key frame.
 */
#include "drivers/engine_vaapi/vaapi.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <stdlib.h>

struct tess_encoder {
	struct vaapi_engine *engine;
	struct tess_encoder_config config;
	AVCodecContext *codec; /* NULL: to be opened */
	AVFrame *frame;	       /* a second reference to the picture, with this encoder's pts */
	AVPacket *packet;      /* the last one handed out */
};

static bool config_valid(const struct vaapi_engine *engine,
			 const struct tess_encoder_config *config)
{
	return config->width >= 2 && config->height >= 2 &&
	       !((config->width | config->height) & 1) && config->width <= engine->max_side &&
	       config->height <= engine->max_side && config->frame_rate > 0 &&
	       config->gop_frames > 0 && config->bitrate_bps >= 1000 &&
	       config->bitrate_bps <= INT32_MAX;
}

/* @retval 0, -ENOMEM, -EINVAL */
static int configure(const struct tess_encoder *encoder, AVCodecContext *codec)
{
	const struct tess_encoder_config *config = &encoder->config;
	codec->width = config->width;
	codec->height = config->height;
	codec->pix_fmt = AV_PIX_FMT_VAAPI;
	codec->time_base = (AVRational){1, 1000000};
	codec->framerate = (AVRational){config->frame_rate, 1};
	codec->gop_size = config->gop_frames;
	codec->max_b_frames = 0;
	codec->sample_aspect_ratio = (AVRational){1, 1};
	/* the rule is in engine_soft.h */
	codec->color_range = AVCOL_RANGE_MPEG;
	codec->colorspace = AVCOL_SPC_SMPTE170M;
	codec->color_primaries = AVCOL_PRI_SMPTE170M;
	codec->color_trc = AVCOL_TRC_BT709;
	/* constant where the device has that, variable otherwise; a buffer of 1 s */
	codec->bit_rate = config->bitrate_bps;
	codec->rc_max_rate = config->bitrate_bps;
	codec->rc_buffer_size = (int)config->bitrate_bps;
	const struct {
		const char *name;
		int64_t value;
	} options[] = {
		{"async_depth", 1}, /* a picture comes out of the call that it went into */
		{"sei", 0},	    /* the one of libavcodec's and the driver's names among them */
		{"low_power", encoder->engine->low_power},
	};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (av_opt_set_int(codec->priv_data, options[i].name, options[i].value, 0) < 0)
			return -EINVAL;
	return 0;
}

/* @retval 0, -ENOMEM, -EINVAL */
static int open_codec(struct tess_encoder *encoder, struct vaapi_watch *watch)
{
	const AVCodec *h264 = avcodec_find_encoder_by_name("h264_vaapi");
	AVCodecContext *codec = encoder->codec = avcodec_alloc_context3(h264);
	if (!h264 || !codec)
		return -ENOMEM;
	/* says of which device and format the pictures are; they come from the pools of
	 * compositors */
	codec->hw_frames_ctx = vaapi_frames_new(watch, AV_PIX_FMT_NV12, encoder->config.width,
						encoder->config.height, 0);
	if (!codec->hw_frames_ctx)
		return -ENOMEM;
	int err = configure(encoder, codec);
	if (!err)
		err = avcodec_open2(codec, h264, NULL);
	if (!err)
		vaapi_count(&encoder->engine->allocations, 1);
	return err == AVERROR(ENOMEM) ? -ENOMEM : err ? -EINVAL : 0;
}

/* @retval 0, -ENOMEM, -EINVAL, -EIO, -EBUSY, -ENODEV */
static int reopen(struct tess_encoder *encoder)
{
	struct vaapi_watch watch;
	vaapi_watch_begin(&watch, encoder->engine);
	int err = open_codec(encoder, &watch);
	if (err || watch.failed)
		avcodec_free_context(&encoder->codec);
	int failed = vaapi_watch_end(&watch);
	if (failed && failed != -ENODEV && watch.status == VA_STATUS_ERROR_MAX_NUM_EXCEEDED)
		failed = -EBUSY;
	return failed ? failed : err;
}

int vaapi_encoder_open(struct tess_encoder **encoderp, struct tess_engine *base,
		       const struct tess_encoder_config *config)
{
	struct vaapi_engine *engine = (struct vaapi_engine *)base;
	if (vaapi_lost(engine))
		return -ENODEV;
	if (!config_valid(engine, config))
		return -EINVAL;
	int err = -ENOMEM;
	struct tess_encoder *encoder = calloc(1, sizeof(*encoder));
	if (!encoder)
		return -ENOMEM;
	encoder->engine = engine;
	encoder->config = *config;
	encoder->frame = av_frame_alloc();
	encoder->packet = av_packet_alloc();
	if (encoder->frame && encoder->packet)
		err = reopen(encoder);
	if (err) {
		vaapi_encoder_close(encoder);
		return err;
	}
	*encoderp = encoder;
	return 0;
}

static void close_codec(struct tess_encoder *encoder)
{
	struct vaapi_watch watch;
	vaapi_watch_begin(&watch, encoder->engine);
	avcodec_free_context(&encoder->codec);
	vaapi_watch_tell(&watch);
}

void vaapi_encoder_close(struct tess_encoder *encoder)
{
	if (!encoder)
		return;
	close_codec(encoder);
	av_frame_free(&encoder->frame);
	av_packet_free(&encoder->packet);
	free(encoder);
}

static int negative_errno(int averror)
{
	return averror == AVERROR(ENOMEM) ? -ENOMEM : -EINVAL;
}

/* @retval 0 also if nothing came out, -ENOMEM, -EINVAL */
static int encode(struct tess_encoder *encoder, const struct vaapi_surface *surface, int64_t pts_us,
		  bool force_key)
{
	AVFrame *frame = encoder->frame;
	int err = av_frame_ref(frame, surface->pooled.frame);
	if (err)
		return negative_errno(err);
	frame->pts = pts_us;
	frame->pict_type = force_key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	err = avcodec_send_frame(encoder->codec, frame);
	av_frame_unref(frame);
	if (err)
		return negative_errno(err);
	err = avcodec_receive_packet(encoder->codec, encoder->packet);
	return err && err != AVERROR(EAGAIN) ? negative_errno(err) : 0;
}

int vaapi_encoder_encode(struct tess_encoder *encoder, struct tess_surface *handle, int64_t pts_us,
			 bool force_key, struct tess_encoded *encoded)
{
	struct vaapi_engine *engine = encoder->engine;
	struct vaapi_surface *surface = vaapi_surface_of(engine, handle);
	*encoded = (struct tess_encoded){0};
	if (vaapi_lost(engine))
		return -ENODEV;
	/* the device reads a surface from its corner */
	if (!surface || surface->alpha || surface->x || surface->y ||
	    handle->width != encoder->config.width || handle->height != encoder->config.height)
		return -EINVAL;
	av_packet_unref(encoder->packet);
	int err = encoder->codec ? 0 : reopen(encoder);
	if (err)
		return err;
	struct vaapi_watch watch;
	vaapi_watch_begin(&watch, engine);
	err = encode(encoder, surface, pts_us, force_key);
	int failed = vaapi_watch_end(&watch);
	if (err || failed) {
		close_codec(encoder);
		av_packet_unref(encoder->packet);
		return failed ? failed : err;
	}
	const AVPacket *packet = encoder->packet;
	if (!packet->size)
		return 0;
	*encoded = (struct tess_encoded){
		.data = packet->data,
		.length = (size_t)packet->size,
		.pts_us = packet->pts,
		.dts_us = packet->dts,
		.key = packet->flags & AV_PKT_FLAG_KEY,
	};
	vaapi_count(&engine->encoded, 1);
	return 0;
}
