/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/compose/color.h - the colour arithmetic of all canvases: 8 bit, limited range, BT.601.
 *
 * Nothing here fails, allocates or keeps state; threads: any.
 */
#ifndef TESS_COMPOSE_COLOR_H
#define TESS_COMPOSE_COLOR_H

#include <stdint.h>

struct tess_compose_yuv {
	uint8_t y, u, v;
};

/** The sample of @p rgb (0xRRGGBB; what is above is not looked at). */
struct tess_compose_yuv tess_compose_yuv_of_rgb(uint32_t rgb);

/** A full-range sample in limited range: low + sample * span / 255, rounded. */
static inline uint8_t tess_compose_limited(uint8_t sample, unsigned span)
{
	unsigned scale = (span * 65536 + 127) / 255;
	return (uint8_t)(16 + ((sample * scale + 32768) >> 16));
}
/** The spans of tess_compose_limited(). */
#define TESS_COMPOSE_LUMA_SPAN	 219u
#define TESS_COMPOSE_CHROMA_SPAN 224u

/** @p above laid over @p below, both samples of the same plane. */
static inline uint8_t tess_compose_blend(uint8_t below, uint8_t above, uint8_t alpha)
{
	return (uint8_t)((below * (255 - alpha) + above * alpha + 127) / 255);
}

#endif
