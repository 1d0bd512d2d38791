/* SPDX-License-Identifier: GPL-3.0-or-later
 * Decoding times from display times: known and unknown depth, breaks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/stream/reorder.h"

#define PICTURE_US 40000

/* Times in pictures, in the order of decoding. @return how many were put off */
static unsigned feed(struct tess_reorder *reorder, const int *shown, unsigned count)
{
	unsigned put_off = 0;

	for (unsigned i = 0; i < count; i++) {
		int64_t wanted_us = INT64_C(1000000000) + (int64_t)shown[i] * PICTURE_US;
		int64_t before_us = reorder->dts_us, pts_us = wanted_us;
		bool begun = reorder->begun;
		int64_t dts_us = tess_reorder_dts(reorder, &pts_us);

		assert_true(!begun || dts_us > before_us);
		assert_true(dts_us <= pts_us);
		assert_true(pts_us >= wanted_us);
		put_off += pts_us != wanted_us;
	}
	return put_off;
}

static void test_in_order(void **state)
{
	static const int shown[] = {0, 1, 2, 3, 7, 8};
	struct tess_reorder reorder = {0};

	(void)state;
	assert_int_equal(feed(&reorder, shown, 6), 0);
	/* no picture waits */
	assert_int_equal(reorder.dts_us, 1000000000 + 8 * PICTURE_US);
}

static void test_known_depth(void **state)
{
	static const int one[] = {0, 3, 1, 2, 6, 4, 5, 7, 10, 8, 9};
	static const int pyramid[] = {0, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10, 9, 11};
	struct tess_reorder reorder = {0};

	(void)state;
	tess_reorder_set_depth(&reorder, 1);
	assert_int_equal(feed(&reorder, one, 11), 0);
	/* a picture is decoded when the one before it in time is shown */
	assert_int_equal(reorder.dts_us, 1000000000 + 9 * PICTURE_US);
	reorder = (struct tess_reorder){0};
	tess_reorder_set_depth(&reorder, 2);
	assert_int_equal(feed(&reorder, pyramid, 13), 0);
	/* no more than there are */
	tess_reorder_set_depth(&reorder, TESS_REORDER_MAX + 1);
	assert_int_equal(reorder.depth, 2);
	tess_reorder_set_depth(&reorder, 1);
	assert_int_equal(reorder.depth, 2);
}

static void test_unknown_depth(void **state)
{
	static const int shown[] = {0, 3, 1, 2, 6, 4, 5, 9, 7, 8};
	struct tess_reorder reorder = {0};

	(void)state;
	/* the first that come too late are put off, and no others */
	assert_in_range(feed(&reorder, shown, 7), 1, 3);
	assert_int_equal(reorder.depth, 2);
	assert_int_equal(feed(&reorder, shown + 7, 3), 0);
}

/* After a hole, and where time steps back. */
static void test_breaks(void **state)
{
	static const int before[] = {0, 3, 1, 2}, after[] = {100, 103, 101, 102}, back[] = {50, 51};
	struct tess_reorder reorder = {0};

	(void)state;
	tess_reorder_set_depth(&reorder, 1);
	assert_int_equal(feed(&reorder, before, 4), 0);
	tess_reorder_break(&reorder);
	assert_int_equal(feed(&reorder, after, 1), 0);
	/* its time is near its own, not before the hole */
	assert_true(reorder.dts_us > 1000000000 + 99 * PICTURE_US);
	assert_int_equal(feed(&reorder, after + 1, 3), 0);
	assert_int_equal(feed(&reorder, back, 2), 2);
	assert_int_equal(reorder.depth, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_known_depth),
		cmocka_unit_test(test_unknown_depth),
		cmocka_unit_test(test_breaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
