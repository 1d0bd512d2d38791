/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/image_soft/formats.h - what kind of picture some bytes are, before a decoder sees them.
 */
#ifndef TESS_IMAGE_FORMATS_H
#define TESS_IMAGE_FORMATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum image_format {
	IMAGE_UNKNOWN,
	IMAGE_PNG,
	IMAGE_JPEG,
	IMAGE_BMP,
};

enum image_format image_format_of(const uint8_t *data, size_t length);
/** Width and height as its header has them. @return false if there is no such header */
bool image_size(enum image_format format, const uint8_t *data, size_t length, uint32_t *width,
		uint32_t *height);
/**
 * Of a PNG, only what makes the picture (IHDR, PLTE, tRNS, IDAT, IEND), into @p out, which has room
 * for @p length bytes: other chunks may unpack to any size. @return bytes of @p out
 */
size_t image_png_essentials(uint8_t *out, const uint8_t *data, size_t length);
/** Scans of a JPEG: each may go over the whole picture again for a few bytes. */
unsigned image_jpeg_scans(const uint8_t *data, size_t length);

#endif
