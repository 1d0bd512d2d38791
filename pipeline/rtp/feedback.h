/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/feedback.h - what a receiver tells its sender: statistics (RFC 3550 A.3, A.8) and
 * the wish for a key frame (RFC 4585), and when.
 */
#ifndef TESS_RTP_FEEDBACK_H
#define TESS_RTP_FEEDBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tess_rtp_feedback {
	uint32_t clock_rate;
	uint32_t ssrc;				   /* the sender's */
	bool started;				   /* a packet came in */
	int64_t first, highest;			   /* extended sequence numbers */
	uint64_t received;			   /* late and duplicate ones too */
	uint64_t expected_before, received_before; /* at the last report */
	uint32_t transit;			   /* arrival - timestamp of the last packet */
	uint32_t jitter_x16;
	uint32_t last_sr; /* middle of its NTP timestamp; 0: none */
	int64_t last_sr_us;
	int64_t next_report_us;
	int64_t next_pli_us;
	int64_t last_packet_us;
};

void tess_rtp_feedback_init(struct tess_rtp_feedback *feedback, uint32_t clock_rate);
/** Another sender follows, or the same one begins anew. */
void tess_rtp_feedback_restart(struct tess_rtp_feedback *feedback);
/** A packet of the sender @p ssrc came in. */
void tess_rtp_feedback_packet(struct tess_rtp_feedback *feedback, uint32_t ssrc, int64_t extended,
			      uint32_t timestamp, int64_t arrival_us);
void tess_rtp_feedback_sender_report(struct tess_rtp_feedback *feedback, uint64_t ntp,
				     int64_t arrival_us);
/** Write what is due. @return bytes, 0 if nothing is or @p capacity is too small */
size_t tess_rtp_feedback_write(struct tess_rtp_feedback *feedback, bool key_wanted, int64_t now_us,
			       uint8_t *buffer, size_t capacity);
uint32_t tess_rtp_feedback_jitter_us(const struct tess_rtp_feedback *feedback);

#endif
