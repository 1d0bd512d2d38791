/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/coder.c - an encoder through VA as an application drives it, with or
 * without packed headers.
 */
#include "tests/emulated/va/tests/coder.h"

#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/bits.h"

#define HIGH 100

void coder_open(struct coder *coder, struct rig *rig, unsigned width, unsigned height,
		unsigned rate_control, bool packed, size_t coded_bytes)
{
	VAConfigAttrib attributes[] = {
		{VAConfigAttribRTFormat, VA_RT_FORMAT_YUV420},
		{VAConfigAttribRateControl, rate_control},
		{VAConfigAttribEncPackedHeaders,
		 packed ? VA_ENC_PACKED_HEADER_SEQUENCE | VA_ENC_PACKED_HEADER_SLICE : 0},
	};
	*coder = (struct coder){
		.rig = rig,
		.width = width,
		.height = height,
		.rate_control = rate_control,
		.packed = packed,
	};
	coder->input = rig_surface(rig, VA_FOURCC_NV12, width, height);
	for (int i = 0; i < 2; i++)
		coder->reconstruction[i] = rig_surface(rig, VA_FOURCC_NV12, width, height);
	coder->context = rig_context(rig, VAProfileH264High, VAEntrypointEncSlice, attributes, 3,
				     (int)width, (int)height, coder->reconstruction, 2);
	coder->coded = rig_buffer(rig, coder->context.id, VAEncCodedBufferType, NULL, coded_bytes);
}

void coder_close(struct coder *coder)
{
	VA_OK(vaDestroyBuffer(coder->rig->display, coder->coded));
	rig_destroy_context(coder->rig, &coder->context);
	rig_destroy_surface(coder->rig, coder->input);
	for (int i = 0; i < 2; i++)
		rig_destroy_surface(coder->rig, coder->reconstruction[i]);
}

static void finish_header(struct coder_header *header, uint32_t type, const uint8_t *rbsp,
			  size_t bits)
{
	size_t bytes = (bits + 7) / 8;
	memcpy(header->data + header->length, (const uint8_t[]){0, 0, 0, 1}, 4);
	size_t escaped = emu_nal_escape(header->data + header->length + 4, rbsp, bytes);
	header->length += 4 + escaped;
	header->parameters.type = type;
	header->parameters.has_emulation_bytes = 1;
	header->parameters.bit_length += (uint32_t)(8 * (4 + escaped - bytes) + bits);
}

static void write_sets(const struct coder *coder, struct coder_picture *picture)
{
	uint8_t rbsp[64];
	struct emu_bits_out out = {rbsp, 0};
	const VAEncPictureParameterBufferH264 *p = &picture->picture;
	emu_bits_put(&out, 8, 0x67);
	emu_bits_put(&out, 8, HIGH);
	emu_bits_put(&out, 8, 0);
	emu_bits_put(&out, 8, picture->sequence.level_idc);
	emu_bits_put_ue(&out, 0);
	emu_bits_put_ue(&out, 1);
	emu_bits_put_ue(&out, 0);
	emu_bits_put_ue(&out, 0);
	emu_bits_put(&out, 2, 0);
	emu_bits_put_ue(&out, picture->sequence.seq_fields.bits.log2_max_frame_num_minus4);
	emu_bits_put_ue(&out, 0);
	emu_bits_put_ue(&out, picture->sequence.seq_fields.bits.log2_max_pic_order_cnt_lsb_minus4);
	emu_bits_put_ue(&out, 1);
	emu_bits_put(&out, 1, 0);
	emu_bits_put_ue(&out, coder->width / 16 - 1);
	emu_bits_put_ue(&out, coder->height / 16 - 1);
	emu_bits_put(&out, 4, 0xc); /* frames only, direct 8x8 inference, no cropping, no VUI */
	emu_bits_trail(&out);
	finish_header(&picture->sets, VAEncPackedHeaderSequence, rbsp, out.at);
	out.at = 0;
	emu_bits_put(&out, 8, 0x68);
	emu_bits_put_ue(&out, 0);
	emu_bits_put_ue(&out, 0);
	emu_bits_put(&out, 1, p->pic_fields.bits.entropy_coding_mode_flag);
	emu_bits_put(&out, 1, 0);
	emu_bits_put_ue(&out, 0);
	emu_bits_put_ue(&out, p->num_ref_idx_l0_active_minus1);
	emu_bits_put_ue(&out, 0);
	emu_bits_put(&out, 3, 0);
	emu_bits_put_se(&out, p->pic_init_qp - 26);
	emu_bits_put_se(&out, 0);
	emu_bits_put_se(&out, 0);
	emu_bits_put(&out, 3, 4); /* deblocking control */
	emu_bits_put(&out, 1, p->pic_fields.bits.transform_8x8_mode_flag);
	emu_bits_put(&out, 1, 0);
	emu_bits_put_se(&out, 0);
	emu_bits_trail(&out);
	finish_header(&picture->sets, VAEncPackedHeaderSequence, rbsp, out.at);
}

