/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/violations_encode.c - pictures to encode whose buffers are wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/tests/coder.h"
#include "tests/emulated/va/tests/violation.h"

#define SIDE	 64
#define PICTURES 3
#define CODED	 65536

struct scene {
	struct rig rig;
	struct coder coder;
	VASurfaceID other, small;
};

static struct scene scene;

struct spoil {
	void (*spoil)(struct coder_picture *picture);
	unsigned at; /* the picture that is spoiled; 0 is IDR */
	bool packed;
	void (*before)(void); /* picture at, before it is begun */
	size_t coded_bytes;
};

static void run(const void *argument)
{
	const struct spoil *spoil = argument;
	struct coder_picture picture;
	uint8_t coded[CODED];
	rig_open(&scene.rig, "");
	rig_remove(&scene.rig);
	scene.other = rig_surface(&scene.rig, VA_FOURCC_NV12, SIDE, SIDE);
	scene.small = rig_surface(&scene.rig, VA_FOURCC_NV12, SIDE / 2, SIDE);
	coder_open(&scene.coder, &scene.rig, SIDE, SIDE, VA_RC_CBR, spoil->packed,
		   spoil->coded_bytes ? spoil->coded_bytes : CODED);
	rig_upload(&scene.rig, scene.coder.input, VA_FOURCC_NV12, SIDE, SIDE, 0);
	for (unsigned i = 0; i < PICTURES; i++) {
		coder_picture(&scene.coder, &picture, i == 0, 500000, 26);
		if (i == spoil->at && spoil->before)
			spoil->before();
		if (i == spoil->at && spoil->spoil)
			spoil->spoil(&picture);
		VA_OK(coder_encode(&scene.coder, &picture));
		MUST(coder_take(&scene.coder, coded, sizeof(coded)) > 0);
	}
	coder_close(&scene.coder);
	rig_destroy_surface(&scene.rig, scene.other);
	rig_destroy_surface(&scene.rig, scene.small);
	rig_close(&scene.rig);
}

#define SPOIL(name, ...)                          \
	static void name(struct coder_picture *p) \
	{                                         \
		__VA_ARGS__;                      \
	}

static VABufferID a_parameter_buffer(void)
{
	return rig_buffer(&scene.rig, scene.coder.context.id, VAEncSliceParameterBufferType, NULL,
			  sizeof(VAEncSliceParameterBufferH264));
}

/* pictures and their references */
SPOIL(no_sequence, p->send_sequence = false)
SPOIL(no_picture, p->no_picture = true)
SPOIL(no_slice, p->no_slice = true)
SPOIL(sequence_small, p->sequence.picture_width_in_mbs--)
SPOIL(sequence_interlaced, p->sequence.seq_fields.bits.frame_mbs_only_flag = 0)
SPOIL(rate_cut, p->rate_bytes -= sizeof(p->rate) - 4)
SPOIL(no_rate, p->send_rate = false, p->sequence.bits_per_second = 0)
SPOIL(no_frame_rate, p->frame_rate = 0x01000000)
SPOIL(not_idr, p->picture.pic_fields.bits.idr_pic_flag = 0)
SPOIL(idr_of_p, p->picture.pic_fields.bits.idr_pic_flag = 1)
SPOIL(b_slice, p->slice.slice_type = 1)
SPOIL(frame_num, p->picture.frame_num++)
SPOIL(other_reference, p->slice.RefPicList0[0].picture_id = scene.other)
SPOIL(wrong_poc, p->slice.RefPicList0[0].TopFieldOrderCnt += 2)
SPOIL(reference_not_held, p->picture.ReferenceFrames[0].flags = VA_PICTURE_H264_INVALID)
SPOIL(two_references, p->picture.num_ref_idx_l0_active_minus1 = 1)
SPOIL(overwrites_reference, p->picture.CurrPic.picture_id = p->slice.RefPicList0[0].picture_id)
SPOIL(reconstruction_is_input, p->picture.CurrPic.picture_id = p->input)
SPOIL(reconstruction_not_listed, p->picture.CurrPic.picture_id = scene.other)
SPOIL(input_unwritten, p->input = scene.other)
SPOIL(input_small, p->input = scene.small)
SPOIL(slice_short, p->slice.num_macroblocks--)
SPOIL(slice_late, p->slice.macroblock_address = 1)
SPOIL(qp_range, p->slice.slice_qp_delta = 26)
SPOIL(coded_stale, p->picture.coded_buf = VA_INVALID_ID)
SPOIL(coded_of_wrong_type, p->picture.coded_buf = a_parameter_buffer())
SPOIL(header_without_config, p->header.length = 4; p->header.parameters.bit_length = 32;
      p->header.parameters.type = VAEncPackedHeaderRawData;
      p->header.parameters.has_emulation_bytes = 1)

