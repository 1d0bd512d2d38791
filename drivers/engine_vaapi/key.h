/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/key.h - where a decoder can begin.
 */
#ifndef TESS_ENGINE_VAAPI_KEY_H
#define TESS_ENGINE_VAAPI_KEY_H

#include "hal/engine.h"

/**
 * Can a decoder begin with this access unit? H.264: an IDR picture or a recovery point; H.265: an
 * IRAP picture; VP8: a key frame. libavcodec itself refuses to begin anywhere else in VP9, so there
 * the answer is always yes.
 */
bool vaapi_key(enum tess_codec codec, const uint8_t *data, size_t length);

#endif
