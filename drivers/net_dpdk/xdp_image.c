/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/net_dpdk/xdp_image.c - the compiled xdp_media.c, as bytes.
 */
#include "drivers/net_dpdk/xdp_image.h"

__asm__(".section .rodata\n"
	".balign 8\n"
	".global dpdk_xdp_image, dpdk_xdp_image_end\n"
	".hidden dpdk_xdp_image, dpdk_xdp_image_end\n"
	"dpdk_xdp_image:\n"
	".incbin \"" XDP_MEDIA_OBJECT "\"\n"
	"dpdk_xdp_image_end:\n"
	".previous\n");
