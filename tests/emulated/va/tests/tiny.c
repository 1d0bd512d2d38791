/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/tiny.c - a stream of three pictures, I P P, as a decoder hands it to VA.
 */
#include "tests/emulated/va/tests/tiny.h"

#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/h264.h"

/* order counts of type 0, as those of streams with B pictures */
static AVCodecContext *open_encoder(void)
{
	const AVCodec *x264 = avcodec_find_encoder_by_name("libx264");
	AVCodecContext *codec = avcodec_alloc_context3(x264);
	MUST(codec);
	codec->width = codec->height = TINY_SIDE;
	codec->pix_fmt = AV_PIX_FMT_NV12;
	codec->time_base = (AVRational){1, 30};
	codec->thread_count = 1;
	codec->log_level_offset = AV_LOG_MAX_OFFSET;
	av_opt_set(codec->priv_data, "preset", "superfast", 0);
	av_opt_set(codec->priv_data, "x264-params",
		   "bframes=1:b-adapt=0:rc-lookahead=0:ref=1:weightp=0:qp=24:scenecut=0", 0);
	MUST(avcodec_open2(codec, x264, NULL) == 0);
	return codec;
}

static void keep_nal(struct tiny_stream *stream, size_t at, size_t length, unsigned *pictures)
{
	const uint8_t *nal = stream->data + at;
	switch (nal[0] & 31) {
	case 1:
	case 5:
		MUST(*pictures < TINY_PICTURES);
		stream->slice[*pictures].at = at;
		stream->slice[*pictures].length = length;
		++*pictures;
		break;
	case 7:
		stream->sps_length = emu_nal_unescape(stream->sps, nal, length);
		break;
	case 8:
		stream->pps_length = emu_nal_unescape(stream->pps, nal, length);
		break;
	default:
		break;
	}
}

static void split(struct tiny_stream *stream, size_t length)
{
	size_t at = 0, nal_length;
	unsigned pictures = 0;
	const uint8_t *nal;
	while ((nal = emu_nal_next(stream->data, length, &at, &nal_length)))
		keep_nal(stream, (size_t)(nal - stream->data), nal_length, &pictures);
	MUST(pictures == TINY_PICTURES && stream->sps_length && stream->pps_length);
}

void tiny_make(struct tiny_stream *stream)
{
	AVCodecContext *codec = open_encoder();
	AVFrame *frame = av_frame_alloc();
	AVPacket *packet = av_packet_alloc();
	size_t length = 0;
	*stream = (struct tiny_stream){0};
	for (unsigned i = 0; i <= TINY_PICTURES; i++) {
		uint8_t *pattern = rig_pattern(VA_FOURCC_NV12, TINY_SIDE, TINY_SIDE, i);
		frame->format = AV_PIX_FMT_NV12;
		frame->width = frame->height = TINY_SIDE;
		frame->data[0] = pattern;
		frame->data[1] = pattern + TINY_SIDE * TINY_SIDE;
		frame->linesize[0] = frame->linesize[1] = TINY_SIDE;
		frame->pts = i;
		frame->pict_type = i ? AV_PICTURE_TYPE_P : AV_PICTURE_TYPE_I;
		MUST(avcodec_send_frame(codec, i < TINY_PICTURES ? frame : NULL) == 0);
		while (avcodec_receive_packet(codec, packet) == 0) {
			MUST(length + (size_t)packet->size <= sizeof(stream->data));
			memcpy(stream->data + length, packet->data, (size_t)packet->size);
			length += (size_t)packet->size;
			av_packet_unref(packet);
		}
		free(pattern);
	}
	av_packet_free(&packet);
	av_frame_free(&frame);
	avcodec_free_context(&codec);
	split(stream, length);
}

static void no_reference(VAPictureH264 *entry)
{
	*entry =
		(VAPictureH264){.picture_id = VA_INVALID_SURFACE, .flags = VA_PICTURE_H264_INVALID};
}

static void parse(const struct tiny_stream *stream, unsigned i, struct emu_h264_sps *sps,
		  struct emu_h264_pps *pps, struct emu_h264_slice *slice)
{
	uint8_t head[64];
	size_t n = stream->slice[i].length < sizeof(head) ? stream->slice[i].length : sizeof(head);
	n = emu_nal_unescape(head, stream->data + stream->slice[i].at, n);
	MUST(emu_h264_parse_sps(sps, stream->sps, stream->sps_length));
	MUST(emu_h264_parse_pps(pps, stream->pps, stream->pps_length));
	MUST(emu_h264_parse_slice(slice, sps, pps, head, n));
	MUST(sps->poc_type == 0);
}

