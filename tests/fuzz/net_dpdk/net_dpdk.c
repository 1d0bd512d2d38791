/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fuzz target: frames through the classifier and the station of the DPDK driver.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/net_dpdk/classify.h"
#include "drivers/net_dpdk/station.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool condition)
{
	if (!condition)
		abort();
}

static void classify(const uint8_t *data, size_t size)
{
	struct dpdk_datagram datagram;
	union tess_addr source;
	enum dpdk_class class = dpdk_classify(&datagram, data, size);

	if (class != DPDK_DATAGRAM)
		return;
	need(dpdk_demultiplex(data + datagram.payload, datagram.length) != DPDK_RTP ||
	     datagram.length >= 12);
	need((size_t)datagram.payload + datagram.length <= size);
	need(datagram.payload >= 14 + 20 + 8);
	need(datagram.family == AF_INET || datagram.family == AF_INET6);
	dpdk_datagram_source(&datagram, data, &source);
	need(ntohs(source.in.sin_port) == datagram.source_port);
	need(dpdk_datagram_destination(&datagram, data) < data + datagram.payload);
}

static void station(const uint8_t *data, size_t size)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 2};
	struct dpdk_identity identity = {.address_count = 2};
	uint8_t reply[DPDK_STATION_FRAME];
	struct dpdk_station *station;
	struct dpdk_route route;
	union tess_addr host = {.in = {.sin_family = AF_INET, .sin_addr = {htonl(0x0a000001)}}};
	size_t length;

	identity.addresses[0].bits = 24;
	identity.addresses[0].address = host;
	identity.addresses[0].address.in.sin_addr.s_addr = htonl(0x0a000002);
	identity.addresses[1].bits = 64;
	identity.addresses[1].address.in6.sin6_family = AF_INET6;
	identity.addresses[1].address.in6.sin6_addr.s6_addr[0] = 0xfd;
	identity.addresses[1].address.in6.sin6_addr.s6_addr[15] = 2;
	if (dpdk_station_alloc(&station, &identity, mac))
		abort();
	(void)dpdk_station_find(station, &host, 0, &route, reply, &length);
	length = dpdk_station_receive(station, data, size, 1, reply);
	need(length <= sizeof(reply));
	/* from us, and never to more than asked */
	need(length == 0 || !memcmp(reply + 6, mac, 6));
	need(length == 0 || !memcmp(reply, data + 6, 6) || get16(data + 12) == ETHERTYPE_ARP);
	dpdk_station_free(station);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	classify(data, size);
	station(data, size);
	return 0;
}
