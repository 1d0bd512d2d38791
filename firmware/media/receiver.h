/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/receiver.h - one medium of a publisher: its two ports, whom it is accepted from,
 * its RTP track, and the reports that go back.
 *
 * One of a publisher that comes by egress (firmware/media/input.h) has port 0: no ports and no
 * track, and only counts.
 *
 * Threads: belongs to the room's thread.
 */
#ifndef TESS_MEDIA_RECEIVER_H
#define TESS_MEDIA_RECEIVER_H

#include "firmware/media/context.h"
#include "firmware/media/desired.h"
#include "firmware/media/facts.h"
#include "firmware/media/latch.h"
#include "pipeline/rtp/track.h"

struct tess_receiver {
	const struct tess_media_context *context;
	struct tess_desired_media desired; /* present: false when closed */
	struct tess_latch latch;
	struct tess_rtp_track *track; /* NULL: it comes by egress, and is counted here */
	struct tess_rtp_counters input;
	bool flow_open, rtcp_flow_open;
	int error; /* of opening the ports */
	/* what the network has been told to expect on both ports */
	bool source_told;
	uint32_t source;
	/* where reports go: the sender reports' source once there was one */
	bool rtcp_known;
	int64_t rtcp_us;    /* when the last came in */
	uint16_t rtcp_port; /* local */
	union tess_addr rtcp_remote;
	int64_t last_us; /* when the last packet came in that was accepted, 0: none */
	struct tess_publisher_counters counters;
	/* rates, over the time between two measurements */
	struct tess_rtp_counters measured;
	int64_t measured_us;
	uint32_t bitrate_bps;
	double access_units_per_second;
};

/**
 * Open ports and track. @p allowed stays the caller's and may be NULL; access units go to @p
 * handler. Ports that cannot be had: receiver->error is set, to be tried again by housekeeping.
 * @retval 0, -ENOMEM
 */
int tess_receiver_open(struct tess_receiver *receiver, const struct tess_media_context *context,
		       const struct tess_desired_media *desired, const union tess_addr *allowed,
		       struct tess_rtp_source *source, tess_rtp_au_handler *handler, void *arg,
		       int64_t now_us) TESS_MUST_CHECK;
void tess_receiver_close(struct tess_receiver *receiver); /* also of one never opened (all zero) */
/** An access unit came by egress. */
void tess_receiver_count(struct tess_receiver *receiver, size_t length, int64_t now_us);
/** Ask the sender for a key frame, where that can be done. */
void tess_receiver_want_key(struct tess_receiver *receiver);
/** Take in a packet of either port. */
void tess_receiver_receive(struct tess_receiver *receiver, struct tess_packet *packet);
/** Give up holes whose time is over. @return when to call it again at the latest */
int64_t tess_receiver_step(struct tess_receiver *receiver, int64_t now_us);
/** Send RTCP that is due; try ports again. */
void tess_receiver_housekeep(struct tess_receiver *receiver, int64_t now_us);
void tess_receiver_measure(struct tess_receiver *receiver, int64_t now_us);
void tess_receiver_facts(const struct tess_receiver *receiver,
			 struct tess_media_facts_track *facts);

#endif
