/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/h264.h - parameter sets and slice headers of H.264, as far as a device needs
 * them.
 */
#ifndef TESS_TESTS_EMU_H264_H
#define TESS_TESTS_EMU_H264_H

#include <stdbool.h>
#include <va/va.h>

#include "tests/emulated/va/bits.h"

enum emu_h264_slice_type { EMU_H264_P = 0, EMU_H264_B = 1, EMU_H264_I = 2 };

/* §7.3.2.1.1 */
struct emu_h264_sps {
	unsigned log2_max_frame_num, poc_type, log2_max_poc_lsb;
	bool delta_pic_order_always_zero;
	unsigned width_mbs, height_map_units;
	bool frame_mbs_only;
};

/* §7.3.2.2 */
struct emu_h264_pps {
	bool cabac, bottom_field_pic_order, weighted_pred, deblocking_control, constrained_intra,
		redundant_pic_cnt, transform_8x8;
	unsigned weighted_bipred;
	unsigned references[2]; /* default counts */
	int init_qp, chroma_qp_offset, second_chroma_qp_offset;
};

/* §7.3.3 */
struct emu_h264_slice {
	unsigned nal_type, nal_ref_idc;
	unsigned first_mb, type, pps_id, frame_num, idr_pic_id, poc_lsb;
	bool field, bottom, references_override;
	unsigned references[2];
	unsigned cabac_init_idc, disable_deblocking;
	int qp, alpha_offset_div2, beta_offset_div2;
	size_t qp_at, qp_end; /* bits of slice_qp_delta */
	size_t end;	      /* bits up to slice_data(), from the NAL unit's first byte on */
};

/** Parse unescaped NAL units, from the header byte on. @return false: not that */
bool emu_h264_parse_sps(struct emu_h264_sps *sps, const uint8_t *nal, size_t length);
bool emu_h264_parse_pps(struct emu_h264_pps *pps, const uint8_t *nal, size_t length);
/** @p pps may hold counts of references of no account: those that were not overridden come from it.
 */
bool emu_h264_parse_slice(struct emu_h264_slice *slice, const struct emu_h264_sps *sps,
			  const struct emu_h264_pps *pps, const uint8_t *nal, size_t length);

/** The parameter sets that a picture's VA buffers were made from, as far as decoding goes. */
void emu_h264_sps_of(struct emu_h264_sps *sps, const VAPictureParameterBufferH264 *picture);
void emu_h264_pps_of(struct emu_h264_pps *pps, const VAPictureParameterBufferH264 *picture);
/** Write them as NAL units with start codes; 1024 bytes are enough. @return bytes */
size_t emu_h264_write_sps(uint8_t *to, const VAPictureParameterBufferH264 *picture);
size_t emu_h264_write_pps(uint8_t *to, const VAPictureParameterBufferH264 *picture,
			  const VAIQMatrixBufferH264 *matrix, unsigned pps_id,
			  const unsigned references[2]);

#endif
