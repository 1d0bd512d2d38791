/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/engine_soft.h - the video engine that every box has: the CPU.
 *
 * H.264, H.265, VP8 and VP9 are decoded by libavcodec (decode_soft), tiles are scaled by libyuv
 * straight into a persistent I420 canvas, and the canvas is encoded by x264 through libavcodec. The
 * only device is "cpu".
 *
 * Colour: all canvases are limited range BT.601 and the encoder says so in the VUI, whatever the
 * size. Real-time publishers convert with BT.601 and seldom tag it; pictures are not converted
 * between matrices here, so this is the tag that keeps their colours. Full-range pictures are
 * brought to limited range when they are drawn.
 *
 * The same input gives the same bytes as long as an encoder has one thread, which is the engine's
 * choice up to 1920x1080. With more, x264's rate control looks at how far the other slices are.
 */
#ifndef TESS_ENGINE_SOFT_H
#define TESS_ENGINE_SOFT_H

#include "hal/engine.h"

/** Larger pictures and canvases are refused, in either direction. */
#define TESS_ENGINE_SOFT_MAX_SIDE 4096

extern const struct tess_engine_driver tess_engine_soft;

#endif
