/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/decode_vp9.c - checks the buffers of a VP9 picture; its slice data are the
 * frame.
 */
#include "tests/emulated/va/decode.h"

static void *open_decoder(struct emu_context *context)
{
	(void)context;
	return emu_decoder_open(AV_CODEC_ID_VP9);
}

static void check_references(struct emu_display *display, struct emu_picture *picture,
			     const VADecPictureParameterBufferVP9 *p)
{
	bool inter = p->pic_fields.bits.frame_type == 1 && !p->pic_fields.bits.intra_only;
	if (!inter)
		return;
	const unsigned used[3] = {p->pic_fields.bits.last_ref_frame,
				  p->pic_fields.bits.golden_ref_frame,
				  p->pic_fields.bits.alt_ref_frame};
	for (unsigned i = 0; i < 3; i++) {
		VASurfaceID id = p->reference_frames[used[i]];
		struct emu_surface *surface =
			emu_object_get(display, EMU_SURFACE, id, "vaEndPicture: reference");
		emu_check(surface != picture->target,
			  "vaEndPicture: the target %#x is a reference of itself", id);
		emu_check(surface->decoded || display->device->personality.damaged,
			  "vaEndPicture: reference %u, surface %#x, holds no decoded picture",
			  used[i], id);
		emu_picture_use(picture, surface);
	}
}

static VAStatus prepare(struct emu_display *display, struct emu_picture *picture)
{
	struct emu_surface *target = picture->target;
	const struct emu_buffer *parameters =
		emu_picture_one(picture, VAPictureParameterBufferType);
	const struct emu_buffer *slices = emu_picture_one(picture, VASliceParameterBufferType);
	const struct emu_buffer *data = emu_picture_one(picture, VASliceDataBufferType);
	emu_check(parameters && slices && data,
		  "vaEndPicture: a picture without parameters or data");
	const VADecPictureParameterBufferVP9 *p = (const void *)parameters->data;
	const VASliceParameterBufferVP9 *s = (const void *)slices->data;
	emu_check(p->frame_width <= target->width && p->frame_height <= target->height,
		  "vaEndPicture: a picture of %ux%u in a surface of %dx%d", p->frame_width,
		  p->frame_height, target->width, target->height);
	emu_check(p->profile == 0 && p->bit_depth == 8, "vaEndPicture: not VP9 profile 0");
	check_references(display, picture, p);
	size_t bytes = (size_t)data->size * data->elements;
	emu_check(s->slice_data_offset <= bytes &&
			  s->slice_data_size <= bytes - s->slice_data_offset &&
			  s->slice_data_size > 0,
		  "vaEndPicture: a slice of %u bytes at %u in a buffer of %zu", s->slice_data_size,
		  s->slice_data_offset, bytes);
	emu_check(p->frame_header_length_in_bytes + p->first_partition_size <= s->slice_data_size,
		  "vaEndPicture: headers of %u + %u bytes in a slice of %u",
		  p->frame_header_length_in_bytes, p->first_partition_size, s->slice_data_size);
	struct emu_decode_work *work = emu_zalloc(sizeof(*work));
	picture->work = work;
	work->length = s->slice_data_size;
	work->data = emu_copy(data->data + s->slice_data_offset, work->length);
	target->written = target->drawn = target->unsynced = target->decoded = true;
	target->top_poc = target->bottom_poc = 0;
	target->reconstructed_by = 0;
	return VA_STATUS_SUCCESS;
}

const struct emu_codec emu_decode_vp9 = {
	.open = open_decoder,
	.close = emu_decoder_close,
	.prepare = prepare,
	.execute = emu_decode_execute,
	.finish = emu_decode_finish,
	.dispose = emu_decode_dispose,
};
