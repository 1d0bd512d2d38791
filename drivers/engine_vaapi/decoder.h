/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/decoder.h - a decoder: the device's, or the CPU's in its place.
 */
#ifndef TESS_ENGINE_VAAPI_DECODER_H
#define TESS_ENGINE_VAAPI_DECODER_H

#include <libavcodec/avcodec.h>

#include "drivers/decode_soft/decode_soft.h"
#include "drivers/engine_vaapi/key.h"
#include "drivers/engine_vaapi/vaapi.h"

/** The CPU's decoder, and the surfaces its pictures are brought to. All zero: not open. */
struct vaapi_fallback {
	struct tess_decode_soft *decoder;
	AVFrame *picture;
	AVBufferRef *frames;
	int width, height; /* of frames */
};

/** What became of an access unit, as far as libavcodec does not say it. */
enum outcome {
	OUTCOME_DECODED = 1,
	OUTCOME_REFUSED,     /* it went over a limit */
	OUTCOME_UNSUPPORTED, /* the device does not decode such streams */
};

struct tess_decoder {
	struct vaapi_engine *engine;
	enum tess_codec kind;
	AVCodecContext *codec; /* NULL: the CPU's turn, or there was no memory to open it again */
	AVPacket *packet;
	AVBufferRef *input;	   /* the padded copy that libavcodec reads from */
	struct vaapi_watch *watch; /* of the call at hand */
	enum outcome outcome;
	bool set_up; /* the device has a context for the stream's format */
	bool await_key;
	struct vaapi_fallback fallback;
};

/** @retval 0, -ENOTSUP, -ENOMEM */
int vaapi_fallback_open(struct vaapi_fallback *fallback, enum tess_codec codec);
/** Accepts one that is not open. */
void vaapi_fallback_close(struct vaapi_fallback *fallback, struct vaapi_engine *engine);
/** As tess_engine_driver's decoder_decode(); counts what it decodes, and nothing else. */
int vaapi_fallback_decode(struct vaapi_fallback *fallback, struct vaapi_engine *engine,
			  const uint8_t *data, size_t length, int64_t capture_us,
			  struct tess_surface **surfacep);

#endif
