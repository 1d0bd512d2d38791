/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/emulated/va/decode_h264.c - checks the buffers of an H.264 picture and makes an access unit
 * of them.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/emulated/va/decode.h"
#include "tests/emulated/va/h264.h"

#define MAX_PPS	     256
#define SET_BYTES    1024 /* of one parameter set */
#define HEADER_BYTES 512  /* of a slice, unescaped, are enough for any header */

/* one picture on its way to an access unit */
struct unit {
	struct emu_display *display;
	struct emu_picture *picture;
	const VAPictureParameterBufferH264 *parameters;
	struct emu_h264_sps sps;
	struct emu_h264_pps pps;
	struct {
		bool used;
		unsigned references[2]; /* default counts, as far as slices show them */
	} sets[MAX_PPS];
	uint8_t *slices;
	size_t length;
};

static void *open_decoder(struct emu_context *context)
{
	(void)context;
	return emu_decoder_open(AV_CODEC_ID_H264);
}

static bool is_reference(const VAPictureH264 *entry)
{
	return entry->picture_id != VA_INVALID_SURFACE && !(entry->flags & VA_PICTURE_H264_INVALID);
}

/* a reference must hold the picture that its order counts tell; damaged streams may lack it */
static void check_reference(struct unit *unit, const VAPictureH264 *entry, unsigned i)
{
	struct emu_picture *picture = unit->picture;
	struct emu_surface *surface = emu_object_get(unit->display, EMU_SURFACE, entry->picture_id,
						     "vaEndPicture: reference");
	bool own_field =
		surface == picture->target && unit->parameters->pic_fields.bits.field_pic_flag;
	emu_check(own_field || surface != picture->target,
		  "vaEndPicture: the target %#x is reference %u of itself", entry->picture_id, i);
	emu_check(surface->fourcc == VA_FOURCC_NV12, "vaEndPicture: reference %u is not NV12", i);
	if (!unit->display->device->personality.damaged) {
		emu_check(surface->decoded,
			  "vaEndPicture: reference %u, surface %#x, holds no decoded picture", i,
			  entry->picture_id);
		emu_check(surface->top_poc == entry->TopFieldOrderCnt &&
				  surface->bottom_poc == entry->BottomFieldOrderCnt,
			  "vaEndPicture: reference %u, surface %#x, holds order counts %d, %d, not "
			  "%d, %d",
			  i, entry->picture_id, surface->top_poc, surface->bottom_poc,
			  entry->TopFieldOrderCnt, entry->BottomFieldOrderCnt);
	}
	if (!own_field)
		emu_picture_use(picture, surface);
}

static void check_parameters(struct unit *unit)
{
	const VAPictureParameterBufferH264 *p = unit->parameters;
	const struct emu_surface *target = unit->picture->target;
	const struct emu_context *context = unit->picture->context;
	emu_check(p->CurrPic.picture_id == target->object.id,
		  "vaEndPicture: CurrPic is %#x, the target %#x", p->CurrPic.picture_id,
		  target->object.id);
	int width = (p->picture_width_in_mbs_minus1 + 1) * 16;
	int height = (p->picture_height_in_mbs_minus1 + 1) * 16;
	emu_check(width <= ((target->width + 15) & ~15) && height <= ((target->height + 15) & ~15),
		  "vaEndPicture: a picture of %dx%d in a surface of %dx%d", width, height,
		  target->width, target->height);
	emu_check(width <= ((context->width + 15) & ~15) &&
			  height <= ((context->height + 15) & ~15),
		  "vaEndPicture: a picture of %dx%d in a context of %dx%d", width, height,
		  context->width, context->height);
	emu_check(p->seq_fields.bits.chroma_format_idc == 1 && p->bit_depth_luma_minus8 == 0 &&
			  p->bit_depth_chroma_minus8 == 0,
		  "vaEndPicture: not 8-bit 4:2:0");
	emu_check(p->num_ref_frames <= 16, "vaEndPicture: %u references", p->num_ref_frames);
	for (unsigned i = 0; i < 16; i++)
		if (is_reference(&p->ReferenceFrames[i]))
			check_reference(unit, &p->ReferenceFrames[i], i);
}

static bool in_dpb(const VAPictureParameterBufferH264 *p, VASurfaceID id)
{
	for (unsigned i = 0; i < 16; i++)
		if (is_reference(&p->ReferenceFrames[i]) && p->ReferenceFrames[i].picture_id == id)
			return true;
	return false;
}

