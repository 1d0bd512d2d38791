/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/h264_parse.c - parses parameter sets and slice headers of H.264.
 */
#include <string.h>

#include "tests/emulated/va/h264.h"

#define PROFILE_HIGH 100

/* SPS with scaling lists, cycles of order counts or other than 4:2:0 are not what anybody encodes
 */
bool emu_h264_parse_sps(struct emu_h264_sps *sps, const uint8_t *nal, size_t length)
{
	struct emu_bits_in in = {nal, 8, 8 * length};
	memset(sps, 0, sizeof(*sps));
	if (length < 4 || (nal[0] & 31) != 7)
		return false;
	unsigned profile = emu_bits_get(&in, 8);
	emu_bits_get(&in, 16);
	emu_bits_get_ue(&in);
	if (profile >= PROFILE_HIGH) {
		if (emu_bits_get_ue(&in) != 1 || emu_bits_get_ue(&in) != 0 ||
		    emu_bits_get_ue(&in) != 0)
			return false;
		emu_bits_get(&in, 1);
		if (emu_bits_get(&in, 1))
			return false;
	}
	sps->log2_max_frame_num = emu_bits_get_ue(&in) + 4;
	sps->poc_type = emu_bits_get_ue(&in);
	if (sps->poc_type == 1)
		return false;
	if (sps->poc_type == 0)
		sps->log2_max_poc_lsb = emu_bits_get_ue(&in) + 4;
	emu_bits_get_ue(&in);
	emu_bits_get(&in, 1);
	sps->width_mbs = emu_bits_get_ue(&in) + 1;
	sps->height_map_units = emu_bits_get_ue(&in) + 1;
	sps->frame_mbs_only = emu_bits_get(&in, 1);
	return in.at <= in.end && sps->log2_max_frame_num <= 16 && sps->log2_max_poc_lsb <= 16;
}

/* more_rbsp_data(), §7.2 */
static bool more_data(const struct emu_bits_in *in)
{
	size_t last = in->end;
	while (last > 0 && !(in->data[(last - 1) >> 3] >> (7 - ((last - 1) & 7)) & 1))
		last--;
	return last > 0 && in->at < last - 1;
}

bool emu_h264_parse_pps(struct emu_h264_pps *pps, const uint8_t *nal, size_t length)
{
	struct emu_bits_in in = {nal, 8, 8 * length};
	memset(pps, 0, sizeof(*pps));
	if (length < 2 || (nal[0] & 31) != 8)
		return false;
	emu_bits_get_ue(&in);
	emu_bits_get_ue(&in);
	pps->cabac = emu_bits_get(&in, 1);
	pps->bottom_field_pic_order = emu_bits_get(&in, 1);
	if (emu_bits_get_ue(&in) != 0)
		return false; /* slice groups */
	pps->references[0] = emu_bits_get_ue(&in) + 1;
	pps->references[1] = emu_bits_get_ue(&in) + 1;
	pps->weighted_pred = emu_bits_get(&in, 1);
	pps->weighted_bipred = emu_bits_get(&in, 2);
	pps->init_qp = 26 + emu_bits_get_se(&in);
	emu_bits_get_se(&in);
	pps->chroma_qp_offset = pps->second_chroma_qp_offset = emu_bits_get_se(&in);
	pps->deblocking_control = emu_bits_get(&in, 1);
	pps->constrained_intra = emu_bits_get(&in, 1);
	pps->redundant_pic_cnt = emu_bits_get(&in, 1);
	if (more_data(&in)) {
		pps->transform_8x8 = emu_bits_get(&in, 1);
		if (emu_bits_get(&in, 1))
			return false; /* scaling lists */
		pps->second_chroma_qp_offset = emu_bits_get_se(&in);
	}
	return in.at <= in.end;
}

/* ref_pic_list_modification, §7.3.3.1 */
static void skip_list_modification(struct emu_bits_in *in, unsigned lists)
{
	for (unsigned list = 0; list < lists; list++) {
		if (!emu_bits_get(in, 1))
			continue;
		while (in->at <= in->end && emu_bits_get_ue(in) != 3)
			emu_bits_get_ue(in);
	}
}

/* pred_weight_table, §7.3.3.2, of 4:2:0 */
static void skip_weights(struct emu_bits_in *in, const unsigned references[2], unsigned lists)
{
	emu_bits_get_ue(in);
	emu_bits_get_ue(in);
	for (unsigned list = 0; list < lists; list++)
		for (unsigned i = 0; i < references[list] && in->at <= in->end; i++)
			for (unsigned values = 2; values <= 4; values += 2) {
				if (!emu_bits_get(in, 1))
					continue;
				for (unsigned j = 0; j < values; j++)
					emu_bits_get_se(in);
			}
}

