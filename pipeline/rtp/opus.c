/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/opus.c - see opus.h
 */
#include "pipeline/rtp/opus.h"

#include <errno.h>

#define MAX_DURATION 5760 /* 120 ms, RFC 6716 §3.2.5 */

/* Sample frames in one frame, RFC 6716 table 2 */
static uint32_t frame_duration(uint8_t toc)
{
	uint8_t config = toc >> 3;

	if (config < 12) /* SILK: 10, 20, 40, 60 ms */
		return (config & 3) == 3 ? 2880 : 480U << (config & 3);
	if (config < 16) /* hybrid: 10, 20 ms */
		return 480U << (config & 1);
	return 120U << (config & 3); /* CELT: 2.5, 5, 10, 20 ms */
}

int tess_rtp_opus_duration(const uint8_t *packet, size_t length)
{
	uint32_t frames;

	if (length == 0)
		return -EBADMSG;
	switch (packet[0] & 3) {
	case 0:
		frames = 1;
		break;
	case 1: /* two of equal size, [R3] */
		if ((length - 1) % 2)
			return -EBADMSG;
		frames = 2;
		break;
	case 2: /* the first one's size is there, [R4] */
		if (length < 2)
			return -EBADMSG;
		frames = 2;
		break;
	default: /* [R5], [R6] */
		if (length < 2)
			return -EBADMSG;
		frames = packet[1] & 0x3f;
		break;
	}
	frames *= frame_duration(packet[0]);
	if (frames == 0 || frames > MAX_DURATION)
		return -EBADMSG;
	return (int)frames;
}

int tess_rtp_opus_push(struct tess_rtp_opus *opus, const uint8_t *packet, size_t length,
		       uint32_t timestamp, uint32_t lost_packets, uint32_t *lost_frames)
{
	int duration = tess_rtp_opus_duration(packet, length);

	opus->missing += lost_packets;
	if (duration < 0) {
		opus->missing++;
		return duration;
	}
	*lost_frames = 0;
	if (opus->started && opus->missing) {
		int32_t gap = (int32_t)(timestamp - opus->next_timestamp);
		uint64_t most = (uint64_t)opus->missing * opus->duration;

		if (gap > 0)
			*lost_frames = (uint64_t)gap < most ? (uint32_t)gap : (uint32_t)most;
	}
	opus->started = true;
	opus->missing = 0;
	opus->duration = (uint32_t)duration;
	opus->next_timestamp = timestamp + (uint32_t)duration;
	return 0;
}
