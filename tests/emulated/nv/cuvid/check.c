/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/nv/cuvid/check.c - what a picture given to NVDEC must be.
 */
#include "tests/emulated/nv/cuvid/bits.h"
#include "tests/emulated/nv/cuvid/decoder.h"

#include <limits.h>

#define OP "cuvidDecodePicture"

static void check_geometry(const struct decoder *decoder, const CUVIDPICPARAMS *p)
{
	const CUVIDH264PICPARAMS *h = &p->CodecSpecific.h264;
	unsigned count = (unsigned)decoder->info.ulNumDecodeSurfaces;

	EMU_REQUIRE(p->CurrPicIdx >= 0 && (unsigned)p->CurrPicIdx < count,
		    OP ": CurrPicIdx %d of %u surfaces", p->CurrPicIdx, count);
	EMU_REQUIRE((unsigned)p->PicWidthInMbs == (decoder->info.ulWidth + 15) / 16 &&
			    (unsigned)p->FrameHeightInMbs == (decoder->info.ulHeight + 15) / 16,
		    OP ": %dx%d macroblocks in a decoder of %lux%lu", p->PicWidthInMbs,
		    p->FrameHeightInMbs, (unsigned long)decoder->info.ulWidth,
		    (unsigned long)decoder->info.ulHeight);
	EMU_REQUIRE(!h->bit_depth_luma_minus8 && !h->bit_depth_chroma_minus8 &&
			    !h->num_slice_groups_minus1 && !h->qpprime_y_zero_transform_bypass_flag,
		    OP ": not 8 bits, or slice groups, or lossless");
	EMU_REQUIRE(h->num_ref_frames >= 0 && h->num_ref_frames <= 16, OP ": num_ref_frames %d",
		    h->num_ref_frames);
	EMU_REQUIRE(!p->second_field || (p->field_pic_flag && p->CurrPicIdx == decoder->last_index),
		    OP ": a second field without its first");
}

static void check_reference(const struct decoder *decoder, const CUVIDPICPARAMS *p, int i)
{
	const CUVIDH264DPBENTRY *entry = &p->CodecSpecific.h264.dpb[i];
	const struct surface *surface;

	if (entry->PicIdx < 0 || !entry->used_for_reference)
		return;
	EMU_REQUIRE((unsigned)entry->PicIdx < decoder->info.ulNumDecodeSurfaces,
		    OP ": dpb[%d]: surface %d", i, entry->PicIdx);
	EMU_REQUIRE(entry->PicIdx != p->CurrPicIdx || p->second_field,
		    OP ": the picture overwrites its reference, surface %d", entry->PicIdx);
	surface = &decoder->surfaces[entry->PicIdx];
	EMU_REQUIRE(surface->written, OP ": dpb[%d]: surface %d was never decoded", i,
		    entry->PicIdx);
	/* libavcodec gives a field that a damaged stream left out the largest count there is */
	for (int field = 0; field < 2; field++)
		EMU_REQUIRE(!(entry->used_for_reference & (1 << field)) ||
				    entry->FieldOrderCnt[field] == INT_MAX ||
				    surface->poc[field] == entry->FieldOrderCnt[field],
			    OP ": dpb[%d]: surface %d holds POC %d, not %d", i, entry->PicIdx,
			    surface->poc[field], entry->FieldOrderCnt[field]);
}

/* Clause 7.3.3, as far as the fields that NVDEC is told as well. */
static void check_slice(const CUVIDPICPARAMS *p, unsigned i)
{
	const CUVIDH264PICPARAMS *h = &p->CodecSpecific.h264;
	unsigned offset = p->pSliceDataOffsets[i], field = 0, bottom = 0;
	const uint8_t *slice = p->pBitstreamData + offset;
	struct bit_reader reader;

	EMU_REQUIRE(offset + 5 <= p->nBitstreamDataLen, OP ": slice %u at %u lies outside", i,
		    offset);
	EMU_REQUIRE(!slice[0] && !slice[1] && slice[2] == 1, OP ": slice %u has no start code", i);
	unsigned type = slice[3] & 31, reference = slice[3] >> 5;

	EMU_REQUIRE(type == 1 || type == 5, OP ": slice %u is a NAL unit of type %u", i, type);
	EMU_REQUIRE(!reference == !p->ref_pic_flag, OP ": ref_pic_flag is %d, nal_ref_idc %u",
		    p->ref_pic_flag, reference);
	bits_open(&reader, slice + 4, p->nBitstreamDataLen - offset - 4);
	unsigned first = bits_get_ue(&reader);

	EMU_REQUIRE(first < (unsigned)(p->PicWidthInMbs * p->FrameHeightInMbs),
		    OP ": slice %u begins at macroblock %u", i, first);
	bits_get_ue(&reader); /* slice_type */
	bits_get_ue(&reader); /* pic_parameter_set_id */
	int frame_num = (int)bits_get(&reader, (unsigned)h->log2_max_frame_num_minus4 + 4);

	EMU_REQUIRE(frame_num == h->frame_num, OP ": frame_num is %d, in slice %u %d", h->frame_num,
		    i, frame_num);
	if (!h->frame_mbs_only_flag) {
		field = bits_get(&reader, 1);
		bottom = field ? bits_get(&reader, 1) : 0;
	}
	EMU_REQUIRE(field == (unsigned)!!p->field_pic_flag,
		    OP ": field_pic_flag is %d, in slice %u %u", p->field_pic_flag, i, field);
	EMU_REQUIRE(!field || bottom == (unsigned)!!p->bottom_field_flag,
		    OP ": bottom_field_flag is %d, in slice %u %u", p->bottom_field_flag, i,
		    bottom);
}

void decoder_check_picture(const struct decoder *decoder, const CUVIDPICPARAMS *picture)
{
	check_geometry(decoder, picture);
	EMU_REQUIRE(picture->pBitstreamData && picture->nNumSlices && picture->pSliceDataOffsets,
		    OP ": a picture without slices");
	for (int i = 0; i < 16; i++)
		check_reference(decoder, picture, i);
	for (unsigned i = 0; i < picture->nNumSlices; i++)
		check_slice(picture, i);
}
