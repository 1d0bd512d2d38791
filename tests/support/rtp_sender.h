/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/rtp_sender.h - the sending end of one RTP stream: access units in, datagrams out.
 *
 * Independent of pipeline/rtp on purpose: it is what that is tested against. H.264 by RFC 6184 in
 * packetization mode 1 (SPS and PPS of a picture as one STAP-A, NAL units that fit alone, the
 * others as FU-A), Opus by RFC 7587, sender reports by RFC 3550 §6.4.1. No network: packets go to a
 * handler.
 *
 *	struct tess_rtp_sender sender;
 *	struct tess_rtp_sender_config config = {
 *		.ssrc = 0x1234, .payload_type = 96, .clock_rate = 90000, .first_sequence = 65530,
 *	};
 *	tess_rtp_sender_init(&sender, &config, to_socket, &fd);
 *	tess_rtp_sender_h264(&sender, 40000, access_unit, length);
 */
#ifndef TESS_TESTS_RTP_SENDER_H
#define TESS_TESTS_RTP_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The longest packet it makes, RTP header included. */
#define TESS_RTP_SENDER_MTU 1200

/** One datagram; @p data is valid during the call. @p rtcp tells a sender report from media. */
typedef void tess_rtp_sender_handler(void *arg, const uint8_t *data, size_t length, bool rtcp);

struct tess_rtp_sender_config {
	uint32_t ssrc;
	uint8_t payload_type;
	uint32_t clock_rate; /* 90000, 48000 */
	uint16_t first_sequence;
	uint32_t first_timestamp; /* of what was captured at origin_us */
	int64_t origin_us;
	int32_t clock_ppm; /* how much too fast the sender's media clock runs */
};

/** Owned by the caller; nothing to free. Fields are for reading only. */
struct tess_rtp_sender {
	struct tess_rtp_sender_config config;
	tess_rtp_sender_handler *handler;
	void *arg;
	uint16_t sequence; /* of the next packet */
	uint32_t packets, bytes;
};

void tess_rtp_sender_init(struct tess_rtp_sender *sender,
			  const struct tess_rtp_sender_config *config,
			  tess_rtp_sender_handler *handler, void *arg);
/** The RTP time stamp of what is captured at @p capture_us, the clock's error included. */
uint32_t tess_rtp_sender_timestamp(const struct tess_rtp_sender *sender, int64_t capture_us);
/** Send one access unit, Annex B with start codes of 3 or 4 bytes; the last packet has the marker.
 */
void tess_rtp_sender_h264(struct tess_rtp_sender *sender, int64_t capture_us, const uint8_t *data,
			  size_t length);
/** Send one Opus packet. */
void tess_rtp_sender_opus(struct tess_rtp_sender *sender, int64_t capture_us, const uint8_t *data,
			  size_t length);
/**
 * Send a compound of sender report and SDES (CNAME): the sender's wall clock says @p utc_us
 * (microseconds since 1970) at @p now_us, which is on the same time line as capture_us.
 */
void tess_rtp_sender_report(struct tess_rtp_sender *sender, int64_t now_us, int64_t utc_us);

#endif
