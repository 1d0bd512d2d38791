/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/encode.c - checks the buffers of a picture to encode.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/encode.h"

static void *open_encoder(struct emu_context *context)
{
	(void)context;
	struct emu_encoder *encoder = emu_zalloc(sizeof(*encoder));
	encoder->rate.frame_rate_num = 30;
	encoder->rate.frame_rate_den = 1;
	return encoder;
}

static void close_encoder(void *state)
{
	struct emu_encoder *encoder = state;
	avcodec_free_context(&encoder->codec);
	free(encoder);
}

static const void *misc_payload(const struct emu_buffer *buffer, size_t bytes)
{
	const VAEncMiscParameterBuffer *misc = (const void *)buffer->data;
	emu_check(buffer->size >= sizeof(*misc) + bytes,
		  "vaEndPicture: misc parameters %u of %u bytes", misc->type, buffer->size);
	return misc->data;
}

static void take_misc(struct emu_encode_rate *rate, const struct emu_buffer *buffer)
{
	const VAEncMiscParameterBuffer *misc = (const void *)buffer->data;
	switch (misc->type) {
	case VAEncMiscParameterTypeRateControl: {
		VAEncMiscParameterRateControl rc;
		memcpy(&rc, misc_payload(buffer, sizeof(rc)), sizeof(rc));
		rate->bits_per_second = rc.bits_per_second;
		rate->target_percentage = rc.target_percentage;
		break;
	}
	case VAEncMiscParameterTypeFrameRate: {
		VAEncMiscParameterFrameRate fps;
		memcpy(&fps, misc_payload(buffer, sizeof(fps)), sizeof(fps));
		rate->frame_rate_num = fps.framerate & 0xffff;
		rate->frame_rate_den = fps.framerate >> 16 ? fps.framerate >> 16 : 1;
		emu_check(rate->frame_rate_num > 0, "vaEndPicture: a frame rate of 0");
		break;
	}
	case VAEncMiscParameterTypeHRD: {
		VAEncMiscParameterHRD hrd;
		memcpy(&hrd, misc_payload(buffer, sizeof(hrd)), sizeof(hrd));
		rate->buffer_bits = hrd.buffer_size;
		break;
	}
	default:
		break; /* quality level and the like: hints */
	}
}

static void take_sequence(struct emu_encoder *encoder, const struct emu_context *context,
			  const struct emu_buffer *buffer)
{
	memcpy(&encoder->sequence, buffer->data, sizeof(encoder->sequence));
	const VAEncSequenceParameterBufferH264 *q = &encoder->sequence;
	emu_check(q->picture_width_in_mbs == (context->width + 15) / 16 &&
			  q->picture_height_in_mbs == (context->height + 15) / 16,
		  "vaEndPicture: a sequence of %ux%u macroblocks in a context of %dx%d",
		  q->picture_width_in_mbs, q->picture_height_in_mbs, context->width,
		  context->height);
	emu_check(q->seq_fields.bits.chroma_format_idc == 1 && q->bit_depth_luma_minus8 == 0 &&
			  q->bit_depth_chroma_minus8 == 0 &&
			  q->seq_fields.bits.frame_mbs_only_flag == 1,
		  "vaEndPicture: not a progressive sequence of 8-bit 4:2:0");
	if (!encoder->rate.bits_per_second)
		encoder->rate.bits_per_second = q->bits_per_second;
	encoder->begun = true;
}

static void take_buffers(struct emu_encoder *encoder, struct emu_picture *picture)
{
	const struct emu_buffer *sequence =
		emu_picture_one(picture, VAEncSequenceParameterBufferType);
	if (sequence)
		take_sequence(encoder, picture->context, sequence);
	emu_check(encoder->begun, "vaEndPicture: the first picture has no sequence parameters");
	for (unsigned i = 0; i < picture->count; i++)
		if (picture->buffers[i]->type == VAEncMiscParameterBufferType)
			take_misc(&encoder->rate, picture->buffers[i]);
	emu_check(picture->context->config.rate_control == VA_RC_CQP ||
			  encoder->rate.bits_per_second > 0,
		  "vaEndPicture: no bit rate");
}

