/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/internal.h - what the files of the driver share.
 */
#ifndef TESS_DRIVERS_NET_DPDK_INTERNAL_H
#define TESS_DRIVERS_NET_DPDK_INTERNAL_H

#include <stdatomic.h>

#include "drivers/net_dpdk/control.h"
#include "drivers/net_dpdk/port.h"
#include "drivers/net_dpdk/spec.h"
#include "hal/net.h"

#define DPDK_PORTS 65536
/* What gathers while nobody looks: 17 ms of 60,000 packets a second. */
#define DPDK_BACKLOG 1024

struct dpdk_flow {
	bool open;
	void *tag;
};

/* How often to look at the port; see wait.c. */
struct dpdk_pace {
	unsigned taken; /* packets since the last nap */
	int64_t nap_us;
	bool stamped; /* packets say when they came: the port may be left alone for long */
};

struct dpdk_net {
	struct tess_net net;
	struct tess_clock *clock;
	struct dpdk_spec spec;
	uint16_t port_min, port_max; /* of the media, on a port that is shared */
	struct dpdk_port port;
	struct dpdk_control *control;
	struct dpdk_flow *flows; /* by port */
	unsigned flow_count;
	bool bound; /* the poller has been put on its core */
	struct dpdk_pace pace;
	atomic_bool woken;
	int bell;				   /* an eventfd: ends a nap */
	struct tess_packet *backlog[DPDK_BACKLOG]; /* received but not yet asked for */
	unsigned backlog_first, backlog_end;
	struct dpdk_headers headers;
	struct rte_mbuf *tx_queue[TESS_NET_BURST];
	uint32_t tx_lengths[TESS_NET_BURST]; /* of the payloads */
	unsigned tx_queued;
	struct tess_net_stats stats;
};

int dpdk_wait(struct tess_net *net, int64_t until_us);
int dpdk_gather(struct tess_net *net, int64_t until_us);
void dpdk_wake(struct tess_net *net);

/** Look at the port once, for up to TESS_NET_BURST packets; also sends the control thread's. */
unsigned dpdk_poll(struct dpdk_net *dpdk, struct tess_packet **packets, unsigned count);
unsigned dpdk_rx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count);

void dpdk_tx_burst(struct tess_net *net, struct tess_packet **packets, unsigned count);
void dpdk_flush(struct tess_net *net);
/** Send what the control thread has. */
void dpdk_send_frames(struct dpdk_net *dpdk);

#endif
