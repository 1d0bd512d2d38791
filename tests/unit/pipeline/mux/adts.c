/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of pipeline/mux/adts: headers bit by bit, and what they cannot tell.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/mux/adts.h"

static void headers(void **state)
{
	/* AAC-LC, 48 kHz, stereo: FFF1 | 01 0011 0 0|10 | length 107 | fullness 7FF | 0 */
	static const uint8_t stereo[] = {0xff, 0xf1, 0x4c, 0x80, 0x0d, 0x7f, 0xfc};
	/* 44.1 kHz, mono, the longest frame */
	static const uint8_t mono[] = {0xff, 0xf1, 0x50, 0x43, 0xff, 0xff, 0xfc};
	uint8_t out[TESS_ADTS_HEADER_BYTES];

	(void)state;
	assert_int_equal(tess_adts_header(out, (const uint8_t[]){0x11, 0x90}, 2, 100), 0);
	assert_memory_equal(out, stereo, sizeof(stereo));
	assert_int_equal(tess_adts_header(out, (const uint8_t[]){0x12, 0x08}, 2, 8184), 0);
	assert_memory_equal(out, mono, sizeof(mono));
}

static void refusals(void **state)
{
	uint8_t out[TESS_ADTS_HEADER_BYTES];

	(void)state;
	assert_int_equal(tess_adts_header(out, (const uint8_t[]){0x12, 0x08}, 2, 8185), -EMSGSIZE);
	assert_int_equal(tess_adts_header(out, (const uint8_t[]){0x12}, 1, 10), -ENOTSUP);
	/* SBR (5), a rate that is written out (15), channels that are (0), no object type (0) */
	assert_int_equal(tess_adts_header(out, (const uint8_t[]){0x2b, 0x90}, 2, 10), -ENOTSUP);
	assert_int_equal(tess_adts_header(out, (const uint8_t[]){0x17, 0x90}, 2, 10), -ENOTSUP);
	assert_int_equal(tess_adts_header(out, (const uint8_t[]){0x11, 0x80}, 2, 10), -ENOTSUP);
	assert_int_equal(tess_adts_header(out, (const uint8_t[]){0x01, 0x90}, 2, 10), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
