/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/compose/image.c - RGBA to planes.
 */
#include "drivers/compose/image.h"

#include "drivers/compose/color.h"

bool tess_compose_image_valid(const struct tess_image *image, uint16_t max_side)
{
	return image->rgba && image->width > 0 && image->height > 0 &&
	       !((image->width | image->height) & 1) && image->width <= max_side &&
	       image->height <= max_side && image->stride >= (size_t)image->width * 4;
}

static uint32_t rgb_of(const uint8_t *pixel)
{
	return (uint32_t)pixel[0] << 16 | (uint32_t)pixel[1] << 8 | pixel[2];
}

/* the mean of component i of 2x2 pixels */
static uint8_t mean(const uint8_t *above, const uint8_t *below, int i)
{
	return (uint8_t)((above[i] + above[4 + i] + below[i] + below[4 + i] + 2) >> 2);
}

static void convert_chroma(const struct tess_image *image, const struct tess_compose_planes *planes,
			   size_t row)
{
	const uint8_t *above = image->rgba + row * 2 * image->stride;
	const uint8_t *below = above + image->stride;
	for (size_t x = 0; x < image->width / 2u; x++, above += 8, below += 8) {
		const uint8_t pixel[] = {mean(above, below, 0), mean(above, below, 1),
					 mean(above, below, 2)};
		struct tess_compose_yuv yuv = tess_compose_yuv_of_rgb(rgb_of(pixel));
		planes->u[row * planes->chroma_stride + x] = yuv.u;
		planes->v[row * planes->chroma_stride + x] = yuv.v;
		if (image->alpha)
			planes->chroma_a[row * planes->chroma_a_stride + x] = mean(above, below, 3);
	}
}

void tess_compose_image_convert(const struct tess_image *image,
				const struct tess_compose_planes *planes)
{
	for (size_t row = 0; row < image->height; row++) {
		const uint8_t *pixel = image->rgba + row * image->stride;
		for (size_t x = 0; x < image->width; x++, pixel += 4) {
			planes->y[row * planes->y_stride + x] =
				tess_compose_yuv_of_rgb(rgb_of(pixel)).y;
			if (image->alpha)
				planes->a[row * planes->a_stride + x] = pixel[3];
		}
	}
	for (size_t row = 0; row < image->height / 2u; row++)
		convert_chroma(image, planes, row);
}
