/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of pipeline/stream/annexb.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/stream/annexb.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void expect_lengths(const uint8_t *in, size_t in_size, const uint8_t *want, size_t want_size)
{
	uint8_t out[64];
	size_t length = 0;

	assert_int_equal(tess_annexb_to_lengths(out, sizeof(out), &length, in, in_size), 0);
	assert_int_equal(length, want_size);
	assert_memory_equal(out, want, want_size);
	/* it fits exactly, and not in one byte less */
	assert_int_equal(tess_annexb_to_lengths(out, want_size, &length, in, in_size), 0);
	assert_int_equal(tess_annexb_to_lengths(out, want_size - 1, &length, in, in_size),
			 -EMSGSIZE);
}

static void test_to_lengths(void **state)
{
	(void)state;
	expect_lengths(BYTES(0, 0, 1, 0x65, 1), BYTES(0, 0, 0, 2, 0x65, 1));
	/* 3 and 4 byte start codes, and zeros in front of the first */
	expect_lengths(BYTES(0, 0, 0, 0, 1, 0x67, 9, 0, 0, 1, 0x68, 0, 0, 0, 1, 0x65, 0, 3),
		       BYTES(0, 0, 0, 2, 0x67, 9, 0, 0, 0, 1, 0x68, 0, 0, 0, 3, 0x65, 0, 3));
	/* trailing zeros do not belong to the unit, zeros inside do */
	expect_lengths(BYTES(0, 0, 1, 0x61, 0, 0, 3, 0, 5, 0, 0, 0),
		       BYTES(0, 0, 0, 6, 0x61, 0, 0, 3, 0, 5));
	/* empty units are passed over; bytes in front of the first start code are not a unit */
	expect_lengths(BYTES(7, 7, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0x41, 2, 0, 0, 1),
		       BYTES(0, 0, 0, 2, 0x41, 2));
}

static void test_no_unit(void **state)
{
	uint8_t out[16];
	size_t length;

	(void)state;
	assert_int_equal(tess_annexb_to_lengths(out, 16, &length, BYTES(1, 2, 3, 4)), -EBADMSG);
	assert_int_equal(tess_annexb_to_lengths(out, 16, &length, BYTES(0, 0, 0, 0)), -EBADMSG);
	assert_int_equal(tess_annexb_to_lengths(out, 16, &length, BYTES(0, 0, 1)), -EBADMSG);
	assert_int_equal(tess_annexb_to_lengths(out, 16, &length, BYTES(0, 0, 1, 0)), -EBADMSG);
	assert_int_equal(tess_annexb_to_lengths(out, 16, &length, BYTES(0)), -EBADMSG);
	assert_int_equal(tess_annexb_to_lengths(out, 16, &length, (const uint8_t *)"", 0),
			 -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_lengths),
		cmocka_unit_test(test_no_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