/* packed headers */
SPOIL(header_without_data, p->header.no_data = true)
SPOIL(header_without_parameters, p->header.no_parameters = true)
SPOIL(no_header, p->header.length = 0)
SPOIL(no_sets, p->sets.length = 0)
SPOIL(two_headers, p->header.twice = true)
SPOIL(header_first, p->slice_header_first = true)
SPOIL(header_beyond, p->header.parameters.bit_length = 8 * (uint32_t)p->header.length + 1)
SPOIL(header_short, p->header.parameters.bit_length -= 1)
SPOIL(header_long, p->header.parameters.bit_length += 9; p->header.length += 2)
SPOIL(header_raw, p->header.parameters.has_emulation_bytes = 0)
SPOIL(header_of_other_type, p->header.parameters.type = VAEncPackedHeaderRawData)
SPOIL(header_no_start, p->header.data[3] = 2)
SPOIL(header_garbage, p->header.data[4] = 0x66)
SPOIL(sets_behind, p->sets_again = true)
SPOIL(sets_garbage, memset(p->sets.data + 5, 0xff, 8))
SPOIL(says_cavlc, p->picture.pic_fields.bits.entropy_coding_mode_flag = 0)
SPOIL(says_4x4, p->picture.pic_fields.bits.transform_8x8_mode_flag = 0)
SPOIL(says_qp, p->picture.pic_init_qp++)
SPOIL(says_chroma_qp, p->picture.chroma_qp_index_offset = 1)
SPOIL(says_more_frame_nums, p->sequence.seq_fields.bits.log2_max_frame_num_minus4 = 1)
SPOIL(says_more_pocs, p->sequence.seq_fields.bits.log2_max_pic_order_cnt_lsb_minus4 = 5)
SPOIL(says_idr_pic_id, p->slice.idr_pic_id++)
SPOIL(says_poc, p->slice.pic_order_cnt_lsb += 2)
SPOIL(says_qp_delta, p->slice.slice_qp_delta++)
SPOIL(says_cabac_idc, p->slice.cabac_init_idc = 1)
SPOIL(says_deblocking, p->slice.disable_deblocking_filter_idc = 1)
SPOIL(says_weights, p->picture.pic_fields.bits.weighted_pred_flag = 1)
SPOIL(says_intra, p->picture.pic_fields.bits.constrained_intra_pred_flag = 1)
SPOIL(says_no_control, p->picture.pic_fields.bits.deblocking_filter_control_present_flag = 0)
SPOIL(says_second_chroma, p->picture.second_chroma_qp_index_offset = 1)
SPOIL(says_poc_type, p->sequence.seq_fields.bits.pic_order_cnt_type = 2)
SPOIL(says_not_reference, p->picture.pic_fields.bits.reference_pic_flag = 0)

/* headers of something else than the parameters */
#define PACK(name, other, back) SPOIL(name, other; coder_pack(&scene.coder, p); back)
PACK(header_width, scene.coder.width += 16, scene.coder.width -= 16)
PACK(header_height, scene.coder.height += 16, scene.coder.height -= 16)
PACK(header_idr, p->idr = true, p->idr = false)
PACK(header_first_mb, p->slice.macroblock_address = 1, p->slice.macroblock_address = 0)
PACK(header_intra, p->slice.slice_type = 2, p->slice.slice_type = 0)
PACK(header_frame_num, p->picture.frame_num = 5, p->picture.frame_num = 1)
PACK(header_references, p->picture.num_ref_idx_l0_active_minus1 = 1,
     p->picture.num_ref_idx_l0_active_minus1 = 0)

/* a PPS of two slice groups: 1 1 1 0 010 0 */
static void slice_groups(struct coder_picture *p)
{
	uint8_t *nal = memmem(p->sets.data, p->sets.length, "\0\0\0\1\x68", 5);
	MUST(nal);
	nal[5] = 0xe4;
}

