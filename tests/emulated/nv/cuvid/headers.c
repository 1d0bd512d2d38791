/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuvid/headers.c - SPS and PPS from what NVDEC is told of them.
 *
 * ITU-T H.264 clauses 7.3.2.1.1 and 7.3.2.2. What NVDEC is not told does not change the samples.
 */
#include "tests/emulated/nv/cuvid/bits.h"
#include "tests/emulated/nv/cuvid/decoder.h"

static const uint8_t zigzag_4x4[16] = {0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15};
static const uint8_t zigzag_8x8[64] = {
	0,  1,	8,  16, 9,  2,	3,  10, 17, 24, 32, 25, 18, 11, 4,  5,	12, 19, 26, 33, 40, 48,
	41, 34, 27, 20, 13, 6,	7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
	30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

/* Clause 7.3.2.1.1.1. */
static void scaling_list(struct bit_writer *w, const uint8_t *list, int size, const uint8_t *zigzag)
{
	int last = 8;

	bits_put(w, 1, 1);
	for (int i = 0; i < size; i++) {
		int value = list[zigzag[i]];

		bits_put_se(w, (int8_t)(uint8_t)(value - last));
		last = value;
	}
}

static size_t sequence(const CUVIDPICPARAMS *picture, uint8_t *out)
{
	const CUVIDH264PICPARAMS *h = &picture->CodecSpecific.h264;
	struct bit_writer w = {.bits = 0};
	int map_units = picture->FrameHeightInMbs / (h->frame_mbs_only_flag ? 1 : 2);

	bits_put(&w, 8, 100); /* High */
	bits_put(&w, 8, 0);
	bits_put(&w, 8, 51);
	bits_put_ue(&w, 0); /* seq_parameter_set_id */
	bits_put_ue(&w, 1); /* chroma_format_idc */
	bits_put_ue(&w, 0); /* bit depths */
	bits_put_ue(&w, 0);
	bits_put(&w, 2, 0); /* transform bypass, scaling matrix */
	bits_put_ue(&w, (uint32_t)h->log2_max_frame_num_minus4);
	bits_put_ue(&w, (uint32_t)h->pic_order_cnt_type);
	if (h->pic_order_cnt_type == 0)
		bits_put_ue(&w, (uint32_t)h->log2_max_pic_order_cnt_lsb_minus4);
	if (h->pic_order_cnt_type == 1) {
		bits_put(&w, 1, (uint32_t)h->delta_pic_order_always_zero_flag);
		bits_put_se(&w, 0); /* offsets: NVDEC is told the order itself */
		bits_put_se(&w, 0);
		bits_put_ue(&w, 0);
	}
	bits_put_ue(&w, (uint32_t)h->num_ref_frames);
	bits_put(&w, 1, 0); /* gaps_in_frame_num_value_allowed_flag */
	bits_put_ue(&w, (uint32_t)picture->PicWidthInMbs - 1);
	bits_put_ue(&w, (uint32_t)map_units - 1);
	bits_put(&w, 1, (uint32_t)h->frame_mbs_only_flag);
	if (!h->frame_mbs_only_flag)
		bits_put(&w, 1, h->MbaffFrameFlag || picture->field_pic_flag);
	bits_put(&w, 1, (uint32_t)h->direct_8x8_inference_flag);
	bits_put(&w, 2, 0); /* cropping, VUI */
	return bits_nal(&w, 0x67, out);
}

static size_t picture_set(const CUVIDH264PICPARAMS *h, unsigned id, uint8_t *out)
{
	struct bit_writer w = {.bits = 0};

	bits_put_ue(&w, id);
	bits_put_ue(&w, 0);
	bits_put(&w, 1, (uint32_t)h->entropy_coding_mode_flag);
	bits_put(&w, 1, (uint32_t)h->pic_order_present_flag);
	bits_put_ue(&w, 0); /* num_slice_groups_minus1 */
	bits_put_ue(&w, (uint32_t)h->num_ref_idx_l0_active_minus1);
	bits_put_ue(&w, (uint32_t)h->num_ref_idx_l1_active_minus1);
	bits_put(&w, 1, (uint32_t)h->weighted_pred_flag);
	bits_put(&w, 2, (uint32_t)h->weighted_bipred_idc);
	bits_put_se(&w, h->pic_init_qp_minus26);
	bits_put_se(&w, h->pic_init_qs_minus26);
	bits_put_se(&w, h->chroma_qp_index_offset);
	bits_put(&w, 1, (uint32_t)h->deblocking_filter_control_present_flag);
	bits_put(&w, 1, (uint32_t)h->constrained_intra_pred_flag);
	bits_put(&w, 1, (uint32_t)h->redundant_pic_cnt_present_flag);
	bits_put(&w, 1, (uint32_t)h->transform_8x8_mode_flag);
	bits_put(&w, 1, 1); /* pic_scaling_matrix_present_flag */
	for (int i = 0; i < 6; i++)
		scaling_list(&w, h->WeightScale4x4[i], 16, zigzag_4x4);
	for (int i = 0; i < 2 && h->transform_8x8_mode_flag; i++)
		scaling_list(&w, h->WeightScale8x8[i], 64, zigzag_8x8);
	bits_put_se(&w, h->second_chroma_qp_index_offset);
	return bits_nal(&w, 0x68, out);
}

unsigned decoder_slice_pps(const uint8_t *nal, size_t length)
{
	struct bit_reader reader;

	bits_open(&reader, nal + 1, length - 1);
	bits_get_ue(&reader); /* first_mb_in_slice */
	bits_get_ue(&reader); /* slice_type */
	return bits_get_ue(&reader);
}

size_t decoder_headers(const CUVIDPICPARAMS *picture, uint8_t *out)
{
	size_t length = sequence(picture, out);
	uint8_t done[256] = {0}; /* by pic_parameter_set_id */

	for (unsigned i = 0; i < picture->nNumSlices; i++) {
		unsigned offset = picture->pSliceDataOffsets[i] + 3;
		unsigned id = decoder_slice_pps(picture->pBitstreamData + offset,
						picture->nBitstreamDataLen - offset);

		if (id > 255 || done[id] || length > DECODER_MAX_HEADERS - 1100)
			continue;
		done[id] = 1;
		length += picture_set(&picture->CodecSpecific.h264, id, out + length);
	}
	return length;
}
