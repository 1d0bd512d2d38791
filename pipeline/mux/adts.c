/* SPDX-License-Identifier: GPL-3.0-or-later
 * ADTS headers.
 */
#include "pipeline/mux/adts.h"

#include <errno.h>

/** aac_frame_length has 13 bits. */
#define MAX_FRAME 0x1fff

int tess_adts_header(uint8_t out[TESS_ADTS_HEADER_BYTES], const uint8_t *config,
		     size_t config_length, size_t frame_bytes)
{
	unsigned type, rate, channels;
	size_t length = frame_bytes + TESS_ADTS_HEADER_BYTES;

	if (config_length < 2)
		return -ENOTSUP;
	type = config[0] >> 3;
	rate = (config[0] & 7u) << 1 | config[1] >> 7;
	channels = config[1] >> 3 & 15;
	/* two bits of profile, no rate written out, no channel configuration in the stream */
	if (type < 1 || type > 4 || rate > 12 || channels < 1 || channels > 7)
		return -ENOTSUP;
	if (frame_bytes > MAX_FRAME - TESS_ADTS_HEADER_BYTES)
		return -EMSGSIZE;
	out[0] = 0xff;
	out[1] = 0xf1; /* MPEG-4, no CRC */
	out[2] = (uint8_t)((type - 1) << 6 | rate << 2 | channels >> 2);
	out[3] = (uint8_t)((channels & 3) << 6 | length >> 11);
	out[4] = (uint8_t)(length >> 3);
	out[5] = (uint8_t)((length & 7) << 5 | 0x1f); /* buffer fullness: variable rate */
	out[6] = 0xfc;
	return 0;
}
