/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests the DPDK driver with real mbufs, on a ring device: what is sent on it comes in on it, so
 * the test plays the other host by sending and receiving on the port itself, between the driver's
 * looks at it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <rte_ethdev.h>
#include <string.h>
#include <unistd.h>

#include "drivers/clock/clock.h"
#include "drivers/net_dpdk/net_dpdk.h"
#include "drivers/net_dpdk/pool.h"
#include "frames.h"

#define SPEC "dpdk:net_ring0,addr=10.0.0.2/24,addr=fd00::2/64"

struct fixture {
	struct tess_net *net;
	const struct tess_net_driver *driver;
	struct dpdk_pool *pool; /* the other host's */
	unsigned pool_size;
	uint16_t port;
	uint8_t mac[6]; /* the port's: ours */
};

static int64_t now_us(void)
{
	return tess_clock_now_us(tess_clock_system());
}

static int open_net(struct tess_net **netp, const char *spec, unsigned packets, char *reason)
{
	const struct tess_net_config config = {
		.spec = spec,
		.packets = packets,
		.clock = tess_clock_system(),
		.port_min = 20000,
		.port_max = 20999,
		.reason = reason,
		.reason_size = 200,
	};

	return tess_net_dpdk.open(netp, &config);
}

static void count_pool(struct rte_mempool *mempool, void *arg)
{
	*(unsigned *)arg += !strncmp(mempool->name, "tess_", 5);
}

/* Those of closed ports are only gone when each of their mbufs has come home. */
static unsigned pools(void)
{
	unsigned count = 0;

	rte_mempool_walk(count_pool, &count);
	return count;
}

static void setup(struct fixture *fixture)
{
	struct rte_ether_addr mac;
	char reason[200] = "";

	memset(fixture, 0, sizeof(*fixture));
	fixture->driver = &tess_net_dpdk;
	if (open_net(&fixture->net, SPEC, 64, reason))
		fail_msg("%s", reason);
	assert_string_equal(reason, "");
	assert_int_equal(rte_eth_dev_get_port_by_name("net_ring0", &fixture->port), 0);
	assert_int_equal(rte_eth_macaddr_get(fixture->port, &mac), 0);
	memcpy(fixture->mac, mac.addr_bytes, 6);
	fixture->pool_size = 512;
	assert_int_equal(dpdk_pool_open(&fixture->pool, fixture->pool_size, SOCKET_ID_ANY, false),
			 0);
}

/* Everything has been given back: no pool stays behind. */
static void teardown(struct fixture *fixture)
{
	fixture->driver->close(fixture->net);
	assert_int_equal(rte_mempool_avail_count(dpdk_pool_mempool(fixture->pool)),
			 fixture->pool_size);
	dpdk_pool_close(fixture->pool);
	assert_int_equal(pools(), 0);
}

static struct tess_net_stats stats_of(const struct fixture *fixture)
{
	struct tess_net_stats stats;

	fixture->driver->stats(fixture->net, &stats);
	return stats;
}

static void send_bytes(const struct fixture *fixture, const uint8_t *data, size_t length)
{
	struct rte_mbuf *mbuf = dpdk_pool_frame(fixture->pool, data, length);

	assert_non_null(mbuf);
	assert_int_equal(rte_eth_tx_burst(fixture->port, 0, &mbuf, 1), 1);
}

/* To the port's own address, which only the driver's caller can know. */
static void send_frame(const struct fixture *fixture, struct frame *frame)
{
	if (!(frame->data[0] & 1))
		memcpy(frame->data, fixture->mac, 6);
	send_bytes(fixture, frame->data, frame->length);
}

static void send_datagram(const struct fixture *fixture, int family, unsigned port,
			  const char *text)
{
	struct frame frame;

	frame_datagram(&frame, family, port, text, strlen(text));
	send_frame(fixture, &frame);
}

