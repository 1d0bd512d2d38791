/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/images.h - still pictures as files have them, made by libavcodec's encoders.
 */
#ifndef TESS_TESTS_IMAGES_H
#define TESS_TESTS_IMAGES_H

#include <stddef.h>
#include <stdint.h>

/** Says what pixel x, y is; *rgba begins as zeros. */
typedef void tess_test_paint(uint8_t rgba[4], unsigned x, unsigned y);

/**
 * Encode a painted picture; @p format: "png" (RGBA), "jpeg" (4:4:4, its best quality) or "bmp"
 * (RGB).
 * @return its bytes; *data is for free(). Aborts the program when it cannot.
 */
size_t tess_test_image(uint8_t **data, const char *format, unsigned width, unsigned height,
		       tess_test_paint *paint);

#endif
