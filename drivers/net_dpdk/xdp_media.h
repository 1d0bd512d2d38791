/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/xdp_media.h - what xdp_media.c is told before it is loaded.
 */
#ifndef TESS_DRIVERS_NET_DPDK_XDP_MEDIA_H
#define TESS_DRIVERS_NET_DPDK_XDP_MEDIA_H

/* Marks the settings in the program's file, so that they can be filled in. */
#define XDP_MEDIA_MAGIC 0x7465737365726178ULL

struct xdp_media_settings {
	unsigned long long magic;
	unsigned short port_min, port_max;
	unsigned char mac[6];
	unsigned char unused[6];
};

/* In front of each packet that the program gives us. */
struct xdp_media_stamp {
	unsigned long long time_ns; /* CLOCK_MONOTONIC */
	unsigned long long check;   /* time_ns ^ XDP_MEDIA_MAGIC: not what was there before */
};

#endif