/* calls between pictures */
static void map_coded(void)
{
	void *data;
	VA_OK(vaMapBuffer(scene.rig.display, scene.coder.coded, &data));
}

static void overwrite_reference(void)
{
	rig_upload(&scene.rig, scene.coder.reconstruction[0], VA_FOURCC_NV12, SIDE, SIDE, 0);
}

static void read_reconstruction(void)
{
	free(rig_download(&scene.rig, scene.coder.reconstruction[0], SIDE, SIDE));
}

static void open_reconstruction(void)
{
	struct rig_context context = rig_context(&scene.rig, VAProfileNone, VAEntrypointVideoProc,
						 NULL, 0, SIDE, SIDE, NULL, 0);
	VA_OK(vaBeginPicture(scene.rig.display, context.id, scene.coder.reconstruction[0]));
}

static void render_coded(void)
{
	VA_OK(vaBeginPicture(scene.rig.display, scene.coder.context.id, scene.coder.input));
	rig_render(&scene.rig, scene.coder.context.id, scene.coder.coded);
}

static void small_misc(void)
{
	rig_buffer(&scene.rig, scene.coder.context.id, VAEncMiscParameterBufferType, NULL,
		   sizeof(VAEncMiscParameterBuffer));
}

static void late_reuse(const void *argument)
{
	struct coder_picture picture;
	(void)argument;
	rig_open(&scene.rig, "late=yes\n");
	rig_remove(&scene.rig);
	coder_open(&scene.coder, &scene.rig, SIDE, SIDE, VA_RC_CBR, false, CODED);
	rig_upload(&scene.rig, scene.coder.input, VA_FOURCC_NV12, SIDE, SIDE, 0);
	for (int i = 0; i < 2; i++) {
		coder_picture(&scene.coder, &picture, i == 0, 500000, 26);
		VA_OK(coder_encode(&scene.coder, &picture));
	}
}

#define BARE(function, at, message)                                                           \
	{                                                                                     \
#function, run, &(const struct spoil){function, at, false, NULL, 0 }, message \
	}
#define PACKED(function, at, message)                                                        \
	{                                                                                    \
#function, run, &(const struct spoil){function, at, true, NULL, 0 }, message \
	}
#define CALL(function, at, message)                                                           \
	{                                                                                     \
#function, run, &(const struct spoil){NULL, at, false, function, 0 }, message \
	}

