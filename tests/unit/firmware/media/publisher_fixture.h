/* SPDX-License-Identifier: GPL-3.0-or-later
 * A publisher on packet I/O that the test holds in its hand, and on a fake engine.
 */
#ifndef TESS_TEST_PUBLISHER_FIXTURE_H
#define TESS_TEST_PUBLISHER_FIXTURE_H

#include "drivers/clock/clock.h"
#include "firmware/media/publisher.h"
#include "firmware/media/receiver.h"
#include "tests/support/rtp_sender.h"
#include "tests/unit/firmware/media/fake_engine.h"

/* What was sent last, and which ports are open. */
struct fake_net {
	struct tess_net net;
	void *tags[UINT16_MAX + 1];
	bool taken[UINT16_MAX + 1]; /* by somebody else */
	unsigned open;
	bool no_packets;
	uint32_t sources[UINT16_MAX + 1]; /* that it has been told */
	unsigned told;
	unsigned sent;
	uint8_t data[TESS_PACKET_SIZE];
	uint32_t length;
	uint16_t local_port, remote_port;
};

struct fixture {
	struct fake_net *net;
	struct fake_engine fake;
	struct tess_engines *engines;
	struct tess_placement placement;
	struct tess_executor *executor;
	struct tess_media_context context;
	struct tess_clock_virtual clock; /* stands still */
	struct tess_desired_publisher desired;
	struct tess_publisher *publisher;
	struct tess_tile_source *tile;
	struct tess_rtp_sender sender;
	uint16_t rtp_from, rtcp_from; /* the sender's ports */
	int64_t now_us;
};

/** All but the publisher, which is "alice" and wants video at port 20000, audio at 20002. */
void open_fixture(struct fixture *fixture);
void open_publisher(struct fixture *fixture);
/** Nothing may be left open. */
void close_fixture(struct fixture *fixture);
/** An access unit of H.264 (Annex B) comes now, and the next one @p distance_us later. */
void send_access_unit(struct fixture *fixture, const uint8_t *data, size_t length,
		      int64_t distance_us);
/** A picture, 15 a second. */
void send_picture(struct fixture *fixture, bool key);
/** One mix shows the publisher, or none does. */
void look(struct fixture *fixture, bool wanted);
struct tess_publisher_facts facts_of(const struct fixture *fixture);
/** Does the compound sent last hold a packet of this type (and, for feedback, format)? */
bool sent_rtcp(const struct fixture *fixture, uint8_t type, uint8_t format);

#endif
