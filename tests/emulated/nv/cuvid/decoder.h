/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuvid/decoder.h - a decoder of the emulated NVDEC.
 */
#ifndef TESS_EMULATED_NV_CUVID_DECODER_H
#define TESS_EMULATED_NV_CUVID_DECODER_H

#include <pthread.h>
#include <ffnvcodec/dynlink_cuda.h>
#include <ffnvcodec/dynlink_cuviddec.h>
#include <libavcodec/avcodec.h>

#include "tests/emulated/nv/core.h"

#define DECODER_MAX_SURFACES 32
#define DECODER_MAX_OUTPUTS  64
#define DECODER_MAX_HEADERS  4096

/** What NVDEC keeps of a picture. */
struct surface {
	AVFrame *frame; /* NULL: nothing could be decoded into it yet */
	bool written;
	bool damaged;
	int poc[2];
};

struct output {
	CUdeviceptr address; /* 0: not allocated yet */
	bool mapped;
};

struct decoder {
	struct emu_handle handle;
	pthread_mutex_t lock;
	struct emu_context *context;
	CUVIDDECODECREATEINFO info;
	unsigned pitch;
	AVCodecContext *codec;
	AVFrame *latest; /* the picture the software decoder began last */
	struct surface surfaces[DECODER_MAX_SURFACES];
	struct output outputs[DECODER_MAX_OUTPUTS];
	uint8_t headers[DECODER_MAX_HEADERS]; /* last given to the software decoder */
	size_t headers_length;
	int last_index; /* of the picture before */
};

/** The decoder a handle stands for, in the calling thread's context; violations of @p op. */
struct decoder *decoder_enter(CUvideodecoder handle, const char *op);

/** Abort unless a picture's parameters, slices and references belong together (check.c). */
void decoder_check_picture(const struct decoder *decoder, const CUVIDPICPARAMS *picture);

/**
 * SPS and PPS for the software decoder, rebuilt from the parameters (headers.c).
 * @return bytes written to @p out, at most DECODER_MAX_HEADERS
 */
size_t decoder_headers(const CUVIDPICPARAMS *picture, uint8_t *out);
/** seq. and picture parameter set ids of a slice; the NAL unit begins behind its start code. */
unsigned decoder_slice_pps(const uint8_t *nal, size_t length);

#endif