static void write_slice(struct coder_picture *picture)
{
	uint8_t rbsp[64];
	struct emu_bits_out out = {rbsp, 0};
	const VAEncSequenceParameterBufferH264 *q = &picture->sequence;
	const VAEncSliceParameterBufferH264 *s = &picture->slice;
	bool inter = s->slice_type == 0;
	emu_bits_put(&out, 8, picture->idr ? 0x65 : 0x61);
	emu_bits_put_ue(&out, s->macroblock_address);
	emu_bits_put_ue(&out, s->slice_type);
	emu_bits_put_ue(&out, 0);
	emu_bits_put(&out, q->seq_fields.bits.log2_max_frame_num_minus4 + 4u,
		     picture->picture.frame_num);
	if (picture->idr)
		emu_bits_put_ue(&out, s->idr_pic_id);
	emu_bits_put(&out, q->seq_fields.bits.log2_max_pic_order_cnt_lsb_minus4 + 4u,
		     s->pic_order_cnt_lsb);
	if (inter)
		emu_bits_put(&out, 2, 0); /* default count and order of references */
	emu_bits_put(&out, picture->idr ? 2 : 1, 0);
	if (inter && picture->picture.pic_fields.bits.entropy_coding_mode_flag)
		emu_bits_put_ue(&out, s->cabac_init_idc);
	emu_bits_put_se(&out, s->slice_qp_delta);
	emu_bits_put_ue(&out, s->disable_deblocking_filter_idc);
	emu_bits_put_se(&out, 0);
	emu_bits_put_se(&out, 0);
	finish_header(&picture->header, VAEncPackedHeaderSlice, rbsp, out.at);
}

static void fill_sequence(const struct coder *coder, VAEncSequenceParameterBufferH264 *q,
			  uint32_t bits_per_second)
{
	q->level_idc = 41;
	q->intra_period = q->intra_idr_period = 1000;
	q->ip_period = 1;
	q->bits_per_second = bits_per_second;
	q->max_num_ref_frames = 1;
	q->picture_width_in_mbs = (uint16_t)(coder->width / 16);
	q->picture_height_in_mbs = (uint16_t)(coder->height / 16);
	q->seq_fields.bits.chroma_format_idc = 1;
	q->seq_fields.bits.frame_mbs_only_flag = 1;
	q->seq_fields.bits.direct_8x8_inference_flag = 1;
	q->seq_fields.bits.log2_max_frame_num_minus4 = 0;
	q->seq_fields.bits.log2_max_pic_order_cnt_lsb_minus4 = 4;
}

static VAPictureH264 entry(VASurfaceID id, unsigned poc)
{
	return (VAPictureH264){
		.picture_id = id,
		.flags = id == VA_INVALID_SURFACE ? VA_PICTURE_H264_INVALID
						  : VA_PICTURE_H264_SHORT_TERM_REFERENCE,
		.TopFieldOrderCnt = (int32_t)poc,
		.BottomFieldOrderCnt = (int32_t)poc,
	};
}

void coder_pack(const struct coder *coder, struct coder_picture *picture)
{
	memset(&picture->sets, 0, sizeof(picture->sets));
	memset(&picture->header, 0, sizeof(picture->header));
	if (picture->send_sequence)
		write_sets(coder, picture);
	write_slice(picture);
}

void coder_picture(struct coder *coder, struct coder_picture *picture, bool idr,
		   uint32_t bits_per_second, int qp)
{
	memset(picture, 0, sizeof(*picture));
	if (idr) {
		coder->since_idr = 0;
		coder->idrs++;
	}
	unsigned i = coder->since_idr;
	picture->input = coder->input;
	picture->idr = picture->send_sequence = idr;
	picture->send_rate = coder->rate_control != VA_RC_CQP;
	picture->rate.bits_per_second = bits_per_second;
	picture->rate.target_percentage = 100;
	picture->rate_bytes = sizeof(VAEncMiscParameterBuffer) + sizeof(picture->rate);
	fill_sequence(coder, &picture->sequence, bits_per_second);

	VAEncPictureParameterBufferH264 *p = &picture->picture;
	VAEncSliceParameterBufferH264 *s = &picture->slice;
	VASurfaceID before = coder->reconstruction[(coder->pictures + 1) % 2];
	for (unsigned n = 0; n < 16; n++)
		p->ReferenceFrames[n] = entry(VA_INVALID_SURFACE, 0);
	for (unsigned n = 0; n < 32; n++)
		s->RefPicList0[n] = s->RefPicList1[n] = entry(VA_INVALID_SURFACE, 0);
	if (!idr)
		p->ReferenceFrames[0] = s->RefPicList0[0] = entry(before, 2 * (i - 1));
	p->CurrPic = entry(coder->reconstruction[coder->pictures % 2], 2 * i);
	p->coded_buf = coder->coded;
	p->frame_num = (uint16_t)(i % 16);
	p->pic_init_qp = (uint8_t)qp;
	p->pic_fields.bits.idr_pic_flag = idr;
	p->pic_fields.bits.reference_pic_flag = 1;
	p->pic_fields.bits.entropy_coding_mode_flag = 1;
	p->pic_fields.bits.transform_8x8_mode_flag = 1;
	p->pic_fields.bits.deblocking_filter_control_present_flag = 1;
	s->num_macroblocks = coder->width / 16 * (coder->height / 16);
	s->macroblock_info = VA_INVALID_ID;
	s->slice_type = idr ? 2 : 0;
	s->idr_pic_id = (uint16_t)(coder->idrs % 8);
	s->pic_order_cnt_lsb = (uint16_t)(2 * i % 256);
	if (coder->packed)
		coder_pack(coder, picture);
	coder->pictures++;
	coder->since_idr++;
}

