/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/area.h - parts of I420 frames.
 */
#ifndef TESS_ENGINE_SOFT_AREA_H
#define TESS_ENGINE_SOFT_AREA_H

#include <libavutil/frame.h>

#include "hal/engine.h"

/** Where a rectangle of a frame is in its planes. */
struct soft_area {
	uint8_t *plane[3];
	int stride[3]; /* bytes */
	int width, height;
};

struct soft_area soft_area_of(const AVFrame *frame, const struct tess_rect *rect);
/** @p source of @p from into @p target of @p to, scaled. @retval 0, -ENOMEM */
int soft_scale(const AVFrame *from, const struct tess_rect *source, AVFrame *to,
	       const struct tess_rect *target) TESS_MUST_CHECK;
/** @p source of @p from to @p target of @p to, which is as large. */
void soft_copy(const AVFrame *from, const struct tess_rect *source, AVFrame *to,
	       const struct tess_rect *target);

#endif
