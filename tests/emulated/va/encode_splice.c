/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/encode_splice.c - puts the application's headers round x264's slice data.
 *
 * As hardware does, the slice's quantiser is the rate control's, whatever the packed header says.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/encode.h"

/* whether slice data written for one header decode the same behind the other */
static bool compatible(const struct emu_encode_work *work, const struct emu_h264_pps *x264,
		       const struct emu_h264_slice *own)
{
	const struct emu_h264_pps *pps = &work->pps;
	const struct emu_h264_slice *header = &work->header;
	/* x264 leaves the filter off where its quantiser gives it nothing to do */
	bool deblocking = own->disable_deblocking == 1 ||
			  (own->disable_deblocking == header->disable_deblocking &&
			   own->alpha_offset_div2 == header->alpha_offset_div2 &&
			   own->beta_offset_div2 == header->beta_offset_div2);
	return pps->cabac == x264->cabac && pps->transform_8x8 == x264->transform_8x8 &&
	       pps->constrained_intra == x264->constrained_intra &&
	       pps->chroma_qp_offset == x264->chroma_qp_offset &&
	       pps->second_chroma_qp_offset == x264->second_chroma_qp_offset &&
	       !pps->weighted_pred && !x264->weighted_pred && own->type == header->type &&
	       own->cabac_init_idc == header->cabac_init_idc && own->first_mb == 0 &&
	       (own->type == EMU_H264_I || own->references[0] == 1) && deblocking;
}

static void copy_bits(struct emu_bits_out *out, struct emu_bits_in *in, size_t end)
{
	while (in->at < end) {
		unsigned count = end - in->at < 32 ? (unsigned)(end - in->at) : 32;
		emu_bits_put(out, count, emu_bits_get(in, count));
	}
}

/* the application's header up to the quantiser, x264's quantiser, the rest, x264's data */
static size_t join(uint8_t *to, const struct emu_encode_work *work,
		   const struct emu_h264_slice *own, const uint8_t *rbsp, size_t length)
{
	struct emu_bits_out out = {to, 0};
	struct emu_bits_in header = {work->slice_nal, 0, 8 * work->slice_nal_length};
	struct emu_bits_in data = {rbsp, own->end, 8 * length};
	copy_bits(&out, &header, work->header.qp_at);
	emu_bits_put_se(&out, own->qp - work->pps.init_qp);
	header.at = work->header.qp_end;
	copy_bits(&out, &header, work->header.end);
	if (work->pps.cabac) { /* cabac_alignment_one_bit */
		while (out.at & 7)
			emu_bits_put(&out, 1, 1);
		data.at = (data.at + 7) & ~(size_t)7;
	}
	copy_bits(&out, &data, data.end);
	while (out.at & 7)
		emu_bits_put(&out, 1, 0);
	size_t bytes = out.at / 8;
	while (bytes > 0 && to[bytes - 1] == 0)
		bytes--;
	return bytes;
}

static bool splice(struct emu_encode_work *work, const struct emu_h264_sps *sps,
		   const struct emu_h264_pps *pps, const uint8_t *rbsp, size_t length)
{
	struct emu_h264_slice own;
	if (!emu_h264_parse_slice(&own, sps, pps, rbsp, length) || !compatible(work, pps, &own))
		return false;
	uint8_t *joined = emu_zalloc(length + work->slice_nal_length + 16);
	size_t bytes = join(joined, work, &own, rbsp, length);
	work->coded = emu_zalloc(work->headers_length + 4 + bytes * 3 / 2 + 1);
	if (work->headers_length)
		memcpy(work->coded, work->headers, work->headers_length);
	memcpy(work->coded + work->headers_length, (const uint8_t[]){0, 0, 0, 1}, 4);
	work->coded_length = work->headers_length + 4;
	work->coded_length += emu_nal_escape(work->coded + work->coded_length, joined, bytes);
	free(joined);
	return true;
}

bool emu_encode_splice(struct emu_encoder *encoder, struct emu_encode_work *work,
		       const AVPacket *packet)
{
	size_t at = 0, nal_length;
	const uint8_t *nal;
	bool spliced = false, good = true;
	while (good && (nal = emu_nal_next(packet->data, (size_t)packet->size, &at, &nal_length))) {
		uint8_t *rbsp = emu_zalloc(nal_length);
		size_t length = emu_nal_unescape(rbsp, nal, nal_length);
		unsigned type = nal[0] & 31;
		if (type == 7)
			good = emu_h264_parse_sps(&encoder->x264_sps, rbsp, length);
		else if (type == 8)
			good = emu_h264_parse_pps(&encoder->x264_pps, rbsp, length);
		else if (type == 1 || type == 5)
			good = !spliced && (spliced = splice(work, &encoder->x264_sps,
							     &encoder->x264_pps, rbsp, length));
		free(rbsp);
	}
	return good && spliced;
}