static void check_lists(const struct unit *unit, const VASliceParameterBufferH264 *s,
			const struct emu_h264_slice *slice)
{
	const VAPictureH264 *const lists[2] = {s->RefPicList0, s->RefPicList1};
	for (unsigned list = 0; list < 2; list++)
		for (unsigned i = 0; i < slice->references[list] && i < 32; i++) {
			const VAPictureH264 *entry = &lists[list][i];
			if (unit->display->device->personality.damaged && !is_reference(entry))
				continue;
			emu_check(
				is_reference(entry) && in_dpb(unit->parameters, entry->picture_id),
				"vaEndPicture: entry %u of list %u, surface %#x, is not among the "
				"references",
				i, list, entry->picture_id);
		}
}

/* the application parsed the header too; both must agree */
static void check_header(const struct unit *unit, const VASliceParameterBufferH264 *s,
			 const struct emu_h264_slice *slice)
{
	const VAPictureParameterBufferH264 *p = unit->parameters;
	const struct {
		const char *what;
		long said, read;
	} facts[] = {
		{"first_mb_in_slice", s->first_mb_in_slice, slice->first_mb},
		{"slice_type", s->slice_type % 5, slice->type},
		{"frame_num", p->frame_num, slice->frame_num},
		{"field_pic_flag", p->pic_fields.bits.field_pic_flag, slice->field},
		{"reference_pic_flag", p->pic_fields.bits.reference_pic_flag,
		 slice->nal_ref_idc != 0},
		{"slice_qp_delta", s->slice_qp_delta, slice->qp - unit->pps.init_qp},
		{"cabac_init_idc", s->cabac_init_idc, slice->cabac_init_idc},
		{"disable_deblocking_filter_idc", s->disable_deblocking_filter_idc,
		 slice->disable_deblocking},
		{"slice_alpha_c0_offset_div2", s->slice_alpha_c0_offset_div2,
		 slice->alpha_offset_div2},
		{"slice_beta_offset_div2", s->slice_beta_offset_div2, slice->beta_offset_div2},
		{"slice_data_bit_offset", s->slice_data_bit_offset, (long)slice->end},
	};
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		emu_check(facts[i].said == facts[i].read,
			  "vaEndPicture: %s is %ld, the slice's header has %ld", facts[i].what,
			  facts[i].said, facts[i].read);
	if (unit->sps.poc_type == 0) {
		int poc = slice->bottom ? p->CurrPic.BottomFieldOrderCnt
					: p->CurrPic.TopFieldOrderCnt;
		unsigned lsb = (unsigned)poc & ((1u << unit->sps.log2_max_poc_lsb) - 1);
		emu_check(lsb == slice->poc_lsb,
			  "vaEndPicture: CurrPic's order count %d is not the slice's %u", poc,
			  slice->poc_lsb);
	}
	check_lists(unit, s, slice);
}

static void take_slice(struct unit *unit, const VASliceParameterBufferH264 *s,
		       const struct emu_buffer *data)
{
	size_t bytes = (size_t)data->size * data->elements;
	emu_check(s->slice_data_size > 1 && s->slice_data_offset <= bytes &&
			  s->slice_data_size <= bytes - s->slice_data_offset,
		  "vaEndPicture: a slice of %u bytes at %u in a buffer of %zu", s->slice_data_size,
		  s->slice_data_offset, bytes);
	emu_check(s->slice_data_flag == VA_SLICE_DATA_FLAG_ALL,
		  "vaEndPicture: a slice in parts (flag %u)", s->slice_data_flag);
	const uint8_t *nal = data->data + s->slice_data_offset;
	uint8_t head[HEADER_BYTES];
	size_t length = emu_nal_unescape(
		head, nal, s->slice_data_size < HEADER_BYTES ? s->slice_data_size : HEADER_BYTES);
	struct emu_h264_slice slice;
	unit->pps.references[0] = s->num_ref_idx_l0_active_minus1 + 1u;
	unit->pps.references[1] = s->num_ref_idx_l1_active_minus1 + 1u;
	bool parsed = emu_h264_parse_slice(&slice, &unit->sps, &unit->pps, head, length);
	emu_check(parsed && slice.pps_id < MAX_PPS,
		  "vaEndPicture: the slice data do not begin with a slice's header");
	check_header(unit, s, &slice);
	unit->sets[slice.pps_id].used = true;
	if (slice.type != EMU_H264_I && !slice.references_override) {
		unit->sets[slice.pps_id].references[0] = slice.references[0];
		if (slice.type == EMU_H264_B)
			unit->sets[slice.pps_id].references[1] = slice.references[1];
	}
	unit->slices = realloc(unit->slices, unit->length + 3 + s->slice_data_size);
	if (!unit->slices)
		abort();
	memcpy(unit->slices + unit->length, (const uint8_t[]){0, 0, 1}, 3);
	memcpy(unit->slices + unit->length + 3, nal, s->slice_data_size);
	unit->length += 3 + s->slice_data_size;
}

