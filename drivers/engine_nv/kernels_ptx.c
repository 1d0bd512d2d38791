/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/kernels_ptx.c - kernels.ptx, which the device's driver compiles, as a string.
 */
#include "drivers/engine_nv/kernels_ptx.h"

__asm__(".section .rodata\n"
	".global nv_kernels_ptx\n"
	".type nv_kernels_ptx, @object\n"
	"nv_kernels_ptx:\n"
	".incbin \"" NV_KERNELS_PTX "\"\n"
	".byte 0\n"
	".size nv_kernels_ptx, . - nv_kernels_ptx\n"
	".previous\n");
