/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/mix/visible.c - what is wholly covered, by one or by several together; held
 * against counting every pixel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/mix/visible.h"

#define SIDE 24

static void by_one(void **state)
{
	const struct tess_rect rect = {10, 20, 100, 50};
	const struct tess_rect same = rect, larger = {0, 0, 200, 200};
	const struct tess_rect less[] = {
		{12, 20, 98, 50}, {10, 22, 100, 48}, {10, 20, 98, 50}, {10, 20, 100, 48}};

	(void)state;
	assert_true(tess_rect_is_seen(&rect, NULL, 0));
	assert_false(tess_rect_is_seen(&rect, &same, 1));
	assert_false(tess_rect_is_seen(&rect, &larger, 1));
	for (unsigned i = 0; i < 4; i++)
		assert_true(tess_rect_is_seen(&rect, &less[i], 1));
}

static void by_several(void **state)
{
	const struct tess_rect rect = {0, 0, 100, 100};
	const struct tess_rect quarters[] = {
		{50, 50, 50, 50}, {0, 0, 50, 50}, {0, 50, 50, 50}, {50, 0, 50, 50}};
	const struct tess_rect hole[] = {
		{0, 0, 100, 48}, {0, 52, 100, 48}, {0, 40, 48, 20}, {52, 40, 48, 20}};

	(void)state;
	assert_false(tess_rect_is_seen(&rect, quarters, 4));
	assert_true(tess_rect_is_seen(&rect, quarters, 3));
	assert_true(tess_rect_is_seen(&rect, hole, 4));
}

static void what_is_empty_is_not_seen(void **state)
{
	const struct tess_rect flat = {0, 0, 100, 0}, thin = {0, 0, 0, 100};
	const struct tess_rect rect = {0, 0, 4, 4};

	(void)state;
	assert_false(tess_rect_is_seen(&flat, NULL, 0));
	assert_false(tess_rect_is_seen(&thin, NULL, 0));
	/* and hides nothing */
	assert_true(tess_rect_is_seen(&rect, &flat, 1));
	assert_true(tess_rect_is_seen(&rect, &thin, 1));
}

static uint32_t next_random(uint32_t *random)
{
	*random = *random * 1664525u + 1013904223u;
	return *random >> 8;
}

static struct tess_rect any_rect(uint32_t *random, unsigned least)
{
	int32_t x = (int32_t)(next_random(random) % SIDE),
		y = (int32_t)(next_random(random) % SIDE);

	return (struct tess_rect){x, y,
				  (int32_t)(least + next_random(random) % (unsigned)(SIDE - x)),
				  (int32_t)(least + next_random(random) % (unsigned)(SIDE - y))};
}

static bool counted(const struct tess_rect *rect, const struct tess_rect *over, unsigned count)
{
	for (int32_t y = rect->y; y < rect->y + rect->height; y++) {
		for (int32_t x = rect->x; x < rect->x + rect->width; x++) {
			bool hidden = false;

			for (unsigned i = 0; i < count; i++)
				hidden = hidden ||
					 (x >= over[i].x && x < over[i].x + over[i].width &&
					  y >= over[i].y && y < over[i].y + over[i].height);
			if (!hidden)
				return true;
		}
	}
	return false;
}

static void as_counting_pixels_has_it(void **state)
{
	unsigned seen = 0, hidden = 0;
	uint32_t random = 7;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct tess_rect rect = any_rect(&random, 1), over[8];
		unsigned count = next_random(&random) % 9;
		bool expected;

		for (unsigned i = 0; i < count; i++)
			over[i] = any_rect(&random, 0);
		expected = counted(&rect, over, count);
		assert_int_equal(tess_rect_is_seen(&rect, over, count), expected);
		seen += expected;
		hidden += !expected;
	}
	assert_true(seen > 1000 && hidden > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_one),
		cmocka_unit_test(by_several),
		cmocka_unit_test(what_is_empty_is_not_seen),
		cmocka_unit_test(as_counting_pixels_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
