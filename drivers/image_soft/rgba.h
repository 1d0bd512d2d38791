/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/image_soft/rgba.h - a decoder's picture, whatever its pixel format, as RGBA.
 */
#ifndef TESS_IMAGE_RGBA_H
#define TESS_IMAGE_RGBA_H

#include <libavutil/frame.h>

#include "drivers/image_soft/image_soft.h"

/** @retval 0, -EFBIG, -ENOTSUP, -ENOMEM */
int image_to_rgba(struct tess_image_rgba *image, const AVFrame *frame) TESS_MUST_CHECK;

#endif
