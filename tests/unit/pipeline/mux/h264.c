/* SPDX-License-Identifier: GPL-3.0-or-later
 * Parameter sets: sizes of real encoders, decoder configurations byte for byte, and damage.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/mux/h264.h"

/** SPS and PPS as x264 writes them. */
static const struct {
	uint8_t sps[40], sps_length, pps[12], pps_length;
	uint8_t profile, chroma, depth;
	uint16_t width, height;
} streams[] = {
	/* 1088 lines, of which 8 are cut off */
	{{0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00,
	  0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0x78, 0x3c, 0x60, 0xc9, 0x20},
	 26,
	 {0x68, 0xcb, 0x83, 0xcb, 0x20},
	 5,
	 66,
	 1,
	 8,
	 1920,
	 1080},
	{{0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00,
	  0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0x78, 0x3c, 0x60, 0xc6, 0x58},
	 27,
	 {0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0},
	 6,
	 100,
	 1,
	 8,
	 1920,
	 1080},
	/* 4:2:2, 10 bits */
	{{0x67, 0x7a, 0x00, 0x1f, 0xb6, 0xcd, 0x94, 0x05, 0x00, 0x5b, 0xb0, 0x11, 0x00,
	  0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x1e, 0x0f, 0x18, 0x31, 0x96},
	 26,
	 {0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0},
	 6,
	 122,
	 2,
	 10,
	 1280,
	 720},
	/* interlaced */
	{{0x67, 0x64, 0x00, 0x1e, 0xac, 0xd9, 0x40, 0xb4, 0x24, 0xd8, 0x08, 0x80,
	  0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x0f, 0x0f, 0x8a, 0x14, 0xcb},
	 24,
	 {0x68, 0xfb, 0xa3, 0xcb, 0x22, 0xc0},
	 6,
	 100,
	 1,
	 8,
	 720,
	 576},
	/* cut off on two sides */
	{{0x67, 0x4d, 0x40, 0x16, 0xec, 0xa0, 0x52, 0x17, 0xf3, 0x49, 0x80, 0x88, 0x00,
	  0x00, 0x03, 0x00, 0x08, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x78, 0xb1, 0x6c, 0xb0},
	 26,
	 {0x68, 0xeb, 0xe3, 0xcb, 0x20},
	 5,
	 77,
	 1,
	 8,
	 646,
	 362},
	/* 4:4:4 with scaling matrices */
	{{0x67, 0xf4, 0x00, 0x0c, 0x91, 0x9b, 0x28, 0x28, 0x3f, 0x60, 0x22, 0x00, 0x00,
	  0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x3c, 0x1e, 0x28, 0x53, 0x2c},
	 25,
	 {0x68, 0xeb, 0xe3, 0xc4, 0x4c, 0x00, 0x04, 0x40},
	 8,
	 244,
	 3,
	 8,
	 320,
	 240},
};
#define STREAMS (sizeof(streams) / sizeof(streams[0]))

static size_t put_nal(uint8_t *at, const uint8_t *nal, size_t length)
{
	memset(at, 0, 2);
	at[2] = (uint8_t)(length >> 8);
	at[3] = (uint8_t)length;
	memcpy(at + 4, nal, length);
	return 4 + length;
}

static size_t access_unit(uint8_t *au, unsigned stream)
{
	static const uint8_t slice[] = {0x65, 0x88, 0x84};
	size_t length = put_nal(au, streams[stream].sps, streams[stream].sps_length);

	length += put_nal(au + length, streams[stream].pps, streams[stream].pps_length);
	return length + put_nal(au + length, slice, sizeof(slice));
}

static void sizes_of_real_streams(void **state)
{
	struct tess_h264_sps sps;

	(void)state;
	for (unsigned i = 0; i < STREAMS; i++) {
		assert_int_equal(tess_h264_sps_parse(&sps, streams[i].sps, streams[i].sps_length),
				 0);
		assert_int_equal(sps.profile_idc, streams[i].profile);
		assert_int_equal(sps.chroma_format_idc, streams[i].chroma);
		assert_int_equal(sps.bit_depth_luma, streams[i].depth);
		assert_int_equal(sps.width, streams[i].width);
		assert_int_equal(sps.height, streams[i].height);
	}
}

