/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/h264.h - H.264 out of RTP payloads (RFC 6184, modes 0 and 1: single NAL unit,
 * STAP-A, FU-A), one access unit at a time, as Annex B.
 *
 * An access unit ends with the marker bit or when the timestamp changes. One that misses a part is
 * dropped; the ones after it are given out, the first of them marked: a decoder conceals better
 * than a picture that stands still until the next key frame. The buffer grows by doubling up to the
 * limit.
 */
#ifndef TESS_RTP_H264_H
#define TESS_RTP_H264_H

#include "pipeline/rtp/parameters.h"
#include "pipeline/rtp/track.h"

struct tess_rtp_h264_frame {
	const uint8_t *data; /* 4-byte start codes; the depacketiser's, until the handler returns */
	size_t length;
	uint32_t timestamp;
	bool key; /* IDR, with all known parameter sets that it came without */
	bool discontinuity;
};

typedef void tess_rtp_h264_handler(void *arg, const struct tess_rtp_h264_frame *frame);

struct tess_rtp_h264 {
	struct tess_rtp_counters *counters;
	tess_rtp_h264_handler *handler;
	void *arg;
	uint8_t *buffer;
	size_t length, capacity, limit;
	size_t sps_at;	       /* where a missing SPS belongs: behind the delimiter */
	size_t pps_at;	       /* where a missing PPS belongs: behind the sets that are there */
	size_t nal_at;	       /* of the NAL unit that is put together */
	uint32_t timestamp;    /* of the open access unit */
	uint8_t fragment_type; /* NAL unit type between the first and last FU-A, else 0 */
	bool started;	       /* a packet was seen */
	bool key_seen;	       /* a key frame was given out since the begin */
	bool open;
	bool head_unsure; /* packets in front are missing: is this the access unit's first? */
	bool damaged, oversize;
	bool has_picture, has_idr, has_sps, has_pps;
	bool discontinuity; /* to tell with the next access unit */
	bool key_wanted;    /* something was lost; the owner may set it, a key frame clears it */
	struct tess_h264_parameters parameters;
};

/** @p limit is the largest access unit. @retval 0, -ENOMEM */
int tess_rtp_h264_init(struct tess_rtp_h264 *h264, size_t limit, struct tess_rtp_counters *counters,
		       tess_rtp_h264_handler *handler, void *arg) TESS_MUST_CHECK;
void tess_rtp_h264_clear(struct tess_rtp_h264 *h264);
/** Forget the open access unit: another sender follows. Parameter sets are forgotten as well. */
void tess_rtp_h264_restart(struct tess_rtp_h264 *h264);
/**
 * Take in a payload; packets come in order. May call the handler up to two times.
 * @param lost packets in front of it are missing
 */
void tess_rtp_h264_push(struct tess_rtp_h264 *h264, const uint8_t *payload, size_t length,
			uint32_t timestamp, bool marker, bool lost);

#endif
