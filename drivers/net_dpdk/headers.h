/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/headers.h - Ethernet, VLAN, IP and UDP headers in front of a payload.
 */
#ifndef TESS_DRIVERS_NET_DPDK_HEADERS_H
#define TESS_DRIVERS_NET_DPDK_HEADERS_H

#include <stddef.h>

#include "drivers/net_dpdk/wire.h"
#include "hal/net.h"

/* The most that goes in front of a payload. */
#define DPDK_MAX_HEADERS (ETHERNET_HEADER + VLAN_TAG + IPV6_HEADER + UDP_HEADER)

/* How to reach a destination. */
struct dpdk_route {
	uint8_t mac[MAC_LENGTH]; /* of the next hop */
	union tess_addr source;	 /* our address, of the same family as the destination */
};

struct dpdk_headers {
	uint8_t mac[MAC_LENGTH]; /* ours */
	uint16_t vlan;		 /* 0: none */
	bool offload;		 /* the NIC completes the UDP checksum and makes the IPv4 one */
};

/** Bytes of Ethernet in front of IP. */
static inline size_t dpdk_headers_link_size(const struct dpdk_headers *headers)
{
	return ETHERNET_HEADER + (headers->vlan ? VLAN_TAG : 0);
}

/** Bytes in front of the payload. */
size_t dpdk_headers_size(const struct dpdk_headers *headers, int family);
/**
 * Write the headers of a datagram that carries the @p length bytes of @p payload in front of
 * @p end, where there must be room for them; often both are one.
 */
void dpdk_headers_write(const struct dpdk_headers *headers, const struct dpdk_route *route,
			const union tess_addr *remote, uint16_t local_port, uint8_t *end,
			const uint8_t *payload, uint16_t length);
/** The sum of RFC 1071 over @p length bytes, added to @p sum; not folded. */
uint64_t dpdk_checksum_add(uint64_t sum, const void *data, size_t length);
/** Folded and inverted, in the order of bytes that it was summed in: to be copied as it is. */
uint16_t dpdk_checksum_end(uint64_t sum);

#endif