/** x264's, as another parser (trace_headers of libavcodec) reads them. */
static void reorder_depth(void **state)
{
	static const struct {
		int reorder;
		uint8_t length, sps[40];
	} known[] = {
		{0, 24, {0x67, 0x4d, 0x40, 0x0d, 0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10, 0x00, 0x00,
			 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0xa4, 0x80}},
		{1, 25, {0x67, 0x64, 0x00, 0x0d, 0xac, 0xd1, 0x01, 0x41, 0xfb,
			 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00,
			 0x03, 0x03, 0x20, 0xf1, 0x42, 0x91, 0x20}},
		/* with HRD parameters */
		{2, 35, {0x67, 0x64, 0x00, 0x0d, 0xac, 0xd9, 0x41, 0x41, 0xfb, 0x01, 0x10, 0x00,
			 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x26, 0x02, 0x00, 0x1e,
			 0x84, 0x00, 0x07, 0xa1, 0x39, 0x30, 0xc0, 0x1e, 0x28, 0x53, 0x2c}},
		/* without VUI, and the same of the baseline profile */
		{-1, 9, {0x67, 0x64, 0x00, 0x0d, 0xac, 0xd1, 0x01, 0x41, 0xf9}},
		{0, 9, {0x67, 0x42, 0x40, 0x0d, 0xe8, 0x80, 0xa0, 0xfc, 0x80}},
	};
	struct tess_h264_sps sps;

	(void)state;
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_int_equal(tess_h264_sps_parse(&sps, known[i].sps, known[i].length), 0);
		assert_int_equal(sps.width, 320);
		assert_int_equal(sps.reorder, known[i].reorder);
	}
	/* cut off in the middle of the VUI: a picture all the same */
	assert_int_equal(tess_h264_sps_parse(&sps, known[2].sps, 28), 0);
	assert_int_equal(sps.width, 320);
	assert_int_equal(sps.reorder, -1);
}

/** x264's, of 320x180: --sar 45:46, 4:3, 1:1, and none. */
static void shape_of_samples(void **state)
{
	static const struct {
		uint16_t width, height;
		uint8_t length, sps[40];
	} known[] = {
		{45, 46, 27, {0x67, 0x42, 0xc0, 0x0c, 0xda, 0x05, 0x06, 0x7e, 0x7f,
			      0xfc, 0x00, 0xb4, 0x00, 0xb8, 0x40, 0x00, 0x00, 0x03,
			      0x00, 0x40, 0x00, 0x00, 0x07, 0x83, 0xc5, 0x0a, 0xa8}},
		{4, 3, 23, {0x67, 0x42, 0xc0, 0x0c, 0xda, 0x05, 0x06, 0x7e, 0x7c, 0x38, 0x40, 0x00,
			    0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x07, 0x83, 0xc5, 0x0a, 0xa8}},
		{1, 1, 23, {0x67, 0x42, 0xc0, 0x0c, 0xda, 0x05, 0x06, 0x7e, 0x7c, 0x04, 0x40, 0x00,
			    0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x07, 0x83, 0xc5, 0x0a, 0xa8}},
		{0, 0, 22, {0x67, 0x42, 0xc0, 0x0c, 0xda, 0x05, 0x06, 0x7e, 0x78, 0x40, 0x00,
			    0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x07, 0x83, 0xc5, 0x0a, 0xa8}},
	};
	struct tess_h264_sps sps;

	(void)state;
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_int_equal(tess_h264_sps_parse(&sps, known[i].sps, known[i].length), 0);
		assert_int_equal(sps.width, 320);
		assert_int_equal(sps.sar_width, known[i].width);
		assert_int_equal(sps.sar_height, known[i].height);
	}
	/* cut off in the shape */
	assert_int_equal(tess_h264_sps_parse(&sps, known[0].sps, 11), 0);
	assert_int_equal(sps.sar_width, 0);
}

