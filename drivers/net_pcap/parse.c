/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_pcap/parse.c - the capture file format and the headers in front of UDP.
 */
#include <errno.h>
#include <string.h>

#include "drivers/net_pcap/parse.h"

#define MAGIC_MICROSECONDS 0xa1b2c3d4U
#define MAGIC_NANOSECONDS  0xa1b23c4dU

/* https://www.tcpdump.org/linktypes.html */
#define LINK_ETHERNET	  1
#define LINK_RAW	  101
#define LINK_LINUX_SLL	  113
#define LINK_IPV4	  228
#define LINK_IPV6	  229
#define LINK_LINUX_SLL2	  276
#define ETHERTYPE_VLAN	  0x8100
#define ETHERTYPE_QINQ	  0x88a8
#define ETHERTYPE_IPV4	  0x0800
#define ETHERTYPE_IPV6	  0x86dd
#define ETHERNET_HEADER	  14
#define VLAN_TAG	  4
#define SLL_HEADER	  16
#define SLL2_HEADER	  20
#define IPV4_MIN_HEADER	  20
#define IPV6_HEADER	  40
#define IPV6_HOP_BY_HOP	  0
#define IPV6_ROUTING	  43
#define IPV6_DESTINATION  60
#define UDP_HEADER	  8
#define IPV4_FRAGMENTED	  0x3fff /* more fragments, or an offset */
#define MAX_IPV6_HEADERS  8
#define NANOSECONDS_IN_US 1000

struct cursor {
	const uint8_t *data;
	size_t left;
};

