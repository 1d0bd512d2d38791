/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_soft/h264.h - test pictures, and streams of them by libx264 with any
 * options.
 */
#ifndef TESS_TEST_H264_H
#define TESS_TEST_H264_H

#include <libavutil/frame.h>

#include "drivers/decode_soft/frame_pool.h"
#include "drivers/engine_soft/soft.h"

/** A stream for tests: access units in decoding order. */
struct h264_stream {
	unsigned count;
	struct h264_unit {
		uint8_t *data;
		size_t length;
		int64_t pts; /* the number of the picture in presentation order */
		bool key;
	} units[256];
};

/**
 * Picture @p number of a moving pattern: gradients with a bright block that moves 8 samples a
 * picture. Any planar 8-bit or 10-bit format of libavutil; the pattern is the same in all.
 */
void pattern_draw(AVFrame *frame, unsigned number);
/** What pattern_draw puts at luma position x, y, 8 bit. */
uint8_t pattern_luma(unsigned number, int x, int y, int width, int height);

/** Encode @p pictures of the pattern. @p options: "key=value:key=value" of libx264 in libavcodec.
 */
void h264_encode(struct h264_stream *stream, int format, int width, int height, unsigned pictures,
		 const char *options);
/** The same by another of libavcodec's encoders, which must have the option crf. */
void video_encode(struct h264_stream *stream, const char *encoder, int format, int width,
		  int height, unsigned pictures, const char *options);
void h264_free(struct h264_stream *stream);

/** A surface of an exact size and colour, made without a decoder. */
struct tess_surface *surface_solid(struct tess_engine *engine, int width, int height, uint8_t y,
				   uint8_t u, uint8_t v);
/** The surface's samples, by download; free() it. */
uint8_t *surface_i420(struct tess_engine *engine, struct tess_surface *surface);
/** Peak signal to noise ratio of count samples, dB. */
double psnr(const uint8_t *a, const uint8_t *b, size_t count);

#endif
