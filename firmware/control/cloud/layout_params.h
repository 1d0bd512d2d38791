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

/**
 * Read LayoutParams into @p mix. What is only for other templates is checked as well. Pictures of
 * the application are told as unsupported; an audio-only mix draws nothing, so that they will do.
 */
void tess_layout_params_check(struct tess_mix_request *mix, const struct tess_section *layout,
			      struct tess_canvas canvas);
/** A picture's address: http or https, png, jpg, jpeg or bmp, at most 512 bytes. */
bool tess_image_url_valid(const char *url);

#endif
