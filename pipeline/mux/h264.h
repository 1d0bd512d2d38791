/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mux/h264.h - what a muxer must know of H.264: the parameter sets of an access unit, the
 * picture size, and the decoder configuration that MP4 and FLV store.
 *
 * Access units come length-prefixed (pipeline/stream/au.h). All input is hostile.
 */
#ifndef TESS_MUX_H264_H
#define TESS_MUX_H264_H

#include <stddef.h>
#include <stdint.h>

#include "hal/net.h"

/** Parameter sets of each kind that are kept, and bytes of a decoder configuration. */
#define TESS_H264_MAX_SETS 8
#define TESS_H264_MAX_AVCC 1024
/** The largest picture side accepted. */
#define TESS_H264_MAX_SIDE 16384

enum {
	TESS_H264_NAL_IDR = 5,
	TESS_H264_NAL_SPS = 7,
	TESS_H264_NAL_PPS = 8,
};

/** A sequence parameter set (ITU-T H.264 §7.3.2.1.1), as far as muxers care. */
struct tess_h264_sps {
	uint8_t profile_idc, constraint_flags, level_idc;
	uint8_t chroma_format_idc; /* 1 = 4:2:0 */
	uint8_t bit_depth_luma, bit_depth_chroma;
	uint16_t width, height;		/* cropping applied */
	uint16_t sar_width, sar_height; /* shape of a sample (§E.2.1); 0: it does not say */
	/* how many pictures may come before one that is shown earlier (max_num_reorder_frames,
	 * §E.2.1); -1: it does not say */
	int8_t reorder;
};

/** AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1) and the size of its first SPS. */
struct tess_h264_config {
	uint8_t avcc[TESS_H264_MAX_AVCC];
	uint16_t avcc_length;
	struct tess_h264_sps sps;
};

/**
 * The next NAL unit of a length-prefixed access unit; *at moves behind it.
 * @retval 1 a unit, of at least one byte; 0 the end; -EBADMSG a length that does not fit, or zero
 */
int tess_h264_next_nal(const uint8_t **nalp, size_t *lengthp, const uint8_t **at,
		       const uint8_t *end) TESS_MUST_CHECK;
/** Parse an SPS NAL unit, its header byte included. @retval 0, -EBADMSG, -ENOTSUP too large */
int tess_h264_sps_parse(struct tess_h264_sps *sps, const uint8_t *nal,
			size_t length) TESS_MUST_CHECK;
/**
 * The decoder configuration out of the parameter sets in an access unit.
 * @retval 0
 * @retval -ENOENT it has no SPS or no PPS
 * @retval -EBADMSG, -ENOTSUP damaged, or beyond the limits above
 */
int tess_h264_config_from_au(struct tess_h264_config *config, const uint8_t *au,
			     size_t length) TESS_MUST_CHECK;
/** The same out of a stored record. @retval 0, -EBADMSG, -ENOTSUP */
int tess_h264_config_from_avcc(struct tess_h264_config *config, const uint8_t *avcc,
			       size_t length) TESS_MUST_CHECK;

#endif
