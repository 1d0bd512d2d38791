/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/control.h - the thread beside the poller: neighbours, ARP, pings, the link.
 *
 * Threads: open and close belong to who opens the port; the rest to the workers that poll it,
 * take() to one of them, and none of it waits.
 */
#ifndef TESS_DRIVERS_NET_DPDK_CONTROL_H
#define TESS_DRIVERS_NET_DPDK_CONTROL_H

#include "drivers/net_dpdk/headers.h"
#include "drivers/net_dpdk/pool.h"
#include "drivers/net_dpdk/spec.h"

struct dpdk_control;

enum dpdk_link { DPDK_LINK_UP, DPDK_LINK_DOWN, DPDK_LINK_GONE };

struct dpdk_control_config {
	const struct dpdk_spec *spec; /* outlives it */
	struct tess_clock *clock;
	uint16_t port;
	struct dpdk_pool *pool; /* for frames of its own */
	const uint8_t *mac;
	unsigned workers; /* who ask for routes, at most DPDK_MAX_QUEUES */
};

/** @retval 0, -ENOMEM, or another errno of the system */
int dpdk_control_open(struct dpdk_control **controlp,
		      const struct dpdk_control_config *config) TESS_MUST_CHECK;
void dpdk_control_close(struct dpdk_control *control); /* accepts NULL */
/** As dpdk_neighbours_find(), for that worker. */
const struct dpdk_route *dpdk_control_route(struct dpdk_control *control, unsigned worker,
					    const union tess_addr *destination, int64_t now_us);
/** Give over a frame that is not UDP. @return false: no room, it stays the caller's */
bool dpdk_control_give(struct dpdk_control *control, struct rte_mbuf *frame);
/** Frames to be sent. @return how many, now the caller's */
unsigned dpdk_control_take(struct dpdk_control *control, struct rte_mbuf **frames, unsigned count);
enum dpdk_link dpdk_control_link(const struct dpdk_control *control);

#endif
