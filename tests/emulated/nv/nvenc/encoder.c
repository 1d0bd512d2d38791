/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/nvenc/encoder.c - encodes with x264 through libavcodec.
 */
#include "tests/emulated/nv/nvenc/session.h"

#include <stdlib.h>
#include <string.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>

#define QUIET 200 /* above all levels: what happens in here is not for the caller's log */

static void set_option(AVCodecContext *codec, const char *name, const char *value)
{
	EMU_REQUIRE(!av_opt_set(codec->priv_data, name, value, 0), "x264 does not take %s=%s", name,
		    value);
}

static void set_profile(AVCodecContext *codec, const GUID *guid)
{
	if (!memcmp(guid, &NV_ENC_H264_PROFILE_BASELINE_GUID, sizeof(*guid)))
		set_option(codec, "profile", "baseline");
	else if (!memcmp(guid, &NV_ENC_H264_PROFILE_HIGH_GUID, sizeof(*guid)))
		set_option(codec, "profile", "high");
	else
		set_option(codec, "profile", "main");
}

static void set_rate(AVCodecContext *codec, const NV_ENC_RC_PARAMS *rc)
{
	char qp[16];

	if (rc->rateControlMode == NV_ENC_PARAMS_RC_CONSTQP) {
		snprintf(qp, sizeof(qp), "%u", rc->constQP.qpInterP);
		set_option(codec, "qp", qp);
		return;
	}
	codec->bit_rate = rc->averageBitRate ? rc->averageBitRate : 2000000;
	if (rc->rateControlMode == NV_ENC_PARAMS_RC_CBR) {
		codec->rc_max_rate = codec->bit_rate;
		codec->rc_buffer_size =
			rc->vbvBufferSize ? (int)rc->vbvBufferSize : (int)codec->bit_rate;
	}
}

static void set_picture(AVCodecContext *codec, const NV_ENC_INITIALIZE_PARAMS *p,
			const NV_ENC_CONFIG_H264_VUI_PARAMETERS *vui)
{
	codec->width = (int)p->encodeWidth;
	codec->height = (int)p->encodeHeight;
	codec->pix_fmt = AV_PIX_FMT_NV12;
	codec->time_base = (AVRational){(int)p->frameRateDen, (int)p->frameRateNum};
	codec->framerate = av_inv_q(codec->time_base);
	if (p->darWidth && p->darHeight)
		av_reduce(&codec->sample_aspect_ratio.num, &codec->sample_aspect_ratio.den,
			  (int64_t)p->darWidth * p->encodeHeight,
			  (int64_t)p->darHeight * p->encodeWidth, 65535);
	if (vui->videoSignalTypePresentFlag)
		codec->color_range = vui->videoFullRangeFlag ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
	if (vui->colourDescriptionPresentFlag) {
		codec->color_primaries = (enum AVColorPrimaries)vui->colourPrimaries;
		codec->color_trc = (enum AVColorTransferCharacteristic)vui->transferCharacteristics;
		codec->colorspace = (enum AVColorSpace)vui->colourMatrix;
	}
}

NVENCSTATUS encoder_open(struct session *session)
{
	const NV_ENC_CONFIG_H264 *h264 = &session->config.encodeCodecConfig.h264Config;
	const AVCodec *x264 = avcodec_find_encoder_by_name("libx264");
	AVCodecContext *codec = x264 ? avcodec_alloc_context3(x264) : NULL;
	uint32_t gop = h264->idrPeriod ? h264->idrPeriod : session->config.gopLength;

	EMU_REQUIRE(codec, "libavcodec has no libx264");
	set_picture(codec, &session->parameters, &h264->h264VUIParameters);
	set_rate(codec, &session->config.rcParams);
	set_profile(codec, &session->config.profileGUID);
	codec->gop_size = gop < 1u << 20 ? (int)gop : 1 << 20;
	codec->max_b_frames = 0;
	codec->thread_count = 1;
	codec->log_level_offset = QUIET;
	codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	set_option(codec, "preset", "superfast");
	set_option(codec, "tune", "zerolatency");
	set_option(codec, "forced-idr", "1");
	set_option(codec, "aud", h264->outputAUD ? "1" : "0");
	if (avcodec_open2(codec, x264, NULL)) {
		avcodec_free_context(&codec);
		return NV_ENC_ERR_GENERIC;
	}
	session->codec = codec;
	return NV_ENC_SUCCESS;
}

static int encode(struct encoder_job *job, AVPacket *packet)
{
	AVCodecContext *codec = job->session->codec;
	AVFrame *frame = av_frame_alloc();
	int error;

	EMU_REQUIRE(frame, "the host is out of memory");
	frame->format = codec->pix_fmt;
	frame->width = codec->width;
	frame->height = codec->height;
	frame->linesize[0] = frame->linesize[1] = (int)job->pitch;
	error = av_frame_get_buffer(frame, 0);
	EMU_REQUIRE(!error, "the host is out of memory");
	for (int y = 0; y < frame->height; y++)
		memcpy(frame->data[0] + (ptrdiff_t)y * frame->linesize[0],
		       job->pixels + (size_t)y * job->pitch, (size_t)frame->width);
	for (int y = 0; y < frame->height / 2; y++)
		memcpy(frame->data[1] + (ptrdiff_t)y * frame->linesize[1],
		       job->pixels + (size_t)(job->height + (uint32_t)y) * job->pitch,
		       (size_t)frame->width);
	frame->pts = job->session->pictures++;
	frame->pict_type = job->idr ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
	if (codec->bit_rate && codec->bit_rate != job->bit_rate) {
		codec->bit_rate = job->bit_rate;
		if (codec->rc_max_rate) {
			codec->rc_max_rate = job->bit_rate;
			codec->rc_buffer_size = (int)job->bit_rate;
		}
	}
	error = avcodec_send_frame(codec, frame);
	if (!error)
		error = avcodec_receive_packet(codec, packet);
	av_frame_free(&frame);
	return error;
}

/* Parameter sets before an IDR picture, as far as configured. */
static void deliver(const struct encoder_job *job, bool first)
{
	const struct session *session = job->session;
	const NV_ENC_CONFIG_H264 *h264 = &session->config.encodeCodecConfig.h264Config;
	struct bitstream *bitstream = job->bitstream;
	const AVPacket *packet = bitstream->packet;
	size_t headers = 0;

	bitstream->idr = packet->flags & AV_PKT_FLAG_KEY;
	if (bitstream->idr && !h264->disableSPSPPS && (first || h264->repeatSPSPPS))
		headers = (size_t)session->codec->extradata_size;
	bitstream->length = headers + (size_t)packet->size;
	bitstream->data = malloc(bitstream->length);
	EMU_REQUIRE(bitstream->data, "the host is out of memory");
	memcpy(bitstream->data, session->codec->extradata, headers);
	memcpy(bitstream->data + headers, packet->data, (size_t)packet->size);
}

void encoder_run(void *argument)
{
	struct encoder_job *job = argument;
	struct session *session = job->session;
	struct bitstream *bitstream = job->bitstream;

	pthread_mutex_lock(&session->lock);
	bool first = session->pictures == 0;

	bitstream->failed = encode(job, bitstream->packet) < 0;
	if (!bitstream->failed) {
		deliver(job, first);
		EMU_COUNT(session->context->device, encoded, 1);
		EMU_COUNT(session->context->device, idr, bitstream->idr);
	}
	av_packet_unref(bitstream->packet);
	pthread_mutex_unlock(&session->lock);
	free(job);
}
