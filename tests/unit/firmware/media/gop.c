/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/gop.c - what is kept since a key frame, and its bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/media/gop.h"

static void add(struct tess_gop *gop, size_t length, int64_t capture_us, bool key)
{
	uint8_t *data = calloc(1, length + 1);
	struct tess_unit *unit;

	assert_non_null(data);
	if (length)
		data[length - 1] = 0x77;
	assert_int_equal(tess_unit_alloc(&unit, data, length, capture_us, key), 0);
	free(data);
	tess_gop_add(gop, unit);
	tess_unit_unref(unit);
}

static struct tess_gop *gop_new(void)
{
	struct tess_gop *gop = calloc(1, sizeof(*gop));

	assert_non_null(gop);
	return gop;
}

static void gop_free(struct tess_gop *gop)
{
	tess_gop_clear(gop);
	free(gop);
}

static void from_a_key_frame_on(void **state)
{
	struct tess_gop *gop = gop_new();

	(void)state;
	/* never a key frame: nothing is kept */
	for (int i = 0; i < 100000; i++)
		add(gop, 10, i, false);
	assert_int_equal(gop->count, 0);
	assert_int_equal(gop->bytes, 0);
	add(gop, 100, 1000, true);
	add(gop, 20, 2000, false);
	assert_int_equal(gop->count, 2);
	assert_int_equal(gop->bytes, 120);
	assert_int_equal(gop->units[1]->capture_us, 2000);
	assert_int_equal(gop->units[1]->length, 20);
	assert_int_equal(gop->units[1]->data[19], 0x77);
	/* the next key frame takes the place of all */
	add(gop, 50, 3000, true);
	assert_int_equal(gop->count, 1);
	assert_int_equal(gop->bytes, 50);
	assert_int_equal(gop->units[0]->capture_us, 3000);
	gop_free(gop);
}

static void at_most_so_many_bytes(void **state)
{
	struct tess_gop *gop = gop_new();

	(void)state;
	add(gop, TESS_GOP_BYTES / 2, 0, true);
	add(gop, TESS_GOP_BYTES / 2, 1, false);
	assert_int_equal(gop->count, 2);
	add(gop, 1, 2, false);
	assert_int_equal(gop->count, 0);
	assert_int_equal(gop->bytes, 0);
	/* half of a group of pictures is of no use */
	add(gop, 1, 3, false);
	assert_int_equal(gop->count, 0);
	add(gop, TESS_GOP_BYTES + 1, 4, true);
	assert_int_equal(gop->count, 0);
	add(gop, TESS_GOP_BYTES, 5, true);
	assert_int_equal(gop->count, 1);
	gop_free(gop);
}

static void at_most_so_long(void **state)
{
	struct tess_gop *gop = gop_new();

	(void)state;
	add(gop, 1, 5, true);
	add(gop, 1, 5 + TESS_GOP_SPAN_US, false);
	assert_int_equal(gop->count, 2);
	add(gop, 1, 6 + TESS_GOP_SPAN_US, false);
	assert_int_equal(gop->count, 0);
	/* time that stands still or goes back does not make it grow for ever */
	add(gop, 1, 5, true);
	for (int i = 1; i < TESS_GOP_UNITS; i++)
		add(gop, 1, 5 - i, false);
	assert_int_equal(gop->count, TESS_GOP_UNITS);
	add(gop, 1, 5, false);
	assert_int_equal(gop->count, 0);
	gop_free(gop);
}

static void units_outlive_it(void **state)
{
	struct tess_gop *gop = gop_new();
	struct tess_unit *unit;

	(void)state;
	add(gop, 3, 1, true);
	unit = tess_unit_ref(gop->units[0]);
	gop_free(gop);
	assert_int_equal(unit->data[2], 0x77);
	tess_unit_unref(unit);
	tess_unit_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_a_key_frame_on),
		cmocka_unit_test(at_most_so_many_bytes),
		cmocka_unit_test(at_most_so_long),
		cmocka_unit_test(units_outlive_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
