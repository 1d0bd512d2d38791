/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/net_dpdk.h - packet I/O over a port of DPDK.
 *
 * Specifications: drivers/net_dpdk/spec.h; for people: docs/network.md. mbufs go from the NIC to
 * the depacketiser without a copy. Workers with one specification share its port (hub.h): each has
 * queues of its own, and gets the packets of its flows from the others too.
 *
 * The poller is whoever calls wait() or gather(); how often it looks at the port is in wait.c.
 * Arrival times are those of the look, or on AF_XDP those of the kernel. Hardware addresses, ARP
 * and pings are the control thread's (control.h).
 *
 * The datagrams of a received packet have passed the checks of lengths in classify.h; checksums
 * are looked at only where the NIC does it, since on virtual links between two hosts' kernels
 * they are not filled in at all.
 */
#ifndef TESS_DRIVERS_NET_DPDK_H
#define TESS_DRIVERS_NET_DPDK_H

#include "hal/net.h"

/** In the module it is found under this name, so it is visible. */
extern __attribute__((visibility("default"))) const struct tess_net_driver tess_net_dpdk;

#endif
