/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/filter.h - a rule of nftables that keeps the media ports from the kernel.
 *
 * Behind a packet socket, which has had the datagram by then: the kernel need not look for a
 * socket and answer "port unreachable". The table is owned by us (flags owner), so it goes with
 * the process.
 */
#ifndef TESS_DRIVERS_NET_DPDK_FILTER_H
#define TESS_DRIVERS_NET_DPDK_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include "hal/compiler.h"

struct dpdk_filter;

/** @retval 0, -ENOMEM, or -EIO with one line in @p reason */
int dpdk_filter_open(struct dpdk_filter **filterp, const char *iface, uint16_t port_min,
		     uint16_t port_max, char *reason, size_t reason_size) TESS_MUST_CHECK;
void dpdk_filter_close(struct dpdk_filter *filter); /* accepts NULL */

#endif
