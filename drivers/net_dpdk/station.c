/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/station.c - see station.h.
 */
#include "drivers/net_dpdk/station.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KNOWN 1024
/* Ask again while the old answer serves, give it up if none comes. */
#define CONFIRM_US INT64_C(20000000)
#define EXPIRE_US  INT64_C(60000000)
#define ASK_US	   INT64_C(500000)
#define NEVER	   (INT64_MIN / 2)

#define ARP_LENGTH  28
#define ARP_REQUEST 1
#define ARP_REPLY   2

#define ICMP_ECHO	 8
#define ICMP_ECHO_REPLY	 0
#define ICMP_HEADER	 8
#define ICMPV6_ECHO	 128
#define ICMPV6_REPLY	 129
#define ND_SOLICITATION	 135
#define ND_ADVERTISEMENT 136
#define ND_LENGTH	 24 /* type to target address */
#define ND_OPTION	 8  /* a link-layer address */
#define ND_SOURCE_OPTION 1
#define ND_TARGET_OPTION 2
#define ND_SOLICITED	 0x60 /* solicited, override */
#define ND_HOP_LIMIT	 255

/* What we asked for, or were asked by. */
struct known {
	union tess_addr address; /* sa_family 0: empty */
	uint8_t mac[MAC_LENGTH];
	int64_t asked_us, confirmed_us;
};

struct dpdk_station {
	struct dpdk_identity identity;
	uint8_t mac[MAC_LENGTH];
	struct known known[KNOWN];
	unsigned next; /* to be replaced when all are taken */
};

/* A frame that came in, without its Ethernet header. */
struct packet {
	const uint8_t *data;
	size_t length;
	const uint8_t *sender; /* hardware address */
};

int dpdk_station_alloc(struct dpdk_station **stationp, const struct dpdk_identity *identity,
		       const uint8_t mac[MAC_LENGTH])
{
	struct dpdk_station *station = calloc(1, sizeof(*station));

	if (!station)
		return -ENOMEM;
	station->identity = *identity;
	memcpy(station->mac, mac, MAC_LENGTH);
	*stationp = station;
	return 0;
}

void dpdk_station_free(struct dpdk_station *station)
{
	free(station);
}

static const uint8_t *bytes_of(const union tess_addr *address)
{
	return address->sa.sa_family == AF_INET ? (const uint8_t *)&address->in.sin_addr
						: address->in6.sin6_addr.s6_addr;
}

static size_t size_of(int family)
{
	return family == AF_INET ? 4 : 16;
}

static bool equals(const union tess_addr *address, int family, const uint8_t *bytes)
{
	return address->sa.sa_family == family &&
	       !memcmp(bytes_of(address), bytes, size_of(family));
}

bool dpdk_identity_has(const struct dpdk_identity *identity, int family, const uint8_t *address)
{
	for (unsigned i = 0; i < identity->address_count; i++) {
		if (equals(&identity->addresses[i].address, family, address))
			return true;
	}
	return false;
}

static union tess_addr address_of(int family, const uint8_t *bytes)
{
	union tess_addr address;

	memset(&address, 0, sizeof(address));
	address.sa.sa_family = (sa_family_t)family;
	memcpy(family == AF_INET ? (void *)&address.in.sin_addr : (void *)&address.in6.sin6_addr,
	       bytes, size_of(family));
	return address;
}

static struct known *find_known(struct dpdk_station *station, const union tess_addr *address)
{
	for (unsigned i = 0; i < KNOWN; i++) {
		if (equals(&station->known[i].address, address->sa.sa_family, bytes_of(address)))
			return &station->known[i];
	}
	return NULL;
}

static struct known *need_known(struct dpdk_station *station, const union tess_addr *address)
{
	struct known *known = find_known(station, address);

	if (known)
		return known;
	known = &station->known[station->next++ % KNOWN];
	*known = (struct known){.address = *address, .asked_us = NEVER, .confirmed_us = NEVER};
	return known;
}

/* Only what we have asked for is learnt: nobody can fill the table, or have more than one place. */
static void learn(struct dpdk_station *station, int family, const uint8_t *address,
		  const uint8_t *mac, int64_t now_us)
{
	const union tess_addr key = address_of(family, address);
	struct known *known = find_known(station, &key);

	if (!known || (mac[0] & 1)) /* a group is no host */
		return;
	memcpy(known->mac, mac, MAC_LENGTH);
	known->confirmed_us = now_us;
}

/* @return where the content begins */
static uint8_t *start_frame(const struct dpdk_station *station, uint8_t *frame, const uint8_t *to,
			    uint16_t type)
{
	memcpy(frame, to, MAC_LENGTH);
	memcpy(frame + MAC_LENGTH, station->mac, MAC_LENGTH);
	frame += 2 * MAC_LENGTH;
	if (station->identity.vlan) {
		put16(frame, ETHERTYPE_VLAN);
		put16(frame + 2, station->identity.vlan);
		frame += VLAN_TAG;
	}
	put16(frame, type);
	return frame + 2;
}

