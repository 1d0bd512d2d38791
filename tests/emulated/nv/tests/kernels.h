/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/tests/kernels.h - parameters of the kernels that test the emulation.
 */
#ifndef TESS_EMULATED_NV_TESTS_KERNELS_H
#define TESS_EMULATED_NV_TESTS_KERNELS_H

/** Scale a plane of bytes, bilinear in 16.16. */
struct scale_arg {
	unsigned long long from, to;
	int from_pitch, to_pitch;
	int from_width, from_height, to_width, to_height;
};

/** Integer arithmetic of all sorts on a table of 32 bit words. */
struct mix_arg {
	unsigned long long words;
	long long wide;
	int count;
	unsigned salt;
	short small;
	signed char tiny;
	unsigned char byte;
	int unused;
};

/** Eight bytes of 0xEE at an address of which only the first is looked at. */
struct spill_arg {
	unsigned long long to;
};

#endif
