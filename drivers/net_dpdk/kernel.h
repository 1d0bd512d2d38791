/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/kernel.h - routes and neighbours as the kernel knows them (rtnetlink).
 *
 * For a port that is shared with the kernel: it does ARP and neighbour discovery, we ask. Belongs
 * to the control thread.
 */
#ifndef TESS_DRIVERS_NET_DPDK_KERNEL_H
#define TESS_DRIVERS_NET_DPDK_KERNEL_H

#include "drivers/net_dpdk/headers.h"

struct dpdk_kernel;

/** For the interface with that index. @retval 0, -ENOMEM, or another errno of the system */
int dpdk_kernel_open(struct dpdk_kernel **kernelp, unsigned ifindex) TESS_MUST_CHECK;
void dpdk_kernel_close(struct dpdk_kernel *kernel); /* accepts NULL */
/**
 * The way to @p destination over the interface. What the kernel does not know it is told to find
 * out, and what it knows it is told is in use, so that it goes on confirming it.
 * @return false: not known now
 */
bool dpdk_kernel_find(struct dpdk_kernel *kernel, const union tess_addr *destination,
		      struct dpdk_route *route);
/** @retval 0 the link is up, -ENETDOWN, -ENODEV the interface is gone */
int dpdk_kernel_link(struct dpdk_kernel *kernel);

#endif