static void write_arp(uint8_t *arp, uint16_t operation, const uint8_t *mac, const uint8_t *address,
		      const uint8_t *target_mac, const uint8_t *target)
{
	static const uint8_t ethernet_ipv4[6] = {0, 1, 8, 0, MAC_LENGTH, 4};

	memcpy(arp, ethernet_ipv4, sizeof(ethernet_ipv4));
	put16(arp + 6, operation);
	memcpy(arp + 8, mac, MAC_LENGTH);
	memcpy(arp + 14, address, 4);
	memcpy(arp + 18, target_mac, MAC_LENGTH);
	memcpy(arp + 24, target, 4);
}

static size_t receive_arp(struct dpdk_station *station, const struct packet *packet, int64_t now_us,
			  uint8_t *reply)
{
	static const uint8_t ethernet_ipv4[6] = {0, 1, 8, 0, MAC_LENGTH, 4};
	const uint8_t *arp = packet->data;
	uint8_t *out;

	if (packet->length < ARP_LENGTH || memcmp(arp, ethernet_ipv4, sizeof(ethernet_ipv4)) != 0)
		return 0;
	learn(station, AF_INET, arp + 14, arp + 8, now_us);
	if (get16(arp + 6) != ARP_REQUEST ||
	    !dpdk_identity_has(&station->identity, AF_INET, arp + 24))
		return 0;
	out = start_frame(station, reply, arp + 8, ETHERTYPE_ARP);
	write_arp(out, ARP_REPLY, station->mac, arp + 24, arp + 8, arp + 14);
	return (size_t)(out - reply) + ARP_LENGTH;
}

static void set_checksum(uint8_t *field, uint64_t sum)
{
	uint16_t checksum = dpdk_checksum_end(sum);

	memcpy(field, &checksum, sizeof(checksum));
}

static void write_ipv4(uint8_t *ip, const uint8_t *from, const uint8_t *to, size_t length)
{
	memset(ip, 0, IPV4_HEADER);
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(IPV4_HEADER + length));
	put16(ip + 6, IPV4_DONT_FRAGMENT);
	ip[8] = 64;
	ip[9] = NEXT_ICMP;
	memcpy(ip + 12, from, 4);
	memcpy(ip + 16, to, 4);
	set_checksum(ip + 10, dpdk_checksum_add(0, ip, IPV4_HEADER));
}

static size_t receive_ipv4(const struct dpdk_station *station, const struct packet *packet,
			   uint8_t *reply)
{
	const uint8_t *ip = packet->data;
	size_t header, total, length;
	uint8_t *out, *icmp;

	if (packet->length < IPV4_HEADER || ip[0] >> 4 != 4)
		return 0;
	header = (size_t)(ip[0] & 15) * 4;
	total = get16(ip + 2);
	if (header < IPV4_HEADER || total > packet->length || total < header + ICMP_HEADER)
		return 0;
	length = total - header;
	if (ip[9] != NEXT_ICMP || (get16(ip + 6) & (IPV4_MORE | IPV4_OFFSET)) ||
	    ip[header] != ICMP_ECHO || ip[header + 1] != 0 ||
	    dpdk_checksum_end(dpdk_checksum_add(0, ip + header, length)) != 0 ||
	    !dpdk_identity_has(&station->identity, AF_INET, ip + 16) ||
	    ETHERNET_HEADER + VLAN_TAG + IPV4_HEADER + length > DPDK_STATION_FRAME)
		return 0;
	out = start_frame(station, reply, packet->sender, ETHERTYPE_IPV4);
	write_ipv4(out, ip + 16, ip + 12, length);
	icmp = out + IPV4_HEADER;
	memcpy(icmp, ip + header, length);
	icmp[0] = ICMP_ECHO_REPLY;
	put16(icmp + 2, 0);
	set_checksum(icmp + 2, dpdk_checksum_add(0, icmp, length));
	return (size_t)(icmp - reply) + length;
}

/* The sum over the pseudo header of RFC 8200 §8.1 and the content behind the header. */
static uint64_t icmpv6_sum(const uint8_t *ip, size_t length)
{
	uint8_t rest[8] = {0, 0, 0, 0, 0, 0, 0, NEXT_ICMPV6};
	uint64_t sum = dpdk_checksum_add(0, ip + 8, 32);

	put16(rest + 2, (uint16_t)length);
	sum = dpdk_checksum_add(sum, rest, sizeof(rest));
	return dpdk_checksum_add(sum, ip + IPV6_HEADER, length);
}

