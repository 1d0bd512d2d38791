/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/support/repeat.c - pictures that repeat the one before them.
 */
#include "tests/support/repeat.h"

#include <errno.h>
#include <string.h>

/* Bits of a NAL unit, the highest first; beyond the end there are zeros. */
struct bits {
	const uint8_t *data;
	size_t length, at;
};

static unsigned read_bit(struct bits *bits)
{
	size_t byte = bits->at / 8;
	unsigned bit = byte < bits->length ? bits->data[byte] >> (7 - bits->at % 8) & 1u : 0;

	bits->at++;
	return bit;
}

/* ue(v), ITU-T H.264 §9.1; se(v) is as long */
static unsigned read_ue(struct bits *bits)
{
	unsigned zeros = 0, value = 1;

	while (zeros < 31 && !read_bit(bits))
		zeros++;
	for (unsigned i = 0; i < zeros; i++)
		value = value << 1 | read_bit(bits);
	return value - 1;
}

/* §7.3.2.1.1, of the Baseline profile */
static int read_sps(struct tess_test_repeat *repeat, struct bits bits)
{
	unsigned width;

	if (bits.length < 4 || bits.data[1] != 66)
		return -ENOTSUP;
	bits.at = 32;
	(void)read_ue(&bits); /* seq_parameter_set_id */
	repeat->frame_num_bits = read_ue(&bits) + 4;
	if (read_ue(&bits) != 2) /* pic_order_cnt_type */
		return -ENOTSUP;
	(void)read_ue(&bits);  /* max_num_ref_frames */
	(void)read_bit(&bits); /* gaps_in_frame_num_value_allowed_flag */
	width = read_ue(&bits) + 1;
	repeat->macroblocks = width * (read_ue(&bits) + 1);
	return read_bit(&bits) ? 0 : -ENOTSUP; /* frame_mbs_only_flag */
}

/* §7.3.2.2 */
static int read_pps(struct tess_test_repeat *repeat, struct bits bits)
{
	unsigned other;

	bits.at = 8;
	other = read_ue(&bits);	  /* pic_parameter_set_id */
	other |= read_ue(&bits);  /* seq_parameter_set_id */
	other |= read_bit(&bits); /* entropy_coding_mode_flag */
	other |= read_bit(&bits); /* bottom_field_pic_order_in_frame_present_flag */
	other |= read_ue(&bits);  /* num_slice_groups_minus1 */
	if (other)
		return -ENOTSUP;
	(void)read_ue(&bits); /* num_ref_idx_l0_default_active_minus1 */
	(void)read_ue(&bits); /* num_ref_idx_l1_default_active_minus1 */
	if (read_bit(&bits))  /* weighted_pred_flag */
		return -ENOTSUP;
	(void)read_bit(&bits);
	(void)read_bit(&bits); /* weighted_bipred_idc */
	(void)read_ue(&bits);
	(void)read_ue(&bits);
	(void)read_ue(&bits); /* three of quantisation */
	repeat->deblocking_control = read_bit(&bits);
	(void)read_bit(&bits);		       /* constrained_intra_pred_flag */
	return read_bit(&bits) ? -ENOTSUP : 0; /* redundant_pic_cnt_present_flag */
}

static int note_nal(struct tess_test_repeat *repeat, const uint8_t *nal, size_t length)
{
	const struct bits bits = {.data = nal, .length = length};

	switch (nal[0] & 0x1f) {
	case 1:
		/* several slices of a picture begin with other macroblocks than 0: ue(0) is a 1 */
		repeat->references += nal[1] >> 7;
		return 0;
	case 5:
		if (nal[1] >> 7)
			repeat->references = 1;
		return 0;
	case 7:
		return read_sps(repeat, bits);
	case 8:
		return read_pps(repeat, bits);
	default:
		return 0;
	}
}

int tess_test_repeat_note(struct tess_test_repeat *repeat, const uint8_t *data, size_t length)
{
	for (size_t i = 0; i + 4 < length; i++) {
		int error;

		if (data[i] || data[i + 1] || data[i + 2] != 1)
			continue;
		error = note_nal(repeat, data + i + 3, length - i - 3);
		if (error)
			return error;
		i += 3;
	}
	return repeat->macroblocks ? 0 : -ENOTSUP;
}

struct writer {
	uint8_t *data;
	size_t at;
};

static void write_bits(struct writer *writer, unsigned value, unsigned count)
{
	while (count--) {
		if (value >> count & 1)
			writer->data[writer->at / 8] |= (uint8_t)(0x80 >> writer->at % 8);
		writer->at++;
	}
}

static void write_ue(struct writer *writer, unsigned value)
{
	unsigned length = 0;

	while ((value + 1) >> length > 1)
		length++;
	write_bits(writer, 0, length);
	write_bits(writer, value + 1, length + 1);
}

size_t tess_test_repeat_write(const struct tess_test_repeat *repeat,
			      uint8_t data[TESS_TEST_REPEAT_BYTES])
{
	static const uint8_t head[] = {0, 0, 0, 1, 0x01};
	struct writer writer = {.data = data, .at = 8 * sizeof(head)};

	memset(data, 0, TESS_TEST_REPEAT_BYTES);
	memcpy(data, head, sizeof(head));
	write_ue(&writer, 0); /* first_mb_in_slice */
	write_ue(&writer, 5); /* slice_type: P, and so are all of the picture */
	write_ue(&writer, 0); /* pic_parameter_set_id */
	write_bits(&writer, repeat->references & ((1u << repeat->frame_num_bits) - 1),
		   repeat->frame_num_bits);
	write_bits(&writer, 1, 1); /* num_ref_idx_active_override_flag */
	write_ue(&writer, 0);	   /* to one */
	write_bits(&writer, 0, 1); /* ref_pic_list_modification_flag_l0 */
	write_ue(&writer, 0);	   /* slice_qp_delta, se(0) */
	if (repeat->deblocking_control)
		write_ue(&writer, 1);		/* disable_deblocking_filter_idc */
	write_ue(&writer, repeat->macroblocks); /* mb_skip_run */
	write_bits(&writer, 1, 1);		/* rbsp_stop_one_bit */
	/* too few zeros in a row for an emulation prevention byte */
	return (writer.at + 7) / 8;
}
