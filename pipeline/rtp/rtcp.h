/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/rtcp.h - RTCP: reading what senders say (RFC 3550 §6), writing what a receiver says
 * (receiver report, SDES, and RFC 4585 §6.3.1 picture loss indication).
 */
#ifndef TESS_RTP_RTCP_H
#define TESS_RTP_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/net.h"

/** The most that tess_rtcp_write() writes. */
#define TESS_RTCP_WRITE_BYTES 64

struct tess_rtcp_sender_report {
	uint32_t ssrc;
	uint64_t ntp; /* 32.32 fixed point seconds since 1900; 0: the sender has no clock */
	uint32_t rtp_timestamp;
	uint32_t packets, octets;
};

/** What parse() found; members may be NULL. */
struct tess_rtcp_events {
	void (*sender_report)(void *arg, const struct tess_rtcp_sender_report *report);
	void (*bye)(void *arg, uint32_t ssrc);
};

/**
 * Read a compound packet. Every length in it is checked before the first event is told, so a packet
 * that is broken anywhere has no effect. The first packet may be of any type (RFC 5506).
 * @retval 0, -EBADMSG
 */
int tess_rtcp_parse(const uint8_t *data, size_t length, const struct tess_rtcp_events *events,
		    void *arg) TESS_MUST_CHECK;

/** RFC 3550 §6.4.1, the block of a receiver report. */
struct tess_rtcp_report_block {
	uint32_t ssrc; /* whom it is about */
	uint8_t fraction_lost;
	int32_t cumulative_lost; /* clamped to 24 bits, signed */
	uint32_t highest_sequence;
	uint32_t jitter; /* timestamp units */
	uint32_t last_sr;
	uint32_t delay_since_last_sr; /* 1/65536 s */
};

/**
 * Write receiver report and SDES, and a PLI if @p pli, as one compound packet.
 * @return its length, 0 if @p capacity is too small
 */
size_t tess_rtcp_write(uint8_t *buffer, size_t capacity, uint32_t own_ssrc,
		       const struct tess_rtcp_report_block *block, bool pli);

#endif
