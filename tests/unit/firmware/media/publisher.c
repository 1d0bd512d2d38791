/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/publisher.c - a publisher on packet I/O that the test holds in its
 * hand: ports, reports that go back, key frames asked for, and the decoder that runs only while
 * somebody looks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/audio_soft/audio_soft.h"
#include "drivers/clock/clock.h"
#include "firmware/media/publisher.h"
#include "firmware/media/receiver.h"
#include "tests/support/rtp_sender.h"
#include "tests/unit/firmware/media/fake_engine.h"

#define START_US INT64_C(5000000000)

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

struct fixture {
	struct fake_net *net;
	struct fake_engine fake;
	struct tess_engines *engines;
	struct tess_placement placement;
	struct tess_executor *executor;
	struct tess_media_context context;
	struct tess_desired_publisher desired;
	struct tess_publisher *publisher;
	struct tess_tile_source *tile;
	struct tess_rtp_sender sender;
	uint16_t rtcp_from; /* port of the sender's reports */
	int64_t now_us;
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
	packet->remote.in.sin_port = htons(rtcp ? fixture->rtcp_from : 7000);
	owner = tess_flows_owner(fixture->context.flows, packet);
	assert_non_null(owner);
	tess_receiver_receive(owner, packet);
}

static void open_fixture(struct fixture *fixture)
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
	fixture->rtcp_from = 7009;
	fixture->context = (struct tess_media_context){
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

static void open_publisher(struct fixture *fixture)
{
	assert_int_equal(tess_publisher_open(&fixture->publisher, &fixture->context,
					     &fixture->desired, fixture->now_us),
			 0);
}

static void close_fixture(struct fixture *fixture)
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

static void send_access_unit(struct fixture *fixture, const uint8_t *data, size_t length,
			     int64_t distance_us)
{
	tess_rtp_sender_h264(&fixture->sender, fixture->now_us, data, length);
	fixture->now_us += distance_us;
	(void)tess_publisher_step(fixture->publisher, fixture->now_us);
}

static void send_picture(struct fixture *fixture, bool key)
{
	static const uint8_t idr[] = {0,    0,	  0, 1, 0x67, 0x42, 0, 0x1f, 0x8c, 0,	 0,   0, 1,
				      0x68, 0xce, 6, 0, 0,    0,    1, 0x65, 0x88, 0x84, 0x21};
	static const uint8_t other[] = {0, 0, 0, 1, 0x41, 0x9a, 0x02, 0x33};

	send_access_unit(fixture, key ? idr : other, key ? sizeof(idr) : sizeof(other), 66667);
}

static void look(struct fixture *fixture, bool wanted)
{
	const struct tess_tap tap = {.tile = wanted ? fixture->tile : NULL};

	tess_publisher_set_taps(fixture->publisher, &tap, 1);
}

static struct tess_publisher_facts facts_of(const struct fixture *fixture)
{
	struct tess_publisher_facts facts = {0};

	tess_publisher_facts(fixture->publisher, fixture->now_us, &facts);
	return facts;
}

/* Does the compound sent last hold a packet of this type (and, for feedback, format)? */
static bool sent_rtcp(const struct fixture *fixture, uint8_t type, uint8_t format)
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

static void states_and_idle_time(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	assert_int_equal(fixture.net->open, 4);
	fixture.now_us += 700000;
	assert_int_equal(facts_of(&fixture).state, TESS_PUBLISHER_WAITING);
	assert_int_equal(facts_of(&fixture).idle_us, 700000); /* since it was opened */
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	assert_int_equal(facts_of(&fixture).state, TESS_PUBLISHER_RECEIVING);
	assert_int_equal(facts_of(&fixture).idle_us, 66667);
	assert_int_equal(facts_of(&fixture).video.rtp.access_units, 2);
	fixture.now_us += 2000000;
	assert_int_equal(facts_of(&fixture).state, TESS_PUBLISHER_STALLED);
	tess_publisher_measure(fixture.publisher, fixture.now_us);
	assert_true(facts_of(&fixture).video.bitrate_bps > 0);
	close_fixture(&fixture);
}

static void a_port_that_is_taken_is_tried_again(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	fixture.net->taken[20001] = true;
	open_publisher(&fixture);
	assert_int_equal(facts_of(&fixture).state, TESS_PUBLISHER_ERROR);
	assert_int_equal(facts_of(&fixture).error, -EADDRINUSE);
	fixture.net->taken[20001] = false;
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_int_equal(facts_of(&fixture).state, TESS_PUBLISHER_WAITING);
	assert_int_equal(fixture.net->open, 4);
	close_fixture(&fixture);
}

/* The network is told whose packets are wanted, when that is known and when it changes. */
static void the_source_is_told(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_int_equal(fixture.net->told, 0);
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_int_equal(fixture.net->told, 2);
	assert_int_equal(fixture.net->sources[20000], 0x11223344);
	assert_int_equal(fixture.net->sources[20001], 0x11223344);
	fixture.sender.config.ssrc = 0x55667788;
	for (unsigned i = 0; i < 20; i++)
		send_picture(&fixture, true);
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_int_equal(fixture.net->told, 4);
	assert_int_equal(fixture.net->sources[20000], 0x55667788);
	close_fixture(&fixture);
}

static void decodes_only_while_somebody_looks(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoders_opened, 0);
	/* what came since the key frame, at once */
	look(&fixture, true);
	assert_int_equal(fixture.fake.decoded, 2);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoded, 3);
	assert_int_equal(facts_of(&fixture).video.width, 64);
	look(&fixture, false);
	assert_int_equal(fixture.fake.decoders_open, 0);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoded, 3);
	close_fixture(&fixture);
}

