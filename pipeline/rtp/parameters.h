/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/parameters.h - remembers the parameter sets of an H.264 stream, to put them in front
 * of pictures that come without.
 */
#ifndef TESS_RTP_PARAMETERS_H
#define TESS_RTP_PARAMETERS_H

#include <stddef.h>
#include <stdint.h>

#define TESS_H264_NAL_SPS 7
#define TESS_H264_NAL_PPS 8
/** Sets remembered; larger ones are not. A fifth SPS takes the place of an older one. */
#define TESS_H264_SPS_COUNT 4
#define TESS_H264_SPS_BYTES 512
#define TESS_H264_PPS_COUNT 8
#define TESS_H264_PPS_BYTES 256

struct tess_h264_parameters {
	uint16_t sps_length[TESS_H264_SPS_COUNT];
	uint16_t pps_length[TESS_H264_PPS_COUNT];
	uint8_t sps[TESS_H264_SPS_COUNT][TESS_H264_SPS_BYTES];
	uint8_t pps[TESS_H264_PPS_COUNT][TESS_H264_PPS_BYTES];
};

/** Remember a NAL unit of type SPS or PPS; one without a readable identifier is left out. */
void tess_h264_parameters_put(struct tess_h264_parameters *parameters, const uint8_t *nal,
			      size_t length);
/** Bytes that write() needs. @p type is TESS_H264_NAL_SPS or _PPS */
size_t tess_h264_parameters_size(const struct tess_h264_parameters *parameters, uint8_t type);
/** Write all sets of a type, each behind a 4-byte start code. */
void tess_h264_parameters_write(const struct tess_h264_parameters *parameters, uint8_t type,
				uint8_t *buffer);

#endif
