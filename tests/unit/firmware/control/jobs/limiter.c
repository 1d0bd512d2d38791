/* SPDX-License-Identifier: GPL-3.0-or-later
 * So many times in a window.
 */
#include "firmware/control/jobs/limiter.h"

#include <stdio.h>

#include "cloud/cmocka_headers.h"

static void test_window(void **state)
{
	struct tess_limiter *limiter;

	(void)state;
	assert_int_equal(tess_limiter_alloc(&limiter, 4, 1000), 0);
	assert_int_equal(tess_limiter_count(limiter, "a", 2, 100), 0);
	assert_int_equal(tess_limiter_count(limiter, "a", 2, 200), 0);
	assert_int_equal(tess_limiter_count(limiter, "a", 2, 300), 800);
	assert_int_equal(tess_limiter_count(limiter, "b", 2, 300), 0);
	assert_int_equal(tess_limiter_count(limiter, "a", 2, 1099), 1);
	assert_int_equal(tess_limiter_count(limiter, "a", 2, 1100), 0);
	assert_int_equal(tess_limiter_count(limiter, "a", 2, 1100), 0);
	assert_int_equal(tess_limiter_count(limiter, "a", 2, 1100), 1000);
	tess_limiter_forget(limiter, "a");
	tess_limiter_forget(limiter, "nobody");
	assert_int_equal(tess_limiter_count(limiter, "a", 2, 1101), 0);
	tess_limiter_free(limiter);
}

static void test_bounded(void **state)
{
	struct tess_limiter *limiter;
	char key[300];

	(void)state;
	assert_int_equal(tess_limiter_alloc(&limiter, 4, 1000), 0);
	assert_int_equal(tess_limiter_count(limiter, "old", 1, 1), 0);
	for (int i = 0; i < 3; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(tess_limiter_count(limiter, key, 1, 2), 0);
	}
	/* the table is full: the one that began first gives way, the others are remembered */
	assert_int_equal(tess_limiter_count(limiter, "new", 1, 3), 0);
	assert_int_not_equal(tess_limiter_count(limiter, "2", 1, 3), 0);
	assert_int_not_equal(tess_limiter_count(limiter, "new", 1, 3), 0);
	assert_int_equal(tess_limiter_count(limiter, "old", 1, 3), 0);
	/* long keys are cut, not overrun */
	(void)snprintf(key, sizeof(key), "%0290d", 7);
	assert_int_equal(tess_limiter_count(limiter, key, 1, 3), 0);
	assert_int_not_equal(tess_limiter_count(limiter, key, 1, 3), 0);
	tess_limiter_free(limiter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