static void without_a_key_frame_nothing_is_decoded(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	send_picture(&fixture, false);
	send_picture(&fixture, false);
	look(&fixture, true);
	send_picture(&fixture, false);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoders_opened, 0);
	assert_int_equal(facts_of(&fixture).video.counters.waiting_for_key, 2);
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoded, 2);
	close_fixture(&fixture);
}

static void a_new_decoder_catches_up(void **state)
{
	struct tess_surface *surface;
	struct fixture fixture;
	int64_t begun_us;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	send_picture(&fixture, true);
	for (unsigned i = 0; i < 59; i++)
		send_picture(&fixture, false); /* a key frame every 4 s */
	look(&fixture, true);
	/* never more at once than its queue holds */
	assert_int_equal(fixture.fake.decoded, TESS_DECODE_SLOTS);
	begun_us = fixture.now_us;
	while (fixture.fake.decoded < 60 && fixture.now_us < begun_us + 1000000) {
		fixture.now_us += 10000;
		(void)tess_publisher_step(fixture.publisher, fixture.now_us);
	}
	assert_int_equal(fixture.fake.decoded, 60);
	assert_true(fixture.now_us - begun_us <= 100000);
	/* of old pictures the tile has heard nothing: within 250 ms of the last there are four */
	surface = tess_video_source_pick(fixture.tile->pictures, INT64_MAX);
	assert_non_null(surface);
	assert_int_equal(tess_video_source_skipped(fixture.tile->pictures), 3);
	/* then it goes on as ever */
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoded, 61);
	assert_int_equal(facts_of(&fixture).video.counters.decoder_overflow, 0);
	close_fixture(&fixture);
}

static void a_key_frame_ends_catching_up(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	send_picture(&fixture, true);
	for (unsigned i = 0; i < 29; i++)
		send_picture(&fixture, false);
	look(&fixture, true);
	assert_int_equal(fixture.fake.decoded, TESS_DECODE_SLOTS);
	/* the queue is full: it is kept, and 24 pictures that it makes useless are left out */
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoded, TESS_DECODE_SLOTS + 3);
	assert_int_equal(facts_of(&fixture).video.counters.decoder_overflow, 0);
	close_fixture(&fixture);
}

