/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/thin.c - which pictures of a publication need not be decoded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/media/thin.h"

#define DISPOSABLE(...) \
	tess_thin_is_disposable((const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static void a_picture_of_slices_without_nal_ref_idc(void **state)
{
	(void)state;
	assert_true(DISPOSABLE(0, 0, 0, 1, 0x01, 0x9a));
	assert_true(DISPOSABLE(0, 0, 1, 0x01, 0x9a, 0, 0, 1, 0x01, 0x88));
	/* an access unit delimiter, and SEI, have nal_ref_idc 0 always */
	assert_true(
		DISPOSABLE(0, 0, 0, 1, 0x09, 0x30, 0, 0, 0, 1, 0x06, 5, 0, 0, 0, 1, 0x01, 0x9a));
	assert_false(DISPOSABLE(0, 0, 0, 1, 0x06, 5, 0, 0, 0, 1, 0x41, 0x9a));
	assert_false(DISPOSABLE(0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 1, 0, 0, 0, 1, 0x65, 0x88));
	assert_false(DISPOSABLE(0, 0, 0, 1, 0x21, 0x9a));
	/* one slice of it is enough */
	assert_false(DISPOSABLE(0, 0, 0, 1, 0x01, 0x9a, 0, 0, 1, 0x41, 0x9a));
	/* parameter sets may be needed by pictures that refer to nothing else of it */
	assert_false(DISPOSABLE(0, 0, 0, 1, 0x68, 1, 0, 0, 0, 1, 0x01, 0x9a));
	assert_false(DISPOSABLE(0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x01, 0x9a));
	/* no picture at all is not known to be of no use */
	assert_false(DISPOSABLE(0, 0, 0, 1, 0x06, 5));
	assert_false(DISPOSABLE(1, 2, 3, 4));
}

static void note_all(struct tess_thin *thin, unsigned count, int64_t distance_us)
{
	for (unsigned i = 0; i < count; i++)
		tess_thin_note(thin, thin->last_us ? thin->last_us + distance_us : 5000000);
}

static void only_where_enough_remain(void **state)
{
	struct tess_thin thin = {0};

	(void)state;
	/* sixteen distances are seventeen pictures */
	note_all(&thin, 16, 66667);
	assert_false(tess_thin_may_leave_out(&thin, 66666));
	note_all(&thin, 1, 66667);
	assert_true(tess_thin_may_leave_out(&thin, 66666));
	assert_true(tess_thin_may_leave_out(&thin, 100000));
	assert_false(tess_thin_may_leave_out(&thin, 40000));
	assert_false(tess_thin_may_leave_out(&thin, 33333));
}

static void one_hole_and_all_are_decoded_for_a_second(void **state)
{
	struct tess_thin thin = {0};

	(void)state;
	note_all(&thin, 17, 66667);
	note_all(&thin, 1, 133333);
	assert_false(tess_thin_may_leave_out(&thin, 66666));
	note_all(&thin, 15, 66667);
	assert_false(tess_thin_may_leave_out(&thin, 66666));
	note_all(&thin, 1, 66667);
	assert_true(tess_thin_may_leave_out(&thin, 66666));
	/* a time line that jumps back */
	tess_thin_note(&thin, 1000);
	assert_false(tess_thin_may_leave_out(&thin, 66666));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_picture_of_slices_without_nal_ref_idc),
		cmocka_unit_test(only_where_enough_remain),
		cmocka_unit_test(one_hole_and_all_are_decoded_for_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