static void configuration_byte_for_byte(void **state)
{
	static const uint8_t high[] = {1,    0x64, 0x00, 0x28, 0xff, 0xe1, 0,	 27,   0x67, 0x64,
				       0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0,
				       0x44, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00,
				       0x78, 0x3c, 0x60, 0xc6, 0x58, 1,	   0,	 6,    0x68, 0xeb,
				       0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0};
	struct tess_h264_config config, again;
	uint8_t au[256];
	size_t length;

	(void)state;
	length = access_unit(au, 1);
	assert_int_equal(tess_h264_config_from_au(&config, au, length), 0);
	assert_int_equal(config.avcc_length, sizeof(high));
	assert_memory_equal(config.avcc, high, sizeof(high));
	assert_int_equal(config.sps.height, 1080);
	/* Baseline has no chroma fields at its end */
	length = access_unit(au, 0);
	assert_int_equal(tess_h264_config_from_au(&config, au, length), 0);
	assert_int_equal(config.avcc_length, 6 + 2 + 26 + 1 + 2 + 5);
	for (unsigned i = 0; i < STREAMS; i++) {
		length = access_unit(au, i);
		assert_int_equal(tess_h264_config_from_au(&config, au, length), 0);
		assert_int_equal(
			tess_h264_config_from_avcc(&again, config.avcc, config.avcc_length), 0);
		assert_int_equal(again.avcc_length, config.avcc_length);
		assert_memory_equal(again.avcc, config.avcc, config.avcc_length);
		assert_int_equal(again.sps.width, streams[i].width);
	}
}

static void set_said_twice_is_kept_once(void **state)
{
	struct tess_h264_config once, twice;
	uint8_t au[512];
	size_t length;

	(void)state;
	length = access_unit(au, 2);
	assert_int_equal(tess_h264_config_from_au(&once, au, length), 0);
	memcpy(au + length, au, length);
	assert_int_equal(tess_h264_config_from_au(&twice, au, 2 * length), 0);
	assert_int_equal(once.avcc_length, twice.avcc_length);
	assert_memory_equal(once.avcc, twice.avcc, once.avcc_length);
}

static void unit_without_sets(void **state)
{
	static const uint8_t slice[] = {0, 0, 0, 2, 0x41, 0x9a};
	struct tess_h264_config config;
	uint8_t au[256];

	(void)state;
	assert_int_equal(tess_h264_config_from_au(&config, slice, sizeof(slice)), -ENOENT);
	/* an SPS alone is not enough */
	assert_int_equal(tess_h264_config_from_au(
				 &config, au, put_nal(au, streams[0].sps, streams[0].sps_length)),
			 -ENOENT);
	assert_int_equal(tess_h264_config_from_au(&config, au, 0), -ENOENT);
}

static void lengths_that_lie(void **state)
{
	static const uint8_t zero[] = {0, 0, 0, 0, 0x65};
	static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 0x65};
	static const uint8_t one_more[] = {0, 0, 0, 2, 0x65};
	static const uint8_t half[] = {0, 0, 0};
	struct tess_h264_config config;

	(void)state;
	assert_int_equal(tess_h264_config_from_au(&config, zero, sizeof(zero)), -EBADMSG);
	assert_int_equal(tess_h264_config_from_au(&config, huge, sizeof(huge)), -EBADMSG);
	assert_int_equal(tess_h264_config_from_au(&config, one_more, sizeof(one_more)), -EBADMSG);
	assert_int_equal(tess_h264_config_from_au(&config, half, sizeof(half)), -EBADMSG);
}

