/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/image_soft/formats.c - what kind of picture some bytes are.
 */
#include "drivers/image_soft/formats.h"

#include <string.h>

static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

enum image_format image_format_of(const uint8_t *data, size_t length)
{
	if (length > sizeof(png) && !memcmp(data, png, sizeof(png)))
		return IMAGE_PNG;
	if (length > 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff)
		return IMAGE_JPEG;
	if (length > 2 && data[0] == 'B' && data[1] == 'M')
		return IMAGE_BMP;
	return IMAGE_UNKNOWN;
}

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

/* Little endian, of any sign: a BMP's height is negative when its rows begin at the top. */
static uint32_t get_size(const uint8_t *p)
{
	uint32_t value = (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];

	return value >> 31 ? 0u - value : value;
}

/* A frame header: SOF0 to SOF15, without DHT, JPG and DAC, which stand between (ITU T.81, B.1.1.3).
 */
static bool is_frame(uint8_t marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
	       marker != 0xcc;
}

static bool jpeg_size(const uint8_t *data, size_t length, uint32_t *width, uint32_t *height)
{
	size_t at = 2;

	while (length - at >= 9 && data[at] == 0xff) {
		uint8_t marker = data[at + 1];

		if (is_frame(marker)) {
			*height = get16(data + at + 5);
			*width = get16(data + at + 7);
			return true;
		}
		if (marker == 0xff)
			at++; /* a fill byte */
		else if (get16(data + at + 2) + 2 > length - at)
			return false;
		else
			at += get16(data + at + 2) + 2;
	}
	return false;
}

bool image_size(enum image_format format, const uint8_t *data, size_t length, uint32_t *width,
		uint32_t *height)
{
	if (format == IMAGE_JPEG)
		return jpeg_size(data, length, width, height);
	if (format == IMAGE_UNKNOWN || length < 26)
		return false;
	if (format == IMAGE_BMP && get_size(data + 14) == 12) {
		/* OS/2's header: 16 bits each */
		*width = (uint32_t)data[19] << 8 | data[18];
		*height = (uint32_t)data[21] << 8 | data[20];
		return true;
	}
	*width = format == IMAGE_PNG ? get32(data + 16) : get_size(data + 18);
	*height = format == IMAGE_PNG ? get32(data + 20) : get_size(data + 22);
	return true;
}

size_t image_png_essentials(uint8_t *out, const uint8_t *data, size_t length)
{
	static const char kept[][4] = {
		{'I', 'H', 'D', 'R'}, {'P', 'L', 'T', 'E'}, {'t', 'R', 'N', 'S'},
		{'I', 'D', 'A', 'T'}, {'I', 'E', 'N', 'D'},
	};
	size_t at = sizeof(png), written = sizeof(png);

	memcpy(out, data, sizeof(png));
	while (length - at >= 12) {
		const uint8_t *chunk = data + at;
		size_t size = get32(chunk);

		if (size > length - at - 12)
			break;
		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
			if (!memcmp(chunk + 4, kept[i], 4)) {
				memcpy(out + written, chunk, size + 12);
				written += size + 12;
			}
		}
		at += size + 12;
	}
	return written;
}

unsigned image_jpeg_scans(const uint8_t *data, size_t length)
{
	unsigned scans = 0;

	for (size_t i = 0; i + 1 < length; i++)
		scans += data[i] == 0xff && data[i + 1] == 0xda;
	return scans;
}
