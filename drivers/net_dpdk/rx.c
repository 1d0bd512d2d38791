/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/rx.c - receiving.
 */
#include <rte_ethdev.h>
#include <rte_prefetch.h>
#include <string.h>

#include "drivers/net_dpdk/classify.h"
#include "drivers/net_dpdk/internal.h"
#include "drivers/net_dpdk/station.h"
#include "drivers/net_dpdk/xdp_media.h"

/* How far the headers are fetched into the cache ahead of being read. */
#define AHEAD 4
/* A stamp older than that is none. */
#define MAX_AGE_US INT64_C(1000000)

/* On a port shared with the kernel: not ours to judge, so no drop either. */
static bool is_kernels(const struct dpdk_net *dpdk, enum dpdk_class class, uint16_t port)
{
	return dpdk_spec_is_shared(&dpdk->spec) &&
	       (class == DPDK_OTHER || class == DPDK_MALFORMED || port < dpdk->port_min ||
		port > dpdk->port_max);
}

static bool is_to_us(const struct dpdk_net *dpdk, const struct dpdk_datagram *datagram,
		     const uint8_t *frame)
{
	const struct dpdk_identity *identity = &dpdk->spec.identity;

	return datagram->vlan == identity->vlan &&
	       (identity->address_count == 0 ||
		dpdk_identity_has(identity, datagram->family,
				  dpdk_datagram_destination(datagram, frame)));
}

/* What is no datagram for a flow: to the control thread, or dropped under its reason. */
static void put_away(struct dpdk_net *dpdk, struct rte_mbuf *mbuf, enum dpdk_class class,
		     uint16_t port)
{
	struct tess_net_stats *stats = &dpdk->stats;

	if (is_kernels(dpdk, class, port)) {
		rte_pktmbuf_free(mbuf);
		return;
	}
	switch (class) {
	case DPDK_OTHER:
		if (dpdk_control_give(dpdk->control, mbuf))
			return;
		stats->rx_dropped_other++;
		break;
	case DPDK_FRAGMENT:
		stats->rx_dropped_fragment++;
		break;
	case DPDK_MALFORMED:
		stats->rx_dropped_malformed++;
		break;
	case DPDK_DATAGRAM:
		stats->rx_dropped_no_flow++;
		break;
	}
	rte_pktmbuf_free(mbuf);
}

/* "None", verified but not written into the packet as between virtual machines, is both bits. */
static bool is_damaged(const struct rte_mbuf *mbuf)
{
	return (mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_BAD ||
	       (mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD;
}

/* Before the headers are looked at: NULL, or the reason to drop the mbuf. */
static uint64_t *refuse(struct dpdk_net *dpdk, const struct rte_mbuf *mbuf, const uint8_t *frame)
{
	if (mbuf->nb_segs > 1)
		return &dpdk->stats.rx_dropped_truncated;
	if (is_damaged(mbuf))
		return &dpdk->stats.rx_dropped_checksum;
	/* to another host, on a port that shows them; groups are the control thread's */
	if (memcmp(frame, dpdk->port.mac, MAC_LENGTH) != 0 && !(frame[0] & 1))
		return &dpdk->stats.rx_dropped_other;
	return NULL;
}

/* When it came: by our XDP program, else now that it is looked at. */
static int64_t arrival(struct dpdk_net *dpdk, const uint8_t *frame, int64_t now_us)
{
	struct xdp_media_stamp stamp;
	int64_t time_us;

	if (dpdk->spec.kind != DPDK_XDP)
		return now_us;
	memcpy(&stamp, frame - sizeof(stamp), sizeof(stamp));
	time_us = (int64_t)(stamp.time_ns / 1000);
	if (stamp.check != (stamp.time_ns ^ XDP_MEDIA_MAGIC) || time_us > now_us ||
	    now_us - time_us > MAX_AGE_US)
		return now_us;
	dpdk->pace.stamped = true;
	return time_us;
}

/* @return the packet, or NULL: the mbuf has gone elsewhere */
static struct tess_packet *take(struct dpdk_net *dpdk, struct rte_mbuf *mbuf, int64_t now_us)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	uint64_t *reason = refuse(dpdk, mbuf, frame);
	struct dpdk_datagram datagram;
	const struct dpdk_flow *flow;
	struct tess_packet *packet;
	enum dpdk_class class;

	if (reason) {
		/* a packet socket shows all that the kernel sends, too */
		if (reason != &dpdk->stats.rx_dropped_other || !dpdk_spec_is_shared(&dpdk->spec))
			++*reason;
		rte_pktmbuf_free(mbuf);
		return NULL;
	}
	class = dpdk_classify(&datagram, frame, rte_pktmbuf_data_len(mbuf));
	flow = &dpdk->flows[datagram.port];
	if (class != DPDK_DATAGRAM || (frame[0] & 1) || !flow->open ||
	    !is_to_us(dpdk, &datagram, frame)) {
		put_away(dpdk, mbuf, class, datagram.port);
		return NULL;
	}
	packet = dpdk_packet_take(mbuf, datagram.payload, datagram.length);
	packet->arrival_us = arrival(dpdk, frame, now_us);
	packet->tag = flow->tag;
	packet->local_port = datagram.port;
	dpdk_datagram_source(&datagram, frame, &packet->remote);
	dpdk->stats.rx_packets++;
	dpdk->stats.rx_bytes += datagram.length;
	return packet;
}

unsigned dpdk_poll(struct dpdk_net *dpdk, struct tess_packet **packets, unsigned count)
{
	struct rte_mbuf *mbufs[TESS_NET_BURST];
	unsigned got = 0, taken;
	int64_t now_us;

	if (count > TESS_NET_BURST)
		count = TESS_NET_BURST;
	taken = rte_eth_rx_burst(dpdk->port.id, 0, mbufs, (uint16_t)count);
	dpdk->pace.taken += taken;
	if (taken > 0) {
		now_us = tess_clock_now_us(dpdk->clock);
		for (unsigned i = 0; i < taken && i < AHEAD; i++)
			rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void *));
		for (unsigned i = 0; i < taken; i++) {
			if (i + AHEAD < taken)
				rte_prefetch0(rte_pktmbuf_mtod(mbufs[i + AHEAD], void *));
			packets[got] = take(dpdk, mbufs[i], now_us);
			got += packets[got] != NULL;
		}
	}
	dpdk_send_frames(dpdk);
	return got;
}

unsigned dpdk_rx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count)
{
	struct dpdk_net *dpdk = (struct dpdk_net *)net;
	unsigned got = dpdk->backlog_end - dpdk->backlog_first;

	if (got == 0)
		return dpdk_poll(dpdk, packets, count);
	got = got < count ? got : count;
	memcpy(packets, dpdk->backlog + dpdk->backlog_first, got * sizeof(packets[0]));
	dpdk->backlog_first += got;
	if (dpdk->backlog_first == dpdk->backlog_end)
		dpdk->backlog_first = dpdk->backlog_end = 0;
	return got;
}
