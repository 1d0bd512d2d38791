/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/spec.h - the specification of a port, as media.net has it.
 *
 *   xdp:IFACE         the port is shared with the kernel by an XDP program of ours
 *   afp:IFACE         the same by a packet socket and a rule of nftables; slower, runs anywhere
 *   pci:0000:03:00.0  the port is ours alone
 *   dpdk:net_ring0    any device of DPDK, ours alone
 *
 * After a comma: ours are addr=ADDRESS/BITS and gw=ADDRESS (both may come again), vlan=ID, core=N,
 * ring=PACKETS, hugepages=0|1 and eal=WORDS; all others are the device's.
 */
#ifndef TESS_DRIVERS_NET_DPDK_SPEC_H
#define TESS_DRIVERS_NET_DPDK_SPEC_H

#include <net/if.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/net.h"

#define DPDK_MAX_ADDRESSES 8
#define DPDK_MAX_QUEUES	   16 /* of a port, and workers that share it */

enum dpdk_kind { DPDK_XDP, DPDK_AFP, DPDK_PCI, DPDK_RAW };

struct dpdk_prefix {
	union tess_addr address;
	unsigned bits;
};

/* Who we are on a port that is ours alone. */
struct dpdk_identity {
	struct dpdk_prefix addresses[DPDK_MAX_ADDRESSES];
	unsigned address_count;
	union tess_addr gateway4, gateway6; /* sa_family 0: none */
	uint16_t vlan;			    /* 0: none */
};

struct dpdk_spec {
	enum dpdk_kind kind;
	char device[256]; /* for DPDK: the device's name and its arguments */
	char name[64];	  /* the device's name alone */
	char iface[IFNAMSIZ];
	struct dpdk_identity identity;
	int core;      /* the poller's, -1: any */
	unsigned ring; /* packets that a queue of the port holds while nobody looks */
	bool hugepages;
	char eal[160]; /* more words for the EAL's command line */
};

/** True if the kernel has the port too. */
static inline bool dpdk_spec_is_shared(const struct dpdk_spec *spec)
{
	return spec->kind == DPDK_XDP || spec->kind == DPDK_AFP;
}

/** @retval 0, -EINVAL with one line in @p reason */
int dpdk_spec_parse(struct dpdk_spec *spec, const char *text, char *reason,
		    size_t reason_size) TESS_MUST_CHECK;

#endif