/** Cut off before its picture size it is refused, and never read beyond its end. */
static void sps_cut_off(void **state)
{
	struct tess_h264_sps sps;

	(void)state;
	for (unsigned i = 0; i < STREAMS; i++) {
		for (size_t length = 0; length < streams[i].sps_length; length++) {
			/* of exactly that size, for the address sanitizer */
			uint8_t *cut = malloc(length ? length : 1);
			int error;

			memcpy(cut, streams[i].sps, length);
			error = tess_h264_sps_parse(&sps, cut, length);
			assert_true(error == 0 || error == -EBADMSG);
			if (length < 9)
				assert_int_equal(error, -EBADMSG);
			free(cut);
		}
	}
}

/** Sizes beyond 16 bits and a crop that leaves nothing; an Exp-Golomb code of 40 zeros. */
static void sps_beyond_reason(void **state)
{
	static const uint8_t huge[] = {0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x00, 0x20,
				       0x00, 0x00, 0x40, 0x00, 0x00, 0x80, 0x00};
	static const uint8_t zeros[] = {0x67, 0x42, 0xc0, 0x28, 0, 0, 0, 0, 0, 0, 0};
	/* 16 x 16 pixels, of which all columns are cut off, and then all but two */
	static const uint8_t crop[] = {0x67, 0x42, 0xc0, 0x0a, 0xdd, 0xf2, 0x97, 0x40};
	static const uint8_t two[] = {0x67, 0x42, 0xc0, 0x0a, 0xdd, 0xf2, 0x93, 0x40};
	struct tess_h264_sps sps;
	int error;

	(void)state;
	error = tess_h264_sps_parse(&sps, huge, sizeof(huge));
	assert_true(error == -ENOTSUP || error == -EBADMSG);
	assert_int_equal(tess_h264_sps_parse(&sps, zeros, sizeof(zeros)), -EBADMSG);
	assert_int_equal(tess_h264_sps_parse(&sps, crop, sizeof(crop)), -EBADMSG);
	assert_int_equal(tess_h264_sps_parse(&sps, two, sizeof(two)), 0);
	assert_int_equal(sps.width, 2);
	assert_int_equal(sps.height, 16);
}

static void too_many_sets(void **state)
{
	struct tess_h264_config config;
	uint8_t au[1024], pps[6];
	size_t length;

	(void)state;
	memcpy(pps, streams[1].pps, 6);
	length = put_nal(au, streams[1].sps, streams[1].sps_length);
	for (unsigned i = 0; i < TESS_H264_MAX_SETS; i++) {
		pps[5] = (uint8_t)i;
		length += put_nal(au + length, pps, sizeof(pps));
	}
	assert_int_equal(tess_h264_config_from_au(&config, au, length), 0);
	pps[5] = TESS_H264_MAX_SETS;
	length += put_nal(au + length, pps, sizeof(pps));
	assert_int_equal(tess_h264_config_from_au(&config, au, length), -ENOTSUP);
}

static void stored_configuration_cut_off(void **state)
{
	struct tess_h264_config config, parsed;
	uint8_t au[256];

	(void)state;
	assert_int_equal(tess_h264_config_from_au(&config, au, access_unit(au, 0)), 0);
	for (size_t length = 0; length < config.avcc_length; length++) {
		uint8_t *cut = malloc(length ? length : 1);

		memcpy(cut, config.avcc, length);
		assert_int_equal(tess_h264_config_from_avcc(&parsed, cut, length), -EBADMSG);
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_of_real_streams),
		cmocka_unit_test(reorder_depth),
		cmocka_unit_test(shape_of_samples),
		cmocka_unit_test(configuration_byte_for_byte),
		cmocka_unit_test(set_said_twice_is_kept_once),
		cmocka_unit_test(unit_without_sets),
		cmocka_unit_test(lengths_that_lie),
		cmocka_unit_test(sps_cut_off),
		cmocka_unit_test(sps_beyond_reason),
		cmocka_unit_test(too_many_sets),
		cmocka_unit_test(stored_configuration_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