/* What is on the port, which the driver has sent just now. */
static bool take_frame(const struct fixture *fixture, struct frame *frame)
{
	struct rte_mbuf *mbuf;

	if (rte_eth_rx_burst(fixture->port, 0, &mbuf, 1) == 0)
		return false;
	frame->length = rte_pktmbuf_data_len(mbuf);
	assert_true(frame->length <= sizeof(frame->data));
	memcpy(frame->data, rte_pktmbuf_mtod(mbuf, void *), frame->length);
	rte_pktmbuf_free(mbuf);
	return true;
}

/* The same of datagrams alone: questions of the control thread may be between them. */
static bool take_datagram(const struct fixture *fixture, struct frame *frame)
{
	while (take_frame(fixture, frame))
		if (!memcmp(frame->data + 12, "\x08\0", 2))
			return true;
	return false;
}

/*
 * The next frame of the control thread, within 10 s: the driver takes what is on the port, and
 * sends it after that.
 */
static void next_frame(const struct fixture *fixture, struct frame *frame)
{
	int64_t until_us = now_us() + 10000000;
	struct tess_packet *packet;

	while (now_us() < until_us) {
		assert_int_equal(fixture->driver->rx_burst(fixture->net, &packet, 1), 0);
		if (take_frame(fixture, frame))
			return;
		(void)usleep(1000);
	}
	fail_msg("the driver sends nothing");
}

static void datagrams_come_in(void **state)
{
	struct tess_packet *packets[TESS_NET_BURST];
	struct fixture f;
	int tags[2];
	int64_t before_us;

	(void)state;
	setup(&f);
	assert_int_equal(f.driver->flow_add(f.net, 20000, &tags[0]), 0);
	assert_int_equal(f.driver->flow_add(f.net, 20002, &tags[1]), 0);
	assert_int_equal(f.driver->flow_add(f.net, 20002, NULL), -EADDRINUSE);
	assert_int_equal(f.driver->flow_add(f.net, 0, NULL), -EINVAL);
	before_us = now_us();
	send_datagram(&f, AF_INET, 20000, "one");
	send_datagram(&f, AF_INET6, 20002, "two");
	assert_int_equal(f.driver->rx_burst(f.net, packets, TESS_NET_BURST), 2);
	assert_int_equal(packets[0]->length, 3);
	assert_memory_equal(packets[0]->data, "one", 3);
	assert_ptr_equal(packets[0]->tag, &tags[0]);
	assert_int_equal(packets[0]->local_port, 20000);
	assert_int_equal(packets[0]->remote.in.sin_family, AF_INET);
	assert_int_equal(packets[0]->remote.in.sin_addr.s_addr, htonl(0x0a000001));
	assert_int_equal(packets[0]->remote.in.sin_port, htons(5004));
	assert_true(packets[0]->arrival_us >= before_us && packets[0]->arrival_us <= now_us());
	assert_true(packets[0]->capacity >= packets[0]->length);
	assert_memory_equal(packets[1]->data, "two", 3);
	assert_ptr_equal(packets[1]->tag, &tags[1]);
	assert_int_equal(packets[1]->remote.in6.sin6_family, AF_INET6);
	assert_int_equal(packets[1]->remote.in6.sin6_addr.s6_addr[15], 1);
	/* the bytes are those of the frame's own buffer: nothing was copied */
	assert_int_equal(rte_mempool_avail_count(dpdk_pool_mempool(f.pool)), f.pool_size - 2);
	tess_packet_release(packets[0]);
	tess_packet_release(packets[1]);
	assert_int_equal(stats_of(&f).rx_packets, 2);
	assert_int_equal(stats_of(&f).rx_bytes, 6);
	f.driver->flow_remove(f.net, 20000);
	f.driver->flow_remove(f.net, 20000);
	send_datagram(&f, AF_INET, 20000, "gone");
	assert_int_equal(f.driver->rx_burst(f.net, packets, TESS_NET_BURST), 0);
	assert_int_equal(stats_of(&f).rx_dropped_no_flow, 1);
	teardown(&f);
}

