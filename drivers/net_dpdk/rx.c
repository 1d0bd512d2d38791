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
/* Of strangers on a flow that has its source: a key frame and more of a source that is new, a
 * trifle of a flood. */
#define ALLOWANCE    256
#define ALLOWANCE_US INT64_C(1000000)

/* On a port shared with the kernel: not ours to judge, so no drop either. */
static bool is_kernels(const struct dpdk_net *dpdk, enum dpdk_class class, uint16_t port)
{
	return dpdk_spec_is_shared(&dpdk->hub->spec) &&
	       (class == DPDK_OTHER || class == DPDK_MALFORMED || port < dpdk->hub->port_min ||
		port > dpdk->hub->port_max);
}

static bool is_to_us(const struct dpdk_net *dpdk, const struct dpdk_datagram *datagram,
		     const uint8_t *frame)
{
	const struct dpdk_identity *identity = &dpdk->hub->spec.identity;

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
		if (dpdk_control_give(dpdk->hub->control, mbuf))
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
	if (memcmp(frame, dpdk->hub->port.mac, MAC_LENGTH) != 0 && !(frame[0] & 1))
		return &dpdk->stats.rx_dropped_other;
	return NULL;
}

/* When it came: by our XDP program, else now that it is looked at. */
static int64_t arrival(struct dpdk_net *dpdk, const uint8_t *frame, int64_t now_us)
{
	struct xdp_media_stamp stamp;
	int64_t time_us;

	if (dpdk->hub->spec.kind != DPDK_XDP)
		return now_us;
	memcpy(&stamp, frame - sizeof(stamp), sizeof(stamp));
	time_us = (int64_t)(stamp.time_ns / 1000);
	if (stamp.check != (stamp.time_ns ^ XDP_MEDIA_MAGIC) || time_us > now_us ||
	    now_us - time_us > MAX_AGE_US)
		return now_us;
	dpdk->pace.stamped = true;
	return time_us;
}

/*
 * What a flow's owner is to see of what is on it: all, until it has said what it wants; then its
 * source and RTCP, and of the rest enough to notice that the source has changed. @return NULL, or
 * the reason to drop it
 */
static uint64_t *judge(struct dpdk_net *dpdk, const struct dpdk_flow *flow, uint16_t port,
		       const uint8_t *payload, size_t length, int64_t now_us)
{
	uint64_t source = atomic_load_explicit(&flow->source, memory_order_relaxed);
	struct dpdk_allowance *allowance = &dpdk->allowances[port];

	switch (dpdk_demultiplex(payload, length)) {
	case DPDK_STUN:
		return &dpdk->stats.rx_dropped_stun;
	case DPDK_DTLS:
		return &dpdk->stats.rx_dropped_dtls;
	case DPDK_RTCP:
		return NULL;
	case DPDK_RTP:
		if (source == (DPDK_KNOWN | dpdk_rtp_ssrc(payload)))
			return NULL;
		break;
	case DPDK_UNKNOWN:
		break;
	}
	if (!source)
		return NULL;
	if (now_us - allowance->since_us >= ALLOWANCE_US)
		*allowance = (struct dpdk_allowance){.since_us = now_us};
	return allowance->used++ < ALLOWANCE ? NULL : &dpdk->stats.rx_dropped_unknown_source;
}

/* Make a packet of a frame that has been judged good. */
static struct tess_packet *make_packet(struct dpdk_net *dpdk, struct rte_mbuf *mbuf,
				       const struct dpdk_datagram *datagram, int64_t now_us)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	const struct dpdk_flow *flow = &dpdk->hub->flows[datagram->port];
	struct tess_packet *packet = dpdk_packet_take(mbuf, datagram->payload, datagram->length);

	packet->arrival_us = arrival(dpdk, frame, now_us);
	packet->tag = atomic_load_explicit(&flow->tag, memory_order_relaxed);
	packet->local_port = datagram->port;
	dpdk_datagram_source(datagram, frame, &packet->remote);
	dpdk->stats.rx_packets++;
	dpdk->stats.rx_bytes += datagram->length;
	return packet;
}

static void drop(struct rte_mbuf *mbuf, uint64_t *reason)
{
	++*reason;
	rte_pktmbuf_free(mbuf);
}

