/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/image_soft/image_soft.h - decodes still pictures, and brings them to the size that they
 * are shown in.
 *
 * The bytes may be anybody's: what they are is told from themselves (PNG, JPEG, BMP), of a PNG only
 * the chunks that make the picture reach the decoder, and sizes are limited before any memory is
 * taken for them. Threads: any.
 */
#ifndef TESS_IMAGE_SOFT_H
#define TESS_IMAGE_SOFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/compiler.h"
#include "hal/engine.h"

#define TESS_IMAGE_MAX_BYTES  (2u << 20)
#define TESS_IMAGE_MAX_SIDE   8192
#define TESS_IMAGE_MAX_PIXELS (4096u * 4096u)

/** A decoded picture: bytes R G B A, not premultiplied, rows without gaps. */
struct tess_image_rgba {
	uint8_t *pixels;
	uint32_t width, height;
	bool alpha; /* some pixel is not opaque */
};

/**
 * Decode. *image is filled on success, for tess_image_free().
 * @retval 0, -EINVAL not PNG, JPEG or BMP, -EFBIG beyond the limits above, -EBADMSG damaged,
 * -ENOTSUP a form of them that is not known, -ENOMEM
 */
int tess_image_decode(struct tess_image_rgba *image, const void *data,
		      size_t length) TESS_MUST_CHECK;
void tess_image_free(struct tess_image_rgba *image); /* accepts one that is zero */

/** How a picture is brought to a size. */
enum tess_image_fit {
	TESS_IMAGE_COVER =
		1,	    /* cover it, centred, cut what is over; opaque, transparent is black */
	TESS_IMAGE_STRETCH, /* the whole picture on all of it, with its alpha */
};

/**
 * Scale to @p width x @p height, even and not above TESS_IMAGE_MAX_SIDE. *fitted is filled on
 * success, for tess_image_free(). The picture's own pixels are spoilt. @retval 0, -EINVAL, -ENOMEM
 */
int tess_image_fit(struct tess_image_rgba *fitted, struct tess_image_rgba *image, uint16_t width,
		   uint16_t height, enum tess_image_fit fit) TESS_MUST_CHECK;

#endif
