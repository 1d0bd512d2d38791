/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/vpp.h - one pass of the video processor.
 */
#ifndef TESS_TESTS_EMU_VPP_H
#define TESS_TESTS_EMU_VPP_H

#include "tests/emulated/va/emu.h"

struct emu_layer {
	struct emu_surface *source;
	VARectangle from, to; /* as they were at vaRenderPicture */
	bool compress;	      /* full range to limited range */
	/* the application's, which must stay the same until vaEndPicture */
	VABufferID buffer;
	const VARectangle *from_given, *to_given;
};

struct emu_vpp_work {
	struct emu_layer *layers;
	unsigned count;
	uint32_t background; /* of the first layer, ARGB; alpha 0: none */
};

/** On the worker. */
void emu_vpp_draw(const struct emu_surface *target, const struct emu_vpp_work *work);

#endif
