/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/wire.h - numbers of Ethernet, IP and UDP, and their byte order.
 */
#ifndef TESS_DRIVERS_NET_DPDK_WIRE_H
#define TESS_DRIVERS_NET_DPDK_WIRE_H

#include <stdint.h>

#define MAC_LENGTH 6

#define ETHERNET_HEADER 14
#define VLAN_TAG	4
#define VLAN_ID		0x0fff
#define ETHERTYPE_IPV4	0x0800
#define ETHERTYPE_ARP	0x0806
#define ETHERTYPE_VLAN	0x8100
#define ETHERTYPE_IPV6	0x86dd

#define IPV4_HEADER	   20 /* without options */
#define IPV4_DONT_FRAGMENT 0x4000
#define IPV4_MORE	   0x2000
#define IPV4_OFFSET	   0x1fff
#define IPV6_HEADER	   40
#define IPV6_FRAGMENT	   8 /* bytes of the fragment header */
#define UDP_HEADER	   8

#define NEXT_HOP_BY_HOP	 0
#define NEXT_ICMP	 1
#define NEXT_UDP	 17
#define NEXT_FRAGMENT	 44
#define NEXT_ICMPV6	 58
#define NEXT_DESTINATION 60

static inline uint16_t get16(const uint8_t *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

static inline void put16(uint8_t *data, uint16_t value)
{
	data[0] = (uint8_t)(value >> 8);
	data[1] = (uint8_t)value;
}

#endif
