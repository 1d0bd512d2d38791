/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests drivers/clock/clock.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>

#include "drivers/clock/clock.h"

static int64_t read_us(clockid_t id)
{
	struct timespec time;

	assert_int_equal(clock_gettime(id, &time), 0);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void system_is_the_kernels(void **state)
{
	const struct tess_clock *clock = tess_clock_system();
	int64_t before_us, now_us, after_us;

	(void)state;
	before_us = read_us(CLOCK_MONOTONIC);
	now_us = tess_clock_now_us(clock);
	after_us = read_us(CLOCK_MONOTONIC);
	assert_in_range(now_us, before_us, after_us);

	before_us = read_us(CLOCK_REALTIME);
	now_us = tess_clock_utc_us(clock);
	after_us = read_us(CLOCK_REALTIME);
	assert_in_range(now_us, before_us, after_us);
	assert_null(clock->advance_to);
}

static void virtual_moves_only_when_told(void **state)
{
	struct tess_clock_virtual virtual;
	struct tess_clock *clock = &virtual.clock;

	(void)state;
	tess_clock_virtual_init(&virtual, 5000000, 1700000000000000);
	assert_int_equal(tess_clock_now_us(clock), 5000000);
	assert_int_equal(tess_clock_utc_us(clock), 1700000000000000);

	clock->advance_to(clock, 5000040);
	assert_int_equal(tess_clock_now_us(clock), 5000040);
	assert_int_equal(tess_clock_utc_us(clock), 1700000000000040);

	clock->advance_to(clock, 5000039);
	assert_int_equal(tess_clock_now_us(clock), 5000040);
}

static void virtual_may_begin_before_zero(void **state)
{
	struct tess_clock_virtual virtual;

	(void)state;
	tess_clock_virtual_init(&virtual, -10, 0);
	assert_int_equal(tess_clock_now_us(&virtual.clock), -10);
	virtual.clock.advance_to(&virtual.clock, 15);
	assert_int_equal(tess_clock_utc_us(&virtual.clock), 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(system_is_the_kernels),
		cmocka_unit_test(virtual_moves_only_when_told),
		cmocka_unit_test(virtual_may_begin_before_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
