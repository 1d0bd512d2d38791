/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/rtp/parameters.c
 */
#include "pipeline/rtp/parameters.h"

#include <string.h>

#include "tests/unit/pipeline/rtp/support.h"

static size_t size(const struct tess_h264_parameters *parameters)
{
	return tess_h264_parameters_size(parameters, TESS_H264_NAL_SPS) +
	       tess_h264_parameters_size(parameters, TESS_H264_NAL_PPS);
}

static void remembers_by_identifier(void **state)
{
	static const uint8_t sps0[] = {0x67, 66, 0, 30, 0x80};	  /* ue 0 */
	static const uint8_t sps1[] = {0x67, 66, 0, 30, 0x40, 9}; /* ue 1 */
	static const uint8_t sps0b[] = {0x67, 77, 0, 30, 0x80};
	static const uint8_t pps0[] = {0x68, 0x80}, pps2[] = {0x68, 0x60, 1};
	static const uint8_t expected_sps[] = {0, 0, 0, 1,    0x67, 77, 0,  30,	  0x80, 0,
					       0, 0, 1, 0x67, 66,   0,	30, 0x40, 9};
	static const uint8_t expected_pps[] = {0, 0, 0, 1, 0x68, 0x80, 0, 0, 0, 1, 0x68, 0x60, 1};
	struct tess_h264_parameters parameters = {0};
	uint8_t buffer[64];

	(void)state;
	assert_int_equal(size(&parameters), 0);
	tess_h264_parameters_put(&parameters, sps0, sizeof(sps0));
	tess_h264_parameters_put(&parameters, sps1, sizeof(sps1));
	tess_h264_parameters_put(&parameters, sps0b, sizeof(sps0b));
	tess_h264_parameters_put(&parameters, pps2, sizeof(pps2));
	tess_h264_parameters_put(&parameters, pps0, sizeof(pps0));
	assert_int_equal(tess_h264_parameters_size(&parameters, TESS_H264_NAL_SPS),
			 sizeof(expected_sps));
	tess_h264_parameters_write(&parameters, TESS_H264_NAL_SPS, buffer);
	assert_memory_equal(buffer, expected_sps, sizeof(expected_sps));
	assert_int_equal(tess_h264_parameters_size(&parameters, TESS_H264_NAL_PPS),
			 sizeof(expected_pps));
	tess_h264_parameters_write(&parameters, TESS_H264_NAL_PPS, buffer);
	assert_memory_equal(buffer, expected_pps, sizeof(expected_pps));
}

static void refuses(void **state)
{
	static const uint8_t cut[] = {0x67, 66, 0, 30};
	static const uint8_t zeros[] = {0x67, 66, 0, 30, 0, 0, 0, 0};
	static const uint8_t id_open[] = {0x67, 66, 0, 30, 0x01};     /* more bits than there are */
	static const uint8_t id_32[] = {0x67, 66, 0, 30, 0x04, 0x20}; /* the largest is 31 */
	static const uint8_t pps_256[] = {0x68, 0x00, 0x80, 0x80};
	static const uint8_t header_only[] = {0x68};
	uint8_t huge[TESS_H264_SPS_BYTES + 1] = {0x67, 66, 0, 30, 0x80};
	struct tess_h264_parameters parameters = {0};

	(void)state;
#define PUT(set) tess_h264_parameters_put(&parameters, set, sizeof(set))
	PUT(cut);
	PUT(zeros);
	PUT(id_open);
	PUT(id_32);
	PUT(pps_256);
	PUT(header_only);
	PUT(huge);
	tess_h264_parameters_put(&parameters, cut, 0);
	assert_int_equal(size(&parameters), 0);
	tess_h264_parameters_put(&parameters, huge, sizeof(huge) - 1);
	assert_int_equal(size(&parameters), 4 + TESS_H264_SPS_BYTES);
#undef PUT
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers_by_identifier),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
