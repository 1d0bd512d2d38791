/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/sockets.h - the kernel's sockets below a port that is shared with it.
 *
 * DPDK's drivers for AF_XDP and AF_PACKET open a socket for each queue and keep it to themselves.
 * Found among the process's descriptors it can be waited on, and asked for what it lost: DPDK does
 * not count packets that found the ring full.
 */
#ifndef TESS_DRIVERS_NET_DPDK_SOCKETS_H
#define TESS_DRIVERS_NET_DPDK_SOCKETS_H

#include <stdint.h>

#include "drivers/net_dpdk/spec.h"

struct dpdk_sockets {
	enum dpdk_kind kind;
	int before[DPDK_MAX_QUEUES], fds[DPDK_MAX_QUEUES]; /* DPDK's to close; by queue */
	unsigned before_count, count;
	uint64_t lost[DPDK_MAX_QUEUES]; /* AF_PACKET's counter starts again when it is read */
};

/** Before the device is attached: the sockets of that kind that are there already. */
void dpdk_sockets_prepare(struct dpdk_sockets *sockets, enum dpdk_kind kind);
/** When its queues are set up: those that have come; none on a port of another kind. */
void dpdk_sockets_find(struct dpdk_sockets *sockets);
/** The socket of a queue, or -1. */
int dpdk_sockets_fd(const struct dpdk_sockets *sockets, unsigned queue);
/** Packets that the kernel had for the queue and no room. */
uint64_t dpdk_sockets_lost(struct dpdk_sockets *sockets, unsigned queue);

#endif