static void take_slices(struct unit *unit)
{
	struct emu_picture *picture = unit->picture;
	const struct emu_buffer *parameters = NULL;
	for (unsigned i = 0; i < picture->count; i++) {
		const struct emu_buffer *buffer = picture->buffers[i];
		if (buffer->type == VASliceParameterBufferType) {
			emu_check(!parameters, "vaEndPicture: slice parameters without data");
			parameters = buffer;
		}
		if (buffer->type != VASliceDataBufferType)
			continue;
		emu_check(parameters, "vaEndPicture: slice data without parameters");
		const VASliceParameterBufferH264 *s = (const void *)parameters->data;
		for (unsigned n = 0; n < parameters->elements; n++)
			take_slice(unit, &s[n], buffer);
		parameters = NULL;
	}
	emu_check(!parameters, "vaEndPicture: slice parameters without data");
	emu_check(unit->length > 0, "vaEndPicture: a picture without slices");
}

static size_t write_sets(const struct unit *unit, const VAIQMatrixBufferH264 *matrix, uint8_t **to)
{
	size_t length = 0, room = SET_BYTES;
	for (unsigned id = 0; id < MAX_PPS; id++)
		room += unit->sets[id].used ? SET_BYTES : 0;
	*to = emu_zalloc(room);
	length += emu_h264_write_sps(*to, unit->parameters);
	for (unsigned id = 0; id < MAX_PPS; id++) {
		if (!unit->sets[id].used)
			continue;
		unsigned references[2] = {unit->sets[id].references[0],
					  unit->sets[id].references[1]};
		references[0] += references[0] == 0;
		references[1] += references[1] == 0;
		length +=
			emu_h264_write_pps(*to + length, unit->parameters, matrix, id, references);
	}
	return length;
}

/* parameter sets go in front when they are not those of the picture before */
static void make_data(struct unit *unit, struct emu_decode_work *work)
{
	struct emu_decoder *decoder = unit->picture->context->state;
	const struct emu_buffer *matrix = emu_picture_one(unit->picture, VAIQMatrixBufferType);
	emu_check(matrix, "vaEndPicture: a picture without a quantiser matrix");
	uint8_t *sets;
	size_t length = write_sets(unit, (const void *)matrix->data, &sets);
	bool same = length == decoder->sets_length && memcmp(sets, decoder->sets, length) == 0;
	size_t prefix = same ? 0 : length;
	work->length = prefix + unit->length;
	work->data = emu_zalloc(work->length);
	memcpy(work->data, sets, prefix);
	memcpy(work->data + prefix, unit->slices, unit->length);
	free(decoder->sets);
	decoder->sets = sets;
	decoder->sets_length = length;
}

static VAStatus prepare(struct emu_display *display, struct emu_picture *picture)
{
	struct emu_decoder *decoder = picture->context->state;
	struct emu_surface *target = picture->target;
	const struct emu_buffer *parameters =
		emu_picture_one(picture, VAPictureParameterBufferType);
	emu_check(parameters, "vaEndPicture: a picture without parameters");
	struct unit unit = {
		.display = display,
		.picture = picture,
		.parameters = (const void *)parameters->data,
	};
	const VAPictureParameterBufferH264 *p = unit.parameters;
	if (p->seq_fields.bits.pic_order_cnt_type == 1)
		return VA_STATUS_ERROR_UNIMPLEMENTED; /* its cycle is not in the buffers */
	emu_h264_sps_of(&unit.sps, p);
	emu_h264_pps_of(&unit.pps, p);
	check_parameters(&unit);
	take_slices(&unit);
	struct emu_decode_work *work = emu_zalloc(sizeof(*work));
	picture->work = work;
	make_data(&unit, work);
	free(unit.slices);
	bool field = p->pic_fields.bits.field_pic_flag;
	work->second_field = field && decoder->field_target == target->object.id;
	decoder->field_target = field && !work->second_field ? target->object.id : 0;
	target->written = target->drawn = target->unsynced = target->decoded = true;
	target->top_poc = p->CurrPic.TopFieldOrderCnt;
	target->bottom_poc = p->CurrPic.BottomFieldOrderCnt;
	target->reconstructed_by = 0;
	return VA_STATUS_SUCCESS;
}

const struct emu_codec emu_decode_h264 = {
	.open = open_decoder,
	.close = emu_decoder_close,
	.prepare = prepare,
	.execute = emu_decode_execute,
	.finish = emu_decode_finish,
	.dispose = emu_decode_dispose,
};
