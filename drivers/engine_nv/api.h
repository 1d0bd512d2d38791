/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/api.h - NVIDIA's libraries, loaded when they are there.
 */
#ifndef TESS_ENGINE_NV_API_H
#define TESS_ENGINE_NV_API_H

#include <ffnvcodec/dynlink_loader.h>

#include "hal/engine.h"

/** What NVDEC takes of a codec, of 8-bit 4:2:0. */
struct nv_codec_caps {
	bool supported;
	unsigned min_width, min_height, max_width, max_height, max_macroblocks;
};

/** @return the functions of CUDA, initialised, or NULL: no driver or no device. Threads: any. */
CudaFunctions *nv_api_open(void);
/** Accepts NULL. */
void nv_api_close(CudaFunctions *cuda);
/**
 * Ask NVDEC about the codecs below @p count, of which @p caps is an array by enum tess_codec, all
 * zero; what it does not know stays so. A context must be current. @return of cuvidGetDecoderCaps
 */
CUresult nv_api_caps(struct nv_codec_caps *caps, unsigned count);

#endif
