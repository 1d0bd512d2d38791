/* SPDX-License-Identifier: GPL-3.0-or-later
 * H.264 parameter sets and decoder configuration.
 */
#include "pipeline/mux/h264.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/** Reads an RBSP bit by bit, leaving out emulation prevention bytes (ITU-T H.264 §7.4.1.1). */
struct bits {
	const uint8_t *at, *end;
	unsigned zeros; /* zero bytes just before at */
	unsigned left;	/* bits left of byte */
	uint8_t byte;
	bool bad;
};

static unsigned bits_one(struct bits *bits)
{
	if (!bits->left) {
		if (bits->at < bits->end && bits->zeros >= 2 && *bits->at == 3) {
			bits->at++;
			bits->zeros = 0;
		}
		if (bits->at == bits->end) {
			bits->bad = true;
			return 0;
		}
		bits->byte = *bits->at++;
		bits->zeros = bits->byte ? 0 : bits->zeros + 1;
		bits->left = 8;
	}
	bits->left--;
	return bits->byte >> bits->left & 1;
}

static uint32_t bits_get(struct bits *bits, unsigned count)
{
	uint32_t value = 0;

	while (count--)
		value = value << 1 | bits_one(bits);
	return value;
}

/** ue(v), §9.1 */
static uint32_t bits_ue(struct bits *bits)
{
	unsigned zeros = 0;

	while (!bits_one(bits)) {
		if (bits->bad || ++zeros > 31) {
			bits->bad = true;
			return 0;
		}
	}
	return (1u << zeros) - 1 + bits_get(bits, zeros);
}

static int32_t bits_se(struct bits *bits)
{
	uint32_t value = bits_ue(bits);

	return value & 1 ? (int32_t)(value / 2 + 1) : -(int32_t)(value / 2);
}

/** scaling_list(), §7.3.2.1.1.1: only skipped */
static void skip_scaling_list(struct bits *bits, unsigned size)
{
	int32_t last = 8, next = 8;

	for (unsigned i = 0; i < size && !bits->bad; i++) {
		if (next) {
			int32_t delta = bits_se(bits);

			if (delta < -128 || delta > 127) {
				bits->bad = true;
				return;
			}
			next = (last + delta + 256) % 256;
		}
		if (next)
			last = next;
	}
}

static bool profile_has_chroma(uint8_t profile)
{
	static const uint8_t profiles[] = {100, 110, 122, 244, 44,  83, 86,
					   118, 128, 138, 139, 134, 135};

	return memchr(profiles, profile, sizeof(profiles)) != NULL;
}

static void parse_chroma(struct tess_h264_sps *sps, struct bits *bits, bool *separate_planes)
{
	uint32_t chroma = bits_ue(bits), luma_depth, chroma_depth;

	if (chroma == 3)
		*separate_planes = bits_one(bits);
	luma_depth = bits_ue(bits);
	chroma_depth = bits_ue(bits);
	if (chroma > 3 || luma_depth > 6 || chroma_depth > 6)
		bits->bad = true;
	if (bits->bad)
		return;
	sps->chroma_format_idc = (uint8_t)chroma;
	sps->bit_depth_luma = (uint8_t)(8 + luma_depth);
	sps->bit_depth_chroma = (uint8_t)(8 + chroma_depth);
	bits_one(bits);	      /* qpprime_y_zero_transform_bypass_flag */
	if (bits_one(bits)) { /* seq_scaling_matrix_present_flag */
		for (unsigned i = 0; i < (chroma == 3 ? 12 : 8); i++) {
			if (bits_one(bits))
				skip_scaling_list(bits, i < 6 ? 16 : 64);
		}
	}
}

/** @return pic_order_cnt_type */
static uint32_t skip_pic_order(struct bits *bits)
{
	uint32_t type = bits_ue(bits), count;

	if (type == 0) {
		bits_ue(bits); /* log2_max_pic_order_cnt_lsb_minus4 */
	} else if (type == 1) {
		bits_one(bits);
		bits_se(bits);
		bits_se(bits);
		count = bits_ue(bits);
		if (count > 255)
			bits->bad = true;
		for (uint32_t i = 0; i < count && !bits->bad; i++)
			bits_se(bits);
	} else if (type > 2) {
		bits->bad = true;
	}
	return type;
}

