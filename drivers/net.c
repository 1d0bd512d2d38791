/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net.c - the registry of packet I/O drivers.
 */
#include <string.h>

#include "drivers/net.h"
#include "drivers/net_pcap/net_pcap.h"
#include "drivers/net_udp/net_udp.h"

static const struct tess_net_driver *const drivers[] = {
	&tess_net_udp,
	&tess_net_pcap,
};

const struct tess_net_driver *tess_net_driver_find(const char *spec)
{
	size_t scheme = strcspn(spec, ":");

	if (spec[scheme] != ':')
		return NULL;
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (strlen(drivers[i]->name) == scheme &&
		    memcmp(drivers[i]->name, spec, scheme) == 0)
			return drivers[i];
	return NULL;
}
