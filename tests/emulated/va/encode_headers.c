/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/encode_headers.c - packed headers: whether they come in pairs, and what they
 * say.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/encode.h"

static size_t packed_bytes(const VAEncPackedHeaderParameterBuffer *p)
{
	return (p->bit_length + 7u) / 8;
}

static void check_agrees(const char *what, long packed, long said)
{
	emu_check(packed == said,
		  "vaEndPicture: the packed header's %s is %ld, the parameters' %ld", what, packed,
		  said);
}

static void read_sets(struct emu_encoder *encoder, const uint8_t *data, size_t length)
{
	size_t at = 0, nal_length;
	const uint8_t *nal;
	while ((nal = emu_nal_next(data, length, &at, &nal_length))) {
		uint8_t *rbsp = emu_zalloc(nal_length);
		size_t n = emu_nal_unescape(rbsp, nal, nal_length);
		if ((nal[0] & 31) == 7) {
			bool parsed = emu_h264_parse_sps(&encoder->sps, rbsp, n);
			emu_check(parsed, "vaEndPicture: the packed SPS cannot be read");
			encoder->has_sets = true;
		} else if ((nal[0] & 31) == 8) {
			bool parsed = emu_h264_parse_pps(&encoder->pps, rbsp, n);
			emu_check(parsed, "vaEndPicture: the packed PPS cannot be read");
		}
		free(rbsp);
	}
}

static void check_sets(const struct emu_encoder *encoder, const VAEncPictureParameterBufferH264 *p)
{
	const VAEncSequenceParameterBufferH264 *q = &encoder->sequence;
	const struct emu_h264_sps *sps = &encoder->sps;
	const struct emu_h264_pps *pps = &encoder->pps;
	check_agrees("width", sps->width_mbs, q->picture_width_in_mbs);
	check_agrees("height", sps->height_map_units, q->picture_height_in_mbs);
	check_agrees("log2_max_frame_num", sps->log2_max_frame_num,
		     q->seq_fields.bits.log2_max_frame_num_minus4 + 4);
	check_agrees("pic_order_cnt_type", sps->poc_type, q->seq_fields.bits.pic_order_cnt_type);
	if (sps->poc_type == 0)
		check_agrees("log2_max_pic_order_cnt_lsb", sps->log2_max_poc_lsb,
			     q->seq_fields.bits.log2_max_pic_order_cnt_lsb_minus4 + 4);
	check_agrees("entropy_coding_mode_flag", pps->cabac,
		     p->pic_fields.bits.entropy_coding_mode_flag);
	check_agrees("transform_8x8_mode_flag", pps->transform_8x8,
		     p->pic_fields.bits.transform_8x8_mode_flag);
	check_agrees("weighted_pred_flag", pps->weighted_pred,
		     p->pic_fields.bits.weighted_pred_flag);
	check_agrees("constrained_intra_pred_flag", pps->constrained_intra,
		     p->pic_fields.bits.constrained_intra_pred_flag);
	check_agrees("deblocking_filter_control_present_flag", pps->deblocking_control,
		     p->pic_fields.bits.deblocking_filter_control_present_flag);
	check_agrees("pic_init_qp", pps->init_qp, p->pic_init_qp);
	check_agrees("chroma_qp_index_offset", pps->chroma_qp_offset, p->chroma_qp_index_offset);
	check_agrees("second_chroma_qp_index_offset", pps->second_chroma_qp_offset,
		     p->second_chroma_qp_index_offset);
}

/* the header's bits must be its syntax, all of it; with CABAC it may be aligned already */
static void take_slice(struct emu_encoder *encoder, struct emu_encode_work *work,
		       const uint8_t *data, const VAEncPackedHeaderParameterBuffer *parameters)
{
	size_t length = packed_bytes(parameters);
	size_t start = length > 4 && data[2] == 0 ? 4 : 3;
	emu_check(length > start && data[0] == 0 && data[1] == 0 && data[start - 1] == 1,
		  "vaEndPicture: the packed slice header has no start code");
	work->slice_nal = emu_zalloc(length);
	work->slice_nal_length = emu_nal_unescape(work->slice_nal, data + start, length - start);
	emu_check(encoder->has_sets, "vaEndPicture: a packed slice header before parameter sets");
	bool parsed = emu_h264_parse_slice(&work->header, &encoder->sps, &encoder->pps,
					   work->slice_nal, work->slice_nal_length);
	emu_check(parsed, "vaEndPicture: the packed slice header cannot be read");
	size_t escapes = length - start - work->slice_nal_length;
	size_t bits = parameters->bit_length - 8 * (start + escapes);
	bool aligned = encoder->pps.cabac && bits == ((work->header.end + 7) & ~(size_t)7);
	emu_check(bits == work->header.end || aligned,
		  "vaEndPicture: the packed slice header has %zu bits, its syntax %zu", bits,
		  work->header.end);
}

