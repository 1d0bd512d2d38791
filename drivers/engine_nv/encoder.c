/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/encoder.c - canvases to H.264, by NVENC through libavcodec.
 *
 * Each picture comes out of the call that it went into. NVENC registers the memory of each picture
 * it is given and keeps that until it is closed, so it is given pictures of one pool alone, which
 * the encoder uses: canvases of its size. Others are copied into one of these.
 * Key frames are counted here, since devices differ in whether a forced one begins the count anew.
 */
#include "drivers/engine_nv/nv.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <stdlib.h>

/* further apart than any key frames that are asked for */
#define NO_GOP (UINT16_MAX + 1)

struct tess_encoder {
	struct nv_engine *engine;
	struct tess_encoder_config config;
	struct nv_pool *pool;
	AVCodecContext *codec; /* NULL: begins anew, with the next picture */
	AVFrame *frame;	       /* a second reference to the picture, with this encoder's pts */
	AVPacket *packet;      /* the last one handed out */
	unsigned since_key;    /* pictures */
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
	       !((config->width | config->height) & 1) && config->width <= NV_MAX_SIDE &&
	       config->height <= NV_MAX_SIDE && config->frame_rate > 0 && config->gop_frames > 0 &&
	       config->bitrate_bps >= 1000;
}

static bool configure(struct tess_encoder *encoder)
{
	const struct tess_encoder_config *config = &encoder->config;
	AVCodecContext *codec = encoder->codec;
	codec->width = config->width;
	codec->height = config->height;
	codec->pix_fmt = AV_PIX_FMT_CUDA;
	codec->sw_pix_fmt = AV_PIX_FMT_NV12;
	codec->hw_frames_ctx = av_buffer_ref(encoder->pool->frames);
	codec->time_base = (AVRational){1, 1000000};
	codec->framerate = (AVRational){config->frame_rate, 1};
	codec->gop_size = NO_GOP;
	codec->max_b_frames = 0;
	codec->sample_aspect_ratio = (AVRational){1, 1};
	/* the rule is in engine_soft.h */
	codec->color_range = AVCOL_RANGE_MPEG;
	codec->colorspace = AVCOL_SPC_SMPTE170M;
	codec->color_primaries = AVCOL_PRI_SMPTE170M;
	codec->color_trc = AVCOL_TRC_BT709;
	set_bitrate(codec, config->bitrate_bps);
	static const char *const options[][2] = {
		/* decoding the tiles takes a device's time long before encoding their canvas does,
		 * so the best of the presets meant for real time */
		{"preset", "p4"},    {"tune", "ll"},	    {"rc", "cbr"},
		{"profile", "high"}, {"delay", "0"},	    {"zerolatency", "1"},
		{"forced-idr", "1"}, {"rc-lookahead", "0"}, {"no-scenecut", "1"},
	};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (av_opt_set(codec->priv_data, options[i][0], options[i][1], 0) < 0)
			return false;
	return codec->hw_frames_ctx != NULL;
}

/* @retval 0, -ENOMEM, -EINVAL the device does not take the configuration; or a failed call */
static int begin(struct tess_encoder *encoder)
{
	const AVCodec *nvenc = avcodec_find_encoder_by_name("h264_nvenc");
	if (!nvenc)
		return -EINVAL;
	encoder->codec = avcodec_alloc_context3(nvenc);
	if (!encoder->codec || !configure(encoder)) {
		avcodec_free_context(&encoder->codec);
		return -ENOMEM;
	}
	int err = avcodec_open2(encoder->codec, nvenc, NULL);
	if (err) {
		avcodec_free_context(&encoder->codec);
		return err == AVERROR(ENOMEM) ? -ENOMEM : -EINVAL;
	}
	encoder->since_key = encoder->config.gop_frames;
	return 0;
}

int nv_encoder_open(struct tess_encoder **encoderp, struct tess_engine *base,
		    const struct tess_encoder_config *config)
{
	struct nv_engine *engine = (struct nv_engine *)base;
	struct nv_watch watch;
	if (!config_valid(config))
		return -EINVAL;
	if (nv_lost(engine))
		return -ENODEV;
	struct tess_encoder *encoder = calloc(1, sizeof(*encoder));
	if (!encoder)
		return -ENOMEM;
	int err = -ENOMEM;
	encoder->engine = engine;
	encoder->config = *config;
	encoder->frame = av_frame_alloc();
	encoder->packet = av_packet_alloc();
	nv_watch_begin(&watch, engine);
	encoder->pool = nv_pool_take(engine, config->width, config->height);
	if (encoder->frame && encoder->packet && encoder->pool)
		err = begin(encoder);
	if (err && watch.no_session && watch.failed == 1) {
		nv_watch_forget(&watch); /* no fault of the device's */
		err = -EBUSY;
	} else {
		int failure = nv_watch_end(&watch);
		if (err && failure)
			err = failure;
	}
	if (err) {
		nv_encoder_close(encoder);
		return err;
	}
	*encoderp = encoder;
	return 0;
}

