/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/sequence.h - which packets belong to the sender, and their extended sequence numbers
 * (after RFC 3550 A.1).
 *
 * The first SSRC seen is trusted at once. Another SSRC, or a sequence number far from the last, is
 * believed when two packets in sequence, within 5 s, say so: the caller holds the first. An SSRC
 * that was replaced cannot come back while its successor still sends, so two senders on one port do
 * not take turns: the newer one wins.
 */
#ifndef TESS_RTP_SEQUENCE_H
#define TESS_RTP_SEQUENCE_H

#include "pipeline/rtp/header.h"

/** Further behind the newest than this is not reordering. */
#define TESS_RTP_MAX_MISORDER 512
/** Further ahead than this is not loss (RFC 3550 A.1 MAX_DROPOUT). */
#define TESS_RTP_MAX_DROPOUT 3000

/** Extended numbers begin one cycle up, so that packets from before the first are not below 0. */
#define TESS_RTP_FIRST_CYCLE 0x10000

enum tess_rtp_verdict {
	TESS_RTP_ACCEPT = 1, /* extended is set */
	TESS_RTP_HOLD,	     /* keep it, in the place of one held before: the next may confirm it */
	TESS_RTP_RESTART,    /* the held packet was confirmed; its extended number is one less */
	TESS_RTP_REFUSE,     /* of a sender that was replaced */
};

struct tess_rtp_sequence {
	bool started;
	uint32_t ssrc;
	int64_t highest; /* extended sequence number */
	int64_t last_us; /* arrival of the newest packet of ssrc */
	bool has_previous;
	uint32_t previous_ssrc; /* replaced by ssrc */
	bool has_candidate;
	uint32_t candidate_ssrc;
	int64_t candidate_us; /* its arrival */
	uint16_t candidate_next;
};

enum tess_rtp_verdict tess_rtp_sequence_check(struct tess_rtp_sequence *sequence,
					      const struct tess_rtp_header *header,
					      int64_t arrival_us, int64_t *extended);
/** The sender said goodbye: whoever sends next need not wait for its silence. */
void tess_rtp_sequence_bye(struct tess_rtp_sequence *sequence);

#endif
