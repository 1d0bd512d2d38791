/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net.c - the registry of packet I/O drivers.
 */
#include <dlfcn.h>
#include <string.h>

#include "drivers/net.h"
#include "drivers/net_pcap/net_pcap.h"
#include "drivers/net_udp/net_udp.h"

/* One that brings libraries of its own is a module, loaded only when it is asked for. */
struct entry {
	const char *scheme;
	const struct tess_net_driver *driver;
	const char *module, *symbol;
};

static const struct entry entries[] = {
	{"udp", &tess_net_udp, NULL, NULL},
	{"pcap", &tess_net_pcap, NULL, NULL},
	{"xdp", NULL, "tessera-net-dpdk.so", "tess_net_dpdk"},
	{"afp", NULL, "tessera-net-dpdk.so", "tess_net_dpdk"},
	{"pci", NULL, "tessera-net-dpdk.so", "tess_net_dpdk"},
	{"dpdk", NULL, "tessera-net-dpdk.so", "tess_net_dpdk"},
};

static const struct tess_net_driver *load(const struct entry *entry)
{
	/* beside the program: its RUNPATH; it stays, as its threads and memory may */
	void *module = dlopen(entry->module, RTLD_NOW | RTLD_LOCAL);

	return module ? dlsym(module, entry->symbol) : NULL;
}

const struct tess_net_driver *tess_net_driver_find(const char *spec)
{
	size_t scheme = strcspn(spec, ":");

	if (spec[scheme] != ':')
		return NULL;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		const struct entry *entry = &entries[i];

		if (strlen(entry->scheme) == scheme && memcmp(entry->scheme, spec, scheme) == 0)
			return entry->driver ? entry->driver : load(entry);
	}
	return NULL;
}
