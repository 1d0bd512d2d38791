/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/compose/image.h - still pictures: from RGBA to the planes that an engine uploads.
 */
#ifndef TESS_COMPOSE_IMAGE_H
#define TESS_COMPOSE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/engine.h"

/** Where the planes go; memory and strides (bytes) are the caller's. */
struct tess_compose_planes {
	uint8_t *y, *u, *v; /* u and v: half as wide and half as high */
	size_t y_stride, chroma_stride;
	/* only looked at if the image has alpha: full size, and the mean of 2x2 for chroma */
	uint8_t *a, *chroma_a;
	size_t a_stride, chroma_a_stride;
};

/** Even, not empty, no side above @p max_side, a stride that holds a row. */
bool tess_compose_image_valid(const struct tess_image *image, uint16_t max_side);
/**
 * Fill the planes from a valid image. Y is by tess_compose_yuv_of_rgb() of each pixel; U and V of
 * the rounded mean R, G and B of each 2x2 (whatever their alpha). Threads: any.
 */
void tess_compose_image_convert(const struct tess_image *image,
				const struct tess_compose_planes *planes);

#endif
