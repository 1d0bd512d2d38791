/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/xdp_image.h - the compiled xdp_media.c, as bytes.
 */
#ifndef TESS_DRIVERS_NET_DPDK_XDP_IMAGE_H
#define TESS_DRIVERS_NET_DPDK_XDP_IMAGE_H

extern const unsigned char dpdk_xdp_image[], dpdk_xdp_image_end[];

#endif
