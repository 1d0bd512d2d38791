/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests tests/support/packets/numbered: what is lost, late, doubled or damaged is told
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/packets/numbered.h"

#define LENGTH 200

static int give(struct tess_numbered_stream *streams, uint32_t stream, uint64_t number)
{
	uint8_t data[LENGTH] = {0};

	tess_numbered_write(data, sizeof(data), stream, number);
	return tess_numbered_count(streams, 2, data, sizeof(data));
}

static void losses_are_told_by_stream(void **state)
{
	struct tess_numbered_stream streams[2] = {0};

	(void)state;
	for (uint64_t i = 0; i < 200000; i++)
		if (i != 0 && i != 70000) /* the first counts as well */
			assert_int_equal(give(streams, 0, i), 0);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(give(streams, 1, i), 0);
	assert_int_equal(tess_numbered_lost(&streams[0]), 2);
	assert_int_equal(streams[0].received, 199998);
	assert_int_equal(tess_numbered_lost(&streams[1]), 0);
	assert_int_equal(streams[0].duplicates + streams[0].late, 0);
}

static void late_is_not_lost(void **state)
{
	static const uint64_t order[] = {0, 2, 1, 66, 3, 65};
	struct tess_numbered_stream streams[2] = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		assert_int_equal(give(streams, 0, order[i]), 0);
	assert_int_equal(streams[0].late, 3);
	assert_int_equal(streams[0].duplicates, 0);
	assert_int_equal(streams[0].received, 6);
	assert_int_equal(tess_numbered_lost(&streams[0]), 61);
	assert_int_equal(give(streams, 0, 2), 0); /* too long ago to tell */
	assert_int_equal(streams[0].duplicates, 1);
	assert_int_equal(streams[0].received, 6);
}

static void doubles_are_told(void **state)
{
	struct tess_numbered_stream streams[2] = {0};

	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		assert_int_equal(give(streams, 1, i), 0);
		if (i % 10 == 0)
			assert_int_equal(give(streams, 1, i), 0);
	}
	assert_int_equal(streams[1].received, 100);
	assert_int_equal(streams[1].duplicates, 10);
	assert_int_equal(tess_numbered_lost(&streams[1]), 0);
}

static void damage_is_told(void **state)
{
	struct tess_numbered_stream streams[2] = {0};
	uint8_t data[2 * LENGTH] = {0};

	(void)state;
	tess_numbered_write(data, LENGTH, 0, 5);
	tess_numbered_write(data + LENGTH, LENGTH, 0, 6);
	assert_int_equal(tess_numbered_count(streams, 2, data, LENGTH - 1), -EINVAL);
	assert_int_equal(tess_numbered_count(streams, 2, data, 2 * LENGTH), -EINVAL);
	assert_int_equal(tess_numbered_count(streams, 2, data, TESS_NUMBERED_MIN - 1), -EINVAL);
	assert_int_equal(give(streams, 2, 0), -EINVAL);
	data[3] ^= 1;
	assert_int_equal(tess_numbered_count(streams, 2, data, LENGTH), -EINVAL);
	assert_int_equal(streams[0].received + streams[1].received, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(losses_are_told_by_stream),
		cmocka_unit_test(late_is_not_lost),
		cmocka_unit_test(doubles_are_told),
		cmocka_unit_test(damage_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