static void check_slice(const struct emu_encode_work *work)
{
	const struct emu_h264_slice *slice = &work->header;
	const VAEncPictureParameterBufferH264 *p = &work->picture;
	const VAEncSliceParameterBufferH264 *s = &work->slice;
	check_agrees("nal_unit_type", slice->nal_type, p->pic_fields.bits.idr_pic_flag ? 5 : 1);
	check_agrees("nal_ref_idc is not 0", slice->nal_ref_idc != 0,
		     p->pic_fields.bits.reference_pic_flag != 0);
	check_agrees("first_mb_in_slice", slice->first_mb, (long)s->macroblock_address);
	check_agrees("slice_type", slice->type, s->slice_type % 5);
	check_agrees("frame_num", slice->frame_num, p->frame_num);
	if (slice->nal_type == 5)
		check_agrees("idr_pic_id", slice->idr_pic_id, s->idr_pic_id);
	check_agrees("pic_order_cnt_lsb", slice->poc_lsb, s->pic_order_cnt_lsb);
	check_agrees("slice_qp_delta", slice->qp - p->pic_init_qp, s->slice_qp_delta);
	check_agrees("cabac_init_idc", slice->cabac_init_idc, s->cabac_init_idc);
	check_agrees("disable_deblocking_filter_idc", slice->disable_deblocking,
		     s->disable_deblocking_filter_idc);
	if (slice->type == EMU_H264_P)
		check_agrees("count of references", slice->references[0], 1);
}

static void append(struct emu_encode_work *work, const uint8_t *data, size_t length)
{
	work->headers = realloc(work->headers, work->headers_length + length);
	if (!work->headers)
		abort();
	memcpy(work->headers + work->headers_length, data, length);
	work->headers_length += length;
}

static uint32_t offer_of(uint32_t type)
{
	switch (type) {
	case VAEncPackedHeaderSequence:
		return VA_ENC_PACKED_HEADER_SEQUENCE;
	case VAEncPackedHeaderPicture:
		return VA_ENC_PACKED_HEADER_PICTURE;
	case VAEncPackedHeaderSlice:
		return VA_ENC_PACKED_HEADER_SLICE;
	default:
		return VA_ENC_PACKED_HEADER_MISC;
	}
}

static void take_pair(struct emu_encoder *encoder, struct emu_picture *picture,
		      struct emu_encode_work *work, const struct emu_buffer *parameters,
		      const struct emu_buffer *data)
{
	const VAEncPackedHeaderParameterBuffer *p = (const void *)parameters->data;
	emu_check(picture->context->config.packed_headers & offer_of(p->type),
		  "vaEndPicture: a packed header of type %u, not in the configuration", p->type);
	emu_check(p->bit_length > 0 && packed_bytes(p) <= data->size,
		  "vaEndPicture: a packed header of %u bits in a buffer of %u bytes", p->bit_length,
		  data->size);
	emu_check(p->has_emulation_bytes, "vaEndPicture: a packed header without emulation "
					  "prevention");
	if (p->type == VAEncPackedHeaderSlice) {
		emu_check(!work->slice_nal, "vaEndPicture: two packed slice headers");
		take_slice(encoder, work, data->data, p);
		return;
	}
	emu_check(!work->slice_nal, "vaEndPicture: a packed header behind the slice's");
	read_sets(encoder, data->data, packed_bytes(p));
	append(work, data->data, packed_bytes(p));
}

void emu_encode_packed(struct emu_encoder *encoder, struct emu_picture *picture,
		       struct emu_encode_work *work)
{
	const struct emu_buffer *parameters = NULL;
	for (unsigned i = 0; i < picture->count; i++) {
		const struct emu_buffer *buffer = picture->buffers[i];
		if (buffer->type == VAEncPackedHeaderParameterBufferType) {
			emu_check(!parameters, "vaEndPicture: packed header parameters without "
					       "data");
			parameters = buffer;
		} else if (buffer->type == VAEncPackedHeaderDataBufferType) {
			emu_check(parameters, "vaEndPicture: packed header data without "
					      "parameters");
			take_pair(encoder, picture, work, parameters, buffer);
			parameters = NULL;
		}
	}
	emu_check(!parameters, "vaEndPicture: packed header parameters without data");
	if (!work->packed)
		return;
	emu_check(work->slice_nal, "vaEndPicture: no packed slice header");
	check_sets(encoder, &work->picture);
	check_slice(work);
	work->sps = encoder->sps;
	work->pps = encoder->pps;
}
