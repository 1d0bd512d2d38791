/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests what the DPDK driver does by a datagram's payload, and payloads that are sent to many, with
 * real mbufs on a ring device.
 */
#include <arpa/inet.h>
#include <rte_ethdev.h>
#include <string.h>
#include <unistd.h>

#include "drivers/clock/clock.h"
#include "drivers/net_dpdk/internal.h"
#include "drivers/net_dpdk/net_dpdk.h"
#include "frames.h"

#define SPEC "dpdk:net_ring0,addr=10.0.0.2/24"

static struct tess_net *open_net(void)
{
	char reason[200] = "";
	const struct tess_net_config config = {
		.spec = SPEC,
		.packets = 1024,
		.clock = tess_clock_system(),
		.reason = reason,
		.reason_size = sizeof(reason),
	};
	struct tess_net *net;

	if (tess_net_dpdk.open(&net, &config))
		fail_msg("%s", reason);
	assert_int_equal(tess_net_dpdk.flow_add(net, 20000, NULL), 0);
	return net;
}

static struct dpdk_port *port_of(struct tess_net *net)
{
	return &((struct dpdk_net *)net)->hub->port;
}

static void send_frame(struct tess_net *net, struct frame *frame)
{
	struct dpdk_port *port = port_of(net);
	struct rte_mbuf *mbuf;

	memcpy(frame->data, port->mac, 6);
	mbuf = dpdk_pool_frame(port->tx_pool, frame->data, frame->length);
	assert_non_null(mbuf);
	assert_int_equal(rte_eth_tx_burst(port->id, 0, &mbuf, 1), 1);
}

/* @return how many of @count datagrams come through */
static unsigned pass(struct tess_net *net, const void *payload, size_t length, unsigned count)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < count; i++) {
		struct tess_packet *packet;
		struct frame frame;

		frame_datagram(&frame, AF_INET, 20000, payload, length);
		send_frame(net, &frame);
		if (tess_net_dpdk.rx_burst(net, &packet, 1)) {
			assert_int_equal(packet->length, length);
			assert_memory_equal(packet->data, payload, length);
			tess_packet_release(packet);
			passed++;
		}
	}
	return passed;
}

static struct tess_net_stats stats_of(struct tess_net *net)
{
	struct tess_net_stats stats;

	tess_net_dpdk.stats(net, &stats);
	return stats;
}

#define RTP(ssrc) "\x80\x60\0\1\0\0\0\0" ssrc "payload"
#define RTCP	  "\x80\xc8\0\6\0\0\0\1"

static void payloads_are_told_apart(void **state)
{
	struct tess_net *net = open_net();

	(void)state;
	assert_int_equal(pass(net, "\0\1\0\0\x21\x12\xa4\x42............", 20, 2), 0);
	assert_int_equal(pass(net, "\x16\xfe\xfd", 3, 3), 0);
	assert_int_equal(stats_of(net).rx_dropped_stun, 2);
	assert_int_equal(stats_of(net).rx_dropped_dtls, 3);
	assert_int_equal(pass(net, RTP("abcd"), 19, 400), 400);
	assert_int_equal(pass(net, RTCP, 8, 400), 400);
	assert_int_equal(pass(net, "what is it?", 11, 400), 400);
	assert_int_equal(stats_of(net).rx_dropped_unknown_source, 0);
	tess_net_dpdk.close(net);
}

/* Once the owner has said whose packets it wants, others come only so often; a trickle of them
 * comes always, so that a sender that begins anew is noticed. */
static void strangers_are_held_back(void **state)
{
	struct tess_net *net = open_net();
	unsigned passed;
	int64_t begun_us = tess_clock_now_us(tess_clock_system());

	(void)state;
	tess_net_dpdk.flow_source(net, 20000, 0x61626364);
	tess_net_dpdk.flow_source(net, 20001, 1); /* no flow: nothing happens */
	passed = pass(net, RTP("efgh"), 19, 1000);
	passed += pass(net, "what is it?", 11, 1000);
	/* 256 a second */
	assert_in_range(passed, 256,
			256 * (2 + (tess_clock_now_us(tess_clock_system()) - begun_us) / 1000000));
	assert_int_equal(stats_of(net).rx_dropped_unknown_source, 2000 - passed);
	assert_int_equal(pass(net, RTP("abcd"), 19, 400), 400);
	assert_int_equal(pass(net, RTCP, 8, 400), 400);
	/* another takes its place */
	tess_net_dpdk.flow_source(net, 20000, 0x65666768);
	assert_int_equal(pass(net, RTP("efgh"), 19, 400), 400);
	/* a second later */
	(void)usleep(1100000);
	assert_int_equal(pass(net, RTP("abcd"), 19, 100), 100);
	/* a flow that is opened again has no source yet */
	tess_net_dpdk.flow_remove(net, 20000);
	assert_int_equal(tess_net_dpdk.flow_add(net, 20000, NULL), 0);
	assert_int_equal(pass(net, RTP("ijkl"), 19, 600), 600);
	tess_net_dpdk.close(net);
}

