/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/decoder.c - pictures by NVDEC through libavcodec, or else by the CPU.
 *
 * What comes in was sent by strangers: sizes and memory are bounded before anything is allocated.
 * libavcodec offers the device's format only for what its hwaccel takes, and the choice is made at
 * the first slice of a sequence; so the access unit that turns out to be nothing for the device is
 * a key frame, and the CPU's decoder can begin with it.
 */
#include "drivers/engine_nv/nv.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <limits.h>
#include <stdlib.h>

#include "drivers/decode_soft/decode_soft.h"
#include "drivers/decode_soft/input.h"

/* the most that NVDEC has for one decoder */
#define MAX_SURFACES 32

struct tess_decoder {
	struct nv_engine *engine;
	enum tess_codec id;
	AVCodecContext *codec; /* NULL: the CPU decodes */
	AVPacket *packet;
	AVBufferRef *input;	      /* the padded copy that libavcodec reads from */
	const struct nv_watch *watch; /* of the call at hand */
	bool refused;		      /* the access unit at hand went over a limit */
	bool unfit;		      /* it is not for the device */
	struct tess_decode_soft *soft;
	AVFrame *soft_frame;
	struct nv_pool *pool; /* of the pictures that the CPU decoded */
};

static bool fits(const struct nv_codec_caps *caps, unsigned width, unsigned height)
{
	return width >= caps->min_width && height >= caps->min_height && width <= caps->max_width &&
	       height <= caps->max_height &&
	       (width + 15) / 16 * ((height + 15) / 16) <= caps->max_macroblocks;
}

/* as many pictures as NVDEC may have: what the stream needs and what tiles hold.
 * @return whether the decoder has them now; if not and not refused, there is no memory */
static bool make_frames(struct tess_decoder *decoder)
{
	AVCodecContext *codec = decoder->codec;
	AVBufferRef *ref = NULL;
	if (avcodec_get_hw_frames_parameters(codec, decoder->engine->device_ref, AV_PIX_FMT_CUDA,
					     &ref) < 0)
		return false;
	AVHWFramesContext *frames = (AVHWFramesContext *)ref->data;
	int count = frames->initial_pool_size + TESS_ENGINE_NV_HELD;
	frames->initial_pool_size = count < MAX_SURFACES ? count : MAX_SURFACES;
	/* each is there twice: as it was decoded, to be referred to, and as it is shown */
	size_t bytes = (size_t)frames->width * frames->height * 3;
	decoder->refused = bytes * frames->initial_pool_size > TESS_ENGINE_NV_DECODER_BYTES;
	if (decoder->refused || av_hwframe_ctx_init(ref) < 0) {
		av_buffer_unref(&ref);
		return false;
	}
	codec->hw_frames_ctx = ref;
	nv_count(&decoder->engine->allocations, (uint64_t)frames->initial_pool_size);
	return true;
}

/* called for each new size, before tables are allocated for it, and again without the device's
 * format if that failed */
static enum AVPixelFormat get_format(AVCodecContext *codec, const enum AVPixelFormat *formats)
{
	struct tess_decoder *decoder = codec->opaque;
	int width = codec->coded_width, height = codec->coded_height;
	if (width > TESS_DECODE_SOFT_MAX_SIDE || height > TESS_DECODE_SOFT_MAX_SIDE ||
	    width * height > TESS_DECODE_SOFT_MAX_PIXELS) {
		decoder->refused = true;
		return AV_PIX_FMT_NONE;
	}
	while (*formats != AV_PIX_FMT_NONE && *formats != AV_PIX_FMT_CUDA)
		formats++;
	if (*formats == AV_PIX_FMT_NONE ||
	    (codec->sw_pix_fmt != AV_PIX_FMT_YUV420P && codec->sw_pix_fmt != AV_PIX_FMT_YUVJ420P) ||
	    !fits(&decoder->engine->caps[decoder->id], (unsigned)width, (unsigned)height)) {
		decoder->unfit = decoder->watch->failed == 0;
		return AV_PIX_FMT_NONE;
	}
	return make_frames(decoder) ? AV_PIX_FMT_CUDA : AV_PIX_FMT_NONE;
}

static const char *name_of(enum tess_codec codec)
{
	switch (codec) {
	case TESS_CODEC_H264:
		return "h264";
	case TESS_CODEC_H265:
		return "hevc";
	case TESS_CODEC_VP8:
		return "vp8";
	case TESS_CODEC_VP9:
		return "vp9";
	default:
		return "";
	}
}