static void drops_have_reasons(void **state)
{
	struct tess_packet *packets[TESS_NET_BURST];
	struct tess_net_stats stats;
	struct frame frame;
	struct fixture f;

	(void)state;
	setup(&f);
	assert_int_equal(f.driver->flow_add(f.net, 20000, NULL), 0);
	send_datagram(&f, AF_INET, 20001, "no flow");
	frame_datagram(&frame, AF_INET, 20000, "to another address", 18);
	frame.data[33] = 3;
	send_frame(&f, &frame);
	frame_start(&frame, "\2\0\0\0\0\0", THEIR_MAC);
	memcpy(frame.data, f.mac, 6);
	frame_16(&frame, 0x8100);
	frame_16(&frame, 9); /* a VLAN that is not ours */
	frame_ipv4(&frame, 17, 9);
	frame_udp(&frame, 20000, "x", 1);
	send_frame(&f, &frame);
	frame_datagram(&frame, AF_INET, 20000, "group", 5);
	memcpy(frame.data, "\xff\xff\xff\xff\xff\xff", 6);
	send_bytes(&f, frame.data, frame.length);
	frame_datagram(&frame, AF_INET, 20000, "fragment", 8);
	frame.data[20] = 0x20;
	send_frame(&f, &frame);
	frame_datagram(&frame, AF_INET, 20000, "malformed", 9);
	frame.data[39] = 200;
	send_frame(&f, &frame);
	frame_datagram(&frame, AF_INET, 20000, "of another host", 15);
	memcpy(frame.data, "\x02\x77\x77\x77\x77\x77", 6);
	send_bytes(&f, frame.data, frame.length);
	assert_int_equal(f.driver->rx_burst(f.net, packets, TESS_NET_BURST), 0);
	stats = stats_of(&f);
	assert_int_equal(stats.rx_dropped_no_flow, 4);
	assert_int_equal(stats.rx_dropped_fragment, 1);
	assert_int_equal(stats.rx_dropped_malformed, 1);
	assert_int_equal(stats.rx_dropped_other, 1);
	assert_int_equal(stats.rx_packets, 0);
	assert_false(stats.link_down);
	teardown(&f);
}

static void checksums_and_chains_are_looked_at(void **state)
{
	struct tess_packet *packets[TESS_NET_BURST];
	struct rte_mbuf *mbufs[4];
	struct frame frame;
	struct fixture f;

	(void)state;
	setup(&f);
	assert_int_equal(f.driver->flow_add(f.net, 20000, NULL), 0);
	frame_datagram(&frame, AF_INET, 20000, "hello", 5);
	memcpy(frame.data, f.mac, 6);
	for (unsigned i = 0; i < 4; i++)
		assert_non_null(mbufs[i] = dpdk_pool_frame(f.pool, frame.data, frame.length));
	mbufs[0]->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_BAD;
	assert_int_equal(rte_pktmbuf_chain(mbufs[1], mbufs[2]), 0);
	assert_int_equal(rte_eth_tx_burst(f.port, 0, mbufs, 2), 2);
	assert_int_equal(f.driver->rx_burst(f.net, packets, TESS_NET_BURST), 0);
	assert_int_equal(stats_of(&f).rx_dropped_checksum, 1);
	assert_int_equal(stats_of(&f).rx_dropped_truncated, 1);
	/* data that is good though its checksum was not written, as between virtual machines: the
	 * flag has the bits of BAD and of GOOD */
	mbufs[3]->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	assert_int_equal(rte_eth_tx_burst(f.port, 0, &mbufs[3], 1), 1);
	assert_int_equal(f.driver->rx_burst(f.net, packets, TESS_NET_BURST), 1);
	tess_packet_release(packets[0]);
	assert_int_equal(stats_of(&f).rx_dropped_checksum, 1);
	teardown(&f);
}

static void arp(struct frame *frame, unsigned operation, const char *to)
{
	frame_start(frame, to, THEIR_MAC);
	frame_16(frame, 0x0806);
	frame_add(frame, "\0\1\x08\0\6\4", 6);
	frame_16(frame, operation);
	frame_add(frame, THEIR_MAC "\x0a\0\0\x01", 10);
	frame_add(frame, OUR_MAC "\x0a\0\0\x02", 10);
}