static void fill_slice(VASliceParameterBufferH264 *s, const struct emu_h264_pps *pps,
		       const struct emu_h264_slice *slice, size_t length)
{
	*s = (VASliceParameterBufferH264){
		.slice_data_size = (uint32_t)length,
		.slice_data_bit_offset = (uint16_t)slice->end,
		.first_mb_in_slice = (uint16_t)slice->first_mb,
		.slice_type = (uint8_t)slice->type,
		.cabac_init_idc = (uint8_t)slice->cabac_init_idc,
		.slice_qp_delta = (int8_t)(slice->qp - pps->init_qp),
		.disable_deblocking_filter_idc = (uint8_t)slice->disable_deblocking,
		.slice_alpha_c0_offset_div2 = (int8_t)slice->alpha_offset_div2,
		.slice_beta_offset_div2 = (int8_t)slice->beta_offset_div2,
	};
	if (slice->references[0])
		s->num_ref_idx_l0_active_minus1 = (uint8_t)(slice->references[0] - 1);
	for (unsigned i = 0; i < 32; i++) {
		no_reference(&s->RefPicList0[i]);
		no_reference(&s->RefPicList1[i]);
	}
}

static void fill_parameters(VAPictureParameterBufferH264 *p, const struct emu_h264_sps *sps,
			    const struct emu_h264_pps *pps, const struct emu_h264_slice *slice)
{
	*p = (VAPictureParameterBufferH264){
		.picture_width_in_mbs_minus1 = TINY_SIDE / 16 - 1,
		.picture_height_in_mbs_minus1 = TINY_SIDE / 16 - 1,
		.num_ref_frames = 2,
		.pic_init_qp_minus26 = (int8_t)(pps->init_qp - 26),
		.chroma_qp_index_offset = (int8_t)pps->chroma_qp_offset,
		.second_chroma_qp_index_offset = (int8_t)pps->second_chroma_qp_offset,
		.frame_num = (uint16_t)slice->frame_num,
	};
	p->seq_fields.bits.chroma_format_idc = 1;
	p->seq_fields.bits.frame_mbs_only_flag = 1;
	p->seq_fields.bits.direct_8x8_inference_flag = 1;
	p->seq_fields.bits.log2_max_frame_num_minus4 = (sps->log2_max_frame_num - 4) & 15;
	p->seq_fields.bits.log2_max_pic_order_cnt_lsb_minus4 = (sps->log2_max_poc_lsb - 4) & 15;
	p->pic_fields.bits.entropy_coding_mode_flag = pps->cabac;
	p->pic_fields.bits.weighted_pred_flag = pps->weighted_pred;
	p->pic_fields.bits.weighted_bipred_idc = pps->weighted_bipred & 3;
	p->pic_fields.bits.transform_8x8_mode_flag = pps->transform_8x8;
	p->pic_fields.bits.constrained_intra_pred_flag = pps->constrained_intra;
	p->pic_fields.bits.pic_order_present_flag = pps->bottom_field_pic_order;
	p->pic_fields.bits.deblocking_filter_control_present_flag = pps->deblocking_control;
	p->pic_fields.bits.redundant_pic_cnt_present_flag = pps->redundant_pic_cnt;
	p->pic_fields.bits.reference_pic_flag = slice->nal_ref_idc != 0;
	for (unsigned i = 0; i < 16; i++)
		no_reference(&p->ReferenceFrames[i]);
}

static VAPictureH264 entry(VASurfaceID id, unsigned poc)
{
	return (VAPictureH264){
		.picture_id = id,
		.flags = VA_PICTURE_H264_SHORT_TERM_REFERENCE,
		.TopFieldOrderCnt = (int32_t)poc,
		.BottomFieldOrderCnt = (int32_t)poc,
	};
}