static void check_input(const struct emu_encoder *encoder, struct emu_picture *picture)
{
	const VAEncSequenceParameterBufferH264 *q = &encoder->sequence;
	int width = q->picture_width_in_mbs * 16, height = q->picture_height_in_mbs * 16;
	if (q->frame_cropping_flag) {
		width -= 2 * (int)(q->frame_crop_left_offset + q->frame_crop_right_offset);
		height -= 2 * (int)(q->frame_crop_top_offset + q->frame_crop_bottom_offset);
	}
	emu_check(width > 0 && height > 0 && width <= picture->target->width &&
			  height <= picture->target->height,
		  "vaEndPicture: a picture of %dx%d in a surface of %dx%d", width, height,
		  picture->target->width, picture->target->height);
	emu_surface_check_readable(picture->target, "vaEndPicture");
}

/* where the reconstruction goes */
static struct emu_surface *check_reconstruction(struct emu_display *display,
						struct emu_picture *picture,
						const VAEncPictureParameterBufferH264 *p)
{
	const struct emu_context *context = picture->context;
	struct emu_surface *surface = emu_object_get(display, EMU_SURFACE, p->CurrPic.picture_id,
						     "vaEndPicture: reconstruction");
	emu_check(surface != picture->target, "vaEndPicture: the reconstruction %#x is the input",
		  p->CurrPic.picture_id);
	bool listed = context->target_count == 0;
	for (int i = 0; i < context->target_count; i++)
		listed |= context->targets[i] == p->CurrPic.picture_id;
	emu_check(listed,
		  "vaEndPicture: the reconstruction %#x is not a render target of the "
		  "context",
		  p->CurrPic.picture_id);
	emu_check(!surface->open_in,
		  "vaEndPicture: the reconstruction %#x is the target of an "
		  "open picture",
		  p->CurrPic.picture_id);
	emu_picture_use(picture, surface);
	return surface;
}

/* one reference, the picture before: what is offered */
static void check_references(struct emu_display *display, struct emu_encoder *encoder,
			     struct emu_picture *picture, const struct emu_encode_work *work)
{
	const VAEncPictureParameterBufferH264 *p = &work->picture;
	const VAEncSliceParameterBufferH264 *s = &work->slice;
	bool idr = p->pic_fields.bits.idr_pic_flag, intra = s->slice_type % 5 == EMU_H264_I;
	emu_check(s->slice_type % 5 != EMU_H264_B, "vaEndPicture: a B slice, never offered");
	emu_check(!idr || intra, "vaEndPicture: an IDR picture with a P slice");
	emu_check(idr || encoder->has_reference, "vaEndPicture: the first picture is not IDR");
	unsigned frame_num = idr ? 0 : encoder->next_frame_num;
	emu_check(p->frame_num == frame_num, "vaEndPicture: frame_num is %u, not %u", p->frame_num,
		  frame_num);
	if (intra)
		return;
	const VAPictureH264 *reference = &s->RefPicList0[0];
	emu_check(p->num_ref_idx_l0_active_minus1 == 0 && (!s->num_ref_idx_active_override_flag ||
							   s->num_ref_idx_l0_active_minus1 == 0),
		  "vaEndPicture: more references than offered");
	emu_check(reference->picture_id == encoder->reference,
		  "vaEndPicture: the reference %#x is not the reconstruction before, %#x",
		  reference->picture_id, encoder->reference);
	emu_check(reference->TopFieldOrderCnt == encoder->reference_poc,
		  "vaEndPicture: the reference's order count is %d, not %d",
		  reference->TopFieldOrderCnt, encoder->reference_poc);
	bool held = false;
	for (unsigned i = 0; i < 16; i++)
		held |= p->ReferenceFrames[i].picture_id == reference->picture_id &&
			!(p->ReferenceFrames[i].flags & VA_PICTURE_H264_INVALID);
	emu_check(held, "vaEndPicture: the reference %#x is not among ReferenceFrames",
		  reference->picture_id);
	struct emu_surface *surface = emu_object_get(display, EMU_SURFACE, reference->picture_id,
						     "vaEndPicture: reference");
	emu_check(surface->reconstructed_by == picture->context->object.id,
		  "vaEndPicture: the reference %#x was overwritten", reference->picture_id);
	emu_check(reference->picture_id != p->CurrPic.picture_id,
		  "vaEndPicture: the reconstruction %#x overwrites its reference",
		  reference->picture_id);
	emu_picture_use(picture, surface);
}

