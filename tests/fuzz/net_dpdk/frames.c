/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fuzz target: frames through the whole of the DPDK driver, as real mbufs on a ring device that
 * needs no privilege. What comes in is sent on, itself and shared; every mbuf must come home.
 *
 * Input: frames, each behind two bytes of its length (high first). The port's own hardware address
 * is put into those that begin with a 0.
 */
#include <rte_ethdev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/clock/clock.h"
#include "drivers/net_dpdk/internal.h"
#include "drivers/net_dpdk/net_dpdk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tess_net *net;
static unsigned all; /* mbufs */

/* By its own line: abort() alone would not tell. */
#define need(condition)                                                         \
	do {                                                                    \
		if (!(condition)) {                                             \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
			abort();                                                \
		}                                                               \
	} while (0)

static unsigned at_home(void)
{
	const struct dpdk_port *port = &((struct dpdk_net *)net)->hub->port;

	return rte_mempool_avail_count(dpdk_pool_mempool(port->rx_pool)) +
	       rte_mempool_avail_count(dpdk_pool_mempool(port->tx_pool));
}

static void open_net(void)
{
	const struct tess_net_config config = {
		.spec = "dpdk:net_ring0,addr=10.0.0.2/24,addr=fd00::2/64",
		.packets = 512,
		.clock = tess_clock_system(),
	};

	need(tess_net_dpdk.open(&net, &config) == 0);
	need(tess_net_dpdk.flow_add(net, 20000, net) == 0);
	need(tess_net_dpdk.flow_add(net, 20001, net) == 0);
	tess_net_dpdk.flow_source(net, 20001, 1);
	all = at_home();
}

static void put_frame(const uint8_t *data, size_t length)
{
	const struct dpdk_port *port = &((struct dpdk_net *)net)->hub->port;
	struct rte_mbuf *mbuf = dpdk_pool_frame(port->tx_pool, data, length);

	need(mbuf != NULL);
	if (length >= MAC_LENGTH && data[0] == 0)
		memcpy(rte_pktmbuf_mtod(mbuf, void *), port->mac, MAC_LENGTH);
	need(rte_eth_tx_burst(port->id, 0, &mbuf, 1) == 1);
}

static void take_packets(void)
{
	struct tess_packet *packets[TESS_NET_BURST], *share;
	unsigned got = tess_net_dpdk.rx_burst(net, packets, TESS_NET_BURST);

	for (unsigned i = 0; i < got; i++) {
		need(packets[i]->tag == net && packets[i]->local_port / 2 == 10000);
		need(packets[i]->length <= packets[i]->capacity);
		share = tess_net_dpdk.tx_share(net, packets[i]);
		need(share != NULL);
		need(share->length == packets[i]->length);
		need(memcmp(share->data, packets[i]->data, share->length) == 0);
		share->local_port = packets[i]->local_port;
		share->remote = packets[i]->remote;
		tess_net_dpdk.tx_burst(net, &packets[i], 1);
		tess_net_dpdk.tx_burst(net, &share, 1);
	}
	tess_net_dpdk.flush(net);
}

/* The control thread may hold one for a moment. */
static void expect_all_at_home(void)
{
	struct rte_mbuf *mbuf;
	int64_t until_us = tess_clock_now_us(tess_clock_system()) + 5000000;

	while (at_home() != all) {
		need(tess_clock_now_us(tess_clock_system()) < until_us);
		take_packets();
		while (rte_eth_rx_burst(((struct dpdk_net *)net)->hub->port.id, 0, &mbuf, 1))
			rte_pktmbuf_free(mbuf);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!net)
		open_net();
	for (unsigned i = 0; i < 32 && size >= 2; i++) {
		size_t length = (size_t)(data[0] << 8 | data[1]);

		length = length <= size - 2 ? length : size - 2;
		length = length <= TESS_PACKET_SIZE ? length : TESS_PACKET_SIZE;
		/* no NIC hands on less than a header */
		if (length >= ETHERNET_HEADER)
			put_frame(data + 2, length);
		data += 2 + length;
		size -= 2 + length;
	}
	take_packets();
	expect_all_at_home();
	return 0;
}
