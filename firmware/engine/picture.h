/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/engine/picture.h - pictures to try an engine with: soft shapes that move, and the noise
 * of a camera, the same on every machine.
 */
#ifndef TESS_ENGINE_PICTURE_H
#define TESS_ENGINE_PICTURE_H

#include "hal/engine.h"

/**
 * Draw picture @p number of scene @p scene as RGBA, width * height * 4 bytes: from one number to
 * the next it moves by two pixels and has other noise. The image refers to @p rgba.
 */
struct tess_image tess_engine_picture(uint8_t *rgba, uint16_t width, uint16_t height,
				      unsigned scene, unsigned number);

#endif