/** hrd_parameters(), §E.1.2 */
static void skip_hrd(struct bits *bits)
{
	uint32_t count = bits_ue(bits);

	if (count > 31)
		bits->bad = true;
	bits_get(bits, 8); /* bit_rate_scale, cpb_size_scale */
	for (uint32_t i = 0; i <= count && !bits->bad; i++) {
		bits_ue(bits);
		bits_ue(bits);
		bits_one(bits);
	}
	bits_get(bits, 20); /* lengths of delays and of the time offset */
}

/** The first of vui_parameters(): the shape of a sample. */
static void parse_sar(struct tess_h264_sps *sps, struct bits *bits)
{
	/* Table E-1, from 1 on */
	static const uint8_t known[][2] = {
		{1, 1},	  {12, 11}, {10, 11}, {16, 11}, {40, 33},  {24, 11}, {20, 11}, {32, 11},
		{80, 33}, {18, 11}, {15, 11}, {64, 33}, {160, 99}, {4, 3},   {3, 2},   {2, 1}};
	uint32_t idc, width = 0, height = 0;

	if (!bits_one(bits))
		return;
	idc = bits_get(bits, 8);
	if (idc == 255) { /* Extended_SAR */
		width = bits_get(bits, 16);
		height = bits_get(bits, 16);
	} else if (idc && idc <= sizeof(known) / sizeof(known[0])) {
		width = known[idc - 1][0];
		height = known[idc - 1][1];
	}
	if (bits->bad || !width || !height)
		return;
	sps->sar_width = (uint16_t)width;
	sps->sar_height = (uint16_t)height;
}

/** vui_parameters(), §E.1.1. @return max_num_reorder_frames, -1 if it does not say */
static int8_t parse_vui(struct tess_h264_sps *sps, struct bits *bits)
{
	bool nal_hrd, vcl_hrd;
	uint32_t reorder;

	parse_sar(sps, bits);
	if (bits_one(bits)) /* overscan_info_present_flag */
		bits_one(bits);
	if (bits_one(bits)) { /* video_signal_type_present_flag */
		bits_get(bits, 4);
		if (bits_one(bits)) /* colour_description_present_flag */
			bits_get(bits, 24);
	}
	if (bits_one(bits)) { /* chroma_loc_info_present_flag */
		bits_ue(bits);
		bits_ue(bits);
	}
	if (bits_one(bits)) { /* timing_info_present_flag */
		bits_get(bits, 32);
		bits_get(bits, 32);
		bits_one(bits);
	}
	nal_hrd = bits_one(bits);
	if (nal_hrd)
		skip_hrd(bits);
	vcl_hrd = bits_one(bits);
	if (vcl_hrd)
		skip_hrd(bits);
	if (nal_hrd || vcl_hrd)
		bits_one(bits); /* low_delay_hrd_flag */
	bits_one(bits);		/* pic_struct_present_flag */
	if (!bits_one(bits))	/* bitstream_restriction_flag */
		return -1;
	bits_one(bits); /* motion_vectors_over_pic_boundaries_flag */
	for (unsigned i = 0; i < 4; i++)
		bits_ue(bits); /* sizes of pictures, macroblocks, motion vectors */
	reorder = bits_ue(bits);
	return bits->bad || reorder > 16 ? -1 : (int8_t)reorder;
}

/** What is behind the cropping; damage there leaves it unknown. */
static void parse_rest(struct tess_h264_sps *sps, struct bits *bits, uint32_t pic_order_type)
{
	/* vui_parameters_present_flag */
	sps->reorder = bits_one(bits) ? parse_vui(sps, bits) : -1;
	/* without B slices (A.2.1), and by type 2 (§8.2.1.3), pictures come as they are shown */
	if (sps->profile_idc == 66 || pic_order_type == 2)
		sps->reorder = 0;
}

