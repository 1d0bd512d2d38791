/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/base/price.c - prices of mixes and their shares of an engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>

#include <cmocka.h>

#include "firmware/base/price.h"

static void assert_near(double value, double expected)
{
	if (fabs(value - expected) > 1e-9)
		fail_msg("%.12g is not %.12g", value, expected);
}

static void pictures(void **state)
{
	(void)state;
	assert_near(tess_price_pictures(1280, 720, 30), 27.648);
	/* nothing known yet: 640x360, 15 a second */
	assert_near(tess_price_pictures(0, 0, 0), 3.456);
	assert_near(tess_price_pictures(0, 0, 30), 6.912);
	assert_near(tess_price_pictures(1280, 720, 0), 13.824);
}

static void shares(void **state)
{
	const struct tess_work capacity = {200, 400, 100};
	struct tess_work work = tess_price_output(1000, 1000, 10);

	(void)state;
	assert_near(work.decode, 0);
	assert_near(work.compose, 10);
	assert_near(work.encode, 10);
	work = tess_work_add(work, (struct tess_work){.decode = 60});
	assert_near(tess_work_share(work, capacity, true), 0.3 + 0.025 + 0.1);
	assert_near(tess_work_share(work, capacity, false), 0.3);
	work.encode = 50;
	assert_near(tess_work_share(work, capacity, false), 0.5);
	work.compose = 400;
	assert_near(tess_work_share(work, capacity, false), 1);
	/* what was not measured has no share */
	assert_near(tess_work_share(work, (struct tess_work){.encode = 100}, true), 0.5);
}

static void differences(void **state)
{
	const struct tess_work a = {10, 5, 7}, b = {4, 6, 7};
	struct tess_work more = tess_work_beyond(a, b);

	(void)state;
	assert_near(more.decode, 6);
	assert_near(more.compose, 0);
	assert_near(more.encode, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures),
		cmocka_unit_test(shares),
		cmocka_unit_test(differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
