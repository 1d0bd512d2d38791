/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/internal.h - what the files of the driver share.
 */
#ifndef TESS_DRIVERS_NET_DPDK_INTERNAL_H
#define TESS_DRIVERS_NET_DPDK_INTERNAL_H

#include <stdatomic.h>

#include "drivers/net_dpdk/hub.h"
#include "hal/net.h"

/* What gathers while nobody looks: 17 ms of 60,000 packets a second. */
#define DPDK_BACKLOG 1024

/* How often to look at the port; see wait.c. */
struct dpdk_pace {
	unsigned taken; /* packets since the last nap */
	int64_t nap_us;
	bool stamped; /* packets say when they came: the port may be left alone for long */
};

/* Packets of strangers on a flow that has its source; see rx.c. */
struct dpdk_allowance {
	int64_t since_us;
	uint32_t used;
};

struct dpdk_net {
	struct tess_net net;
	struct tess_clock *clock;
	struct dpdk_hub *hub;
	unsigned worker;
	bool bound; /* the poller has been put on its core */
	struct dpdk_pace pace;
	unsigned next_queue; /* of the port, to be looked at first */
	atomic_bool woken;
	struct tess_packet *backlog[DPDK_BACKLOG]; /* received but not yet asked for */
	unsigned backlog_first, backlog_end;
	struct dpdk_allowance *allowances; /* by port */
	struct dpdk_headers headers;
	struct rte_mbuf *tx_queue[TESS_NET_BURST];
	uint32_t tx_lengths[TESS_NET_BURST]; /* of the payloads */
	unsigned tx_queued;
	struct tess_net_stats stats;
};

/** Look at the port once, for up to TESS_NET_BURST packets; also sends the control thread's. */
unsigned dpdk_poll(struct dpdk_net *dpdk, struct tess_packet **packets, unsigned count);
unsigned dpdk_rx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count);

int dpdk_wait(struct tess_net *net, int64_t until_us);
int dpdk_gather(struct tess_net *net, int64_t until_us);
void dpdk_wake(struct tess_net *net);

struct tess_packet *dpdk_tx_alloc(struct tess_net *net);
struct tess_packet *dpdk_tx_share(struct tess_net *net, struct tess_packet *payload);
void dpdk_tx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count);
void dpdk_flush(struct tess_net *net);

#endif
