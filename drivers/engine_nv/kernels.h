/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/kernels.h - the parameters of the kernels, the same for host and device.
 *
 * All pictures are NV12, all rectangles even. A thread draws 2x2 pixels, so a grid covers width / 2
 * by height / 2 threads; threads outside do nothing.
 */
#ifndef TESS_ENGINE_NV_KERNELS_H
#define TESS_ENGINE_NV_KERNELS_H

typedef unsigned long long nv_address; /* of the device, as CUdeviceptr */

/** How libyuv's ScalePlane() would go about a plane with kFilterBilinear; see scale.c. */
enum nv_scale_mode {
	NV_SCALE_COPY = 1,
	NV_SCALE_POINT,
	NV_SCALE_DOWN, /* between rows, then between columns */
	NV_SCALE_UP,   /* between columns, then between rows */
	NV_SCALE_HALF,
	NV_SCALE_THREE_QUARTERS,
	NV_SCALE_THREE_EIGHTHS,
	NV_SCALE_TWICE_WIDE, /* rows as POINT */
	NV_SCALE_TWICE,
};

/** From a plane to its scaled image. Positions are in 1/65536 sample of the source. */
struct nv_scale {
	int mode;
	int from_width, from_height, to_width, to_height;
	int x, y; /* of the first sample */
	int x_step, y_step;
	int y_max;	  /* rows go no further */
	int y_fraction;	  /* 255: between rows; 0: from one row */
	int vector_width; /* so many samples of a row are rounded as by libyuv's vector code */
};

/** A picture, or a part of it, scaled; the target is a window of the scaled image. */
struct nv_picture_arg {
	nv_address from_luma, from_chroma; /* of the source rectangle's first sample */
	nv_address to_luma, to_chroma;	   /* of the target's first sample */
	int from_pitch, to_pitch;
	int x, y; /* of the target in the scaled image */
	int width, height;
	int full_range; /* the source is; the target never */
	int unused;	/* no hidden padding before the 4 byte fields end */
	struct nv_scale luma, chroma;
};

struct nv_fill_arg {
	nv_address to_luma, to_chroma;
	int pitch;
	int width, height;
	int y, u, v;
};

/** A picture with alpha over the target, both of the same size. */
struct nv_blend_arg {
	nv_address from_luma, from_chroma;
	nv_address alpha, chroma_alpha; /* chroma's has half the pitch of alpha */
	nv_address to_luma, to_chroma;
	int from_pitch, alpha_pitch, to_pitch;
	int width, height;
	int unused;
};

#endif