static void check_slice(const struct emu_encoder *encoder, const struct emu_encode_work *work)
{
	const VAEncSequenceParameterBufferH264 *q = &encoder->sequence;
	const VAEncSliceParameterBufferH264 *s = &work->slice;
	unsigned macroblocks = (unsigned)q->picture_width_in_mbs * q->picture_height_in_mbs;
	emu_check(s->macroblock_address == 0 && s->num_macroblocks == macroblocks,
		  "vaEndPicture: a slice of %u macroblocks from %u in a picture of %u",
		  s->num_macroblocks, s->macroblock_address, macroblocks);
	int qp = work->picture.pic_init_qp + s->slice_qp_delta;
	emu_check(qp >= 0 && qp <= 51, "vaEndPicture: a quantiser of %d", qp);
}

static struct emu_buffer *take_coded(struct emu_display *display,
				     const VAEncPictureParameterBufferH264 *p)
{
	struct emu_buffer *coded =
		emu_object_get(display, EMU_BUFFER, p->coded_buf, "vaEndPicture: coded buffer");
	emu_check(coded->type == VAEncCodedBufferType, "vaEndPicture: buffer %#x holds %s",
		  p->coded_buf, emu_buffer_type_name(coded->type));
	emu_check(!coded->mapped, "vaEndPicture: coded buffer %#x is mapped", p->coded_buf);
	emu_check(coded->pending == 0, "vaEndPicture: coded buffer %#x is in work already",
		  p->coded_buf);
	coded->object.references++;
	return coded;
}

static VAStatus prepare(struct emu_display *display, struct emu_picture *picture)
{
	struct emu_encoder *encoder = picture->context->state;
	const struct emu_buffer *parameters =
		emu_picture_one(picture, VAEncPictureParameterBufferType);
	const struct emu_buffer *slice = emu_picture_one(picture, VAEncSliceParameterBufferType);
	emu_check(parameters && slice, "vaEndPicture: no picture or slice parameters");
	struct emu_encode_work *work = emu_zalloc(sizeof(*work));
	picture->work = work;
	memcpy(&work->picture, parameters->data, sizeof(work->picture));
	memcpy(&work->slice, slice->data, sizeof(work->slice));
	const VAEncPictureParameterBufferH264 *p = &work->picture;
	take_buffers(encoder, picture);
	check_input(encoder, picture);
	check_slice(encoder, work);
	check_references(display, encoder, picture, work);
	struct emu_surface *reconstruction = check_reconstruction(display, picture, p);
	picture->coded = take_coded(display, p);
	work->sequence = encoder->sequence;
	work->rate = encoder->rate;
	work->rate_control = picture->context->config.rate_control;
	work->packed = picture->context->config.packed_headers & VA_ENC_PACKED_HEADER_SLICE;
	emu_encode_packed(encoder, picture, work);
	if (p->pic_fields.bits.reference_pic_flag) {
		encoder->has_reference = true;
		encoder->reference = p->CurrPic.picture_id;
		encoder->reference_poc = p->CurrPic.TopFieldOrderCnt;
		encoder->next_frame_num =
			(p->frame_num + 1u) &
			((16u << encoder->sequence.seq_fields.bits.log2_max_frame_num_minus4) - 1);
	}
	/* it holds samples of the encoder's own kind, for nobody else to read */
	reconstruction->reconstructed_by = picture->context->object.id;
	reconstruction->written = reconstruction->drawn = reconstruction->decoded = false;
	return VA_STATUS_SUCCESS;
}

static void execute(struct emu_picture *picture)
{
	struct emu_encode_work *work = picture->work;
	bool encoded = emu_encode_run(picture->context->state, picture->target, work);
	picture->result = encoded ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_ENCODING_ERROR;
}

static void finish(struct emu_device *device, struct emu_picture *picture)
{
	struct emu_encode_work *work = picture->work;
	struct emu_buffer *coded = picture->coded;
	emu_check(work->coded_length <= coded->size,
		  "coded buffer %#x of %u bytes is too small for %zu", coded->object.id,
		  coded->size, work->coded_length);
	if (work->coded_length)
		memcpy(coded->data, work->coded, work->coded_length);
	coded->segment = (VACodedBufferSegment){
		.size = (uint32_t)work->coded_length,
		.buf = coded->data,
		.status = picture->result ? VA_CODED_BUF_STATUS_BAD_BITSTREAM : 0,
	};
	coded->encoded = true;
	device->stats.encoded++;
}

static void dispose(void *disposed)
{
	struct emu_encode_work *work = disposed;
	if (!work)
		return;
	free(work->headers);
	free(work->slice_nal);
	free(work->coded);
	free(work);
}

const struct emu_codec emu_encode_h264 = {
	.open = open_encoder,
	.close = close_encoder,
	.prepare = prepare,
	.execute = execute,
	.finish = finish,
	.dispose = dispose,
};