/* Header and checksum around @length bytes of ICMPv6 that stand behind it. */
static void finish_ipv6(uint8_t *ip, const uint8_t *from, const uint8_t *to, size_t length,
			uint8_t hop_limit)
{
	memset(ip, 0, 8);
	ip[0] = 0x60;
	put16(ip + 4, (uint16_t)length);
	ip[6] = NEXT_ICMPV6;
	ip[7] = hop_limit;
	memcpy(ip + 8, from, 16);
	memcpy(ip + 24, to, 16);
	put16(ip + IPV6_HEADER + 2, 0);
	set_checksum(ip + IPV6_HEADER + 2, icmpv6_sum(ip, length));
}

static void write_nd(uint8_t *nd, uint8_t type, uint8_t flags, const uint8_t *target,
		     uint8_t option, const uint8_t *mac)
{
	memset(nd, 0, 8);
	nd[0] = type;
	nd[4] = flags;
	memcpy(nd + 8, target, 16);
	nd[ND_LENGTH] = option;
	nd[ND_LENGTH + 1] = 1; /* in units of 8 bytes */
	memcpy(nd + ND_LENGTH + 2, mac, MAC_LENGTH);
}

/* The link-layer address among the options, NULL if there is none (RFC 4861 §4.6.1). */
static const uint8_t *find_option(const uint8_t *nd, size_t length, uint8_t type)
{
	for (size_t at = ND_LENGTH; length - at >= ND_OPTION;) {
		size_t size = (size_t)nd[at + 1] * 8;

		if (size == 0 || size > length - at)
			return NULL;
		if (nd[at] == type)
			return nd + at + 2;
		at += size;
	}
	return NULL;
}

static size_t receive_solicitation(struct dpdk_station *station, const struct packet *packet,
				   size_t length, int64_t now_us, uint8_t *reply)
{
	static const uint8_t nobody[16], all_nodes[16] = {0xff, 2, [15] = 1};
	const uint8_t *ip = packet->data, *nd = ip + IPV6_HEADER;
	const uint8_t *mac = find_option(nd, length, ND_SOURCE_OPTION);
	/* duplicate address detection asks without an address (RFC 4862 §5.4.3) */
	bool detection = !memcmp(ip + 8, nobody, 16);
	uint8_t *out;

	if (mac && !detection)
		learn(station, AF_INET6, ip + 8, mac, now_us);
	if (!dpdk_identity_has(&station->identity, AF_INET6, nd + 8))
		return 0;
	out = start_frame(station, reply, packet->sender, ETHERTYPE_IPV6);
	write_nd(out + IPV6_HEADER, ND_ADVERTISEMENT, detection ? 0x20 : ND_SOLICITED, nd + 8,
		 ND_TARGET_OPTION, station->mac);
	finish_ipv6(out, nd + 8, detection ? all_nodes : ip + 8, ND_LENGTH + ND_OPTION,
		    ND_HOP_LIMIT);
	return (size_t)(out - reply) + IPV6_HEADER + ND_LENGTH + ND_OPTION;
}

static size_t receive_ipv6(struct dpdk_station *station, const struct packet *packet,
			   int64_t now_us, uint8_t *reply)
{
	const uint8_t *ip = packet->data, *icmp = ip + IPV6_HEADER, *mac;
	uint8_t *out;
	size_t length;

	if (packet->length < IPV6_HEADER || ip[0] >> 4 != 6)
		return 0;
	length = get16(ip + 4);
	if (length > packet->length - IPV6_HEADER || length < ICMP_HEADER || ip[6] != NEXT_ICMPV6 ||
	    dpdk_checksum_end(icmpv6_sum(ip, length)) != 0)
		return 0;
	if (icmp[0] == ND_SOLICITATION || icmp[0] == ND_ADVERTISEMENT) {
		/* RFC 4861 §7.1: only from the link itself, which the hop limit proves */
		if (length < ND_LENGTH || ip[7] != ND_HOP_LIMIT || icmp[1] != 0)
			return 0;
		if (icmp[0] == ND_SOLICITATION)
			return receive_solicitation(station, packet, length, now_us, reply);
		mac = find_option(icmp, length, ND_TARGET_OPTION);
		if (mac)
			learn(station, AF_INET6, icmp + 8, mac, now_us);
		return 0;
	}
	if (icmp[0] != ICMPV6_ECHO || icmp[1] != 0 ||
	    !dpdk_identity_has(&station->identity, AF_INET6, ip + 24) ||
	    ETHERNET_HEADER + VLAN_TAG + IPV6_HEADER + length > DPDK_STATION_FRAME)
		return 0;
	out = start_frame(station, reply, packet->sender, ETHERTYPE_IPV6);
	memcpy(out + IPV6_HEADER, icmp, length);
	out[IPV6_HEADER] = ICMPV6_REPLY;
	finish_ipv6(out, ip + 24, ip + 8, length, 64);
	return (size_t)(out - reply) + IPV6_HEADER + length;
}

