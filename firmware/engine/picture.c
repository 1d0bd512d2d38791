/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/engine/picture.c - pictures to try an engine with.
 */
#include "firmware/engine/picture.h"

#define NOISE 8 /* peak to peak, of 255 */

/* 0, up to 255 and back over @p period pixels */
static unsigned wave(unsigned at, unsigned period)
{
	unsigned phase = at % period;
	unsigned half = period / 2;

	return (phase < half ? phase : period - phase) * 255 / half;
}

static uint8_t with_noise(unsigned value, uint32_t random)
{
	/* 16..239 leaves room for the noise on both sides */
	return (uint8_t)(16 + value * 223 / 255 - NOISE / 2 + random % NOISE);
}

struct tess_image tess_engine_picture(uint8_t *rgba, uint16_t width, uint16_t height,
				      unsigned scene, unsigned number)
{
	uint32_t random = 1 + scene * 7919 + number * 104729;
	uint8_t *at = rgba;

	for (unsigned y = 0; y < height; y++) {
		for (unsigned x = 0; x < width; x++, at += 4) {
			unsigned moved = x + 2 * number + 61 * scene;

			random = random * 1664525 + 1013904223; /* Numerical Recipes, ranqd1 */
			at[0] = with_noise(wave(moved, 192), random >> 24);
			at[1] = with_noise(wave(moved + y, 256), random >> 16 & 0xff);
			at[2] = with_noise(wave(y + 31 * scene, 128), random >> 8 & 0xff);
			at[3] = 255;
		}
	}
	return (struct tess_image){
		.width = width,
		.height = height,
		.rgba = rgba,
		.stride = (size_t)width * 4,
	};
}
