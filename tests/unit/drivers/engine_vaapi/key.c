/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_vaapi/key.c - where a decoder can begin.
 */
#include "drivers/engine_vaapi/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct {
	const char *what;
	enum tess_codec codec;
	size_t length;
	uint8_t data[40];
	bool key;
} units[] = {
	{"IDR after parameter sets",
	 TESS_CODEC_H264,
	 22,
	 {0, 0, 0, 1, 0x67, 66, 0, 30, 0, 0, 0, 1, 0x68, 1, 2, 0, 0, 1, 0x65, 0x88, 1, 2},
	 true},
	{"another slice", TESS_CODEC_H264, 8, {0, 0, 1, 0x41, 0x9a, 1, 2, 3}, false},
	{"parameter sets alone", TESS_CODEC_H264, 8, {0, 0, 1, 0x67, 66, 0, 30, 5}, false},
	{"recovery point",
	 TESS_CODEC_H264,
	 15,
	 {0, 0, 1, 0x06, 6, 1, 0xc4, 0x80, 0, 0, 1, 0x41, 0x9a, 1, 2},
	 true},
	{"recovery point after another message",
	 TESS_CODEC_H264,
	 18,
	 {0, 0, 1, 0x06, 5, 2, 9, 9, 6, 1, 0xc4, 0x80, 0, 0, 1, 0x41, 0x9a, 1},
	 true},
	{"a message of 255 and more, which is cut",
	 TESS_CODEC_H264,
	 10,
	 {0, 0, 1, 0x06, 0xff, 6, 0xff, 0xff, 6, 1},
	 false},
	{"a message longer than its unit",
	 TESS_CODEC_H264,
	 16,
	 {0, 0, 1, 0x06, 5, 200, 6, 1, 0xc4, 0, 0, 1, 0x41, 0x9a, 1, 2},
	 false},
	{"nothing but lengths", TESS_CODEC_H264, 8, {0, 0, 1, 0x06, 0xff, 0xff, 0xff, 0xff}, false},
	{"IDR's type at the very end", TESS_CODEC_H264, 4, {0, 0, 1, 0x65}, true},
	{"a start code alone", TESS_CODEC_H264, 3, {0, 0, 1}, false},
	{"no start code", TESS_CODEC_H264, 4, {0x65, 0x65, 0x65, 0x65}, false},
	{"H.265 IDR", TESS_CODEC_H265, 7, {0, 0, 1, 19 << 1, 1, 2, 3}, true},
	{"H.265 CRA", TESS_CODEC_H265, 7, {0, 0, 1, 21 << 1, 1, 2, 3}, true},
	{"H.265 trailing picture", TESS_CODEC_H265, 7, {0, 0, 1, 1 << 1, 1, 2, 3}, false},
	{"H.265 parameter set", TESS_CODEC_H265, 7, {0, 0, 1, 32 << 1, 1, 2, 3}, false},
	{"VP8 key frame", TESS_CODEC_VP8, 3, {0x10, 0, 0}, true},
	{"VP8 other frame", TESS_CODEC_VP8, 3, {0x11, 0, 0}, false},
	{"no VP8 frame", TESS_CODEC_VP8, 0, {0}, false},
	{"VP9: libavcodec knows", TESS_CODEC_VP9, 3, {0x86, 0, 0}, true},
};

static void test_units(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (vaapi_key(units[i].codec, units[i].data, units[i].length) != units[i].key)
			fail_msg("%s", units[i].what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_units)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
