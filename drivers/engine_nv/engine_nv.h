/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/engine_nv.h - the video engine for NVIDIA devices: NVDEC, CUDA, NVENC.
 *
 * libavcodec decodes and encodes on the device, kernels.cu draws the canvases, and pictures stay on
 * the device. A codec, profile, size or format that it does not decode is decoded by the CPU and
 * uploaded from there on, until the decoder is closed. The devices are "0", "1", ..., as CUDA
 * counts them. The driver's libraries are loaded when they are there; nothing of NVIDIA's is
 * needed to build.
 *
 * Pixels are those of the software engine (drivers/engine_soft/engine_soft.h, also for the rule of
 * colour) on x86, all of them, whatever the size of picture and tile.
 *
 * Faults. A failed call costs the picture at hand: -EBADMSG from a decoder, -EIO (or -ENOMEM, if
 * that is what the device said) from the others. A decoder then begins anew at the next key frame,
 * an encoder with a key frame. After each such picture the device's stream is asked how it is: CUDA
 * answers every call with the error once a context is spoilt. If that question fails too, the
 * device is lost: from then on all calls give -ENODEV, until all is closed and the engine is opened
 * again. What fails while libavcodec cleans up, it does not always report.
 */
#ifndef TESS_ENGINE_NV_H
#define TESS_ENGINE_NV_H

#include "hal/engine.h"

/** Pictures of one decoder that may be out at once: a queue of 8, one shown, one on its way. */
#define TESS_ENGINE_NV_HELD 10
/**
 * What the pictures of one decoder may take on the device, in tiles and queues too. Enough for
 * 3840x2160 with four references and 1920x1080 with sixteen.
 */
#define TESS_ENGINE_NV_DECODER_BYTES ((size_t)512 << 20)

extern const struct tess_engine_driver tess_engine_nv;

#endif