/* @retval 0, -ENOTSUP, -ENOMEM */
static int open_device_codec(struct tess_decoder *decoder)
{
	const AVCodec *codec = avcodec_find_decoder_by_name(name_of(decoder->id));
	if (!codec)
		return -ENOTSUP;
	AVCodecContext *context = decoder->codec = avcodec_alloc_context3(codec);
	if (!context)
		return -ENOMEM;
	context->thread_count = 1;
	/* a picture out for each access unit in, unless the stream says that it reorders */
	context->flags |= AV_CODEC_FLAG_LOW_DELAY;
	context->opaque = decoder;
	context->get_format = get_format;
	context->hw_device_ctx = av_buffer_ref(decoder->engine->device_ref);
	if (!context->hw_device_ctx || avcodec_open2(context, codec, NULL) < 0)
		return -ENOMEM;
	return 0;
}

int nv_decoder_open(struct tess_decoder **decoderp, struct tess_engine *base, enum tess_codec codec)
{
	struct nv_engine *engine = (struct nv_engine *)base;
	struct nv_watch watch;
	if (codec > TESS_CODEC_VP9 || !(TESS_DECODE_SOFT_CODECS & 1u << codec))
		return -ENOTSUP;
	if (nv_lost(engine))
		return -ENODEV;
	struct tess_decoder *decoder = calloc(1, sizeof(*decoder));
	if (!decoder)
		return -ENOMEM;
	int err = -ENOMEM;
	decoder->engine = engine;
	decoder->id = codec;
	decoder->packet = av_packet_alloc();
	decoder->soft_frame = av_frame_alloc();
	if (decoder->packet && decoder->soft_frame) {
		nv_watch_begin(&watch, engine);
		if (engine->caps[codec].supported)
			err = open_device_codec(decoder);
		else
			err = tess_decode_soft_open(&decoder->soft, codec);
		nv_watch_tell(&watch);
	}
	if (err) {
		nv_decoder_close(decoder);
		return err;
	}
	*decoderp = decoder;
	return 0;
}

void nv_decoder_close(struct tess_decoder *decoder)
{
	struct nv_watch watch;
	if (!decoder)
		return;
	nv_watch_begin(&watch, decoder->engine);
	avcodec_free_context(&decoder->codec);
	nv_pool_release(decoder->engine, decoder->pool);
	nv_watch_tell(&watch);
	tess_decode_soft_close(decoder->soft);
	av_packet_free(&decoder->packet);
	av_frame_free(&decoder->soft_frame);
	av_buffer_unref(&decoder->input);
	free(decoder);
}

static void describe(struct nv_surface *surface, const AVFrame *frame, int width, int height,
		     int64_t capture_us)
{
	AVRational sar = frame->sample_aspect_ratio;
	if (sar.num > 0 && sar.den > 0 && sar.num <= UINT16_MAX && sar.den <= UINT16_MAX) {
		surface->pooled.base.sar_num = (uint16_t)sar.num;
		surface->pooled.base.sar_den = (uint16_t)sar.den;
	}
	surface->pooled.base.width = (uint16_t)width;
	surface->pooled.base.height = (uint16_t)height;
	surface->pooled.base.capture_us = frame->pts == AV_NOPTS_VALUE ? capture_us : frame->pts;
	surface->full_range = frame->color_range == AVCOL_RANGE_JPEG;
}

/* describe the device's picture in its surface; libavcodec has taken off what is cropped at the
 * right and at the bottom alone */
static int finish(struct nv_surface *surface, int64_t capture_us)
{
	AVFrame *frame = surface->pooled.frame;
	int x = (int)frame->crop_left & ~1, y = (int)frame->crop_top & ~1;
	int width = (frame->width - x) & ~1, height = (frame->height - y) & ~1;
	if (width < 2 || height < 2 || frame->format != AV_PIX_FMT_CUDA)
		return -EBADMSG;
	surface->x = (uint16_t)x;
	surface->y = (uint16_t)y;
	describe(surface, frame, width, height, capture_us);
	return 0;
}

/* take what the decoder has ready; of several pictures the last. @retval 0, -EBADMSG, -ENOMEM */
static int receive(struct tess_decoder *decoder, int64_t capture_us, struct tess_surface **surfacep)
{
	for (;;) {
		struct nv_surface *surface = nv_surface_new(decoder->engine);
		if (!surface)
			return -ENOMEM;
		int err = avcodec_receive_frame(decoder->codec, surface->pooled.frame);
		if (!err)
			err = finish(surface, capture_us);
		if (err) {
			tess_surface_unref(&surface->pooled.base);
			if (err == AVERROR(EAGAIN))
				return 0;
			return err == -ENOMEM ? err : -EBADMSG;
		}
		nv_count(&decoder->engine->decoded, 1);
		tess_surface_unref(*surfacep);
		*surfacep = &surface->pooled.base;
	}
}