static void the_control_thread_answers_arp(void **state)
{
	struct frame frame;
	struct fixture f;

	(void)state;
	setup(&f);
	arp(&frame, 1, "\xff\xff\xff\xff\xff\xff");
	send_bytes(&f, frame.data, frame.length);
	next_frame(&f, &frame);
	assert_int_equal(frame.length, 42);
	assert_memory_equal(frame.data, THEIR_MAC, 6);
	assert_memory_equal(frame.data + 6, f.mac, 6);
	assert_memory_equal(frame.data + 20, "\0\2", 2);
	assert_memory_equal(frame.data + 28, "\x0a\0\0\x02", 4);
	teardown(&f);
}

static struct tess_packet *fill(const struct fixture *fixture, const char *text)
{
	struct tess_packet *packet = fixture->driver->tx_alloc(fixture->net);

	assert_non_null(packet);
	assert_int_equal(packet->length, 0);
	assert_true(packet->capacity >= TESS_PACKET_SIZE);
	memcpy(packet->data, text, strlen(text));
	packet->length = (uint32_t)strlen(text);
	packet->local_port = 20001;
	packet->remote.in.sin_family = AF_INET;
	packet->remote.in.sin_port = htons(5005);
	packet->remote.in.sin_addr.s_addr = htonl(0x0a000001);
	return packet;
}

/* The first packet finds no neighbour, which is asked for; then they go out whole. */
static void learn_neighbour(struct fixture *f)
{
	struct tess_packet *packet = fill(f, "first");
	struct frame frame;

	assert_int_equal(f->driver->flow_add(f->net, 20001, NULL), 0);
	f->driver->tx_burst(f->net, &packet, 1);
	assert_int_equal(stats_of(f).tx_dropped_no_neighbour, 1);
	next_frame(f, &frame);
	assert_memory_equal(frame.data, "\xff\xff\xff\xff\xff\xff", 6);
	assert_memory_equal(frame.data + 20, "\0\1", 2);
	assert_memory_equal(frame.data + 38, "\x0a\0\0\x01", 4);
	arp(&frame, 2, "\2\0\0\0\0\0");
	send_frame(f, &frame);
	for (unsigned i = 0; i < 10000 && stats_of(f).tx_packets == 0; i++) {
		struct tess_packet *unused;

		assert_int_equal(f->driver->rx_burst(f->net, &unused, 1), 0);
		packet = fill(f, "hello");
		f->driver->tx_burst(f->net, &packet, 1);
		f->driver->flush(f->net);
		(void)usleep(1000);
	}
	assert_int_equal(stats_of(f).tx_packets, 1);
}

static void datagrams_go_out(void **state)
{
	struct tess_packet *packet;
	struct frame frame;
	struct fixture f;
	unsigned sum;

	(void)state;
	setup(&f);
	learn_neighbour(&f);
	assert_int_equal(stats_of(&f).tx_bytes, 5);
	assert_true(take_datagram(&f, &frame));
	assert_int_equal(frame.length, 47);
	assert_memory_equal(frame.data, THEIR_MAC, 6);
	assert_memory_equal(frame.data + 6, f.mac, 6);
	assert_memory_equal(frame.data + 26, "\x0a\0\0\x02\x0a\0\0\x01\x4e\x21\x13\x8d\0\x0d", 14);
	assert_memory_equal(frame.data + 42, "hello", 5);
	sum = frame_sum(frame.data + 26, 8, 17 + 13);
	assert_int_equal(frame_sum(frame.data + 34, 13, sum), 0xffff);
	/* from no flow of ours; longer than the link carries */
	packet = fill(&f, "x");
	packet->local_port = 20003;
	f.driver->tx_burst(f.net, &packet, 1);
	assert_int_equal(stats_of(&f).tx_dropped, 1);
	packet = fill(&f, "x");
	packet->length = 1500 - 28 + 1;
	f.driver->tx_burst(f.net, &packet, 1);
	assert_int_equal(stats_of(&f).tx_dropped_too_long, 1);
	packet = fill(&f, "x");
	packet->length = 1500 - 28;
	f.driver->tx_burst(f.net, &packet, 1);
	assert_false(take_datagram(&f, &frame)); /* not before it is flushed */
	f.driver->flush(f.net);
	assert_true(take_datagram(&f, &frame));
	assert_int_equal(frame.length, 1514);
	teardown(&f);
}

