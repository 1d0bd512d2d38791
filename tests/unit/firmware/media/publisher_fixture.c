/* SPDX-License-Identifier: GPL-3.0-or-later
 * Packet I/O without a network, and a publisher on it.
 */
#include "tests/unit/firmware/media/publisher_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/audio_soft/audio_soft.h"
#include "drivers/clock/clock.h"

#define START_US INT64_C(5000000000)

struct fake_packet {
	struct tess_packet packet;
	uint8_t data[TESS_PACKET_SIZE];
};

static void release(struct tess_packet *packet)
{
	free(packet);
}

static struct tess_packet *make_packet(void)
{
	struct fake_packet *fake = calloc(1, sizeof(*fake));

	assert_non_null(fake);
	fake->packet.data = fake->data;
	fake->packet.capacity = sizeof(fake->data);
	fake->packet.release = release;
	return &fake->packet;
}

static int flow_add(struct tess_net *net, uint16_t port, void *tag)
{
	struct fake_net *fake = (struct fake_net *)net;

	if (fake->taken[port] || fake->tags[port])
		return -EADDRINUSE;
	fake->tags[port] = tag;
	fake->open++;
	return 0;
}

static void flow_remove(struct tess_net *net, uint16_t port)
{
	struct fake_net *fake = (struct fake_net *)net;

	assert_non_null(fake->tags[port]);
	fake->tags[port] = NULL;
	fake->open--;
}

static void flow_source(struct tess_net *net, uint16_t port, uint32_t ssrc)
{
	struct fake_net *fake = (struct fake_net *)net;

	assert_non_null(fake->tags[port]);
	fake->sources[port] = ssrc;
	fake->told++;
}

static struct tess_packet *tx_alloc(struct tess_net *net)
{
	return ((struct fake_net *)net)->no_packets ? NULL : make_packet();
}

static void tx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count)
{
	struct fake_net *fake = (struct fake_net *)net;

	assert_int_equal(count, 1);
	fake->sent++;
	fake->length = packets[0]->length;
	memcpy(fake->data, packets[0]->data, packets[0]->length);
	fake->local_port = packets[0]->local_port;
	fake->remote_port = ntohs(packets[0]->remote.in.sin_port);
	assert_int_equal(ntohl(packets[0]->remote.in.sin_addr.s_addr), 0x0a000001);
	tess_packet_release(packets[0]);
}

static const struct tess_net_driver driver = {
	.size = sizeof(driver),
	.name = "fake",
	.flow_add = flow_add,
	.flow_remove = flow_remove,
	.flow_source = flow_source,
	.tx_alloc = tx_alloc,
	.tx_burst = tx_burst,
};

/* The sender's packets come in from 10.0.0.1:7000. */
static void on_packet(void *arg, const uint8_t *data, size_t length, bool rtcp)
{
	struct fixture *fixture = arg;
	uint16_t port = (uint16_t)(fixture->desired.video.port + rtcp);
	struct tess_packet *packet = make_packet();
	void *owner;

	memcpy(packet->data, data, length);
	packet->length = (uint32_t)length;
	packet->arrival_us = fixture->now_us;
	packet->local_port = port;
	packet->tag = fixture->net->tags[port];
	packet->remote.in.sin_family = AF_INET;
	packet->remote.in.sin_addr.s_addr = htonl(0x0a000001);
	packet->remote.in.sin_port = htons(rtcp ? fixture->rtcp_from : fixture->rtp_from);
	owner = tess_flows_owner(fixture->context.flows, packet);
	assert_non_null(owner);
	tess_receiver_receive(owner, packet);
}