void nv_encoder_close(struct tess_encoder *encoder)
{
	struct nv_watch watch;
	if (!encoder)
		return;
	nv_watch_begin(&watch, encoder->engine);
	avcodec_free_context(&encoder->codec);
	nv_pool_release(encoder->engine, encoder->pool);
	nv_watch_tell(&watch);
	av_frame_free(&encoder->frame);
	av_packet_free(&encoder->packet);
	free(encoder);
}

/* encoder->frame: the picture, in the pool's memory. @retval 0, -ENOMEM, -EIO */
static int refer(struct tess_encoder *encoder, const struct nv_surface *surface)
{
	const AVFrame *frame = surface->pooled.frame;
	if (frame->hw_frames_ctx->data == encoder->pool->frames->data)
		return av_frame_ref(encoder->frame, frame) < 0 ? -ENOMEM : 0;
	struct nv_surface *own = nv_pool_surface(encoder->engine, encoder->pool);
	if (!own)
		return -ENOMEM;
	int err = nv_copy(own, surface);
	if (!err)
		av_frame_move_ref(encoder->frame, own->pooled.frame);
	tess_surface_unref(&own->pooled.base);
	return err;
}

/* @return how many packets came out, or -ENOMEM, -EIO, -EINVAL */
static int encode(struct tess_encoder *encoder, const struct nv_surface *surface, int64_t pts_us,
		  bool force_key)
{
	AVFrame *frame = encoder->frame;
	int err = encoder->codec ? 0 : begin(encoder);
	if (!err)
		err = refer(encoder, surface);
	if (err)
		return err;
	force_key = force_key || encoder->since_key >= encoder->config.gop_frames;
	frame->pts = pts_us;
	frame->pict_type = force_key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	err = avcodec_send_frame(encoder->codec, frame);
	av_frame_unref(frame);
	av_packet_unref(encoder->packet);
	if (!err)
		err = avcodec_receive_packet(encoder->codec, encoder->packet);
	if (err == AVERROR(EAGAIN))
		return 0;
	if (err)
		return err == AVERROR(ENOMEM) ? -ENOMEM : -EINVAL;
	encoder->since_key = encoder->packet->flags & AV_PKT_FLAG_KEY ? 1 : encoder->since_key + 1;
	return 1;
}

int nv_encoder_encode(struct tess_encoder *encoder, struct tess_surface *handle, int64_t pts_us,
		      bool force_key, struct tess_encoded *encoded)
{
	struct nv_engine *engine = encoder->engine;
	const struct nv_surface *surface = nv_surface_of(engine, handle);
	struct nv_watch watch;
	*encoded = (struct tess_encoded){0};
	if (!surface || handle->width != encoder->config.width ||
	    handle->height != encoder->config.height)
		return -EINVAL;
	if (nv_lost(engine))
		return -ENODEV;
	nv_watch_begin(&watch, engine);
	int packets = encode(encoder, surface, pts_us, force_key);
	/* what libavcodec keeps of a picture that failed is not to be relied on */
	if (packets < 0 || watch.failed > 0)
		avcodec_free_context(&encoder->codec);
	int err = nv_watch_end(&watch);
	if (packets < 0 || err)
		return err ? err : packets;
	if (packets == 0)
		return 0;
	const AVPacket *packet = encoder->packet;
	*encoded = (struct tess_encoded){
		.data = packet->data,
		.length = (size_t)packet->size,
		.pts_us = packet->pts,
		.dts_us = packet->dts,
		.key = packet->flags & AV_PKT_FLAG_KEY,
	};
	nv_count(&engine->encoded, 1);
	return 0;
}

/* libavcodec's wrapper compares these with NVENC's before each picture and reconfigures it, which
 * makes that picture a key frame */
int nv_encoder_set_bitrate(struct tess_encoder *encoder, uint32_t bitrate_bps)
{
	if (bitrate_bps < 1000)
		return -EINVAL;
	encoder->config.bitrate_bps = bitrate_bps;
	if (encoder->codec)
		set_bitrate(encoder->codec, bitrate_bps);
	return 0;
}