/* A packet that came in goes out again, its headers written over the old ones. */
static void packets_can_be_forwarded(void **state)
{
	struct tess_packet *packet;
	struct frame frame;
	struct fixture f;

	(void)state;
	setup(&f);
	learn_neighbour(&f);
	assert_true(take_datagram(&f, &frame));
	send_datagram(&f, AF_INET, 20001, "there and back");
	assert_int_equal(f.driver->rx_burst(f.net, &packet, 1), 1);
	packet->data += 6; /* the holder may have moved it */
	packet->length -= 6;
	f.driver->tx_burst(f.net, &packet, 1);
	f.driver->flush(f.net);
	assert_true(take_datagram(&f, &frame));
	assert_memory_equal(frame.data, THEIR_MAC, 6);
	assert_memory_equal(frame.data + 36, "\x13\x8c", 2); /* where it came from */
	assert_int_equal(frame.length, 42 + 8);
	assert_memory_equal(frame.data + 42, "and back", 8);
	teardown(&f);
}

/* Many at once, more than a queue, and the pool to send runs out while packets are held. */
static void the_pool_to_send_has_an_end(void **state)
{
	struct tess_packet *held[2000];
	unsigned count = 0;
	struct fixture f;

	(void)state;
	setup(&f);
	while (count < 2000 && (held[count] = f.driver->tx_alloc(f.net)))
		count++;
	assert_true(count >= 1024 && count < 2000);
	while (count > 0)
		tess_packet_release(held[--count]);
	held[0] = f.driver->tx_alloc(f.net);
	assert_non_null(held[0]);
	tess_packet_release(held[0]);
	teardown(&f);
}

static void packets_outlive_the_port(void **state)
{
	struct tess_packet *packet;
	struct fixture f;

	(void)state;
	setup(&f);
	packet = fill(&f, "still here");
	f.driver->close(f.net);
	assert_int_equal(pools(), 2); /* the other host's and the packet's */
	assert_memory_equal(packet->data, "still here", 10);
	tess_packet_release(packet);
	dpdk_pool_close(f.pool);
	assert_int_equal(pools(), 0);
}

/* What gathers keeps the time at which it came, although nobody looked. */
static void gathered_packets_keep_their_times(void **state)
{
	struct tess_packet *packets[TESS_NET_BURST];
	struct fixture f;
	int64_t sent_us;
	unsigned got = 0;

	(void)state;
	setup(&f);
	assert_int_equal(f.driver->flow_add(f.net, 20000, NULL), 0);
	for (unsigned i = 0; i < 200; i++)
		send_datagram(&f, AF_INET, 20000, "x");
	sent_us = now_us();
	/* far longer than a busy machine may take to begin */
	assert_int_equal(f.driver->gather(f.net, sent_us + 600000), 0);
	assert_true(now_us() >= sent_us + 600000);
	for (unsigned count; (count = f.driver->rx_burst(f.net, packets, TESS_NET_BURST)) > 0;) {
		got += count;
		for (unsigned i = 0; i < count; i++) {
			assert_true(packets[i]->arrival_us < sent_us + 500000);
			tess_packet_release(packets[i]);
		}
	}
	assert_int_equal(got, 200);
	teardown(&f);
}

/* More than can be held is left to the port: gather() returns at once. */
static void gathering_has_an_end(void **state)
{
	struct tess_packet *packets[TESS_NET_BURST];
	unsigned got = 0, sent = 0;
	struct fixture f;
	int64_t begin_us;

	(void)state;
	setup(&f);
	assert_int_equal(f.driver->flow_add(f.net, 20000, NULL), 0);
	dpdk_pool_close(f.pool);
	f.pool_size = 4096;
	assert_int_equal(dpdk_pool_open(&f.pool, f.pool_size, SOCKET_ID_ANY, false), 0);
	begin_us = now_us();
	while (sent < 2000) {
		for (unsigned i = 0; i < 500; i++, sent++)
			send_datagram(&f, AF_INET, 20000, "x");
		assert_int_equal(f.driver->gather(f.net, now_us() + (sent < 1000 ? 5000 : 5000000)),
				 0);
	}
	assert_true(now_us() - begin_us < 4000000);
	for (unsigned count; (count = f.driver->rx_burst(f.net, packets, TESS_NET_BURST)) > 0;) {
		got += count;
		for (unsigned i = 0; i < count; i++)
			tess_packet_release(packets[i]);
	}
	assert_int_equal(got, 2000);
	teardown(&f);
}

