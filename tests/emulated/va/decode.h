/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/decode.h - what the decoders share: libavcodec, and which picture goes where.
 */
#ifndef TESS_TESTS_EMU_DECODE_H
#define TESS_TESTS_EMU_DECODE_H

#include <libavcodec/avcodec.h>

#include "tests/emulated/va/emu.h"

struct emu_decoder {
	AVCodecContext *codec;
	AVFrame *current; /* the picture that libavcodec began last */
	/* H.264: the parameter sets sent last */
	uint8_t *sets;
	size_t sets_length;
	VASurfaceID field_target; /* holds a first field, 0: none */
};

/** What one picture's work is. */
struct emu_decode_work {
	uint8_t *data; /* a whole access unit or frame */
	size_t length;
	bool second_field; /* goes into the picture that libavcodec has begun already */
	bool damaged;	   /* set by the worker */
};

struct emu_decoder *emu_decoder_open(enum AVCodecID id);
void emu_decoder_close(void *decoder);
void emu_decode_execute(struct emu_picture *picture);
void emu_decode_finish(struct emu_device *device, struct emu_picture *picture);
void emu_decode_dispose(void *work);

#endif
