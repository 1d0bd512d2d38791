/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/encode.h - one encoder: what the application has said, and x264.
 */
#ifndef TESS_TESTS_EMU_ENCODE_H
#define TESS_TESTS_EMU_ENCODE_H

#include <libavcodec/avcodec.h>

#include "tests/emulated/va/emu.h"
#include "tests/emulated/va/h264.h"

/** What holds until it is said anew. */
struct emu_encode_rate {
	uint32_t bits_per_second, target_percentage, buffer_bits;
	uint32_t frame_rate_num, frame_rate_den;
};

struct emu_encoder {
	/* as submitted */
	bool begun; /* a sequence was */
	VAEncSequenceParameterBufferH264 sequence;
	struct emu_encode_rate rate;
	bool has_sets; /* packed parameter sets came */
	struct emu_h264_sps sps;
	struct emu_h264_pps pps;
	bool has_reference;
	VASurfaceID reference; /* the last reconstruction */
	int32_t reference_poc;
	unsigned next_frame_num;

	/* the worker's */
	AVCodecContext *codec;
	int quantiser; /* of VA_RC_CQP, from IDR picture to IDR picture */
	int64_t pictures;
	struct emu_h264_sps x264_sps;
	struct emu_h264_pps x264_pps;
};

struct emu_encode_work {
	VAEncSequenceParameterBufferH264 sequence;
	VAEncPictureParameterBufferH264 picture;
	VAEncSliceParameterBufferH264 slice;
	struct emu_encode_rate rate;
	unsigned rate_control;

	/* with packed headers */
	bool packed;
	uint8_t *headers; /* all but the slice's, with start codes */
	size_t headers_length;
	uint8_t *slice_nal; /* unescaped, from the NAL unit's first byte on */
	size_t slice_nal_length;
	struct emu_h264_sps sps;
	struct emu_h264_pps pps;
	struct emu_h264_slice header;

	uint8_t *coded; /* set by the worker */
	size_t coded_length;
};

/* encode_headers.c: collect and check the packed headers of a picture */
void emu_encode_packed(struct emu_encoder *encoder, struct emu_picture *picture,
		       struct emu_encode_work *work);
/* encode_x264.c: on the worker; false: x264 failed */
bool emu_encode_run(struct emu_encoder *encoder, const struct emu_surface *input,
		    struct emu_encode_work *work);
/* encode_splice.c: x264's slice behind the application's headers */
bool emu_encode_splice(struct emu_encoder *encoder, struct emu_encode_work *work,
		       const AVPacket *packet);

#endif
