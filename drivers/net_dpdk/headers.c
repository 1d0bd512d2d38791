/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/headers.c - see headers.h.
 */
#include "drivers/net_dpdk/headers.h"

#include <string.h>

#define HOP_LIMIT 64

uint64_t dpdk_checksum_add(uint64_t sum, const void *data, size_t length)
{
	const uint8_t *bytes = data;
	uint32_t word;

	/* RFC 1071 §2: the order of bytes and the width of the words do not matter to the sum */
	for (; length >= sizeof(word); bytes += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		sum += word;
	}
	word = 0;
	memcpy(&word, bytes, length);
	return sum + word;
}

static uint16_t fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t dpdk_checksum_end(uint64_t sum)
{
	return (uint16_t)~fold(sum);
}

size_t dpdk_headers_size(const struct dpdk_headers *headers, int family)
{
	return dpdk_headers_link_size(headers) + (family == AF_INET ? IPV4_HEADER : IPV6_HEADER) +
	       UDP_HEADER;
}

static void set_checksum(uint8_t *field, uint16_t checksum)
{
	memcpy(field, &checksum, sizeof(checksum));
}

/* The pseudo header: addresses, which stand together in both headers, protocol and length. */
static uint64_t pseudo(const uint8_t *addresses, size_t length, uint16_t udp_length)
{
	uint8_t rest[4] = {0, NEXT_UDP};

	put16(rest + 2, udp_length);
	return dpdk_checksum_add(dpdk_checksum_add(0, addresses, length), rest, sizeof(rest));
}

static uint64_t write_ipv4(uint8_t *ip, const struct dpdk_headers *headers,
			   const struct dpdk_route *route, const union tess_addr *remote,
			   uint16_t udp_length)
{
	memset(ip, 0, IPV4_HEADER);
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(IPV4_HEADER + udp_length));
	put16(ip + 6, IPV4_DONT_FRAGMENT); /* so that the identification may be 0 (RFC 6864) */
	ip[8] = HOP_LIMIT;
	ip[9] = NEXT_UDP;
	memcpy(ip + 12, &route->source.in.sin_addr, 4);
	memcpy(ip + 16, &remote->in.sin_addr, 4);
	if (!headers->offload)
		set_checksum(ip + 10, dpdk_checksum_end(dpdk_checksum_add(0, ip, IPV4_HEADER)));
	return pseudo(ip + 12, 8, udp_length);
}

static uint64_t write_ipv6(uint8_t *ip, const struct dpdk_route *route,
			   const union tess_addr *remote, uint16_t udp_length)
{
	memset(ip, 0, 8);
	ip[0] = 0x60;
	put16(ip + 4, udp_length);
	ip[6] = NEXT_UDP;
	ip[7] = HOP_LIMIT;
	memcpy(ip + 8, &route->source.in6.sin6_addr, 16);
	memcpy(ip + 24, &remote->in6.sin6_addr, 16);
	return pseudo(ip + 8, 32, udp_length);
}

void dpdk_headers_write(const struct dpdk_headers *headers, const struct dpdk_route *route,
			const union tess_addr *remote, uint16_t local_port, uint8_t *end,
			const uint8_t *payload, uint16_t length)
{
	bool is_ipv4 = remote->sa.sa_family == AF_INET;
	uint16_t udp_length = (uint16_t)(UDP_HEADER + length);
	uint8_t *udp = end - UDP_HEADER;
	uint8_t *ip = udp - (is_ipv4 ? IPV4_HEADER : IPV6_HEADER);
	uint8_t *ethernet = ip - dpdk_headers_link_size(headers);
	uint64_t sum;
	uint16_t checksum;

	memcpy(ethernet, route->mac, MAC_LENGTH);
	memcpy(ethernet + MAC_LENGTH, headers->mac, MAC_LENGTH);
	if (headers->vlan) {
		put16(ethernet + 12, ETHERTYPE_VLAN);
		put16(ethernet + 14, headers->vlan);
	}
	put16(ip - 2, is_ipv4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
	sum = is_ipv4 ? write_ipv4(ip, headers, route, remote, udp_length)
		      : write_ipv6(ip, route, remote, udp_length);
	put16(udp, local_port);
	memcpy(udp + 2, &remote->in.sin_port, 2); /* sin_port and sin6_port are at one place */
	put16(udp + 4, udp_length);
	set_checksum(udp + 6, 0);
	if (headers->offload) {
		set_checksum(udp + 6, fold(sum));
		return;
	}
	sum = dpdk_checksum_add(sum, udp, UDP_HEADER);
	checksum = dpdk_checksum_end(dpdk_checksum_add(sum, payload, length));
	/* RFC 768: 0 would say "no checksum" */
	set_checksum(udp + 6, checksum ? checksum : 0xffff);
}