/* A picture to which others refer, and one to which none does, 30 a second. */
static void send_pair(struct fixture *fixture)
{
	static const uint8_t referred[] = {0, 0, 0, 1, 0x41, 0x9a, 0x02, 0x33};
	static const uint8_t disposable[] = {0, 0, 0, 1, 0x01, 0x9a, 0x02, 0x33};

	send_access_unit(fixture, referred, sizeof(referred), 33333);
	send_access_unit(fixture, disposable, sizeof(disposable), 33334);
}

static void show_at(struct fixture *fixture, unsigned count, const uint16_t *frame_rates)
{
	struct tess_tap taps[2];

	for (unsigned i = 0; i < count; i++)
		taps[i] = (struct tess_tap){.tile = fixture->tile, .frame_rate = frame_rates[i]};
	tess_publisher_set_taps(fixture->publisher, taps, count);
}

static void what_nobody_needs_is_left_out(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	show_at(&fixture, 1, (const uint16_t[]){15});
	send_picture(&fixture, true);
	/* it takes a second to know */
	for (unsigned i = 0; i < 20; i++)
		send_pair(&fixture);
	assert_in_range(facts_of(&fixture).video.counters.left_out, 4, 5);
	assert_int_equal(fixture.fake.decoded + facts_of(&fixture).video.counters.left_out, 41);
	for (unsigned i = 0; i < 20; i++)
		send_pair(&fixture);
	assert_in_range(facts_of(&fixture).video.counters.left_out, 24, 25);
	assert_int_equal(fixture.fake.decoded + facts_of(&fixture).video.counters.left_out, 81);
	/* one mix of two shows all */
	show_at(&fixture, 2, (const uint16_t[]){15, 30});
	fixture.fake.decoded = 0;
	for (unsigned i = 0; i < 20; i++)
		send_pair(&fixture);
	assert_int_equal(fixture.fake.decoded, 40);
	/* 20 a second are more than the 15 that remain */
	show_at(&fixture, 1, (const uint16_t[]){20});
	for (unsigned i = 0; i < 20; i++)
		send_pair(&fixture);
	assert_int_equal(fixture.fake.decoded, 80);
	show_at(&fixture, 2, (const uint16_t[]){5, 10});
	for (unsigned i = 0; i < 20; i++)
		send_pair(&fixture);
	assert_int_equal(fixture.fake.decoded, 100);
	assert_int_equal(facts_of(&fixture).video.counters.waiting_for_key, 0);
	assert_int_equal(facts_of(&fixture).video.counters.decoder_overflow, 0);
	close_fixture(&fixture);
}

static void a_new_decoder_passes_over_what_nothing_refers_to(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	send_picture(&fixture, true);
	for (unsigned i = 0; i < 30; i++)
		send_pair(&fixture);
	assert_int_equal(fixture.fake.decoded, 0);
	show_at(&fixture, 1, (const uint16_t[]){30});
	for (unsigned i = 0; i < 50; i++) {
		fixture.now_us += 1000;
		(void)tess_publisher_step(fixture.publisher, fixture.now_us);
	}
	/* the key frame, 30, and of the others those of the last 250 ms */
	assert_int_equal(fixture.fake.decoded, 31 + 4);
	close_fixture(&fixture);
}

static void it_knows_how_large_it_is_drawn(void **state)
{
	struct tess_tap taps[3];
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	send_picture(&fixture, true);
	assert_int_equal(facts_of(&fixture).video.tile_width, 0);
	assert_int_equal(facts_of(&fixture).video.decoders, 0);
	taps[0] = (struct tess_tap){.tile = fixture.tile, .width = 320, .height = 180};
	taps[1] = (struct tess_tap){.tile = fixture.tile, .width = 240, .height = 240};
	taps[2] = (struct tess_tap){.width = 1920, .height = 1080}; /* nobody sees it */
	tess_publisher_set_taps(fixture.publisher, taps, 3);
	assert_int_equal(facts_of(&fixture).video.tile_width, 320);
	assert_int_equal(facts_of(&fixture).video.tile_height, 240);
	/* three mixes, one decoder */
	assert_int_equal(facts_of(&fixture).video.decoders, 1);
	assert_int_equal(fixture.fake.decoders_opened, 1);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoded, 2);
	tess_publisher_set_taps(fixture.publisher, &taps[2], 1);
	assert_int_equal(facts_of(&fixture).video.tile_width, 0);
	assert_int_equal(facts_of(&fixture).video.decoders, 0);
	close_fixture(&fixture);
}

