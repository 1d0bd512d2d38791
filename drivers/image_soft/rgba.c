/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/image_soft/rgba.c - a decoder's picture as RGBA.
 *
 * Still pictures come in some thirty pixel formats. libavutil describes each and reads a
 * component's line of any, so that one way does for all; it is slow, and done once a picture.
 */
#include "drivers/image_soft/rgba.h"

#include <errno.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

#define COMPONENTS 4

/* A line of each component, scaled to 0..255. */
struct lines {
	const AVFrame *frame;
	const AVPixFmtDescriptor *format;
	uint16_t *raw;
	uint8_t *values[COMPONENTS];
};

static void read_component(struct lines *lines, int y, int component)
{
	const AVPixFmtDescriptor *format = lines->format;
	bool chroma = (component == 1 || component == 2) && !(format->flags & AV_PIX_FMT_FLAG_RGB);
	int shift_x = chroma ? format->log2_chroma_w : 0,
	    shift_y = chroma ? format->log2_chroma_h : 0;
	int width = AV_CEIL_RSHIFT(lines->frame->width, shift_x);
	unsigned max = (1u << format->comp[component].depth) - 1;

	av_read_image_line2(lines->raw, (const uint8_t **)lines->frame->data,
			    lines->frame->linesize, format, 0, y >> shift_y, component, width, 0,
			    sizeof(lines->raw[0]));
	for (int x = 0; x < lines->frame->width; x++)
		lines->values[component][x] =
			(uint8_t)((lines->raw[x >> shift_x] * 255u + max / 2) / max);
}

/* Of 65536ths. */
static uint8_t clip(int value)
{
	return value <= 0 ? 0 : value >= 255 << 16 ? 255 : (uint8_t)((value + (1 << 15)) >> 16);
}

/* JPEG's own: BT.601, full range (JFIF 1.02). */
static void from_yuv(uint8_t *pixel, uint8_t y, uint8_t u, uint8_t v)
{
	int luma = y << 16, cb = u - 128, cr = v - 128;

	pixel[0] = clip(luma + 91881 * cr);
	pixel[1] = clip(luma - 22553 * cb - 46802 * cr);
	pixel[2] = clip(luma + 116130 * cb);
}

static void write_line(const struct lines *lines, uint8_t *pixel)
{
	const AVPixFmtDescriptor *format = lines->format;
	uint8_t *const *values = lines->values;
	bool alpha = format->flags & AV_PIX_FMT_FLAG_ALPHA;
	bool gray = format->nb_components < 3;

	for (int x = 0; x < lines->frame->width; x++, pixel += 4) {
		if (gray) {
			memset(pixel, values[0][x], 3);
		} else if (format->flags & AV_PIX_FMT_FLAG_RGB) {
			for (int i = 0; i < 3; i++)
				pixel[i] = values[i][x];
		} else {
			from_yuv(pixel, values[0][x], values[1][x], values[2][x]);
		}
		pixel[3] = alpha ? values[format->nb_components - 1][x] : 255;
	}
}

/* The palette is of 32-bit numbers, 0xAARRGGBB. */
static void write_palette_line(const AVFrame *frame, int y, uint8_t *pixel)
{
	const uint8_t *index = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];

	for (int x = 0; x < frame->width; x++, pixel += 4) {
		uint32_t argb;

		memcpy(&argb, frame->data[1] + 4 * (size_t)index[x], sizeof(argb));
		pixel[0] = (uint8_t)(argb >> 16);
		pixel[1] = (uint8_t)(argb >> 8);
		pixel[2] = (uint8_t)argb;
		pixel[3] = (uint8_t)(argb >> 24);
	}
}

static bool is_known(const AVPixFmtDescriptor *format)
{
	if (!format || format->flags & (AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_FLOAT |
					AV_PIX_FMT_FLAG_BAYER))
		return false;
	for (int i = 0; i < format->nb_components; i++) {
		if (format->comp[i].depth > 16)
			return false;
	}
	return format->nb_components >= 1;
}

static int convert(struct tess_image_rgba *image, struct lines *lines)
{
	const AVFrame *frame = lines->frame;
	size_t width = (size_t)frame->width, stride = width * 4;
	uint8_t *memory = malloc(width * (sizeof(lines->raw[0]) + COMPONENTS));

	if (!memory)
		return -ENOMEM;
	lines->raw = (uint16_t *)(void *)memory;
	for (size_t i = 0; i < COMPONENTS; i++)
		lines->values[i] = memory + width * (sizeof(lines->raw[0]) + i);
	for (int y = 0; y < frame->height; y++) {
		uint8_t *pixels = image->pixels + (size_t)y * stride;

		if (lines->format->flags & AV_PIX_FMT_FLAG_PAL) {
			write_palette_line(frame, y, pixels);
			continue;
		}
		for (int i = 0; i < lines->format->nb_components; i++)
			read_component(lines, y, i);
		write_line(lines, pixels);
	}
	free(memory);
	return 0;
}

static bool has_alpha(const struct tess_image_rgba *image)
{
	size_t count = (size_t)image->width * image->height;

	for (size_t i = 0; i < count; i++) {
		if (image->pixels[4 * i + 3] != 255)
			return true;
	}
	return false;
}

int image_to_rgba(struct tess_image_rgba *image, const AVFrame *frame)
{
	struct lines lines = {.frame = frame, .format = av_pix_fmt_desc_get(frame->format)};
	int error;

	if (!is_known(lines.format))
		return -ENOTSUP;
	if (frame->width < 1 || frame->height < 1 || frame->width > TESS_IMAGE_MAX_SIDE ||
	    frame->height > TESS_IMAGE_MAX_SIDE ||
	    (int64_t)frame->width * frame->height > TESS_IMAGE_MAX_PIXELS)
		return -EFBIG;
	image->width = (uint32_t)frame->width;
	image->height = (uint32_t)frame->height;
	image->pixels = malloc((size_t)image->width * image->height * 4);
	if (!image->pixels)
		return -ENOMEM;
	error = convert(image, &lines);
	if (error) {
		tess_image_free(image);
		return error;
	}
	image->alpha = has_alpha(image);
	return 0;
}
