/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/latency.c - a percentile over the last seconds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "firmware/media/latency.h"

static void percentile(void **state)
{
	struct tess_latency *latency = calloc(1, sizeof(*latency));

	(void)state;
	assert_non_null(latency);
	assert_int_equal(tess_latency_percentile_us(latency, 95), 0);
	for (int ms = 1; ms <= 100; ms++)
		tess_latency_add(latency, 1000000, ms * 1000);
	assert_int_equal(tess_latency_percentile_us(latency, 95), 95000);
	assert_int_equal(tess_latency_percentile_us(latency, 50), 50000);
	assert_int_equal(tess_latency_percentile_us(latency, 100), 100000);
	free(latency);
}

static void rounds_up_and_stays_in_range(void **state)
{
	struct tess_latency *latency = calloc(1, sizeof(*latency));

	(void)state;
	assert_non_null(latency);
	tess_latency_add(latency, 1, 1001);
	assert_int_equal(tess_latency_percentile_us(latency, 100), 2000);
	tess_latency_add(latency, 1, INT64_C(5000000));
	assert_int_equal(tess_latency_percentile_us(latency, 100), 1000000);
	tess_latency_add(latency, 1, -5000);
	assert_int_equal(tess_latency_percentile_us(latency, 1), 0);
	free(latency);
}

static void forgets_after_twenty_seconds(void **state)
{
	struct tess_latency *latency = calloc(1, sizeof(*latency));

	(void)state;
	assert_non_null(latency);
	tess_latency_add(latency, 10000000, 900000);
	tess_latency_add(latency, 20000000, 5000); /* the other turn remembers the first */
	assert_int_equal(tess_latency_percentile_us(latency, 100), 900000);
	tess_latency_add(latency, 30000000, 6000);
	assert_int_equal(tess_latency_percentile_us(latency, 100), 6000);
	free(latency);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentile),
		cmocka_unit_test(rounds_up_and_stays_in_range),
		cmocka_unit_test(forgets_after_twenty_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
