/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/layout_params.h - LayoutParams and the pictures beside the users',
 * checked.
 */
#ifndef TESS_CLOUD_LAYOUT_PARAMS_H
#define TESS_CLOUD_LAYOUT_PARAMS_H

#include "firmware/control/cloud/checks.h"
#include "firmware/control/cloud/mix_params.h"

/** The canvas that rectangles must lie in; 0 x 0 when it is not known. */
struct tess_canvas {
	uint32_t width, height;
};

/** Read LayoutParams into @p mix. What is only for other templates is checked as well. */
void tess_layout_params_check(struct tess_mix_request *mix, const struct tess_section *layout,
			      struct tess_canvas canvas);

#endif