static uint16_t get16(const uint8_t *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

static uint32_t get32(const struct pcap_format *format, const uint8_t *data)
{
	uint32_t value;

	memcpy(&value, data, sizeof(value));
	return format->swapped ? __builtin_bswap32(value) : value;
}

static bool skip(struct cursor *cursor, size_t bytes)
{
	if (cursor->left < bytes)
		return false;
	cursor->data += bytes;
	cursor->left -= bytes;
	return true;
}

int pcap_parse_format(struct pcap_format *format, const uint8_t header[PCAP_FILE_HEADER])
{
	uint32_t magic;

	memset(format, 0, sizeof(*format));
	magic = get32(format, header);
	format->swapped = magic == __builtin_bswap32(MAGIC_MICROSECONDS) ||
			  magic == __builtin_bswap32(MAGIC_NANOSECONDS);
	magic = get32(format, header);
	if (magic != MAGIC_MICROSECONDS && magic != MAGIC_NANOSECONDS)
		return -EBADMSG;
	format->nanoseconds = magic == MAGIC_NANOSECONDS;
	format->link_type = (uint16_t)get32(format, header + 20); /* above: FCS length */
	switch (format->link_type) {
	case LINK_ETHERNET:
	case LINK_RAW:
	case LINK_LINUX_SLL:
	case LINK_IPV4:
	case LINK_IPV6:
	case LINK_LINUX_SLL2:
		return 0;
	default:
		return -EBADMSG;
	}
}

int pcap_parse_record(struct pcap_record *record, const struct pcap_format *format,
		      const uint8_t header[PCAP_RECORD_HEADER])
{
	uint32_t fraction = get32(format, header + 4);

	record->time_us = (int64_t)get32(format, header) * 1000000 +
			  (format->nanoseconds ? fraction / NANOSECONDS_IN_US : fraction);
	record->captured = get32(format, header + 8);
	record->original = get32(format, header + 12);
	return record->captured <= PCAP_MAX_RECORD ? 0 : -EBADMSG;
}

/* The UDP header and payload; the IP packet has @ip_length bytes from here on. */
static int parse_udp(struct pcap_datagram *datagram, const struct cursor *cursor, size_t ip_length)
{
	size_t length, captured = cursor->left;

	if (captured < UDP_HEADER)
		return -EBADMSG;
	length = get16(cursor->data + 4);
	if (length < UDP_HEADER || length > ip_length)
		return -EBADMSG;
	if (captured > length)
		captured = length; /* Ethernet's padding */
	datagram->source.in.sin_port = htons(get16(cursor->data));
	datagram->destination_port = get16(cursor->data + 2);
	datagram->payload = cursor->data + UDP_HEADER;
	datagram->length = (uint32_t)(length - UDP_HEADER);
	datagram->captured = (uint32_t)(captured - UDP_HEADER);
	return 0;
}

static int parse_ipv4(struct pcap_datagram *datagram, struct cursor *cursor)
{
	const uint8_t *ip = cursor->data;
	size_t header, total;

	if (cursor->left < IPV4_MIN_HEADER || ip[0] >> 4 != 4)
		return -EBADMSG;
	header = (size_t)(ip[0] & 15) * 4;
	total = get16(ip + 2);
	if (header < IPV4_MIN_HEADER || total < header || !skip(cursor, header))
		return -EBADMSG;
	if (ip[9] != IPPROTO_UDP || (get16(ip + 6) & IPV4_FRAGMENTED))
		return -EBADMSG;
	datagram->source.in.sin_family = AF_INET;
	memcpy(&datagram->source.in.sin_addr, ip + 12, 4);
	return parse_udp(datagram, cursor, total - header);
}

static int parse_ipv6(struct pcap_datagram *datagram, struct cursor *cursor)
{
	const uint8_t *ip = cursor->data;
	size_t left;
	uint8_t next;

	if (cursor->left < IPV6_HEADER || ip[0] >> 4 != 6)
		return -EBADMSG;
	left = get16(ip + 4);
	next = ip[6];
	(void)skip(cursor, IPV6_HEADER);
	/* extension headers in front (RFC 8200 §4); a fragment header is not passed over */
	for (unsigned i = 0; i < MAX_IPV6_HEADERS; i++) {
		size_t header;

		if (next != IPV6_HOP_BY_HOP && next != IPV6_ROUTING && next != IPV6_DESTINATION)
			break;
		if (cursor->left < 8)
			return -EBADMSG;
		next = cursor->data[0];
		header = 8 + (size_t)cursor->data[1] * 8;
		if (header > left || !skip(cursor, header))
			return -EBADMSG;
		left -= header;
	}
	if (next != IPPROTO_UDP)
		return -EBADMSG;
	datagram->source.in6.sin6_family = AF_INET6;
	memcpy(&datagram->source.in6.sin6_addr, ip + 8, 16);
	return parse_udp(datagram, cursor, left);
}

static int parse_ethertype(struct pcap_datagram *datagram, uint16_t type, struct cursor *cursor)
{
	for (unsigned tags = 0; tags < 2 && (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ);
	     tags++) {
		if (cursor->left < VLAN_TAG)
			return -EBADMSG;
		type = get16(cursor->data + 2);
		(void)skip(cursor, VLAN_TAG);
	}
	if (type == ETHERTYPE_IPV4)
		return parse_ipv4(datagram, cursor);
	return type == ETHERTYPE_IPV6 ? parse_ipv6(datagram, cursor) : -EBADMSG;
}

int pcap_parse_datagram(struct pcap_datagram *datagram, uint16_t link_type, const uint8_t *data,
			size_t length)
{
	struct cursor cursor = {data, length};

	memset(datagram, 0, sizeof(*datagram));
	switch (link_type) {
	case LINK_ETHERNET:
		if (!skip(&cursor, ETHERNET_HEADER))
			return -EBADMSG;
		return parse_ethertype(datagram, get16(data + 12), &cursor);
	case LINK_LINUX_SLL:
		if (!skip(&cursor, SLL_HEADER))
			return -EBADMSG;
		return parse_ethertype(datagram, get16(data + 14), &cursor);
	case LINK_LINUX_SLL2:
		if (!skip(&cursor, SLL2_HEADER))
			return -EBADMSG;
		return parse_ethertype(datagram, get16(data), &cursor);
	default: /* an IP packet, its version in front */
		if (length == 0)
			return -EBADMSG;
		return data[0] >> 4 == 6 ? parse_ipv6(datagram, &cursor)
					 : parse_ipv4(datagram, &cursor);
	}
}
