/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/coder.h - an encoder through VA as an application drives it, with or
 * without packed headers.
 */
#ifndef TESS_TESTS_EMU_CODER_H
#define TESS_TESTS_EMU_CODER_H

#include "tests/emulated/va/tests/rig.h"

struct coder {
	struct rig *rig;
	struct rig_context context;
	unsigned width, height; /* multiples of 16 */
	unsigned rate_control;
	bool packed;
	VASurfaceID input, reconstruction[2];
	VABufferID coded;
	unsigned pictures, since_idr, idrs;
};

/** A packed header with its parameters; a test may spoil it. */
struct coder_header {
	VAEncPackedHeaderParameterBuffer parameters;
	uint8_t data[256];
	size_t length;
	bool no_parameters, no_data, twice;
};

/** The buffers of one picture; a test may spoil them. */
struct coder_picture {
	VASurfaceID input;
	bool idr, send_sequence, send_rate, no_picture, no_slice, slice_header_first, sets_again;
	VAEncSequenceParameterBufferH264 sequence;
	VAEncPictureParameterBufferH264 picture;
	VAEncSliceParameterBufferH264 slice;
	VAEncMiscParameterRateControl rate;
	size_t rate_bytes;   /* of its buffer, which begins with VAEncMiscParameterBuffer */
	uint32_t frame_rate; /* 0: not sent */
	struct coder_header sets, header;
};

void coder_open(struct coder *coder, struct rig *rig, unsigned width, unsigned height,
		unsigned rate_control, bool packed, size_t coded_bytes);
void coder_close(struct coder *coder);
/** The next picture's buffers: IDR, or P with the one before as its reference. */
void coder_picture(struct coder *coder, struct coder_picture *picture, bool idr,
		   uint32_t bits_per_second, int qp);
/** Write the packed headers again, from the other buffers as they are now. */
void coder_pack(const struct coder *coder, struct coder_picture *picture);
/** Begin, render, end. @return of vaEndPicture */
VAStatus coder_encode(struct coder *coder, const struct coder_picture *picture);
/** Map what came out and copy it. @return bytes */
size_t coder_take(struct coder *coder, uint8_t *to, size_t size);

/** Counts pictures of an Annex B stream as libavcodec decodes them; any error aborts. */
struct coder_judge {
	unsigned pictures, keys;
	double squares; /* of luma errors, of all pictures */
	double samples;
};
/** Each picture i is compared with rig_pattern(seed i). */
void coder_judge(struct coder_judge *judge, const uint8_t *stream, size_t length, unsigned width,
		 unsigned height);
double coder_psnr(const struct coder_judge *judge);

#endif
