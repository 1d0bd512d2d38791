/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/hub.h - a port, and what the workers that share it have in common.
 *
 * Each worker looks after the queues of its own (one, where the port has as many as there are
 * workers) and has a queue to send on. A packet that came in for another worker's flow goes to it
 * over the ring of that pair, as a packet: what a NIC spreads over its queues are senders, and what
 * belongs together are rooms.
 *
 * Threads: open and close belong to anybody; of the rest each worker has what is said to be its
 * own.
 */
#ifndef TESS_DRIVERS_NET_DPDK_HUB_H
#define TESS_DRIVERS_NET_DPDK_HUB_H

#include <pthread.h>
#include <stdatomic.h>

#include "drivers/net_dpdk/control.h"
#include "drivers/net_dpdk/port.h"
#include "drivers/net_dpdk/spec.h"
#include "hal/net.h"

#define DPDK_PORTS 65536
/* No worker's: the flow is being opened. */
#define DPDK_CLAIMED UINT32_MAX

/** A local UDP port: written by its owner, read by all. */
struct dpdk_flow {
	_Atomic(void *) tag;
	_Atomic uint32_t owner;	 /* worker + 1; 0: closed */
	_Atomic uint64_t source; /* DPDK_KNOWN | SSRC, 0: of nobody yet */
};
#define DPDK_KNOWN (UINT64_C(1) << 32)

struct dpdk_hub {
	struct dpdk_hub *next;
	struct dpdk_spec spec;
	uint16_t port_min, port_max; /* of the media, on a port that is shared with the kernel */
	struct dpdk_port port;
	struct dpdk_control *control;
	struct dpdk_flow *flows; /* by port */
	atomic_uint flow_count;
	unsigned worker_count, users;
	bool is_used[DPDK_MAX_QUEUES];
	int bells[DPDK_MAX_QUEUES];	     /* eventfds: end a worker's sleep */
	atomic_bool asleep[DPDK_MAX_QUEUES]; /* ring the bell when there is something */
	/* packets from the first, who looked at the queue, to the second, whose they are */
	struct rte_ring *rings[DPDK_MAX_QUEUES][DPDK_MAX_QUEUES];
	pthread_mutex_t tx_locks[DPDK_MAX_QUEUES]; /* of queues that workers must share */
};

/**
 * Open the port for worker config->worker, or join those who have it open.
 * @retval 0, or -errno with one line in @p reason; -EBUSY: that worker has it already
 */
int dpdk_hub_open(struct dpdk_hub **hubp, const struct dpdk_spec *spec,
		  const struct tess_net_config *config, char *reason,
		  size_t reason_size) TESS_MUST_CHECK;
/** Leave it; the last one closes it. Accepts NULL. */
void dpdk_hub_close(struct dpdk_hub *hub, unsigned worker);

/** Hand a packet over. @return false: that worker's ring is full */
bool dpdk_hub_give(struct dpdk_hub *hub, unsigned from, unsigned to, struct tess_packet *packet);
/** Wake a worker that sleeps until there is something. */
void dpdk_hub_call(struct dpdk_hub *hub, unsigned worker);
/** What others have handed over. @return how many */
unsigned dpdk_hub_take(struct dpdk_hub *hub, unsigned worker, struct tess_packet **packets,
		       unsigned count);
/** True if there is something to take. */
bool dpdk_hub_has(const struct dpdk_hub *hub, unsigned worker);
/** Send frames, on the queue of that worker. @return how many were taken */
unsigned dpdk_hub_send(struct dpdk_hub *hub, unsigned worker, struct rte_mbuf **frames,
		       unsigned count);

#endif
