/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/tx.c - sending: headers are written into the packet's own mbuf.
 */
#include <rte_ethdev.h>
#include <string.h>

#include "drivers/net_dpdk/internal.h"

struct tess_packet *dpdk_tx_alloc(struct tess_net *net)
{
	return dpdk_pool_packet(((struct dpdk_net *)net)->hub->port.tx_pool);
}

struct tess_packet *dpdk_tx_share(struct tess_net *net, struct tess_packet *payload)
{
	const struct dpdk_port *port = &((struct dpdk_net *)net)->hub->port;
	struct tess_packet *packet;

	if (port->gathers)
		return dpdk_pool_share(port->tx_pool, payload);
	packet = dpdk_pool_packet(port->tx_pool);
	if (packet) {
		memcpy(packet->data, payload->data, payload->length);
		packet->length = payload->length;
	}
	return packet;
}

/* Where and how to send the packet, or NULL: it is counted as dropped. */
static const struct dpdk_route *find_way(struct dpdk_net *dpdk, const struct tess_packet *packet,
					 size_t headers)
{
	const struct rte_mbuf *mbuf = packet->driver_private;
	const struct dpdk_route *route;

	if (atomic_load_explicit(&dpdk->hub->flows[packet->local_port].owner,
				 memory_order_relaxed) != dpdk->worker + 1 ||
	    (size_t)(dpdk_packet_headers_end(packet) - (const uint8_t *)mbuf->buf_addr) < headers) {
		dpdk->stats.tx_dropped++;
		return NULL;
	}
	if (packet->length + headers - dpdk_headers_link_size(&dpdk->headers) >
	    dpdk->hub->port.mtu) {
		dpdk->stats.tx_dropped_too_long++;
		return NULL;
	}
	if (dpdk_control_link(dpdk->hub->control) != DPDK_LINK_UP) {
		dpdk->stats.tx_dropped_link_down++;
		return NULL;
	}
	route = dpdk_control_route(dpdk->hub->control, dpdk->worker, &packet->remote,
				   tess_clock_now_us(dpdk->clock));
	if (!route)
		dpdk->stats.tx_dropped_no_neighbour++;
	return route;
}

static void queue(struct dpdk_net *dpdk, struct tess_packet *packet)
{
	int family = packet->remote.sa.sa_family;
	size_t headers = dpdk_headers_size(&dpdk->headers, family);
	const struct dpdk_route *route = find_way(dpdk, packet, headers);
	struct rte_mbuf *mbuf;

	if (!route) {
		tess_packet_release(packet);
		return;
	}
	dpdk_headers_write(&dpdk->headers, route, &packet->remote, packet->local_port,
			   dpdk_packet_headers_end(packet), packet->data, (uint16_t)packet->length);
	mbuf = dpdk_packet_give(packet, headers);
	if (dpdk->headers.offload) {
		mbuf->l2_len = dpdk_headers_link_size(&dpdk->headers);
		mbuf->l3_len = family == AF_INET ? IPV4_HEADER : IPV6_HEADER;
		mbuf->ol_flags = RTE_MBUF_F_TX_UDP_CKSUM |
				 (family == AF_INET ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM
						    : RTE_MBUF_F_TX_IPV6);
	}
	dpdk->tx_lengths[dpdk->tx_queued] = packet->length;
	dpdk->tx_queue[dpdk->tx_queued++] = mbuf;
}

void dpdk_tx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count)
{
	struct dpdk_net *dpdk = (struct dpdk_net *)net;

	for (unsigned i = 0; i < count; i++) {
		if (dpdk->tx_queued == TESS_NET_BURST)
			dpdk_flush(net);
		queue(dpdk, packets[i]);
	}
}

void dpdk_flush(struct tess_net *net)
{
	struct dpdk_net *dpdk = (struct dpdk_net *)net;
	unsigned queued = dpdk->tx_queued, sent;

	if (queued == 0)
		return;
	sent = dpdk_hub_send(dpdk->hub, dpdk->worker, dpdk->tx_queue, queued);
	for (unsigned i = 0; i < sent; i++)
		dpdk->stats.tx_bytes += dpdk->tx_lengths[i];
	dpdk->stats.tx_packets += sent;
	dpdk->stats.tx_dropped += queued - sent;
	if (sent < queued)
		rte_pktmbuf_free_bulk(dpdk->tx_queue + sent, queued - sent);
	dpdk->tx_queued = 0;
}
