/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_pcap/net_pcap.h - replay of a capture on a virtual clock, for tests.
 *
 * Specification: "pcap:FILE", a classic pcap file of either byte order, with microseconds or
 * nanoseconds, of Ethernet (VLAN tags are passed over), raw IP or Linux cooked packets. Whole UDP
 * datagrams over IPv4 and IPv6 are taken; everything else is passed over.
 *
 * The first datagram's time is the clock's now at open; the others keep their distance to it.
 * wait() moves the clock to the next datagram, or to the time it was given if that is earlier, so a
 * capture runs as fast as its user. A datagram is delivered to the flow of its destination port,
 * its arrival the exact time of the capture; one whose port no flow has at that time is gone. Add
 * flows before the first wait() or rx_burst().
 *
 * After the last datagram, or at the first damaged record, wait() still moves the clock to the time
 * it was given, and returns -ENODATA. Packets sent are counted and dropped.
 *
 * open() returns -EINVAL also for a clock that cannot be moved, -EBADMSG for a file that is no such
 * capture, and the errors of opening a file.
 */
#ifndef TESS_DRIVERS_NET_PCAP_H
#define TESS_DRIVERS_NET_PCAP_H

#include "hal/net.h"

extern const struct tess_net_driver tess_net_pcap;

#endif
