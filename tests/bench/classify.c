/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/bench/classify.c - cycles from a frame at the port to the packet of a flow, and its
 *release.
 *
 *	bench-classify null|ring FLOWS
 *
 * The DPDK driver without a kernel: on a null device, which hands out mbufs that a hook makes RTP
 * of (its time is taken off), or on a ring that the frames were put into before. The caches are
 * warm, so this is what is left when nothing else is in the way. Prints "cycles=N", the median of
 * all bursts, so that losing the core for a while does not matter; what is not delivered as it was
 *sent fails.
 */
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/clock/clock.h"
#include "drivers/net_dpdk/headers.h"
#include "drivers/net_dpdk/net_dpdk.h"
#include "drivers/net_dpdk/pool.h"

#define BURSTS	  40000
#define WARM_UP	  2000
#define PACKETS	  4096
#define PAYLOAD	  1200
#define HEADERS	  (ETHERNET_HEADER + IPV4_HEADER + UDP_HEADER)
#define RTP	  12
#define PORT	  10000
#define MAX_FLOWS 4096

struct bench {
	struct tess_net *net;
	struct dpdk_pool *pool; /* of the frames put into the ring */
	uint16_t port;
	unsigned flows, next;
	uint64_t hook_cycles;
	uint8_t frame[HEADERS + PAYLOAD];
};

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "bench-classify: %s\n", what);
	exit(1);
}

/* Where in the frame its flow's port is. */
static void set_flow(struct bench *bench, uint8_t *frame)
{
	put16(frame + ETHERNET_HEADER + IPV4_HEADER + 2,
	      (uint16_t)(PORT + 2 * (bench->next++ % bench->flows)));
}

static uint16_t make_rtp(uint16_t port, uint16_t queue, struct rte_mbuf **mbufs, uint16_t count,
			 uint16_t room, void *arg)
{
	struct bench *bench = arg;
	uint64_t begun = rte_rdtsc();

	(void)port;
	(void)queue;
	(void)room;
	for (uint16_t i = 0; i < count; i++) {
		uint8_t *frame = rte_pktmbuf_mtod(mbufs[i], uint8_t *);

		memcpy(frame, bench->frame, HEADERS + RTP);
		set_flow(bench, frame);
	}
	bench->hook_cycles += rte_rdtsc() - begun;
	return count;
}

static void make_frame(struct bench *bench)
{
	const struct dpdk_headers headers = {.mac = {2, 0, 0, 0, 0, 1}};
	struct dpdk_route route = {.source.in.sin_family = AF_INET};
	union tess_addr remote = {.in.sin_family = AF_INET};
	struct rte_ether_addr mac;

	if (rte_eth_macaddr_get(bench->port, &mac))
		die("no hardware address");
	memcpy(route.mac, mac.addr_bytes, MAC_LENGTH);
	remote.in.sin_addr.s_addr = htonl(0x0a000002);
	remote.in.sin_port = htons(PORT);
	route.source.in.sin_addr.s_addr = htonl(0x0a000001);
	bench->frame[HEADERS] = 0x80;
	bench->frame[HEADERS + 1] = 96;
	dpdk_headers_write(&headers, &route, &remote, PORT, bench->frame + HEADERS,
			   bench->frame + HEADERS, PAYLOAD);
}

static void put_into_ring(struct bench *bench)
{
	struct rte_mbuf *mbufs[TESS_NET_BURST];

	for (unsigned i = 0; i < TESS_NET_BURST; i++) {
		set_flow(bench, bench->frame);
		mbufs[i] = dpdk_pool_frame(bench->pool, bench->frame, sizeof(bench->frame));
		if (!mbufs[i])
			die("no packets");
	}
	if (rte_eth_tx_burst(bench->port, 0, mbufs, TESS_NET_BURST) != TESS_NET_BURST)
		die("the ring is full");
}

/* Cycles a packet of one burst. */
static double run(struct bench *bench)
{
	const struct tess_net_driver *driver = bench->net->driver;
	struct tess_packet *packets[TESS_NET_BURST];
	unsigned first = bench->next, got;
	uint64_t cycles, begun;

	if (bench->pool)
		put_into_ring(bench);
	bench->hook_cycles = 0;
	begun = rte_rdtsc();
	got = driver->rx_burst(bench->net, packets, TESS_NET_BURST);
	cycles = rte_rdtsc() - begun;
	if (got != TESS_NET_BURST)
		die("packets are missing");
	for (unsigned i = 0; i < got; i++)
		if (packets[i]->tag != (void *)(uintptr_t)((first + i) % bench->flows + 1) ||
		    packets[i]->length != PAYLOAD)
			die("a packet came to another flow");
	begun = rte_rdtsc();
	for (unsigned i = 0; i < got; i++)
		tess_packet_release(packets[i]);
	cycles += rte_rdtsc() - begun;
	return (double)(cycles - bench->hook_cycles) / TESS_NET_BURST;
}

static void open_net(struct bench *bench, const char *spec, const char *device)
{
	char reason[200] = "";
	const struct tess_net_config config = {
		.spec = spec,
		.packets = PACKETS,
		.clock = tess_clock_system(),
		.reason = reason,
		.reason_size = sizeof(reason),
	};

	if (tess_net_dpdk.open(&bench->net, &config))
		die(reason);
	if (rte_eth_dev_get_port_by_name(device, &bench->port))
		die("no port");
	for (unsigned i = 0; i < bench->flows; i++)
		if (tess_net_dpdk.flow_add(bench->net, (uint16_t)(PORT + 2 * i),
					   (void *)(uintptr_t)(i + 1)))
			die("no flow");
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	static double bursts[BURSTS];

	bench.flows = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
	if (bench.flows < 1 || bench.flows > MAX_FLOWS)
		die("usage: bench-classify null|ring FLOWS");
	if (strcmp(argv[1], "null") == 0) {
		open_net(&bench, "dpdk:net_null0,size=1242", "net_null0");
		if (!rte_eth_add_rx_callback(bench.port, 0, make_rtp, &bench))
			die("no hook");
	} else {
		open_net(&bench, "dpdk:net_ring0", "net_ring0");
		if (dpdk_pool_open(&bench.pool, PACKETS, SOCKET_ID_ANY, false))
			die("no memory");
	}
	make_frame(&bench);
	for (unsigned i = 0; i < WARM_UP; i++)
		(void)run(&bench);
	for (unsigned i = 0; i < BURSTS; i++)
		bursts[i] = run(&bench);
	qsort(bursts, BURSTS, sizeof(bursts[0]), compare);
	printf("cycles=%.1f\n", bursts[BURSTS / 2]);
	return 0;
}
