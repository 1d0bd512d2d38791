/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/header.h - the fixed header of an RTP packet (RFC 3550 §5.1).
 */
#ifndef TESS_RTP_HEADER_H
#define TESS_RTP_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/net.h"

struct tess_rtp_header {
	uint32_t timestamp;
	uint32_t ssrc;
	uint32_t payload_offset; /* from the begin of the datagram */
	uint32_t payload_length; /* padding taken off; may be 0 */
	uint16_t sequence;
	uint8_t payload_type;
	bool marker;
	bool padded;
};

/** True if the datagram is RTCP and not RTP (RFC 5761 §4). */
bool tess_rtp_is_rtcp(const uint8_t *data, size_t length);
/** @retval 0, -EBADMSG not RTP version 2, or a length inside leaves the datagram */
int tess_rtp_header_parse(struct tess_rtp_header *header, const uint8_t *data,
			  size_t length) TESS_MUST_CHECK;

#endif
