/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/opus.h - Opus out of RTP payloads (RFC 7587): a payload is one Opus packet.
 */
#ifndef TESS_RTP_OPUS_H
#define TESS_RTP_OPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/net.h"

struct tess_rtp_opus {
	bool started;
	uint32_t next_timestamp; /* if nothing is left out */
	uint32_t duration;	 /* of the last packet, sample frames */
	uint32_t missing;	 /* packets since then that were lost or bad */
};

/** Sample frames at 48 kHz in a packet (RFC 6716 §3). @return > 0, or -EBADMSG */
int tess_rtp_opus_duration(const uint8_t *packet, size_t length) TESS_MUST_CHECK;
/**
 * Take in a packet; packets come in order. A bad one counts as lost.
 * @param lost_packets how many in front of it are missing
 * @param[out] lost_frames sample frames that they held: no more than fit between the timestamps, so
 *             that a pause of the sender (RFC 7587 §3.1.3, DTX) is not taken for loss
 * @retval 0, -EBADMSG
 */
int tess_rtp_opus_push(struct tess_rtp_opus *opus, const uint8_t *packet, size_t length,
		       uint32_t timestamp, uint32_t lost_packets,
		       uint32_t *lost_frames) TESS_MUST_CHECK;

#endif