static void each_device_has_a_decoder(void **state)
{
	struct fake_engine devices[2];
	struct tess_placement placements[2];
	struct tess_tile_source *tiles[3];
	struct tess_engines *engines;
	struct tess_tap taps[3];
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	for (unsigned i = 0; i < 2; i++)
		fake_engine_init(&devices[i]);
	tess_tile_source_unref(fixture.tile);
	tess_placement_leave(&fixture.placement);
	tess_engines_close(fixture.engines);
	engines = fake_engines_open(devices, 2, &fixture.fake, "auto", tess_clock_system());
	fixture.context.engines = fixture.engines = engines;
	for (unsigned i = 0; i < 3; i++) {
		if (i < 2)
			placements[i] = fake_engines_place(engines);
		assert_int_equal(tess_tile_source_alloc(&tiles[i], placements[i % 2].device), 0);
		taps[i] = (struct tess_tap){.tile = tiles[i]};
	}
	assert_ptr_not_equal(placements[0].device, placements[1].device);
	fixture.tile = tess_tile_source_ref(tiles[0]);
	open_publisher(&fixture);
	send_picture(&fixture, true);
	tess_publisher_set_taps(fixture.publisher, taps, 3);
	send_picture(&fixture, false);
	/* three tiles, two decoders */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(devices[i].decoders_opened, 1);
		assert_int_equal(devices[i].decoded, 2);
	}
	for (unsigned i = 0; i < 3; i++)
		assert_non_null(tess_video_source_pick(tiles[i]->pictures, INT64_MAX));
	/* one of them goes, the other is left as it is */
	tess_publisher_set_taps(fixture.publisher, &taps[1], 1);
	send_picture(&fixture, false);
	assert_int_equal(devices[0].decoders_open, 0);
	assert_int_equal(devices[1].decoders_opened, 1);
	assert_int_equal(devices[1].decoded, 3);
	for (unsigned i = 0; i < 3; i++) {
		tess_tile_source_unref(tiles[i]);
		if (i < 2)
			tess_placement_leave(&placements[i]);
	}
	close_fixture(&fixture);
	for (unsigned i = 0; i < 2; i++)
		fake_engine_done(&devices[i]);
}

static void asks_for_a_key_frame_at_the_source_of_the_reports(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	look(&fixture, true);
	send_picture(&fixture, false);
	send_picture(&fixture, false);
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	/* no report has come: the next port of the sender, RFC 3550 §11 */
	assert_true(fixture.net->sent > 0);
	assert_true(sent_rtcp(&fixture, 206, 1)); /* PLI, RFC 4585 §6.3.1 */
	assert_true(sent_rtcp(&fixture, 201, 0)); /* in a compound with a receiver report */
	assert_int_equal(fixture.net->local_port, 20001);
	assert_int_equal(fixture.net->remote_port, 7001);
	/* then to where the reports come from */
	tess_rtp_sender_report(&fixture.sender, fixture.now_us, fixture.now_us);
	fixture.now_us += 6000000;
	send_picture(&fixture, false);
	fixture.net->sent = 0;
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_true(fixture.net->sent > 0);
	assert_int_equal(fixture.net->remote_port, 7009);
	/* without packets to send it is counted, and the key frame asked for later */
	fixture.net->no_packets = true;
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_int_equal(facts_of(&fixture).video.counters.rtcp_unsent, 1);
	close_fixture(&fixture);
}

