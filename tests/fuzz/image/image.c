/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/fuzz/image/image.c - still pictures, as anybody may upload them: decoded and scaled.
 */
#include <stdlib.h>

#include "drivers/image_soft/image_soft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tess_image_rgba image, fitted;
	enum tess_image_fit fit =
		size && data[size - 1] & 1 ? TESS_IMAGE_COVER : TESS_IMAGE_STRETCH;

	if (tess_image_decode(&image, data, size))
		return 0;
	if (!image.width || !image.height || image.width > TESS_IMAGE_MAX_SIDE ||
	    image.height > TESS_IMAGE_MAX_SIDE ||
	    (uint64_t)image.width * image.height > TESS_IMAGE_MAX_PIXELS)
		abort();
	if (tess_image_fit(&fitted, &image, 64, 36, fit))
		abort();
	for (size_t i = 3; fit == TESS_IMAGE_COVER && i < 64u * 36 * 4; i += 4)
		if (fitted.pixels[i] != 255)
			abort();
	tess_image_free(&fitted);
	tess_image_free(&image);
	return 0;
}