static unsigned add(struct coder *coder, VABufferID *ids, unsigned count, VABufferType type,
		    const void *data, size_t bytes)
{
	ids[count] = rig_buffer(coder->rig, coder->context.id, type, data, bytes);
	return count + 1;
}

static unsigned add_misc(struct coder *coder, VABufferID *ids, unsigned count,
			 VAEncMiscParameterType type, const void *data, size_t bytes, size_t total)
{
	uint8_t buffer[256] = {0};
	memcpy(buffer, &type, sizeof(type));
	memcpy(buffer + sizeof(VAEncMiscParameterBuffer), data, bytes);
	return add(coder, ids, count, VAEncMiscParameterBufferType, buffer, total);
}

static unsigned add_header(struct coder *coder, VABufferID *ids, unsigned count,
			   const struct coder_header *header)
{
	for (int i = 0; i < (header->twice ? 2 : 1) && header->length; i++) {
		if (!header->no_parameters)
			count = add(coder, ids, count, VAEncPackedHeaderParameterBufferType,
				    &header->parameters, sizeof(header->parameters));
		if (!header->no_data)
			count = add(coder, ids, count, VAEncPackedHeaderDataBufferType,
				    header->data, header->length);
	}
	return count;
}

VAStatus coder_encode(struct coder *coder, const struct coder_picture *picture)
{
	VABufferID ids[16];
	unsigned n = 0;
	VADisplay display = coder->rig->display;
	VA_OK(vaBeginPicture(display, coder->context.id, picture->input));
	if (picture->send_sequence)
		n = add(coder, ids, n, VAEncSequenceParameterBufferType, &picture->sequence,
			sizeof(picture->sequence));
	if (picture->send_rate)
		n = add_misc(coder, ids, n, VAEncMiscParameterTypeRateControl, &picture->rate,
			     sizeof(picture->rate), picture->rate_bytes);
	if (picture->frame_rate) {
		VAEncMiscParameterFrameRate rate = {.framerate = picture->frame_rate & 0xffffff};
		n = add_misc(coder, ids, n, VAEncMiscParameterTypeFrameRate, &rate, sizeof(rate),
			     sizeof(VAEncMiscParameterBuffer) + sizeof(rate));
	}
	if (!picture->no_picture)
		n = add(coder, ids, n, VAEncPictureParameterBufferType, &picture->picture,
			sizeof(picture->picture));
	if (picture->slice_header_first)
		n = add_header(coder, ids, n, &picture->header);
	n = add_header(coder, ids, n, &picture->sets);
	if (!picture->slice_header_first)
		n = add_header(coder, ids, n, &picture->header);
	if (picture->sets_again)
		n = add_header(coder, ids, n, &picture->sets);
	if (!picture->no_slice)
		n = add(coder, ids, n, VAEncSliceParameterBufferType, &picture->slice,
			sizeof(picture->slice));
	VA_OK(vaRenderPicture(display, coder->context.id, ids, (int)n));
	VAStatus status = vaEndPicture(display, coder->context.id);
	for (unsigned i = 0; i < n; i++)
		VA_OK(vaDestroyBuffer(display, ids[i]));
	return status;
}

size_t coder_take(struct coder *coder, uint8_t *to, size_t size)
{
	VACodedBufferSegment *segment;
	size_t length = 0;
	VA_OK(vaMapBuffer(coder->rig->display, coder->coded, (void **)&segment));
	for (; segment; segment = segment->next) {
		MUST(!(segment->status & VA_CODED_BUF_STATUS_BAD_BITSTREAM));
		MUST(length + segment->size <= size);
		memcpy(to + length, segment->buf, segment->size);
		length += segment->size;
	}
	VA_OK(vaUnmapBuffer(coder->rig->display, coder->coded));
	return length;
}