/* The next datagram on the ring; a question of the station may be before it. */
static struct rte_mbuf *take_datagram(struct tess_net *net)
{
	struct rte_mbuf *mbuf;

	while (rte_eth_rx_burst(port_of(net)->id, 0, &mbuf, 1)) {
		if (!memcmp(rte_pktmbuf_mtod(mbuf, uint8_t *) + 12, "\x08\0", 2))
			return mbuf;
		rte_pktmbuf_free(mbuf);
	}
	fail_msg("there is no datagram");
	return NULL;
}

static void address(struct tess_packet *packet)
{
	packet->local_port = 20000;
	packet->remote = (union tess_addr){.in.sin_family = AF_INET};
	packet->remote.in.sin_port = htons(5005);
	packet->remote.in.sin_addr.s_addr = htonl(0x0a000001);
}

/* Until the neighbour's hardware address is known, which the other side tells at once. */
static void learn_neighbour(struct tess_net *net)
{
	struct frame frame;

	frame_start(&frame, OUR_MAC, THEIR_MAC);
	frame_16(&frame, 0x0806);
	frame_add(&frame, "\0\1\x08\0\6\4\0\2", 8);
	frame_add(&frame, THEIR_MAC "\x0a\0\0\x01", 10);
	frame_add(&frame, OUR_MAC "\x0a\0\0\x02", 10);
	for (unsigned i = 0; i < 5000; i++) {
		struct tess_packet *packet = tess_net_dpdk.tx_alloc(net), *none;
		struct rte_mbuf *mbuf;

		assert_non_null(packet);
		address(packet);
		packet->length = 1;
		tess_net_dpdk.tx_burst(net, &packet, 1);
		tess_net_dpdk.flush(net);
		if (stats_of(net).tx_packets) {
			rte_pktmbuf_free(take_datagram(net));
			return;
		}
		/* the question is on the ring, and the answer */
		send_frame(net, &frame);
		while (rte_eth_rx_burst(port_of(net)->id, 0, &mbuf, 1)) {
			bool reply = rte_pktmbuf_mtod(mbuf, uint8_t *)[21] == 2;

			if (!reply ||
			    !dpdk_control_give(((struct dpdk_net *)net)->hub->control, mbuf))
				rte_pktmbuf_free(mbuf);
		}
		assert_int_equal(tess_net_dpdk.rx_burst(net, &none, 1), 0);
		(void)usleep(1000);
	}
	fail_msg("the neighbour is not found");
}

static unsigned available(struct tess_net *net)
{
	return rte_mempool_avail_count(dpdk_pool_mempool(port_of(net)->tx_pool));
}

/* All have come home, but for questions of the station, which it asks again after a second. */
static void expect_available(struct tess_net *net, unsigned count)
{
	for (unsigned i = 0; i < 5000 && available(net) != count; i++) {
		struct tess_packet *none;
		struct rte_mbuf *mbuf;

		assert_int_equal(tess_net_dpdk.rx_burst(net, &none, 1), 0);
		while (rte_eth_rx_burst(port_of(net)->id, 0, &mbuf, 1)) {
			assert_memory_equal(rte_pktmbuf_mtod(mbuf, uint8_t *) + 12, "\x08\6", 2);
			rte_pktmbuf_free(mbuf);
		}
		(void)usleep(1000);
	}
	assert_int_equal(available(net), count);
}

/* What is on the ring must be that payload behind headers of its own. */
static void expect(struct tess_net *net, const char *text, unsigned segments)
{
	struct rte_mbuf *mbuf = take_datagram(net);
	uint8_t data[256];
	const uint8_t *bytes;
	unsigned sum;

	assert_int_equal(mbuf->nb_segs, segments);
	assert_int_equal(mbuf->pkt_len, 42 + strlen(text));
	bytes = rte_pktmbuf_read(mbuf, 0, mbuf->pkt_len, data);
	assert_non_null(bytes);
	assert_memory_equal(bytes, THEIR_MAC, 6);
	assert_memory_equal(bytes + 42, text, strlen(text));
	sum = frame_sum(bytes + 26, 8, 17 + 8 + (unsigned)strlen(text));
	assert_int_equal(frame_sum(bytes + 34, 8 + strlen(text), sum), 0xffff);
	rte_pktmbuf_free(mbuf);
}

