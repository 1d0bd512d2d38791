/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_udp/net_udp.h - packet I/O over the kernel's UDP sockets.
 *
 * Specification: "udp:ADDRESS", the local address of all flows: "udp:0.0.0.0", "udp:127.0.0.1",
 * "udp:[::]" (IPv6 and IPv4; senders over IPv4 show as AF_INET).
 *
 * One socket per flow. Datagrams are received by recvmmsg straight into packets and sent by
 * sendmmsg once a flush; a run of equal datagrams to one destination goes as one (UDP_SEGMENT).
 * Arrival times are the kernel's, so they do not depend on how often the owner polls. Packets to
 * send leave from the flow of their local_port, which must have been added.
 *
 * Receive coalescing (UDP_GRO) is not used (docs/benchmarks.md): it joins only what one sender sent
 * back to back and the NIC gathered, needs 64 KiB of room and a copy for every message, gives one
 * arrival time for the whole run, and makes the kernel count drops by runs instead of datagrams.
 */
#ifndef TESS_DRIVERS_NET_UDP_H
#define TESS_DRIVERS_NET_UDP_H

#include "hal/net.h"

extern const struct tess_net_driver tess_net_udp;

#endif