static void *wake_later(void *arg)
{
	struct tess_net *net = arg;

	(void)usleep(20000);
	net->driver->wake(net);
	return NULL;
}

static void waiting_ends(void **state)
{
	struct tess_packet *packet;
	struct fixture f;
	pthread_t thread;
	int64_t begin_us;

	(void)state;
	setup(&f);
	assert_int_equal(f.driver->flow_add(f.net, 20000, NULL), 0);
	begin_us = now_us();
	assert_int_equal(f.driver->wait(f.net, begin_us + 30000), 0);
	assert_true(now_us() >= begin_us + 30000);
	send_datagram(&f, AF_INET, 20000, "x");
	assert_int_equal(f.driver->wait(f.net, INT64_MAX), 0);
	assert_int_equal(f.driver->rx_burst(f.net, &packet, 1), 1);
	tess_packet_release(packet);
	f.driver->wake(f.net); /* before it */
	assert_int_equal(f.driver->wait(f.net, INT64_MAX), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&thread, NULL, wake_later, f.net), 0);
		assert_int_equal((i ? f.driver->gather : f.driver->wait)(f.net, INT64_MAX), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	/* one that waits in the backlog is closed with it */
	send_datagram(&f, AF_INET, 20000, "x");
	assert_int_equal(f.driver->gather(f.net, now_us() + 1000), 0);
	teardown(&f);
}

static void one_worker_a_port(void **state)
{
	struct tess_net *other = NULL;
	char reason[200] = "";
	struct fixture f;

	(void)state;
	setup(&f);
	assert_int_equal(open_net(&other, SPEC, 64, reason), -EBUSY);
	assert_string_equal(reason, "net_ring0 is in use already");
	assert_null(other);
	teardown(&f);
}

static void failures_are_told(void **state)
{
	struct tess_net *net = NULL;
	char reason[200] = "";

	(void)state;
	assert_int_equal(open_net(&net, "dpdk:", 64, reason), -EINVAL);
	assert_non_null(strstr(reason, "the name of a device is expected"));
	assert_int_equal(open_net(&net, "xdp:nonexistent", 64, reason), -ENODEV);
	assert_string_equal(reason, "there is no network interface nonexistent");
	assert_true(open_net(&net, "afp:nonexistent", 64, reason) < 0);
	assert_non_null(strstr(reason, "DPDK cannot attach net_af_packet_nonexistent"));
	assert_true(open_net(&net, "dpdk:nonsense", 64, reason) < 0);
	assert_non_null(strstr(reason, "DPDK cannot attach nonsense"));
	assert_int_equal(open_net(&net, "dpdk:net_null0", 1U << 20, reason), -ENOMEM);
	assert_non_null(strstr(reason, "DPDK has no memory"));
	assert_int_equal(open_net(&net, "dpdk:net_null0", 0, reason), -EINVAL);
	assert_null(net);
	assert_int_equal(pools(), 0);
	tess_net_dpdk.close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_come_in),
		cmocka_unit_test(drops_have_reasons),
		cmocka_unit_test(checksums_and_chains_are_looked_at),
		cmocka_unit_test(the_control_thread_answers_arp),
		cmocka_unit_test(datagrams_go_out),
		cmocka_unit_test(packets_can_be_forwarded),
		cmocka_unit_test(the_pool_to_send_has_an_end),
		cmocka_unit_test(packets_outlive_the_port),
		cmocka_unit_test(gathered_packets_keep_their_times),
		cmocka_unit_test(gathering_has_an_end),
		cmocka_unit_test(waiting_ends),
		cmocka_unit_test(one_worker_a_port),
		cmocka_unit_test(failures_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
