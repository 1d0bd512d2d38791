/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/tests/violations_decode.c - pictures to decode whose buffers are wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/tests/tiny.h"
#include "tests/emulated/va/tests/violation.h"

#define SIDE TINY_SIDE

struct scene {
	struct rig rig;
	struct tiny_stream stream;
	struct rig_context context;
	VASurfaceID surfaces[TINY_PICTURES], fresh, rgb;
};

static struct scene scene;

struct spoil {
	void (*spoil)(struct tiny_picture *picture);
	unsigned first; /* that is spoiled: 0 the I picture, 1 a P picture */
	int context_side;
};

static void run(const void *argument)
{
	const struct spoil *spoil = argument;
	int side = spoil->context_side ? spoil->context_side : SIDE;
	struct tiny_picture picture;
	tiny_make(&scene.stream);
	rig_open(&scene.rig, "");
	rig_remove(&scene.rig);
	for (unsigned i = 0; i < TINY_PICTURES; i++)
		scene.surfaces[i] = rig_surface(&scene.rig, VA_FOURCC_NV12, SIDE, SIDE);
	scene.fresh = rig_surface(&scene.rig, VA_FOURCC_NV12, SIDE, SIDE);
	scene.rgb = rig_surface(&scene.rig, VA_FOURCC_BGRA, SIDE, SIDE);
	scene.context = rig_context(&scene.rig, VAProfileH264High, VAEntrypointVLD, NULL, 0, side,
				    side, NULL, 0);
	for (unsigned i = 0; i < TINY_PICTURES; i++) {
		tiny_picture(&picture, &scene.stream, i, scene.surfaces[i],
			     i ? scene.surfaces[i - 1] : VA_INVALID_SURFACE);
		if (i == spoil->first && spoil->spoil)
			spoil->spoil(&picture);
		VA_OK(tiny_decode(&scene.rig, scene.context.id, &picture));
		VA_OK(vaSyncSurface(scene.rig.display, scene.surfaces[i]));
	}
	rig_destroy_context(&scene.rig, &scene.context);
	for (unsigned i = 0; i < TINY_PICTURES; i++)
		rig_destroy_surface(&scene.rig, scene.surfaces[i]);
	rig_destroy_surface(&scene.rig, scene.fresh);
	rig_destroy_surface(&scene.rig, scene.rgb);
	rig_close(&scene.rig);
}

#define SPOIL(name, ...)                         \
	static void name(struct tiny_picture *p) \
	{                                        \
		__VA_ARGS__;                     \
	}

SPOIL(no_parameters, p->no_parameters = true)
SPOIL(two_parameters, p->two_parameters = true)
SPOIL(no_matrix, p->no_matrix = true)
SPOIL(no_slice, p->no_slice = true)
SPOIL(no_data, p->no_data = true)
SPOIL(two_slices, p->two_slices = true)
SPOIL(no_slices, p->no_slice = p->no_data = true)
SPOIL(other_target, p->parameters.CurrPic.picture_id = scene.fresh)
SPOIL(large, p->parameters.picture_width_in_mbs_minus1++)
SPOIL(not_420, p->parameters.seq_fields.bits.chroma_format_idc = 2)
SPOIL(ten_bits, p->parameters.bit_depth_luma_minus8 = 2)
SPOIL(many_references, p->parameters.num_ref_frames = 17)
SPOIL(stale_reference, p->parameters.ReferenceFrames[0].picture_id = 0x12345)
SPOIL(undecoded_reference, p->parameters.ReferenceFrames[0].picture_id = scene.fresh)
SPOIL(rgb_reference, p->parameters.ReferenceFrames[0].picture_id = scene.rgb)
SPOIL(own_reference, p->parameters.ReferenceFrames[0].picture_id = p->target)
SPOIL(wrong_poc, p->parameters.ReferenceFrames[0].TopFieldOrderCnt += 2)
SPOIL(wrong_bottom_poc, p->parameters.ReferenceFrames[0].BottomFieldOrderCnt += 2)
SPOIL(list_beside_dpb, p->slice.RefPicList0[0].picture_id = scene.fresh)
SPOIL(list_empty, p->slice.RefPicList0[0].flags = VA_PICTURE_H264_INVALID)
SPOIL(beyond_buffer, p->slice.slice_data_size++)
SPOIL(offset_beyond_buffer, p->slice.slice_data_offset = (uint32_t)p->length + 1)
SPOIL(in_parts, p->slice.slice_data_flag = VA_SLICE_DATA_FLAG_BEGIN)
SPOIL(no_header, p->slice.slice_data_offset = 1, p->slice.slice_data_size--)
SPOIL(first_mb, p->slice.first_mb_in_slice = 1)
SPOIL(slice_type, p->slice.slice_type = p->slice.slice_type == 2 ? 0 : 2)
SPOIL(frame_num, p->parameters.frame_num++)
SPOIL(not_reference, p->parameters.pic_fields.bits.reference_pic_flag = 0)
SPOIL(field, p->parameters.pic_fields.bits.field_pic_flag = 1)
SPOIL(qp, p->slice.slice_qp_delta++)
SPOIL(cabac_idc, p->slice.cabac_init_idc ^= 1)
SPOIL(deblocking, p->slice.disable_deblocking_filter_idc ^= 1)
SPOIL(alpha, p->slice.slice_alpha_c0_offset_div2++)
SPOIL(beta, p->slice.slice_beta_offset_div2++)
SPOIL(bit_offset, p->slice.slice_data_bit_offset++)
SPOIL(poc, p->parameters.CurrPic.TopFieldOrderCnt += 2)