static void a_decode_error_asks_for_a_key_frame_and_goes_on(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	look(&fixture, true);
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	fixture.fake.decode_error = -EBADMSG;
	send_picture(&fixture, false);
	fixture.fake.decode_error = 0;
	fixture.now_us += 600000; /* at most one PLI in 500 ms */
	send_picture(&fixture, false);
	tess_publisher_housekeep(fixture.publisher, fixture.now_us);
	assert_int_equal(facts_of(&fixture).video.counters.decode_errors, 1);
	assert_true(sent_rtcp(&fixture, 206, 1));
	assert_int_equal(fixture.fake.decoded, 4);
	close_fixture(&fixture);
}

static void a_format_that_cannot_be_decoded_is_told(void **state)
{
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	look(&fixture, true);
	fixture.fake.decode_error = -ENOTSUP;
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	assert_int_equal(facts_of(&fixture).state, TESS_PUBLISHER_RECEIVING);
	assert_int_equal(facts_of(&fixture).error, -ENOTSUP);
	fixture.fake.decode_error = 0;
	send_picture(&fixture, false); /* of no use without its key frame */
	assert_int_equal(facts_of(&fixture).error, -ENOTSUP);
	send_picture(&fixture, true);
	assert_int_equal(facts_of(&fixture).error, 0);
	close_fixture(&fixture);
}

static void video_goes_and_comes_back_while_audio_stays(void **state)
{
	struct tess_desired_publisher without;
	struct fixture fixture;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	look(&fixture, true);
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	without = fixture.desired;
	without.video = (struct tess_desired_media){0};
	tess_publisher_update(fixture.publisher, &without, fixture.now_us);
	look(&fixture, true);
	assert_int_equal(fixture.net->open, 2);
	assert_false(facts_of(&fixture).video.present);
	assert_true(facts_of(&fixture).audio.present);
	assert_int_equal(fixture.fake.decoders_open, 0);
	tess_publisher_update(fixture.publisher, &fixture.desired, fixture.now_us);
	look(&fixture, true);
	assert_int_equal(fixture.net->open, 4);
	send_picture(&fixture, true);
	send_picture(&fixture, false);
	assert_int_equal(fixture.fake.decoded, 4);
	close_fixture(&fixture);
}

static void pictures_remember_their_arrival(void **state)
{
	struct tess_surface *surface;
	struct fixture fixture;
	int64_t arrival_us;

	(void)state;
	open_fixture(&fixture);
	open_publisher(&fixture);
	look(&fixture, true);
	send_picture(&fixture, true);
	arrival_us = fixture.now_us;
	send_picture(&fixture, false);
	surface = tess_video_source_pick(fixture.tile->pictures, fixture.now_us + 1000000);
	assert_non_null(surface);
	assert_int_equal(tess_publisher_arrival_us(fixture.publisher, surface->capture_us),
			 arrival_us);
	assert_int_equal(tess_publisher_arrival_us(fixture.publisher, surface->capture_us + 1), 0);
	close_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_and_idle_time),
		cmocka_unit_test(a_port_that_is_taken_is_tried_again),
		cmocka_unit_test(the_source_is_told),
		cmocka_unit_test(decodes_only_while_somebody_looks),
		cmocka_unit_test(without_a_key_frame_nothing_is_decoded),
		cmocka_unit_test(a_new_decoder_catches_up),
		cmocka_unit_test(a_key_frame_ends_catching_up),
		cmocka_unit_test(what_nobody_needs_is_left_out),
		cmocka_unit_test(a_new_decoder_passes_over_what_nothing_refers_to),
		cmocka_unit_test(it_knows_how_large_it_is_drawn),
		cmocka_unit_test(each_device_has_a_decoder),
		cmocka_unit_test(asks_for_a_key_frame_at_the_source_of_the_reports),
		cmocka_unit_test(a_decode_error_asks_for_a_key_frame_and_goes_on),
		cmocka_unit_test(a_format_that_cannot_be_decoded_is_told),
		cmocka_unit_test(video_goes_and_comes_back_while_audio_stays),
		cmocka_unit_test(pictures_remember_their_arrival),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