static void payloads_go_to_many(void **state)
{
	struct tess_net *net = open_net();
	unsigned before;

	(void)state;
	learn_neighbour(net);
	before = available(net);
	for (unsigned gathers = 0; gathers < 2; gathers++) {
		struct tess_packet *payload = tess_net_dpdk.tx_alloc(net), *shares[3];
		unsigned segments = gathers ? 2 : 1;

		port_of(net)->gathers = gathers;
		address(payload);
		memcpy(payload->data, "for everyone", 12);
		payload->length = 12;
		for (unsigned i = 0; i < 2; i++) {
			/* of the second, a part: the holder may cut it */
			shares[i] = tess_net_dpdk.tx_share(net, payload);
			assert_non_null(shares[i]);
			assert_true((shares[i]->data == payload->data) == gathers);
			address(shares[i]);
		}
		shares[2] = tess_net_dpdk.tx_share(net, shares[0]); /* of a share */
		address(shares[2]);
		shares[1]->data += 4;
		shares[1]->length -= 4;
		tess_net_dpdk.tx_burst(net, shares, 2);
		tess_net_dpdk.flush(net);
		/* the payload's own packet may be gone before the last of them is */
		tess_packet_release(payload);
		expect(net, "for everyone", segments);
		expect(net, "everyone", segments);
		tess_net_dpdk.tx_burst(net, &shares[2], 1);
		tess_net_dpdk.flush(net);
		expect(net, "for everyone", segments);
		expect_available(net, before);
	}
	assert_int_equal(stats_of(net).tx_packets, 1 + 6);
	tess_net_dpdk.close(net);
}

/* The one packet that waits; frames of the station itself may come before it. */
static struct tess_packet *receive(struct tess_net *net)
{
	struct tess_packet *packet = NULL;

	for (unsigned i = 0; i < 100 && !packet; i++)
		(void)tess_net_dpdk.rx_burst(net, &packet, 1);
	assert_non_null(packet);
	return packet;
}

/* A packet that came in, to two places: by reference from the receive pool, and itself. */
static void received_packets_go_to_many(void **state)
{
	struct tess_net *net = open_net();
	struct tess_packet *packets[2];
	struct frame frame;
	unsigned rx_before = rte_mempool_avail_count(dpdk_pool_mempool(port_of(net)->rx_pool));

	(void)state;
	assert_true(port_of(net)->gathers);
	learn_neighbour(net);
	frame_datagram(&frame, AF_INET, 20000, "through", 7);
	send_frame(net, &frame);
	packets[0] = receive(net);
	packets[1] = tess_net_dpdk.tx_share(net, packets[0]);
	assert_non_null(packets[1]);
	assert_ptr_equal(packets[1]->data, packets[0]->data);
	address(packets[0]);
	address(packets[1]);
	tess_net_dpdk.tx_burst(net, packets, 2);
	tess_net_dpdk.flush(net);
	expect(net, "through", 1);
	expect(net, "through", 2);
	/* one that is never sent */
	send_frame(net, &frame);
	packets[0] = receive(net);
	packets[1] = tess_net_dpdk.tx_share(net, packets[0]);
	tess_packet_release(packets[0]);
	assert_memory_equal(packets[1]->data, "through", 7);
	tess_packet_release(packets[1]);
	assert_int_equal(rte_mempool_avail_count(dpdk_pool_mempool(port_of(net)->rx_pool)),
			 rx_before);
	tess_net_dpdk.close(net);
}

static void sharing_ends_with_the_pool(void **state)
{
	struct tess_net *net = open_net();
	struct tess_packet *payload = tess_net_dpdk.tx_alloc(net), *shares[2000];
	unsigned count = 0, before = available(net);

	(void)state;
	payload->length = 10;
	while (count < 2000 && (shares[count] = tess_net_dpdk.tx_share(net, payload)))
		count++;
	assert_true(count > 100 && count < 2000);
	while (count > 0)
		tess_packet_release(shares[--count]);
	assert_int_equal(available(net), before);
	tess_packet_release(payload);
	tess_net_dpdk.close(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payloads_are_told_apart),
		cmocka_unit_test(strangers_are_held_back),
		cmocka_unit_test(payloads_go_to_many),
		cmocka_unit_test(received_packets_go_to_many),
		cmocka_unit_test(sharing_ends_with_the_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
