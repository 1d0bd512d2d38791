/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/key.c - a look at the headers of an access unit.
 */
#include "drivers/engine_vaapi/key.h"

#define H264_IDR	   5 /* H.264 table 7-1 */
#define H264_SEI	   6
#define SEI_RECOVERY_POINT 6  /* H.264 D.1.1 */
#define H265_FIRST_IRAP	   16 /* H.265 table 7-1 */
#define H265_LAST_IRAP	   23

/* H.264 7.3.2.3.1; a recovery point is small numbers alone, so escaping does not matter before it
 */
static bool has_recovery_point(const uint8_t *sei, const uint8_t *end)
{
	while (end - sei > 2) {
		unsigned type = 0, size = 0;
		while (sei < end && *sei == 0xff)
			type += *sei++;
		type += sei < end ? *sei++ : 0;
		while (sei < end && *sei == 0xff)
			size += *sei++;
		size += sei < end ? *sei++ : 0;
		if (type == SEI_RECOVERY_POINT)
			return true;
		if (size > (size_t)(end - sei))
			return false;
		sei += size;
	}
	return false;
}

static bool unit_is_key(enum tess_codec codec, const uint8_t *unit, const uint8_t *end)
{
	if (codec == TESS_CODEC_H264) {
		unsigned type = unit[0] & 0x1f;
		return type == H264_IDR || (type == H264_SEI && has_recovery_point(unit + 1, end));
	}
	unsigned type = unit[0] >> 1 & 0x3f;
	return type >= H265_FIRST_IRAP && type <= H265_LAST_IRAP;
}

static const uint8_t *find_start_code(const uint8_t *data, const uint8_t *end)
{
	for (; end - data > 3; data++)
		if (data[0] == 0 && data[1] == 0 && data[2] == 1)
			return data;
	return end;
}

static bool annexb_has_key(enum tess_codec codec, const uint8_t *data, const uint8_t *end)
{
	const uint8_t *code = find_start_code(data, end);
	while (code < end) {
		const uint8_t *unit = code + 3;
		code = find_start_code(unit, end);
		if (unit_is_key(codec, unit, code))
			return true;
	}
	return false;
}

bool vaapi_key(enum tess_codec codec, const uint8_t *data, size_t length)
{
	switch (codec) {
	case TESS_CODEC_H264:
	case TESS_CODEC_H265:
		return annexb_has_key(codec, data, data + length);
	case TESS_CODEC_VP8:
		return length > 0 && !(data[0] & 1); /* RFC 6386 §9.1 */
	default:
		return true;
	}
}