/* dec_ref_pic_marking, §7.3.3.3 */
static void skip_marking(struct emu_bits_in *in, bool idr)
{
	if (idr) {
		emu_bits_get(in, 2);
		return;
	}
	if (!emu_bits_get(in, 1))
		return;
	while (in->at <= in->end) {
		unsigned operation = emu_bits_get_ue(in);
		if (operation == 0)
			break;
		if (operation != 5)
			emu_bits_get_ue(in);
		if (operation == 3)
			emu_bits_get_ue(in);
	}
}

static void parse_order_count(struct emu_h264_slice *slice, const struct emu_h264_sps *sps,
			      const struct emu_h264_pps *pps, struct emu_bits_in *in)
{
	if (sps->poc_type == 0) {
		slice->poc_lsb = emu_bits_get(in, sps->log2_max_poc_lsb);
		if (pps->bottom_field_pic_order && !slice->field)
			emu_bits_get_se(in);
	}
	if (sps->poc_type == 1 && !sps->delta_pic_order_always_zero) {
		emu_bits_get_se(in);
		if (pps->bottom_field_pic_order && !slice->field)
			emu_bits_get_se(in);
	}
}

static void parse_references(struct emu_h264_slice *slice, const struct emu_h264_pps *pps,
			     struct emu_bits_in *in)
{
	slice->references[0] = pps->references[0];
	slice->references[1] = slice->type == EMU_H264_B ? pps->references[1] : 0;
	slice->references_override = emu_bits_get(in, 1);
	if (slice->references_override) {
		slice->references[0] = emu_bits_get_ue(in) + 1;
		if (slice->type == EMU_H264_B)
			slice->references[1] = emu_bits_get_ue(in) + 1;
	}
	unsigned lists = slice->type == EMU_H264_B ? 2 : 1;
	skip_list_modification(in, lists);
	if (slice->type == EMU_H264_B ? pps->weighted_bipred == 1 : pps->weighted_pred)
		skip_weights(in, slice->references, lists);
}

bool emu_h264_parse_slice(struct emu_h264_slice *slice, const struct emu_h264_sps *sps,
			  const struct emu_h264_pps *pps, const uint8_t *nal, size_t length)
{
	struct emu_bits_in in = {nal, 8, 8 * length};
	memset(slice, 0, sizeof(*slice));
	if (length < 2)
		return false;
	slice->nal_type = nal[0] & 31;
	slice->nal_ref_idc = nal[0] >> 5 & 3;
	if (slice->nal_type != 1 && slice->nal_type != 5)
		return false;
	slice->first_mb = emu_bits_get_ue(&in);
	slice->type = emu_bits_get_ue(&in) % 5;
	if (slice->type > EMU_H264_I)
		return false; /* SP, SI */
	slice->pps_id = emu_bits_get_ue(&in);
	slice->frame_num = emu_bits_get(&in, sps->log2_max_frame_num);
	if (!sps->frame_mbs_only) {
		slice->field = emu_bits_get(&in, 1);
		slice->bottom = slice->field && emu_bits_get(&in, 1);
	}
	if (slice->nal_type == 5)
		slice->idr_pic_id = emu_bits_get_ue(&in);
	parse_order_count(slice, sps, pps, &in);
	if (pps->redundant_pic_cnt)
		emu_bits_get_ue(&in);
	if (slice->type == EMU_H264_B)
		emu_bits_get(&in, 1);
	if (slice->type != EMU_H264_I)
		parse_references(slice, pps, &in);
	if (slice->nal_ref_idc)
		skip_marking(&in, slice->nal_type == 5);
	if (pps->cabac && slice->type != EMU_H264_I)
		slice->cabac_init_idc = emu_bits_get_ue(&in);
	slice->qp_at = in.at;
	slice->qp = pps->init_qp + emu_bits_get_se(&in);
	slice->qp_end = in.at;
	if (pps->deblocking_control) {
		slice->disable_deblocking = emu_bits_get_ue(&in);
		if (slice->disable_deblocking != 1) {
			slice->alpha_offset_div2 = emu_bits_get_se(&in);
			slice->beta_offset_div2 = emu_bits_get_se(&in);
		}
	}
	slice->end = in.at;
	return in.at <= in.end;
}