int tess_h264_sps_parse(struct tess_h264_sps *sps, const uint8_t *nal, size_t length)
{
	struct tess_h264_sps s = {
		.chroma_format_idc = 1, .bit_depth_luma = 8, .bit_depth_chroma = 8};
	uint32_t width_mbs, height_units, crop_x = 0, crop_y = 0, unit_x, unit_y, pic_order;
	bool frame_mbs_only, separate_planes = false;
	uint64_t width, height, cut_x = 0, cut_y = 0;
	struct bits bits;

	if (length < 5 || (nal[0] & 0x9f) != TESS_H264_NAL_SPS)
		return -EBADMSG;
	s.profile_idc = nal[1];
	s.constraint_flags = nal[2];
	s.level_idc = nal[3];
	bits = (struct bits){.at = nal + 4, .end = nal + length};
	if (bits_ue(&bits) > 31) /* seq_parameter_set_id */
		return -EBADMSG;
	if (profile_has_chroma(s.profile_idc))
		parse_chroma(&s, &bits, &separate_planes);
	bits_ue(&bits); /* log2_max_frame_num_minus4 */
	pic_order = skip_pic_order(&bits);
	bits_ue(&bits);	 /* max_num_ref_frames */
	bits_one(&bits); /* gaps_in_frame_num_value_allowed_flag */
	width_mbs = bits_ue(&bits);
	height_units = bits_ue(&bits);
	frame_mbs_only = bits_one(&bits);
	if (!frame_mbs_only)
		bits_one(&bits); /* mb_adaptive_frame_field_flag */
	bits_one(&bits);	 /* direct_8x8_inference_flag */
	/* CropUnitX and CropUnitY, (7-19) to (7-22) */
	unit_x = s.chroma_format_idc == 1 || s.chroma_format_idc == 2 ? 2 : 1;
	unit_y = s.chroma_format_idc == 1 ? 2 : 1;
	if (separate_planes)
		unit_x = unit_y = 1;
	unit_y *= frame_mbs_only ? 1 : 2;
	if (bits_one(&bits)) {
		crop_x = bits_ue(&bits);
		cut_x = (uint64_t)unit_x * ((uint64_t)crop_x + bits_ue(&bits));
		crop_y = bits_ue(&bits);
		cut_y = (uint64_t)unit_y * ((uint64_t)crop_y + bits_ue(&bits));
	}
	if (bits.bad)
		return -EBADMSG;
	width = ((uint64_t)width_mbs + 1) * 16;
	height = ((uint64_t)height_units + 1) * 16 * (frame_mbs_only ? 1 : 2);
	if (width > TESS_H264_MAX_SIDE || height > TESS_H264_MAX_SIDE)
		return -ENOTSUP;
	if (cut_x >= width || cut_y >= height)
		return -EBADMSG;
	s.width = (uint16_t)(width - cut_x);
	s.height = (uint16_t)(height - cut_y);
	parse_rest(&s, &bits, pic_order);
	*sps = s;
	return 0;
}

int tess_h264_next_nal(const uint8_t **nalp, size_t *lengthp, const uint8_t **at,
		       const uint8_t *end)
{
	const uint8_t *p = *at;
	size_t left = (size_t)(end - p), length;

	if (!left)
		return 0;
	if (left < 4)
		return -EBADMSG;
	length = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	if (!length || length > left - 4)
		return -EBADMSG;
	*nalp = p + 4;
	*lengthp = length;
	*at = p + 4 + length;
	return 1;
}

struct nal {
	const uint8_t *data;
	size_t length;
};

struct sets {
	struct nal sps[TESS_H264_MAX_SETS], pps[TESS_H264_MAX_SETS];
	unsigned sps_count, pps_count;
};

static int sets_add(struct nal *list, unsigned *count, const uint8_t *data, size_t length)
{
	for (unsigned i = 0; i < *count; i++) {
		if (list[i].length == length && memcmp(list[i].data, data, length) == 0)
			return 0;
	}
	if (*count == TESS_H264_MAX_SETS)
		return -ENOTSUP;
	list[(*count)++] = (struct nal){data, length};
	return 0;
}

