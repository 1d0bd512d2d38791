/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/jitter.h - puts packets back in order and waits for missing ones.
 *
 * Packets in order pass at once. A hole is waited for until wait_us after the first packet behind
 * it came in. Packets are held by reference; a full buffer gives up its oldest holes.
 */
#ifndef TESS_RTP_JITTER_H
#define TESS_RTP_JITTER_H

#include "pipeline/rtp/header.h"

/** The most packets held; a power of two. */
#define TESS_RTP_JITTER_PACKETS 512

enum tess_rtp_insert {
	TESS_RTP_STORED = 1,
	TESS_RTP_STORED_REORDERED, /* came after a packet that it precedes */
	TESS_RTP_DUPLICATE,	   /* not taken */
	TESS_RTP_LATE,		   /* not taken: its place was passed */
};

struct tess_rtp_slot {
	struct tess_packet *packet; /* NULL: empty, or passed on already */
	int64_t extended;	    /* of what was here last */
	uint32_t timestamp;
	uint32_t payload_offset, payload_length;
	bool marker;
	bool padded;
};

struct tess_rtp_jitter {
	int64_t wait_us;
	bool started;
	unsigned count;	       /* packets held */
	int64_t next;	       /* extended number of the next one to pass on */
	int64_t highest;       /* newest ever stored */
	int64_t give_up_below; /* holes below it are not waited for */
	uint32_t given_up;     /* packets, not yet told by pop() */
	int64_t hole_since_us; /* with packets held: when the hole at next became known */
	struct tess_rtp_slot slots[TESS_RTP_JITTER_PACKETS];
};

void tess_rtp_jitter_init(struct tess_rtp_jitter *jitter, int64_t wait_us);
/** Release what is held and begin anew with the next packet inserted. */
void tess_rtp_jitter_reset(struct tess_rtp_jitter *jitter);
/**
 * Make room for packet number @p extended. The caller then takes what pop() gives before it
 * inserts.
 */
void tess_rtp_jitter_make_room(struct tess_rtp_jitter *jitter, int64_t extended);
/** Wait for no hole any more: pop() then gives everything held. */
void tess_rtp_jitter_give_up(struct tess_rtp_jitter *jitter);
/** Take a packet in; it is the buffer's only if it was stored. make_room() comes first. */
enum tess_rtp_insert tess_rtp_jitter_insert(struct tess_rtp_jitter *jitter,
					    struct tess_packet *packet,
					    const struct tess_rtp_header *header, int64_t extended);
/**
 * The next packet in order, if it is there or its turn has come. The packet is the caller's.
 * @param[out] lost how many packets in front of it were given up
 */
bool tess_rtp_jitter_pop(struct tess_rtp_jitter *jitter, int64_t now_us, struct tess_rtp_slot *slot,
			 uint32_t *lost);
/** When pop() will give up the hole that it waits for; INT64_MAX if nothing waits. */
int64_t tess_rtp_jitter_deadline(const struct tess_rtp_jitter *jitter);

#endif
