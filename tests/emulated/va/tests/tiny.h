/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/tiny.h - a stream of three pictures, I P P, as a decoder hands it to VA.
 */
#ifndef TESS_TESTS_EMU_TINY_H
#define TESS_TESTS_EMU_TINY_H

#include "tests/emulated/va/tests/rig.h"

#define TINY_SIDE     64
#define TINY_PICTURES 3

struct tiny_stream {
	uint8_t data[65536];
	struct {
		size_t at, length; /* of the slice, without start code */
	} slice[TINY_PICTURES];
	uint8_t sps[64], pps[64]; /* unescaped */
	size_t sps_length, pps_length;
};

/** The buffers of one picture; a test may spoil them. */
struct tiny_picture {
	VASurfaceID target;
	VAPictureParameterBufferH264 parameters;
	VAIQMatrixBufferH264 matrix;
	VASliceParameterBufferH264 slice;
	uint8_t *data;
	size_t length;
	bool no_parameters, no_matrix, no_slice, no_data, two_parameters, two_slices;
};

void tiny_make(struct tiny_stream *stream);
/** Picture @p i into @p target, with @p reference decoded from picture i - 1. */
void tiny_picture(struct tiny_picture *picture, struct tiny_stream *stream, unsigned i,
		  VASurfaceID target, VASurfaceID reference);
/** Begin, render, end. @return of vaEndPicture */
VAStatus tiny_decode(struct rig *rig, VAContextID context, const struct tiny_picture *picture);
/** What libavcodec makes of picture i, NV12 tightly packed; free it. */
uint8_t *tiny_expected(const struct tiny_stream *stream, unsigned i);

#endif
