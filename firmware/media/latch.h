/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/latch.h - from which address a plain RTP stream is accepted.
 *
 * The first address that sends two valid packets in a row of sequence numbers is latched; other
 * hosts are ignored until it has been silent for 5 s, so that nobody can take a stream over by
 * sending to its port (the "RTP bleed" attack). Where the source is configured only that address
 * can be latched. Another port of the latched host is latched at once, by two packets as well: a
 * sender that was started anew has one, and begins with a key frame that may be the only one for
 * long. The address that it replaced has to wait until it has been silent for 1 s, so that two
 * senders of a host do not take turns: the newer one wins, as with two SSRCs of one address
 * (pipeline/rtp/sequence.h). The first of the two packets is held, not lost: it often carries the
 * parameter sets. Threads: belongs to its owner. No clock is read.
 */
#ifndef TESS_MEDIA_LATCH_H
#define TESS_MEDIA_LATCH_H

#include <stdbool.h>

#include "hal/net.h"

#define TESS_LATCH_SILENCE_US INT64_C(5000000)
/** After which the address that was replaced may come back. */
#define TESS_LATCH_RETURN_US INT64_C(1000000)

struct tess_latch {
	const union tess_addr *allowed; /* NULL: any; the owner's */
	uint8_t payload_type;
	bool latched;
	union tess_addr remote; /* if latched: of RTP */
	int64_t last_us;	/* if latched: its last valid packet */
	bool has_previous;
	union tess_addr previous;		  /* that remote replaced */
	struct tess_packet *held_rtp, *held_rtcp; /* of the candidate */
};

enum tess_latch_verdict {
	TESS_LATCH_ACCEPTED = 1, /* the caller's to process; held ones before it, see released */
	TESS_LATCH_HELD,	 /* kept by the latch */
	TESS_LATCH_REFUSED,	 /* of another address; the caller's */
};

/** Begin; @p allowed stays the caller's and may be NULL. */
void tess_latch_init(struct tess_latch *latch, const union tess_addr *allowed,
		     uint8_t payload_type);
/** Give up what is held. */
void tess_latch_clear(struct tess_latch *latch);
/**
 * Judge a packet. When an address is latched by it, held[0..1] are packets of the caller's to be
 * processed before it (RTCP, RTP); otherwise they are NULL.
 */
enum tess_latch_verdict tess_latch_check(struct tess_latch *latch, struct tess_packet *packet,
					 struct tess_packet *held[2]);
/** True if both are the same host and port. */
bool tess_latch_same_address(const union tess_addr *a, const union tess_addr *b);
/** RTCP shares the RTP port or has its own; told apart by RFC 5761 §4. */
bool tess_latch_is_rtcp(const struct tess_packet *packet);

#endif