static int put_sets(struct tess_h264_config *config, const struct nal *list, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint8_t *at = config->avcc + config->avcc_length;

		/* the last bytes stay free for the chroma extension */
		if (list[i].length + 2 > TESS_H264_MAX_AVCC - 5u - config->avcc_length)
			return -ENOTSUP;
		at[0] = (uint8_t)(list[i].length >> 8);
		at[1] = (uint8_t)list[i].length;
		memcpy(at + 2, list[i].data, list[i].length);
		config->avcc_length = (uint16_t)(config->avcc_length + 2 + list[i].length);
	}
	return 0;
}

static int config_from_sets(struct tess_h264_config *config, const struct sets *sets)
{
	struct tess_h264_config c = {.avcc_length = 6};
	int error;

	error = tess_h264_sps_parse(&c.sps, sets->sps[0].data, sets->sps[0].length);
	if (error)
		return error;
	c.avcc[0] = 1; /* configurationVersion */
	memcpy(c.avcc + 1, sets->sps[0].data + 1, 3);
	c.avcc[4] = 0xff; /* lengthSizeMinusOne = 3 */
	c.avcc[5] = (uint8_t)(0xe0 | sets->sps_count);
	error = put_sets(&c, sets->sps, sets->sps_count);
	if (error)
		return error;
	c.avcc[c.avcc_length++] = (uint8_t)sets->pps_count;
	error = put_sets(&c, sets->pps, sets->pps_count);
	if (error)
		return error;
	if (profile_has_chroma(c.sps.profile_idc)) {
		c.avcc[c.avcc_length++] = (uint8_t)(0xfc | c.sps.chroma_format_idc);
		c.avcc[c.avcc_length++] = (uint8_t)(0xf8 | (c.sps.bit_depth_luma - 8));
		c.avcc[c.avcc_length++] = (uint8_t)(0xf8 | (c.sps.bit_depth_chroma - 8));
		c.avcc[c.avcc_length++] = 0; /* numOfSequenceParameterSetExt */
	}
	*config = c;
	return 0;
}

int tess_h264_config_from_au(struct tess_h264_config *config, const uint8_t *au, size_t length)
{
	const uint8_t *at = au, *end = au + length, *nal;
	struct sets sets = {0};
	size_t nal_length;
	int error;

	while ((error = tess_h264_next_nal(&nal, &nal_length, &at, end)) > 0) {
		switch (nal[0] & 0x1f) {
		case TESS_H264_NAL_SPS:
			error = sets_add(sets.sps, &sets.sps_count, nal, nal_length);
			break;
		case TESS_H264_NAL_PPS:
			error = sets_add(sets.pps, &sets.pps_count, nal, nal_length);
			break;
		default:
			break;
		}
		if (error < 0)
			return error;
	}
	if (error < 0)
		return error;
	if (!sets.sps_count || !sets.pps_count)
		return -ENOENT;
	return config_from_sets(config, &sets);
}

static int get_sets(struct nal *list, unsigned *listed, unsigned count, const uint8_t **at,
		    const uint8_t *end)
{
	while (count--) {
		size_t length;
		int error;

		if (end - *at < 2)
			return -EBADMSG;
		length = (size_t)(*at)[0] << 8 | (*at)[1];
		*at += 2;
		if (!length || length > (size_t)(end - *at))
			return -EBADMSG;
		error = sets_add(list, listed, *at, length);
		if (error)
			return error;
		*at += length;
	}
	return 0;
}

int tess_h264_config_from_avcc(struct tess_h264_config *config, const uint8_t *avcc, size_t length)
{
	const uint8_t *at, *end = avcc + length;
	struct sets sets = {0};
	unsigned count;
	int error;

	if (length < 7 || avcc[0] != 1 || (avcc[4] & 3) != 3)
		return -EBADMSG;
	count = avcc[5] & 0x1f;
	at = avcc + 6;
	error = get_sets(sets.sps, &sets.sps_count, count, &at, end);
	if (error)
		return error;
	if (at == end)
		return -EBADMSG;
	count = *at++;
	error = get_sets(sets.pps, &sets.pps_count, count, &at, end);
	if (error)
		return error;
	if (!sets.sps_count || !sets.pps_count)
		return -EBADMSG;
	return config_from_sets(config, &sets);
}