size_t dpdk_station_receive(struct dpdk_station *station, const uint8_t *frame, size_t length,
			    int64_t now_us, uint8_t *reply)
{
	struct packet packet = {frame + ETHERNET_HEADER, length - ETHERNET_HEADER,
				frame + MAC_LENGTH};
	uint16_t vlan = 0, type;

	if (length < ETHERNET_HEADER)
		return 0;
	type = get16(frame + 12);
	if (type == ETHERTYPE_VLAN) {
		if (packet.length < VLAN_TAG)
			return 0;
		vlan = get16(packet.data) & VLAN_ID;
		type = get16(packet.data + 2);
		packet.data += VLAN_TAG;
		packet.length -= VLAN_TAG;
	}
	if (vlan != station->identity.vlan)
		return 0;
	switch (type) {
	case ETHERTYPE_ARP:
		return receive_arp(station, &packet, now_us, reply);
	case ETHERTYPE_IPV4:
		return receive_ipv4(station, &packet, reply);
	case ETHERTYPE_IPV6:
		return receive_ipv6(station, &packet, now_us, reply);
	default:
		return 0;
	}
}

static bool on_link(const struct dpdk_prefix *prefix, const union tess_addr *destination)
{
	const uint8_t *a = bytes_of(&prefix->address), *b = bytes_of(destination);
	unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;

	if (prefix->address.sa.sa_family != destination->sa.sa_family)
		return false;
	return !memcmp(a, b, whole) && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

/* Our address to send from, and who is next on the way. NULL: there is no way */
static const union tess_addr *next_hop(const struct dpdk_identity *identity,
				       const union tess_addr *destination,
				       const union tess_addr **source)
{
	const union tess_addr *gateway =
		destination->sa.sa_family == AF_INET ? &identity->gateway4 : &identity->gateway6;

	for (unsigned i = 0; i < identity->address_count; i++) {
		*source = &identity->addresses[i].address;
		if (on_link(&identity->addresses[i], destination))
			return destination;
	}
	if (!gateway->sa.sa_family)
		return NULL;
	for (unsigned i = 0; i < identity->address_count; i++) {
		*source = &identity->addresses[i].address;
		if (on_link(&identity->addresses[i], gateway))
			return gateway;
	}
	return NULL;
}

static size_t write_request(const struct dpdk_station *station, const union tess_addr *hop,
			    const union tess_addr *source, uint8_t *request)
{
	static const uint8_t everybody[MAC_LENGTH] = {255, 255, 255, 255, 255, 255}, nobody[6];
	const uint8_t *target = bytes_of(hop);
	uint8_t group[16] = {0xff, 2, [11] = 1, [12] = 0xff}, mac[MAC_LENGTH] = {0x33, 0x33, 0xff};
	uint8_t *out;

	if (hop->sa.sa_family == AF_INET) {
		out = start_frame(station, request, everybody, ETHERTYPE_ARP);
		write_arp(out, ARP_REQUEST, station->mac, bytes_of(source), nobody, target);
		return (size_t)(out - request) + ARP_LENGTH;
	}
	/* the solicited-node group (RFC 4291 §2.7.1) and its hardware address (RFC 2464 §7) */
	memcpy(group + 13, target + 13, 3);
	memcpy(mac + 3, target + 13, 3);
	out = start_frame(station, request, mac, ETHERTYPE_IPV6);
	write_nd(out + IPV6_HEADER, ND_SOLICITATION, 0, target, ND_SOURCE_OPTION, station->mac);
	finish_ipv6(out, bytes_of(source), group, ND_LENGTH + ND_OPTION, ND_HOP_LIMIT);
	return (size_t)(out - request) + IPV6_HEADER + ND_LENGTH + ND_OPTION;
}

bool dpdk_station_find(struct dpdk_station *station, const union tess_addr *destination,
		       int64_t now_us, struct dpdk_route *route, uint8_t *request,
		       size_t *request_length)
{
	const union tess_addr *source = NULL;
	const union tess_addr *hop = next_hop(&station->identity, destination, &source);
	struct known *known;

	*request_length = 0;
	if (!hop)
		return false;
	known = need_known(station, hop);
	if (now_us - known->confirmed_us >= CONFIRM_US && now_us - known->asked_us >= ASK_US) {
		known->asked_us = now_us;
		*request_length = write_request(station, hop, source, request);
	}
	if (now_us - known->confirmed_us >= EXPIRE_US)
		return false;
	memcpy(route->mac, known->mac, MAC_LENGTH);
	route->source = *source;
	return true;
}
