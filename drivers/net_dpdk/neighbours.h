/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/neighbours.h - how to reach each destination, as the poller knows it.
 *
 * The poller looks destinations up here and never waits: what is missing or old is asked of the
 * control thread through one queue, and answers come back through another.
 *
 * Threads: take_ask() and put_answer() belong to the control thread, all else to the poller.
 */
#ifndef TESS_DRIVERS_NET_DPDK_NEIGHBOURS_H
#define TESS_DRIVERS_NET_DPDK_NEIGHBOURS_H

#include "drivers/net_dpdk/headers.h"

struct dpdk_neighbours;

struct dpdk_answer {
	union tess_addr destination; /* the port does not matter */
	bool known;		     /* else: not reachable now */
	struct dpdk_route route;     /* if known */
};

/** @retval 0, -ENOMEM */
int dpdk_neighbours_alloc(struct dpdk_neighbours **neighboursp) TESS_MUST_CHECK;
void dpdk_neighbours_free(struct dpdk_neighbours *neighbours); /* accepts NULL */
/**
 * The way to @p destination, or NULL: not known yet. *@p asked becomes true when the control thread
 * has got something to do. The pointer holds until the next call.
 */
const struct dpdk_route *dpdk_neighbours_find(struct dpdk_neighbours *neighbours,
					      const union tess_addr *destination, int64_t now_us,
					      bool *asked);
/** Take in the answers that have come. */
void dpdk_neighbours_update(struct dpdk_neighbours *neighbours);

/** @return false: nothing is asked */
bool dpdk_neighbours_take_ask(struct dpdk_neighbours *neighbours, union tess_addr *destination);
/** One that finds no room is lost; the poller asks again. */
void dpdk_neighbours_put_answer(struct dpdk_neighbours *neighbours,
				const struct dpdk_answer *answer);

#endif
