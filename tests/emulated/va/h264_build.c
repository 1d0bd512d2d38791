/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/h264_build.c - writes the parameter sets that a picture's VA buffers came from.
 *
 * A device gets no parameter sets, only what they mean for one picture; a decoder that reads a
 * stream needs them again. What is not in the buffers does not change a sample.
 */
#include <string.h>

#include "tests/emulated/va/h264.h"

/* raster positions in zig-zag order, §8.5.6 */
static const uint8_t zigzag_4x4[16] = {0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15};
static const uint8_t zigzag_8x8[64] = {
	0,  1,	8,  16, 9,  2,	3,  10, 17, 24, 32, 25, 18, 11, 4,  5,	12, 19, 26, 33, 40, 48,
	41, 34, 27, 20, 13, 6,	7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
	30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

void emu_h264_sps_of(struct emu_h264_sps *sps, const VAPictureParameterBufferH264 *picture)
{
	*sps = (struct emu_h264_sps){
		.log2_max_frame_num = picture->seq_fields.bits.log2_max_frame_num_minus4 + 4u,
		.poc_type = picture->seq_fields.bits.pic_order_cnt_type,
		.log2_max_poc_lsb = picture->seq_fields.bits.log2_max_pic_order_cnt_lsb_minus4 + 4u,
		.delta_pic_order_always_zero =
			picture->seq_fields.bits.delta_pic_order_always_zero_flag,
		.width_mbs = picture->picture_width_in_mbs_minus1 + 1u,
		.height_map_units = picture->picture_height_in_mbs_minus1 + 1u,
		.frame_mbs_only = picture->seq_fields.bits.frame_mbs_only_flag,
	};
}

void emu_h264_pps_of(struct emu_h264_pps *pps, const VAPictureParameterBufferH264 *picture)
{
	*pps = (struct emu_h264_pps){
		.cabac = picture->pic_fields.bits.entropy_coding_mode_flag,
		.bottom_field_pic_order = picture->pic_fields.bits.pic_order_present_flag,
		.weighted_pred = picture->pic_fields.bits.weighted_pred_flag,
		.deblocking_control =
			picture->pic_fields.bits.deblocking_filter_control_present_flag,
		.constrained_intra = picture->pic_fields.bits.constrained_intra_pred_flag,
		.redundant_pic_cnt = picture->pic_fields.bits.redundant_pic_cnt_present_flag,
		.transform_8x8 = picture->pic_fields.bits.transform_8x8_mode_flag,
		.weighted_bipred = picture->pic_fields.bits.weighted_bipred_idc,
		.init_qp = picture->pic_init_qp_minus26 + 26,
		.chroma_qp_offset = picture->chroma_qp_index_offset,
		.second_chroma_qp_offset = picture->second_chroma_qp_index_offset,
	};
}

static size_t write_nal(uint8_t *to, uint8_t header, struct emu_bits_out *rbsp)
{
	emu_bits_trail(rbsp);
	memcpy(to, (const uint8_t[]){0, 0, 0, 1, header}, 5);
	return 5 + emu_nal_escape(to + 5, rbsp->data, rbsp->at / 8);
}

size_t emu_h264_write_sps(uint8_t *to, const VAPictureParameterBufferH264 *picture)
{
	uint8_t rbsp[128];
	struct emu_bits_out out = {rbsp, 0};
	bool frames = picture->seq_fields.bits.frame_mbs_only_flag;
	unsigned height_mbs = picture->picture_height_in_mbs_minus1 + 1u;
	emu_bits_put(&out, 8, 100); /* High: all that Baseline without FMO and Main have */
	emu_bits_put(&out, 8, 0);
	emu_bits_put(&out, 8, 51);
	emu_bits_put_ue(&out, 0);
	emu_bits_put_ue(&out, 1); /* 4:2:0 of 8 bits */
	emu_bits_put_ue(&out, 0);
	emu_bits_put_ue(&out, 0);
	emu_bits_put(&out, 2, 0);
	emu_bits_put_ue(&out, picture->seq_fields.bits.log2_max_frame_num_minus4);
	emu_bits_put_ue(&out, picture->seq_fields.bits.pic_order_cnt_type);
	if (picture->seq_fields.bits.pic_order_cnt_type == 0)
		emu_bits_put_ue(&out, picture->seq_fields.bits.log2_max_pic_order_cnt_lsb_minus4);
	emu_bits_put_ue(&out, picture->num_ref_frames);
	emu_bits_put(&out, 1, picture->seq_fields.bits.gaps_in_frame_num_value_allowed_flag);
	emu_bits_put_ue(&out, picture->picture_width_in_mbs_minus1);
	emu_bits_put_ue(&out, (frames ? height_mbs : height_mbs / 2) - 1);
	emu_bits_put(&out, 1, frames);
	if (!frames)
		emu_bits_put(&out, 1, picture->seq_fields.bits.mb_adaptive_frame_field_flag);
	emu_bits_put(&out, 1, picture->seq_fields.bits.direct_8x8_inference_flag);
	emu_bits_put(&out, 2, 0); /* no cropping, no VUI */
	return write_nal(to, 0x67, &out);
}

/* §7.3.2.1.1.1 */
static void put_list(struct emu_bits_out *out, const uint8_t *list, const uint8_t *order,
		     unsigned count)
{
	int last = 8;
	emu_bits_put(out, 1, 1);
	for (unsigned i = 0; i < count; i++) {
		emu_bits_put_se(out, (int8_t)(list[order[i]] - last));
		last = list[order[i]];
	}
}

size_t emu_h264_write_pps(uint8_t *to, const VAPictureParameterBufferH264 *picture,
			  const VAIQMatrixBufferH264 *matrix, unsigned pps_id,
			  const unsigned references[2])
{
	uint8_t rbsp[512];
	struct emu_bits_out out = {rbsp, 0};
	bool transform_8x8 = picture->pic_fields.bits.transform_8x8_mode_flag;
	emu_bits_put_ue(&out, pps_id);
	emu_bits_put_ue(&out, 0);
	emu_bits_put(&out, 1, picture->pic_fields.bits.entropy_coding_mode_flag);
	emu_bits_put(&out, 1, picture->pic_fields.bits.pic_order_present_flag);
	emu_bits_put_ue(&out, 0);
	emu_bits_put_ue(&out, references[0] - 1);
	emu_bits_put_ue(&out, references[1] - 1);
	emu_bits_put(&out, 1, picture->pic_fields.bits.weighted_pred_flag);
	emu_bits_put(&out, 2, picture->pic_fields.bits.weighted_bipred_idc);
	emu_bits_put_se(&out, picture->pic_init_qp_minus26);
	emu_bits_put_se(&out, picture->pic_init_qs_minus26);
	emu_bits_put_se(&out, picture->chroma_qp_index_offset);
	emu_bits_put(&out, 1, picture->pic_fields.bits.deblocking_filter_control_present_flag);
	emu_bits_put(&out, 1, picture->pic_fields.bits.constrained_intra_pred_flag);
	emu_bits_put(&out, 1, picture->pic_fields.bits.redundant_pic_cnt_present_flag);
	emu_bits_put(&out, 1, transform_8x8);
	emu_bits_put(&out, 1, 1);
	for (unsigned i = 0; i < 6; i++)
		put_list(&out, matrix->ScalingList4x4[i], zigzag_4x4, 16);
	for (unsigned i = 0; i < 2 && transform_8x8; i++)
		put_list(&out, matrix->ScalingList8x8[i], zigzag_8x8, 64);
	emu_bits_put_se(&out, picture->second_chroma_qp_index_offset);
	return write_nal(to, 0x68, &out);
}
