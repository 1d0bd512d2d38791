/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/egress/sessions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firmware/egress/sessions.h"

static void test_life(void **state)
{
	struct tess_sessions sessions = {0};

	(void)state;
	assert_false(tess_sessions_touch(&sessions, 1, 0));
	assert_int_equal(tess_sessions_expire(&sessions, 0), 0);
	/* all in one row of places */
	for (uint64_t id = 1; id <= 1000; id++)
		assert_int_equal(tess_sessions_add(&sessions, id << 32, (int64_t)id), 0);
	assert_int_equal(sessions.count, 1000);
	for (uint64_t id = 1; id <= 1000; id++)
		assert_true(tess_sessions_touch(&sessions, id << 32, (int64_t)id));
	assert_false(tess_sessions_touch(&sessions, 1001ull << 32, 5));
	assert_true(tess_sessions_touch(&sessions, 7ull << 32, 2000));
	assert_int_equal(tess_sessions_expire(&sessions, 501), 499);
	assert_int_equal(sessions.count, 501);
	assert_true(tess_sessions_touch(&sessions, 7ull << 32, 2000));
	assert_false(tess_sessions_touch(&sessions, 8ull << 32, 2000));
	assert_true(tess_sessions_touch(&sessions, 501ull << 32, 2000));
	assert_int_equal(tess_sessions_expire(&sessions, 3000), 501);
	assert_int_equal(sessions.count, 0);
	tess_sessions_free(&sessions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_life)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
