/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/thin.c - which pictures of a publication need not be decoded.
 */
#include "firmware/media/thin.h"

#include "pipeline/stream/annexb.h"

/* nal_unit_type 1 to 5 are slices of pictures, table 7-1 */
#define NAL_SLICE_FIRST 1
#define NAL_SLICE_LAST	5
#define NAL_SPS		7
#define NAL_PPS		8
/* Time stamps are of 90 kHz and slewed; beyond that a picture is late. */
#define TOLERANCE_US 2000

bool tess_thin_is_disposable(const uint8_t *data, size_t length)
{
	const uint8_t *nal;
	size_t offset = 0, nal_length;
	bool slices = false;

	while (tess_annexb_next(data, length, &offset, &nal, &nal_length)) {
		unsigned type = nal[0] & 0x1fu;

		/* pictures to come may need it */
		if (type == NAL_SPS || type == NAL_PPS)
			return false;
		if (type < NAL_SLICE_FIRST || type > NAL_SLICE_LAST)
			continue;
		if (nal[0] & 0x60u)
			return false;
		slices = true;
	}
	return slices;
}

void tess_thin_note(struct tess_thin *thin, int64_t capture_us)
{
	if (thin->last_us)
		thin->distances_us[thin->count++ % TESS_THIN_DISTANCES] =
			capture_us - thin->last_us;
	thin->last_us = capture_us;
}

bool tess_thin_may_leave_out(const struct tess_thin *thin, int64_t interval_us)
{
	if (thin->count < TESS_THIN_DISTANCES)
		return false;
	for (unsigned i = 0; i < TESS_THIN_DISTANCES; i++) {
		int64_t distance_us = thin->distances_us[i];

		if (distance_us <= 0 || distance_us > interval_us + TOLERANCE_US)
			return false;
	}
	return true;
}