/* @retval 0, -EBADMSG, -ENOTSUP, -ENOMEM */
static int decode_on_device(struct tess_decoder *decoder, const uint8_t *data, size_t length,
			    int64_t capture_us, struct tess_surface **surfacep)
{
	int err = tess_decode_input(decoder->packet, &decoder->input, data, length);
	if (err)
		return err;
	decoder->packet->pts = capture_us;
	decoder->refused = decoder->unfit = false;
	int sent = avcodec_send_packet(decoder->codec, decoder->packet);
	av_packet_unref(decoder->packet);
	if (decoder->unfit)
		return 0;
	/* what a failed call has left is no picture */
	if (decoder->watch->failed == 0)
		err = receive(decoder, capture_us, surfacep);
	if (decoder->watch->no_surface)
		decoder->refused = true;
	if (decoder->refused || decoder->watch->failed > 0) {
		/* give up the references that it holds: the next key frame gets a new chance */
		avcodec_flush_buffers(decoder->codec);
		return decoder->refused ? -ENOTSUP : -EBADMSG;
	}
	if (!err && sent < 0)
		err = sent == AVERROR(ENOMEM) ? -ENOMEM : -EBADMSG;
	return err;
}

/* bring the CPU's picture to the device. @retval 0, -ENOMEM, -EIO */
static int raise(struct tess_decoder *decoder, const AVFrame *frame, int64_t capture_us,
		 struct tess_surface **surfacep)
{
	struct nv_engine *engine = decoder->engine;
	struct nv_pool *pool = decoder->pool;
	if (!pool || pool->width != frame->width || pool->height != frame->height) {
		nv_pool_release(engine, pool);
		decoder->pool = pool = nv_pool_take(engine, frame->width, frame->height);
	}
	struct nv_surface *surface = pool ? nv_pool_surface(engine, pool) : NULL;
	if (!surface)
		return -ENOMEM;
	int err = nv_write(surface, (const uint8_t *const *)frame->data, frame->linesize);
	if (err) {
		tess_surface_unref(&surface->pooled.base);
		return err;
	}
	describe(surface, frame, frame->width, frame->height, capture_us);
	*surfacep = &surface->pooled.base;
	return 0;
}

/* @retval 0, -EBADMSG, -ENOTSUP, -ENOMEM, -EIO */
static int decode_on_cpu(struct tess_decoder *decoder, const uint8_t *data, size_t length,
			 int64_t capture_us, struct tess_surface **surfacep)
{
	int pictures = tess_decode_soft_decode(decoder->soft, data, length, capture_us,
					       decoder->soft_frame);
	if (pictures <= 0)
		return pictures;
	int err = raise(decoder, decoder->soft_frame, capture_us, surfacep);
	av_frame_unref(decoder->soft_frame);
	if (!err) {
		nv_count(&decoder->engine->decoded, (uint64_t)pictures);
		nv_count(&decoder->engine->fallback_decoded, (uint64_t)pictures);
	}
	return err;
}

/* @retval 0, -EBADMSG, -ENOTSUP, -ENOMEM, -EIO */
static int decode(struct tess_decoder *decoder, const uint8_t *data, size_t length,
		  int64_t capture_us, struct tess_surface **surfacep)
{
	if (length == 0 || length >= INT_MAX / 2)
		return -EBADMSG; /* nothing, which libavcodec would take for the end of the stream
				  */
	if (decoder->codec) {
		int err = decode_on_device(decoder, data, length, capture_us, surfacep);
		if (!decoder->unfit)
			return err;
		err = tess_decode_soft_open(&decoder->soft, decoder->id);
		if (err)
			return err;
		avcodec_free_context(&decoder->codec);
	}
	return decode_on_cpu(decoder, data, length, capture_us, surfacep);
}

int nv_decoder_decode(struct tess_decoder *decoder, const uint8_t *data, size_t length,
		      int64_t capture_us, struct tess_surface **surfacep)
{
	struct nv_engine *engine = decoder->engine;
	struct nv_watch watch;
	*surfacep = NULL;
	if (nv_lost(engine))
		return -ENODEV;
	nv_watch_begin(&watch, engine);
	decoder->watch = &watch;
	int err = decode(decoder, data, length, capture_us, surfacep);
	decoder->watch = NULL;
	if (err) {
		tess_surface_unref(*surfacep);
		*surfacep = NULL;
	}
	int failure = nv_watch_end(&watch);
	if (err && failure)
		err = failure == -ENODEV ? failure : -EBADMSG;
	if (err == -ENOTSUP)
		nv_count(&engine->refused, 1);
	else if (err == -EBADMSG)
		nv_count(&engine->damaged, 1);
	return err;
}
