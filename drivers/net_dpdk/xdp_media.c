/* SPDX-License-Identifier: GPL-3.0-or-later OR GPL-2.0-only
 * drivers/net_dpdk/xdp_media.c - the kernel's program that shares a NIC: media ports go to the
 * driver, all else goes its usual way.
 *
 * Taken are UDP datagrams over IPv4 without options and IPv6 without extension headers to the NIC's
 * own address, and first fragments of such over IPv4, so that they are counted. All else is the
 * kernel's. (To step over options takes pointer arithmetic that the kernel allows only with
 * CAP_PERFMON, and media has none.)
 */
#include <linux/bpf.h>

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "drivers/net_dpdk/xdp_media.h"

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 64);
} xsks_map SEC(".maps");

/* In a map of its own, which is filled in before loading. */
const volatile struct xdp_media_settings settings = {.magic = XDP_MEDIA_MAGIC};

static __always_inline int is_ours(const struct ethhdr *ethernet)
{
	for (int i = 0; i < ETH_ALEN; i++) {
		if (ethernet->h_dest[i] != settings.mac[i])
			return 0;
	}
	return 1;
}

/* When the packet came, so that nobody has to look often; not every NIC's driver has the room. */
static __always_inline void stamp(struct xdp_md *context)
{
	struct xdp_media_stamp *stamp;

	if (bpf_xdp_adjust_meta(context, -(int)sizeof(*stamp)))
		return;
	stamp = (void *)(long)context->data_meta;
	if ((const void *)(stamp + 1) > (const void *)(long)context->data)
		return;
	stamp->time_ns = bpf_ktime_get_ns();
	stamp->check = stamp->time_ns ^ XDP_MEDIA_MAGIC;
}

SEC("xdp")
int tess_media(struct xdp_md *context)
{
	const void *data = (const void *)(long)context->data;
	const void *end = (const void *)(long)context->data_end;
	const struct ethhdr *ethernet = data;
	const struct udphdr *udp;
	__u16 port;

	if ((const void *)(ethernet + 1) > end || !is_ours(ethernet))
		return XDP_PASS;
	if (ethernet->h_proto == bpf_htons(ETH_P_IP)) {
		const struct iphdr *ip = (const void *)(ethernet + 1);

		if ((const void *)(ip + 1) > end || ip->version != 4 || ip->ihl != 5 ||
		    ip->protocol != IPPROTO_UDP || (ip->frag_off & bpf_htons(0x1fff)))
			return XDP_PASS;
		udp = (const void *)(ip + 1);
	} else if (ethernet->h_proto == bpf_htons(ETH_P_IPV6)) {
		const struct ipv6hdr *ip = (const void *)(ethernet + 1);

		if ((const void *)(ip + 1) > end || ip->version != 6 || ip->nexthdr != IPPROTO_UDP)
			return XDP_PASS;
		udp = (const void *)(ip + 1);
	} else {
		return XDP_PASS;
	}
	if ((const void *)(udp + 1) > end)
		return XDP_PASS;
	port = bpf_ntohs(udp->dest);
	if (port < settings.port_min || port > settings.port_max)
		return XDP_PASS;
	stamp(context);
	return bpf_redirect_map(&xsks_map, context->rx_queue_index, XDP_PASS);
}

char program_license[] SEC("license") = "GPL";
