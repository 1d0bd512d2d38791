/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/encode_x264.c - runs x264 as the application's parameters say.
 *
 * Behind packed headers x264 must use the syntax that they announce; what it offers no choice in is
 * checked in encode_splice.c.
 */
#include <libavutil/opt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/encode.h"

static int quantiser(const struct emu_encode_work *work)
{
	return work->picture.pic_init_qp + work->slice.slice_qp_delta;
}

static void set_rate(AVCodecContext *codec, const struct emu_encode_work *work)
{
	const struct emu_encode_rate *rate = &work->rate;
	if (work->rate_control == VA_RC_CQP)
		return;
	int64_t target = rate->bits_per_second;
	if (work->rate_control == VA_RC_VBR && rate->target_percentage > 0)
		target = target * rate->target_percentage / 100;
	uint32_t buffer = rate->buffer_bits ? rate->buffer_bits : rate->bits_per_second;
	codec->bit_rate = target;
	codec->rc_max_rate = rate->bits_per_second;
	codec->rc_buffer_size = buffer > INT32_MAX ? INT32_MAX : (int)buffer;
}

static void size_of(const VAEncSequenceParameterBufferH264 *q, int *width, int *height)
{
	*width = q->picture_width_in_mbs * 16;
	*height = q->picture_height_in_mbs * 16;
	if (q->frame_cropping_flag) {
		*width -= 2 * (int)(q->frame_crop_left_offset + q->frame_crop_right_offset);
		*height -= 2 * (int)(q->frame_crop_top_offset + q->frame_crop_bottom_offset);
	}
}

static void set_syntax(AVCodecContext *codec, const struct emu_encode_work *work)
{
	const VAEncPictureParameterBufferH264 *p = &work->picture;
	const VAEncSliceParameterBufferH264 *s = &work->slice;
	char options[256];
	snprintf(options, sizeof(options),
		 "cabac=%d:8x8dct=%d:no-deblock=%d:deblock=%d,%d:ref=1:weightp=0:psy=0:"
		 "constrained-intra=%d:chroma-qp-offset=%d",
		 p->pic_fields.bits.entropy_coding_mode_flag,
		 p->pic_fields.bits.transform_8x8_mode_flag, s->disable_deblocking_filter_idc == 1,
		 s->slice_alpha_c0_offset_div2, s->slice_beta_offset_div2,
		 p->pic_fields.bits.constrained_intra_pred_flag, p->chroma_qp_index_offset);
	av_opt_set(codec->priv_data, "x264-params", options, 0);
}

static AVCodecContext *open_x264(const struct emu_encode_work *work)
{
	const AVCodec *x264 = avcodec_find_encoder_by_name("libx264");
	AVCodecContext *codec = avcodec_alloc_context3(x264);
	if (!codec)
		abort();
	const struct emu_encode_rate *rate = &work->rate;
	size_of(&work->sequence, &codec->width, &codec->height);
	codec->pix_fmt = AV_PIX_FMT_NV12;
	codec->time_base = (AVRational){(int)rate->frame_rate_den, (int)rate->frame_rate_num};
	codec->framerate = (AVRational){(int)rate->frame_rate_num, (int)rate->frame_rate_den};
	codec->gop_size = 1 << 20; /* the application decides */
	codec->level = work->sequence.level_idc;
	codec->thread_count = 1;
	codec->i_quant_factor = 1;		     /* one quantiser for I and P */
	codec->log_level_offset = AV_LOG_MAX_OFFSET; /* nothing of it */
	av_opt_set(codec->priv_data, "preset", "superfast", 0);
	av_opt_set(codec->priv_data, "tune", "zerolatency", 0);
	av_opt_set(codec->priv_data, "forced-idr", "1", 0);
	av_opt_set(codec->priv_data, "sc_threshold", "0", 0);
	if (work->rate_control == VA_RC_CQP)
		av_opt_set_int(codec->priv_data, "qp", quantiser(work), 0);
	set_syntax(codec, work);
	set_rate(codec, work);
	if (avcodec_open2(codec, x264, NULL) < 0)
		avcodec_free_context(&codec);
	return codec;
}

static bool keep(struct emu_encoder *encoder, struct emu_encode_work *work, const AVPacket *packet)
{
	if (work->packed)
		return emu_encode_splice(encoder, work, packet);
	work->coded_length = (size_t)packet->size;
	work->coded = emu_copy(packet->data, work->coded_length);
	return true;
}

bool emu_encode_run(struct emu_encoder *encoder, const struct emu_surface *input,
		    struct emu_encode_work *work)
{
	/* x264 cannot change its constant quantiser */
	bool renew = work->rate_control == VA_RC_CQP &&
		     work->picture.pic_fields.bits.idr_pic_flag &&
		     quantiser(work) != encoder->quantiser;
	if (renew)
		avcodec_free_context(&encoder->codec);
	if (!encoder->codec)
		encoder->codec = open_x264(work);
	if (!encoder->codec)
		return false;
	if (renew)
		encoder->quantiser = quantiser(work);
	AVCodecContext *codec = encoder->codec;
	set_rate(codec, work);
	AVFrame *frame = av_frame_alloc();
	AVPacket *packet = av_packet_alloc();
	if (!frame || !packet)
		abort();
	frame->format = AV_PIX_FMT_NV12;
	frame->width = codec->width;
	frame->height = codec->height;
	frame->data[0] = input->plane[0];
	frame->data[1] = input->plane[1];
	frame->linesize[0] = frame->linesize[1] = input->pitch;
	frame->pts = encoder->pictures++;
	frame->pict_type =
		work->slice.slice_type % 5 == EMU_H264_I ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_P;
	bool encoded = avcodec_send_frame(codec, frame) >= 0 &&
		       avcodec_receive_packet(codec, packet) >= 0 && keep(encoder, work, packet);
	av_packet_free(&packet);
	av_frame_free(&frame);
	return encoded;
}
