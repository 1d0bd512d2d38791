/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/classify.c - see classify.h.
 */
#include "drivers/net_dpdk/classify.h"

#include <string.h>

#include "drivers/net_dpdk/wire.h"

/* Extension headers in front of UDP; who needs more is up to something. */
#define MAX_EXTENSIONS 4

#define RTP_HEADER 12

/* UDP at @at; the IP packet, which the frame holds, ends at @end. */
static enum dpdk_class udp(struct dpdk_datagram *datagram, const uint8_t *frame, size_t at,
			   size_t end)
{
	size_t length;

	if (end - at < UDP_HEADER)
		return DPDK_MALFORMED;
	length = get16(frame + at + 4);
	if (length < UDP_HEADER || length > end - at)
		return DPDK_MALFORMED;
	/* RFC 8200 §8.1: over IPv6 there is no "no checksum" */
	if (datagram->family == AF_INET6 && get16(frame + at + 6) == 0)
		return DPDK_MALFORMED;
	datagram->source_port = get16(frame + at);
	datagram->port = get16(frame + at + 2);
	datagram->payload = (uint16_t)(at + UDP_HEADER);
	datagram->length = (uint16_t)(length - UDP_HEADER);
	return DPDK_DATAGRAM;
}

/* A fragment of UDP; the first one has the ports. */
static enum dpdk_class fragment(struct dpdk_datagram *datagram, const uint8_t *frame, size_t at,
				size_t end, unsigned offset)
{
	if (offset == 0 && end - at >= UDP_HEADER)
		datagram->port = get16(frame + at + 2);
	return DPDK_FRAGMENT;
}

static enum dpdk_class ipv4(struct dpdk_datagram *datagram, const uint8_t *frame, size_t at,
			    size_t length)
{
	const uint8_t *ip = frame + at;
	size_t header, total;
	uint16_t flags;

	if (length - at < IPV4_HEADER || ip[0] >> 4 != 4)
		return DPDK_MALFORMED;
	header = (size_t)(ip[0] & 15) * 4;
	total = get16(ip + 2);
	if (header < IPV4_HEADER || total < header || total > length - at)
		return DPDK_MALFORMED;
	if (ip[9] != NEXT_UDP)
		return DPDK_OTHER;
	datagram->family = AF_INET;
	flags = get16(ip + 6);
	if (flags & (IPV4_MORE | IPV4_OFFSET))
		return fragment(datagram, frame, at + header, at + total, flags & IPV4_OFFSET);
	return udp(datagram, frame, at + header, at + total);
}

static enum dpdk_class ipv6(struct dpdk_datagram *datagram, const uint8_t *frame, size_t at,
			    size_t length)
{
	const uint8_t *ip = frame + at;
	size_t end;
	uint8_t next;

	if (length - at < IPV6_HEADER || ip[0] >> 4 != 6)
		return DPDK_MALFORMED;
	end = at + IPV6_HEADER + get16(ip + 4);
	if (end > length)
		return DPDK_MALFORMED;
	next = ip[6];
	at += IPV6_HEADER;
	datagram->family = AF_INET6;
	/* RFC 8200 §4.1: hop-by-hop options only stand first */
	for (unsigned i = 0; next == NEXT_DESTINATION || (next == NEXT_HOP_BY_HOP && i == 0); i++) {
		size_t header;

		if (i == MAX_EXTENSIONS)
			return DPDK_OTHER;
		if (end - at < 8)
			return DPDK_MALFORMED;
		next = frame[at];
		header = 8 + (size_t)frame[at + 1] * 8;
		if (header > end - at)
			return DPDK_MALFORMED;
		at += header;
	}
	if (next == NEXT_FRAGMENT) {
		if (end - at < IPV6_FRAGMENT)
			return DPDK_MALFORMED;
		if (frame[at] != NEXT_UDP)
			return DPDK_OTHER;
		return fragment(datagram, frame, at + IPV6_FRAGMENT, end,
				get16(frame + at + 2) & 0xfff8);
	}
	return next == NEXT_UDP ? udp(datagram, frame, at, end) : DPDK_OTHER;
}

enum dpdk_class dpdk_classify(struct dpdk_datagram *datagram, const uint8_t *frame, size_t length)
{
	size_t at = ETHERNET_HEADER;
	uint16_t type;

	memset(datagram, 0, sizeof(*datagram));
	if (length < ETHERNET_HEADER)
		return DPDK_MALFORMED;
	type = get16(frame + 12);
	if (type == ETHERTYPE_VLAN) {
		if (length < ETHERNET_HEADER + VLAN_TAG)
			return DPDK_MALFORMED;
		datagram->vlan = get16(frame + at) & VLAN_ID;
		type = get16(frame + at + 2);
		at += VLAN_TAG;
	}
	datagram->ip = (uint16_t)at;
	if (type == ETHERTYPE_IPV4)
		return ipv4(datagram, frame, at, length);
	return type == ETHERTYPE_IPV6 ? ipv6(datagram, frame, at, length) : DPDK_OTHER;
}

void dpdk_datagram_source(const struct dpdk_datagram *datagram, const uint8_t *frame,
			  union tess_addr *source)
{
	const uint8_t *ip = frame + datagram->ip;

	memset(source, 0, sizeof(*source));
	if (datagram->family == AF_INET) {
		source->in.sin_family = AF_INET;
		source->in.sin_port = htons(datagram->source_port);
		memcpy(&source->in.sin_addr, ip + 12, 4);
	} else {
		source->in6.sin6_family = AF_INET6;
		source->in6.sin6_port = htons(datagram->source_port);
		memcpy(&source->in6.sin6_addr, ip + 8, 16);
	}
}

const uint8_t *dpdk_datagram_destination(const struct dpdk_datagram *datagram, const uint8_t *frame)
{
	return frame + datagram->ip + (datagram->family == AF_INET ? 16 : 24);
}

enum dpdk_payload dpdk_demultiplex(const uint8_t *payload, size_t length)
{
	if (length == 0)
		return DPDK_UNKNOWN;
	if (payload[0] >= 128 && payload[0] <= 191) {
		if (length >= 2 && payload[1] >= 192 && payload[1] <= 223)
			return DPDK_RTCP;
		return length >= RTP_HEADER ? DPDK_RTP : DPDK_UNKNOWN;
	}
	if (payload[0] <= 3)
		return DPDK_STUN;
	return payload[0] >= 20 && payload[0] <= 63 ? DPDK_DTLS : DPDK_UNKNOWN;
}