#define BAD(function, first, message)                                               \
	{                                                                           \
#function, run, &(const struct spoil){function, first, 0 }, message \
	}

static const struct violation violations[] = {
	{"nothing_wrong", run, &(const struct spoil){NULL, 0, 0}, NULL},
	{"context_small", run, &(const struct spoil){NULL, 0, 48},
	 "a picture of 64x64 in a context of 48x48"},
	BAD(no_parameters, 0, "a picture without parameters"),
	BAD(two_parameters, 0, "two buffers of picture parameters"),
	BAD(no_matrix, 0, "without a quantiser matrix"),
	BAD(no_slice, 0, "slice data without parameters"),
	BAD(no_data, 0, "slice parameters without data"),
	BAD(two_slices, 0, "slice parameters without data"),
	BAD(no_slices, 0, "a picture without slices"),
	BAD(other_target, 0, "CurrPic is"),
	BAD(large, 0, "a picture of 80x64 in a surface of 64x64"),
	BAD(not_420, 0, "not 8-bit 4:2:0"),
	BAD(ten_bits, 0, "not 8-bit 4:2:0"),
	BAD(many_references, 0, "17 references"),
	BAD(stale_reference, 1, "reference: no such surface: 0x12345"),
	BAD(undecoded_reference, 1, "holds no decoded picture"),
	BAD(rgb_reference, 1, "reference 0 is not NV12"),
	BAD(own_reference, 1, "of itself"),
	BAD(wrong_poc, 1, "holds order counts"),
	BAD(wrong_bottom_poc, 1, "holds order counts"),
	BAD(list_beside_dpb, 1, "is not among the references"),
	BAD(list_empty, 1, "is not among the references"),
	BAD(beyond_buffer, 0, "in a buffer of"),
	BAD(offset_beyond_buffer, 0, "in a buffer of"),
	BAD(in_parts, 0, "a slice in parts"),
	BAD(no_header, 0, "do not begin with a slice's header"),
	BAD(first_mb, 0, "first_mb_in_slice is 1"),
	BAD(slice_type, 1, "slice_type is 2"),
	BAD(frame_num, 1, "frame_num is 2"),
	BAD(not_reference, 0, "reference_pic_flag is 0"),
	BAD(field, 1, "field_pic_flag is 1"),
	BAD(qp, 1, "slice_qp_delta is"),
	BAD(cabac_idc, 1, "cabac_init_idc is 1"),
	BAD(deblocking, 1, "disable_deblocking_filter_idc is"),
	BAD(alpha, 1, "slice_alpha_c0_offset_div2 is"),
	BAD(beta, 1, "slice_beta_offset_div2 is"),
	BAD(bit_offset, 1, "slice_data_bit_offset is"),
	BAD(poc, 1, "CurrPic's order count"),
};

int main(void)
{
	return violations_run("decode", violations, sizeof(violations) / sizeof(violations[0]));
}
