/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/engine_vaapi.h - the video engine for what speaks VA-API: Intel and AMD.
 *
 * libavcodec decodes and encodes on the device; tiles are drawn by the device's video processor,
 * one pass a canvas where the device takes that many layers. Pictures stay on the device. A codec,
 * profile or format that it does not decode (all but 8-bit 4:2:0 counts as such) is decoded by the
 * CPU and uploaded. The devices are the render nodes, /dev/dri/renderD*; any other path of one
 * opens as well.
 *
 * Colour is as in drivers/engine_soft/engine_soft.h: canvases are limited range BT.601.
 *
 * Faults. A failed call costs the picture at hand: -EBADMSG from a decoder, -EIO (or -ENOMEM, if
 * that is what the device said) from the others. A decoder then drops what is not a key frame; an
 * encoder begins anew, with a key frame. After each such picture the engine lets the device draw a
 * small surface, on which no stream has any influence, and waits for it. If that fails three times
 * Calls that libavcodec makes are known by what it logs; those that it makes while it cleans up
 * after an error it does not log, and so they are not told.
 */
#ifndef TESS_ENGINE_VAAPI_H
#define TESS_ENGINE_VAAPI_H

#include "hal/engine.h"

/** Larger pictures are refused, in either direction; the device may take less. */
#define TESS_ENGINE_VAAPI_MAX_SIDE 4096
/** The largest picture that is decoded: MaxFS of level 5.1 (H.264 table A-1). */
#define TESS_ENGINE_VAAPI_MAX_PICTURE_PIXELS (4096 * 2304)
/**
 * What the pictures of one decoder may take, in tiles and queues too. Enough for 3840x2160 with
 * four references and 1920x1080 with sixteen, beside TESS_ENGINE_VAAPI_HELD.
 */
#define TESS_ENGINE_VAAPI_DECODER_BYTES ((size_t)192 << 20)
/** Pictures of one decoder that may be out at once: a queue of 8, one shown, one on its way. */
#define TESS_ENGINE_VAAPI_HELD 10

extern const struct tess_engine_driver tess_engine_vaapi;

#endif
