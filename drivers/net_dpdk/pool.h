/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/pool.h - mbufs that are packets.
 *
 * The struct tess_packet lies in the mbuf's private area, so one is the other without a look-up or
 * a copy; its driver_private is the mbuf. Threads: packets and mbufs are freed on any; the rest
 * belongs to who opened the pool.
 */
#ifndef TESS_DRIVERS_NET_DPDK_POOL_H
#define TESS_DRIVERS_NET_DPDK_POOL_H

#include <rte_mbuf.h>

#include "hal/net.h"

struct dpdk_pool;

/**
 * A pool of @p mbufs, in memory near NUMA node @p node, or anywhere if there is none. With @p dma a
 * device will read and write them by itself: none lies across two pages.
 * @retval 0, -EINVAL, -ENOMEM the EAL has not that much
 */
int dpdk_pool_open(struct dpdk_pool **poolp, unsigned mbufs, int node, bool dma) TESS_MUST_CHECK;
/**
 * Give it up, when the port is closed; accepts NULL. Packets that are out stay valid; the memory is
 * given back by the first call, from then on, that finds all mbufs at home.
 */
void dpdk_pool_close(struct dpdk_pool *pool);
struct rte_mempool *dpdk_pool_mempool(const struct dpdk_pool *pool);
/** An empty packet with room in front for headers, or NULL. */
struct tess_packet *dpdk_pool_packet(struct dpdk_pool *pool);
/**
 * A packet that carries the bytes of @p payload behind headers of its own, by reference, or
 * NULL. The payload's buffer goes home when both have been released.
 */
struct tess_packet *dpdk_pool_share(struct dpdk_pool *pool, const struct tess_packet *payload);
/** A frame with that content, or NULL. */
struct rte_mbuf *dpdk_pool_frame(struct dpdk_pool *pool, const uint8_t *data, size_t length);

/** Make a packet of a received mbuf's bytes; the caller fills in whence and for whom. */
struct tess_packet *dpdk_packet_take(struct rte_mbuf *mbuf, uint16_t offset, uint16_t length);
/** True for one made by dpdk_pool_share(): its payload is in another mbuf than its headers. */
static inline bool dpdk_packet_is_shared(const struct tess_packet *packet)
{
	return ((const struct rte_mbuf *)packet->driver_private)->next != NULL;
}
/** Where the headers of a packet to be sent end. */
static inline uint8_t *dpdk_packet_headers_end(const struct tess_packet *packet)
{
	return dpdk_packet_is_shared(packet)
		       ? rte_pktmbuf_mtod((struct rte_mbuf *)packet->driver_private, uint8_t *)
		       : packet->data;
}
/** The mbuf of a packet that comes back to be sent: its data is the packet's and, before it, @p
 * headers bytes, for which there must be room. */
struct rte_mbuf *dpdk_packet_give(struct tess_packet *packet, size_t headers);

#endif
