/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/header.c - see header.h
 */
#include "pipeline/rtp/header.h"

#include <errno.h>

#include "pipeline/rtp/wire.h"

#define FIXED_BYTES 12

bool tess_rtp_is_rtcp(const uint8_t *data, size_t length)
{
	/* RTCP types 192..223 would be payload types 64..95 with the marker set, which RTP leaves
	 * free */
	return length >= 2 && data[0] >> 6 == 2 && data[1] >= 192 && data[1] <= 223;
}

int tess_rtp_header_parse(struct tess_rtp_header *header, const uint8_t *data, size_t length)
{
	size_t offset;

	if (length < FIXED_BYTES || length > UINT32_MAX || data[0] >> 6 != 2)
		return -EBADMSG;

	offset = FIXED_BYTES + (size_t)(data[0] & 0x0f) * 4; /* CSRC list */
	if (data[0] & 0x10) {				     /* extension, §5.3.1 */
		if (length < offset + 4)
			return -EBADMSG;
		offset += 4 + (size_t)tess_rtp_get16(data + offset + 2) * 4;
	}
	if (length < offset)
		return -EBADMSG;

	header->padded = data[0] & 0x20;
	if (header->padded) {
		/* the last octet counts itself, so it is never 0 */
		uint8_t padding = data[length - 1];

		if (padding == 0 || padding > length - offset)
			return -EBADMSG;
		length -= padding;
	}

	header->marker = data[1] & 0x80;
	header->payload_type = data[1] & 0x7f;
	header->sequence = tess_rtp_get16(data + 2);
	header->timestamp = tess_rtp_get32(data + 4);
	header->ssrc = tess_rtp_get32(data + 8);
	header->payload_offset = (uint32_t)offset;
	header->payload_length = (uint32_t)(length - offset);
	return 0;
}
