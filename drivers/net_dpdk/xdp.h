/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/xdp.h - the life of our XDP program on an interface.
 *
 * DPDK loads and attaches it from a file and would leave it attached when the process is killed,
 * which takes the media ports from the kernel and stops the next start. So, once attached, it is
 * hung on a link instead, which the kernel takes off with the process.
 */
#ifndef TESS_DRIVERS_NET_DPDK_XDP_H
#define TESS_DRIVERS_NET_DPDK_XDP_H

#include <stddef.h>
#include <stdint.h>

#include "hal/compiler.h"

struct dpdk_xdp {
	unsigned ifindex; /* 0: nothing is open */
	int image_fd;	  /* the program's file, in memory, until it is attached */
	int link_fd;
};

/**
 * Make the interface ready: a program of ours left on it is taken off, one of others is refused.
 * The path of the program's file is written to @p path.
 * @retval 0, or -errno with one line in @p reason
 */
int dpdk_xdp_prepare(struct dpdk_xdp *xdp, const char *iface, uint16_t port_min, uint16_t port_max,
		     char *path, size_t path_size, char *reason,
		     size_t reason_size) TESS_MUST_CHECK;
/** DPDK has attached the program: hang it on a link. @retval 0, or -errno, with @p reason */
int dpdk_xdp_keep(struct dpdk_xdp *xdp, char *reason, size_t reason_size) TESS_MUST_CHECK;
/** Take it off, before the device is closed; again, or after a failure, it does no harm. */
void dpdk_xdp_close(struct dpdk_xdp *xdp);

#endif
