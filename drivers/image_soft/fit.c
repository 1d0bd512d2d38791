/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/image_soft/fit.c - brings a picture to the size that it is shown in.
 *
 * libyuv's ARGB is any four bytes of which the last is alpha. Scaling mixes neighbours, so colours
 * are weighted with their alpha meanwhile: what cannot be seen does not bleed in. Components are
 * scaled one by one, since libyuv's mean of an area is for planes alone.
 */
#include <errno.h>
#include <libyuv.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/image_soft/image_soft.h"

/* The part of the picture that has the shape of the target. */
static void cut(const struct tess_image_rgba *image, uint64_t width, uint64_t height,
		uint32_t *cut_width, uint32_t *cut_height)
{
	*cut_width = image->width;
	*cut_height = image->height;
	if (image->width * height > image->height * width)
		*cut_width = (uint32_t)((image->height * width + height / 2) / height);
	else
		*cut_height = (uint32_t)((image->width * height + width / 2) / width);
	*cut_width = *cut_width ? *cut_width : 1;
	*cut_height = *cut_height ? *cut_height : 1;
}

static void make_opaque(struct tess_image_rgba *image)
{
	size_t count = (size_t)image->width * image->height;

	for (size_t i = 0; i < count; i++)
		image->pixels[4 * i + 3] = 255;
	image->alpha = false;
}

/* libyuv adds up the rows of an area in 16 bits. */
#define MAX_ROWS 128

static int scale_plane(const uint8_t *from, int stride, int from_width, int from_height,
		       uint8_t *to, int width, int height)
{
	uint8_t *between;

	if (from_height <= MAX_ROWS * height) {
		ScalePlane(from, stride, from_width, from_height, to, width, width, height,
			   kFilterBox);
		return 0;
	}
	between = malloc((size_t)from_width * MAX_ROWS * (size_t)height);
	if (!between)
		return -ENOMEM;
	ScalePlane(from, stride, from_width, from_height, between, from_width, from_width,
		   MAX_ROWS * height, kFilterBox);
	ScalePlane(between, from_width, from_width, MAX_ROWS * height, to, width, width, height,
		   kFilterBox);
	free(between);
	return 0;
}

/* The first @planes components of the part of the picture that begins at @from, on all of @fitted.
 */
static int scale(const struct tess_image_rgba *fitted, const uint8_t *from, size_t stride,
		 uint32_t from_width, uint32_t from_height, size_t planes)
{
	size_t from_size = (size_t)from_width * from_height;
	size_t size = (size_t)fitted->width * fitted->height;
	uint8_t *plane = malloc(from_size), *scaled = malloc(size);
	int error = plane && scaled ? 0 : -ENOMEM;

	for (size_t i = 0; i < planes && !error; i++) {
		for (size_t y = 0; y < from_height; y++)
			for (size_t x = 0; x < from_width; x++)
				plane[y * from_width + x] = from[y * stride + 4 * x + i];
		error = scale_plane(plane, (int)from_width, (int)from_width, (int)from_height,
				    scaled, (int)fitted->width, (int)fitted->height);
		for (size_t at = 0; at < size && !error; at++)
			fitted->pixels[4 * at + i] = scaled[at];
	}
	free(scaled);
	free(plane);
	return error;
}

int tess_image_fit(struct tess_image_rgba *fitted, struct tess_image_rgba *image, uint16_t width,
		   uint16_t height, enum tess_image_fit fit)
{
	uint32_t from_width = image->width, from_height = image->height;
	int stride = (int)image->width * 4, to_stride = width * 4, error;
	const uint8_t *from;
	bool alpha = image->alpha && fit != TESS_IMAGE_COVER; /* of what comes out */

	memset(fitted, 0, sizeof(*fitted));
	if (!width || !height || (width | height) & 1 || width > TESS_IMAGE_MAX_SIDE ||
	    height > TESS_IMAGE_MAX_SIDE)
		return -EINVAL;
	fitted->pixels = malloc((size_t)width * height * 4);
	if (!fitted->pixels)
		return -ENOMEM;
	fitted->width = width;
	fitted->height = height;
	fitted->alpha = alpha;
	if (image->alpha)
		ARGBAttenuate(image->pixels, stride, image->pixels, stride, (int)image->width,
			      (int)image->height);
	if (fit == TESS_IMAGE_COVER)
		cut(image, width, height, &from_width, &from_height);
	from = image->pixels + (size_t)((image->height - from_height) / 2) * (size_t)stride +
	       (size_t)((image->width - from_width) / 2) * 4;
	/* The mean of an area of 255 may be 254: alpha that nobody needs is not scaled. */
	error = scale(fitted, from, (size_t)stride, from_width, from_height, alpha ? 4 : 3);
	if (error) {
		tess_image_free(fitted);
		return error;
	}
	if (alpha)
		ARGBUnattenuate(fitted->pixels, to_stride, fitted->pixels, to_stride, width,
				height);
	else
		make_opaque(fitted);
	return 0;
}
