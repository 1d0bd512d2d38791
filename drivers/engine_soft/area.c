/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/area.c - scaling and copying by libyuv.
 */
#include "drivers/engine_soft/area.h"

#include <errno.h>
#include <libyuv.h>

struct soft_area soft_area_of(const AVFrame *frame, const struct tess_rect *rect)
{
	struct soft_area area = {.width = rect->width, .height = rect->height};
	for (int i = 0; i < 3; i++) {
		int shift = i > 0;
		area.stride[i] = frame->linesize[i];
		area.plane[i] = frame->data[i] + (ptrdiff_t)(rect->y >> shift) * area.stride[i] +
				(rect->x >> shift);
	}
	return area;
}

int soft_scale(const AVFrame *from, const struct tess_rect *source, AVFrame *to,
	       const struct tess_rect *target)
{
	struct soft_area a = soft_area_of(from, source), b = soft_area_of(to, target);
	if (I420Scale(a.plane[0], a.stride[0], a.plane[1], a.stride[1], a.plane[2], a.stride[2],
		      a.width, a.height, b.plane[0], b.stride[0], b.plane[1], b.stride[1],
		      b.plane[2], b.stride[2], b.width, b.height, kFilterBilinear) != 0)
		return -ENOMEM; /* only its scratch rows can fail */
	return 0;
}

void soft_copy(const AVFrame *from, const struct tess_rect *source, AVFrame *to,
	       const struct tess_rect *target)
{
	struct soft_area a = soft_area_of(from, source), b = soft_area_of(to, target);
	I420Copy(a.plane[0], a.stride[0], a.plane[1], a.stride[1], a.plane[2], a.stride[2],
		 b.plane[0], b.stride[0], b.plane[1], b.stride[1], b.plane[2], b.stride[2], b.width,
		 b.height);
}