void open_fixture(struct fixture *fixture)
{
	const struct tess_rtp_sender_config sender = {
		.ssrc = 0x11223344, .payload_type = 96, .clock_rate = 90000};

	memset(fixture, 0, sizeof(*fixture));
	fixture->net = calloc(1, sizeof(*fixture->net));
	assert_non_null(fixture->net);
	fixture->net->net.driver = &driver;
	fake_engine_init(&fixture->fake);
	assert_int_equal(tess_executor_alloc(&fixture->executor, 0), 0);
	fixture->engines = fake_engines_open(NULL, 0, &fixture->fake, "soft", tess_clock_system());
	fixture->placement = fake_engines_place(fixture->engines);
	assert_int_equal(tess_tile_source_alloc(&fixture->tile, fixture->placement.device), 0);
	fixture->now_us = START_US;
	tess_clock_virtual_init(&fixture->clock, START_US, START_US);
	fixture->rtp_from = 7000;
	fixture->rtcp_from = 7009;
	fixture->context = (struct tess_media_context){
		.clock = &fixture->clock.clock,
		.net = &fixture->net->net,
		.engines = fixture->engines,
		.audio = &tess_audio_soft,
		.executor = fixture->executor,
		.jitter_us = 100000,
	};
	assert_int_equal(tess_flows_alloc(&fixture->context.flows, fixture->context.net), 0);
	fixture->desired = (struct tess_desired_publisher){
		.id = 1,
		.room = "1/number/1",
		.user = "alice",
		.video = {true, 20000, 96, TESS_CODEC_H264},
		.audio = {true, 20002, 97, TESS_CODEC_OPUS},
	};
	tess_rtp_sender_init(&fixture->sender, &sender, on_packet, fixture);
}

void open_publisher(struct fixture *fixture)
{
	assert_int_equal(tess_publisher_open(&fixture->publisher, &fixture->context,
					     &fixture->desired, fixture->now_us),
			 0);
}

void close_fixture(struct fixture *fixture)
{
	tess_publisher_close(fixture->publisher);
	assert_int_equal(fixture->net->open, 0);
	tess_tile_source_unref(fixture->tile);
	tess_flows_free(fixture->context.flows);
	tess_executor_free(fixture->executor);
	tess_placement_leave(&fixture->placement);
	tess_engines_close(fixture->engines);
	fake_engine_done(&fixture->fake);
	free(fixture->net);
}

void send_access_unit(struct fixture *fixture, const uint8_t *data, size_t length,
		      int64_t distance_us)
{
	tess_rtp_sender_h264(&fixture->sender, fixture->now_us, data, length);
	fixture->now_us += distance_us;
	(void)tess_publisher_step(fixture->publisher, fixture->now_us);
}

void send_picture(struct fixture *fixture, bool key)
{
	static const uint8_t idr[] = {0,    0,	  0, 1, 0x67, 0x42, 0, 0x1f, 0x8c, 0,	 0,   0, 1,
				      0x68, 0xce, 6, 0, 0,    0,    1, 0x65, 0x88, 0x84, 0x21};
	static const uint8_t other[] = {0, 0, 0, 1, 0x41, 0x9a, 0x02, 0x33};

	send_access_unit(fixture, key ? idr : other, key ? sizeof(idr) : sizeof(other), 66667);
}

void look(struct fixture *fixture, bool wanted)
{
	const struct tess_tap tap = {.tile = wanted ? fixture->tile : NULL};

	tess_publisher_set_taps(fixture->publisher, &tap, 1);
}

struct tess_publisher_facts facts_of(const struct fixture *fixture)
{
	struct tess_publisher_facts facts = {0};

	tess_publisher_facts(fixture->publisher, fixture->now_us, &facts);
	return facts;
}

bool sent_rtcp(const struct fixture *fixture, uint8_t type, uint8_t format)
{
	const uint8_t *data = fixture->net->data;
	size_t at = 0;

	while (at + 4 <= fixture->net->length) {
		if (data[at + 1] == type && (!format || (data[at] & 31) == format))
			return true;
		at += 4 * ((size_t)(data[at + 2] << 8 | data[at + 3]) + 1);
	}
	assert_int_equal(at, fixture->net->length);
	return false;
}
