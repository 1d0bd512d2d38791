/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/parameters.c - see parameters.h
 */
#include "pipeline/rtp/parameters.h"

#include <string.h>

#include "pipeline/rtp/wire.h"

/* ue(v), H.264 §9.1, of at most 8 bits value: identifiers are no larger. @return 256 if it is not
 * there */
static unsigned read_id(const uint8_t *data, size_t length)
{
	unsigned zeros = 0, value = 0;
	size_t bits = length * 8;

	while (zeros < bits && !(data[zeros / 8] >> (7 - zeros % 8) & 1))
		zeros++;
	if (zeros > 8 || zeros * 2 + 1 > bits)
		return 256;
	for (unsigned at = zeros; at <= zeros * 2; at++)
		value = value << 1 | (data[at / 8] >> (7 - at % 8) & 1);
	return value - 1;
}

void tess_h264_parameters_put(struct tess_h264_parameters *parameters, const uint8_t *nal,
			      size_t length)
{
	unsigned id;

	if (length == 0)
		return;
	if ((nal[0] & 0x1f) == TESS_H264_NAL_SPS) {
		/* profile, constraints and level come before the identifier, §7.3.2.1.1 */
		if (length < 5 || length > TESS_H264_SPS_BYTES)
			return;
		id = read_id(nal + 4, length - 4);
		if (id > 31)
			return;
		id %= TESS_H264_SPS_COUNT;
		parameters->sps_length[id] = (uint16_t)length;
		memcpy(parameters->sps[id], nal, length);
	} else {
		if (length < 2 || length > TESS_H264_PPS_BYTES)
			return;
		id = read_id(nal + 1, length - 1);
		if (id > 255)
			return;
		id %= TESS_H264_PPS_COUNT;
		parameters->pps_length[id] = (uint16_t)length;
		memcpy(parameters->pps[id], nal, length);
	}
}

size_t tess_h264_parameters_size(const struct tess_h264_parameters *parameters, uint8_t type)
{
	const uint16_t *length = parameters->pps_length;
	unsigned count = TESS_H264_PPS_COUNT;
	size_t size = 0;

	if (type == TESS_H264_NAL_SPS) {
		length = parameters->sps_length;
		count = TESS_H264_SPS_COUNT;
	}
	for (unsigned i = 0; i < count; i++)
		size += length[i] ? 4U + length[i] : 0U;
	return size;
}

static uint8_t *write_set(uint8_t *p, const uint8_t *set, size_t length)
{
	if (length == 0)
		return p;
	tess_rtp_put32(p, 1);
	memcpy(p + 4, set, length);
	return p + 4 + length;
}

void tess_h264_parameters_write(const struct tess_h264_parameters *parameters, uint8_t type,
				uint8_t *buffer)
{
	if (type == TESS_H264_NAL_SPS) {
		for (unsigned i = 0; i < TESS_H264_SPS_COUNT; i++)
			buffer = write_set(buffer, parameters->sps[i], parameters->sps_length[i]);
	} else {
		for (unsigned i = 0; i < TESS_H264_PPS_COUNT; i++)
			buffer = write_set(buffer, parameters->pps[i], parameters->pps_length[i]);
	}
}