void tiny_picture(struct tiny_picture *picture, struct tiny_stream *stream, unsigned i,
		  VASurfaceID target, VASurfaceID reference)
{
	struct emu_h264_sps sps;
	struct emu_h264_pps pps;
	struct emu_h264_slice slice, before;
	parse(stream, i, &sps, &pps, &slice);
	memset(picture, 0, sizeof(*picture));
	picture->target = target;
	picture->data = stream->data + stream->slice[i].at;
	picture->length = stream->slice[i].length;
	memset(&picture->matrix, 16, offsetof(VAIQMatrixBufferH264, va_reserved));
	fill_slice(&picture->slice, &pps, &slice, picture->length);
	fill_parameters(&picture->parameters, &sps, &pps, &slice);
	picture->parameters.CurrPic = entry(target, slice.poc_lsb);
	if (i == 0)
		return;
	parse(stream, i - 1, &sps, &pps, &before);
	picture->parameters.ReferenceFrames[0] = entry(reference, before.poc_lsb);
	picture->slice.RefPicList0[0] = picture->parameters.ReferenceFrames[0];
}

VAStatus tiny_decode(struct rig *rig, VAContextID context, const struct tiny_picture *picture)
{
	const struct {
		VABufferType type;
		const void *data;
		size_t bytes;
		bool left_out;
	} buffers[] = {
		{VAPictureParameterBufferType, &picture->parameters, sizeof(picture->parameters),
		 picture->no_parameters},
		{VAPictureParameterBufferType, &picture->parameters, sizeof(picture->parameters),
		 !picture->two_parameters},
		{VAIQMatrixBufferType, &picture->matrix, sizeof(picture->matrix),
		 picture->no_matrix},
		{VASliceParameterBufferType, &picture->slice, sizeof(picture->slice),
		 picture->no_slice},
		{VASliceParameterBufferType, &picture->slice, sizeof(picture->slice),
		 !picture->two_slices},
		{VASliceDataBufferType, picture->data, picture->length, picture->no_data},
	};
	VABufferID ids[6];
	unsigned count = 0;
	VA_OK(vaBeginPicture(rig->display, context, picture->target));
	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++)
		if (!buffers[i].left_out)
			ids[count++] = rig_buffer(rig, context, buffers[i].type, buffers[i].data,
						  buffers[i].bytes);
	VA_OK(vaRenderPicture(rig->display, context, ids, (int)count));
	VAStatus status = vaEndPicture(rig->display, context);
	for (unsigned i = 0; i < count; i++)
		VA_OK(vaDestroyBuffer(rig->display, ids[i]));
	return status;
}

static void pack(const AVFrame *frame, uint8_t *nv12)
{
	for (int y = 0; y < TINY_SIDE; y++)
		memcpy(nv12 + (ptrdiff_t)y * TINY_SIDE,
		       frame->data[0] + (ptrdiff_t)y * frame->linesize[0], TINY_SIDE);
	nv12 += TINY_SIDE * TINY_SIDE;
	for (int y = 0; y < TINY_SIDE / 2; y++)
		for (int x = 0; x < TINY_SIDE / 2; x++) {
			*nv12++ = frame->data[1][(ptrdiff_t)y * frame->linesize[1] + x];
			*nv12++ = frame->data[2][(ptrdiff_t)y * frame->linesize[2] + x];
		}
}

uint8_t *tiny_expected(const struct tiny_stream *stream, unsigned wanted)
{
	const AVCodec *h264 = avcodec_find_decoder(AV_CODEC_ID_H264);
	AVCodecContext *codec = avcodec_alloc_context3(h264);
	AVFrame *frame = av_frame_alloc();
	AVPacket *packet = av_packet_alloc();
	uint8_t *nv12 = malloc(TINY_SIDE * TINY_SIDE * 3 / 2);
	size_t length = stream->slice[2].at + stream->slice[2].length;
	MUST(codec && frame && packet && nv12 && av_new_packet(packet, (int)length) == 0);
	codec->thread_count = 1;
	MUST(avcodec_open2(codec, h264, NULL) == 0);
	/* libavcodec takes one access unit a packet; parameter sets come with the first */
	size_t begin = 0;
	unsigned shown = 0;
	for (unsigned i = 0; i <= TINY_PICTURES; i++) {
		size_t end = i < TINY_PICTURES ? stream->slice[i].at + stream->slice[i].length : 0;
		if (i < TINY_PICTURES) {
			packet->size = (int)(end - begin);
			memcpy(packet->data, stream->data + begin, end - begin);
			begin = end;
		}
		MUST(avcodec_send_packet(codec, i < TINY_PICTURES ? packet : NULL) == 0);
		while (avcodec_receive_frame(codec, frame) == 0)
			if (shown++ == wanted)
				pack(frame, nv12);
	}
	MUST(shown == TINY_PICTURES);
	av_packet_free(&packet);
	av_frame_free(&frame);
	avcodec_free_context(&codec);
	return nv12;
}