static const struct violation violations[] = {
	{"nothing_wrong", run, &(const struct spoil){NULL, 0, false, NULL, 0}, NULL},
	{"nothing_wrong packed", run, &(const struct spoil){NULL, 0, true, NULL, 0}, NULL},
	{"coded_small", run, &(const struct spoil){NULL, 0, false, NULL, 64}, "is too small for"},
	{"coded_reused", late_reuse, NULL, "is in work already"},
	BARE(no_sequence, 0, "the first picture has no sequence parameters"),
	BARE(no_picture, 0, "no picture or slice parameters"),
	BARE(no_slice, 0, "no picture or slice parameters"),
	BARE(sequence_small, 0, "a sequence of 3x4 macroblocks in a context of 64x64"),
	BARE(sequence_interlaced, 0, "not a progressive sequence"),
	BARE(rate_cut, 0, "misc parameters 1 of 8 bytes"),
	BARE(no_rate, 0, "no bit rate"),
	BARE(no_frame_rate, 0, "a frame rate of 0"),
	BARE(not_idr, 0, "the first picture is not IDR"),
	BARE(idr_of_p, 1, "an IDR picture with a P slice"),
	BARE(b_slice, 1, "a B slice"),
	BARE(frame_num, 1, "frame_num is 2, not 1"),
	BARE(other_reference, 1, "is not the reconstruction before"),
	BARE(wrong_poc, 1, "order count is 2, not 0"),
	BARE(reference_not_held, 1, "is not among ReferenceFrames"),
	BARE(two_references, 1, "more references than offered"),
	BARE(overwrites_reference, 1, "overwrites its reference"),
	BARE(reconstruction_is_input, 1, "is the input"),
	BARE(reconstruction_not_listed, 1, "is not a render target of the context"),
	BARE(input_unwritten, 0, "was never written"),
	BARE(input_small, 0, "a picture of 64x64 in a surface of 32x64"),
	BARE(slice_short, 0, "a slice of 15 macroblocks from 0 in a picture of 16"),
	BARE(slice_late, 0, "a slice of 16 macroblocks from 1"),
	BARE(qp_range, 0, "a quantiser of 52"),
	BARE(coded_stale, 0, "coded buffer: no such buffer"),
	BARE(coded_of_wrong_type, 0, "holds encoder slice parameters"),
	BARE(header_without_config, 0, "not in the configuration"),
	PACKED(header_without_data, 0, "packed header parameters without data"),
	PACKED(header_without_parameters, 0, "packed header data without parameters"),
	PACKED(no_header, 0, "no packed slice header"),
	PACKED(no_sets, 0, "before parameter sets"),
	PACKED(two_headers, 1, "two packed slice headers"),
	PACKED(header_first, 0, "a packed slice header before parameter sets"),
	PACKED(header_beyond, 0, "bits in a buffer of"),
	PACKED(header_short, 1, "bits, its syntax"),
	PACKED(header_long, 1, "bits, its syntax"),
	PACKED(header_raw, 0, "without emulation prevention"),
	PACKED(header_of_other_type, 0, "not in the configuration"),
	PACKED(header_no_start, 0, "has no start code"),
	PACKED(header_garbage, 0, "cannot be read"),
	PACKED(sets_garbage, 0, "cannot be read"),
	PACKED(says_cavlc, 0, "entropy_coding_mode_flag is 1, the parameters' 0"),
	PACKED(says_4x4, 0, "transform_8x8_mode_flag is 1, the parameters' 0"),
	PACKED(says_qp, 0, "pic_init_qp is 26, the parameters' 27"),
	PACKED(says_chroma_qp, 0, "chroma_qp_index_offset is 0, the parameters' 1"),
	PACKED(says_more_frame_nums, 0, "log2_max_frame_num is 4, the parameters' 5"),
	PACKED(says_more_pocs, 0, "log2_max_pic_order_cnt_lsb is 8, the parameters' 9"),
	PACKED(says_idr_pic_id, 0, "idr_pic_id is 1, the parameters' 2"),
	PACKED(says_poc, 1, "pic_order_cnt_lsb is 2, the parameters' 4"),
	PACKED(says_qp_delta, 1, "slice_qp_delta is 0, the parameters' 1"),
	PACKED(says_cabac_idc, 1, "cabac_init_idc is 0, the parameters' 1"),
	PACKED(says_deblocking, 1, "disable_deblocking_filter_idc is 0, the parameters' 1"),
	PACKED(sets_behind, 0, "a packed header behind the slice's"),
	PACKED(slice_groups, 0, "the packed PPS cannot be read"),
	PACKED(says_weights, 0, "weighted_pred_flag is 0, the parameters' 1"),
	PACKED(says_intra, 0, "constrained_intra_pred_flag is 0, the parameters' 1"),
	PACKED(says_no_control, 0, "deblocking_filter_control_present_flag is 1, the"),
	PACKED(says_second_chroma, 0, "second_chroma_qp_index_offset is 0, the parameters' 1"),
	PACKED(says_poc_type, 0, "pic_order_cnt_type is 0, the parameters' 2"),
	PACKED(says_not_reference, 1, "nal_ref_idc is not 0 is 1, the parameters' 0"),
	PACKED(header_width, 0, "width is 5, the parameters' 4"),
	PACKED(header_height, 0, "height is 5, the parameters' 4"),
	PACKED(header_idr, 1, "nal_unit_type is 5, the parameters' 1"),
	PACKED(header_first_mb, 0, "first_mb_in_slice is 1, the parameters' 0"),
	PACKED(header_intra, 1, "slice_type is 2, the parameters' 0"),
	PACKED(header_frame_num, 1, "frame_num is 5, the parameters' 1"),
	PACKED(header_references, 0, "count of references is 2, the parameters' 1"),
	CALL(map_coded, 0, "nothing was encoded into it"),
	CALL(map_coded, 1, "is mapped"),
	CALL(open_reconstruction, 0, "is the target of an open picture"),
	CALL(overwrite_reference, 1, "was overwritten"),
	CALL(read_reconstruction, 1, "was never written"),
	CALL(render_coded, 0, "holds coded data"),
	CALL(small_misc, 0, "misc parameters of"),
};

int main(void)
{
	return violations_run("encode", violations, sizeof(violations) / sizeof(violations[0]));
}