/* @return the packet and its worker, or NULL: the mbuf has gone elsewhere */
static struct tess_packet *take(struct dpdk_net *dpdk, struct rte_mbuf *mbuf, int64_t now_us,
				unsigned *worker)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	uint64_t *reason = refuse(dpdk, mbuf, frame);
	struct dpdk_datagram datagram;
	const struct dpdk_flow *flow;
	enum dpdk_class class;

	if (reason) {
		uint64_t not_ours = 0;

		/* a packet socket shows all that the kernel sends, too */
		drop(mbuf, reason == &dpdk->stats.rx_dropped_other &&
					   dpdk_spec_is_shared(&dpdk->hub->spec)
				   ? &not_ours
				   : reason);
		return NULL;
	}
	class = dpdk_classify(&datagram, frame, rte_pktmbuf_data_len(mbuf));
	flow = &dpdk->hub->flows[datagram.port];
	/* closed, or being opened: it wraps around or is too high */
	*worker = atomic_load_explicit(&flow->owner, memory_order_acquire) - 1;
	if (class != DPDK_DATAGRAM || (frame[0] & 1) || *worker >= dpdk->hub->worker_count ||
	    !is_to_us(dpdk, &datagram, frame)) {
		put_away(dpdk, mbuf, class, datagram.port);
		return NULL;
	}
	reason =
		judge(dpdk, flow, datagram.port, frame + datagram.payload, datagram.length, now_us);
	if (reason) {
		drop(mbuf, reason);
		return NULL;
	}
	return make_packet(dpdk, mbuf, &datagram, now_us);
}

/* The packets of a burst: ours to @packets, others' to them, each by a bit of *@called. */
static unsigned sort(struct dpdk_net *dpdk, struct rte_mbuf **mbufs, unsigned count,
		     struct tess_packet **packets, uint32_t *called)
{
	int64_t now_us = tess_clock_now_us(dpdk->clock);
	unsigned got = 0;

	for (unsigned i = 0; i < count && i < AHEAD; i++)
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void *));
	for (unsigned i = 0; i < count; i++) {
		struct tess_packet *packet;
		unsigned worker;

		if (i + AHEAD < count)
			rte_prefetch0(rte_pktmbuf_mtod(mbufs[i + AHEAD], void *));
		packet = take(dpdk, mbufs[i], now_us, &worker);
		if (!packet)
			continue;
		if (worker == dpdk->worker) {
			packets[got++] = packet;
		} else if (dpdk_hub_give(dpdk->hub, dpdk->worker, worker, packet)) {
			*called |= 1U << worker;
		} else {
			dpdk->stats.rx_dropped_worker_busy++;
			tess_packet_release(packet);
		}
	}
	return got;
}

/* What the control thread has; there is one taker. */
static void send_frames(struct dpdk_net *dpdk)
{
	struct rte_mbuf *frames[TESS_NET_BURST];
	unsigned count, sent;

	if (dpdk->worker != 0)
		return;
	count = dpdk_control_take(dpdk->hub->control, frames, TESS_NET_BURST);
	if (count == 0)
		return;
	sent = dpdk_hub_send(dpdk->hub, dpdk->worker, frames, count);
	rte_pktmbuf_free_bulk(frames + sent, count - sent);
}

unsigned dpdk_poll(struct dpdk_net *dpdk, struct tess_packet **packets, unsigned count)
{
	struct dpdk_hub *hub = dpdk->hub;
	struct rte_mbuf *mbufs[TESS_NET_BURST];
	unsigned got = 0;
	uint32_t called = 0;

	if (count > TESS_NET_BURST)
		count = TESS_NET_BURST;
	/* each queue once, beginning with another each time */
	for (unsigned i = dpdk->worker; i < hub->port.rx_queues && got < count;
	     i += hub->worker_count) {
		unsigned taken;

		if (dpdk->next_queue >= hub->port.rx_queues)
			dpdk->next_queue = dpdk->worker;
		taken = rte_eth_rx_burst(hub->port.id, (uint16_t)dpdk->next_queue, mbufs,
					 (uint16_t)(count - got));
		dpdk->next_queue += hub->worker_count;
		dpdk->pace.taken += taken;
		if (taken > 0)
			got += sort(dpdk, mbufs, taken, packets + got, &called);
	}
	for (unsigned i = 0; called; i++, called >>= 1)
		if (called & 1)
			dpdk_hub_call(hub, i);
	if (hub->worker_count > 1) {
		unsigned given = dpdk_hub_take(hub, dpdk->worker, packets + got, count - got);

		dpdk->pace.taken += given;
		got += given;
	}
	send_frames(dpdk);
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
