/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/compose/color.c - RGB to limited range BT.601.
 */
#include "drivers/compose/color.h"

/* ITU-R BT.601-7 §2.5.1, §3, with 16 bits of fraction */
struct tess_compose_yuv tess_compose_yuv_of_rgb(uint32_t rgb)
{
	int r = rgb >> 16 & 0xff, g = rgb >> 8 & 0xff, b = rgb & 0xff;
	return (struct tess_compose_yuv){
		.y = (uint8_t)((16829 * r + 33039 * g + 6416 * b + (16 << 16) + 32768) >> 16),
		.u = (uint8_t)((-9714 * r - 19071 * g + 28785 * b + (128 << 16) + 32768) >> 16),
		.v = (uint8_t)((28785 * r - 24104 * g - 4681 * b + (128 << 16) + 32768) >> 16),
	};
}
