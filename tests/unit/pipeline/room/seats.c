/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/pipeline/room/seats.c - who of a room is in a mix.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/room/seats.h"

static const struct tess_room_rules everybody = {0};

static void assert_list(const unsigned *list, unsigned count, const unsigned *expected,
			unsigned expected_count)
{
	assert_int_equal(count, expected_count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(list[i], expected[i]);
}

#define ASSERT_TILES(seats, ...)                                          \
	do {                                                              \
		const unsigned expected_[] = {__VA_ARGS__};               \
		assert_list((seats).tiles, (seats).tile_count, expected_, \
			    sizeof(expected_) / sizeof(expected_[0]));    \
	} while (0)

static void nobody(void **state)
{
	struct tess_room_seats seats = {.mixed_count = 7, .tile_count = 7};

	(void)state;
	assert_int_equal(tess_room_seat(&seats, NULL, 0, &everybody), 0);
	assert_int_equal(seats.mixed_count, 0);
	assert_int_equal(seats.tile_count, 0);
}

static void in_the_order_of_entry(void **state)
{
	const struct tess_room_member members[] = {
		{.user = "carol", .order = 30, .has_video = true},
		{.user = "alice", .order = 10, .has_video = true},
		{.user = "bob", .order = 20, .has_video = true},
	};
	struct tess_room_seats seats;

	(void)state;
	assert_int_equal(tess_room_seat(&seats, members, 3, &everybody), 0);
	ASSERT_TILES(seats, 1, 2, 0);
	assert_int_equal(seats.mixed_count, 3);
	/* the first leaves: the others move up */
	assert_int_equal(tess_room_seat(&seats, members + 2, 1, &everybody), 0);
	ASSERT_TILES(seats, 0);
}

static void screen_stands_behind_its_user(void **state)
{
	const struct tess_room_member members[] = {
		{.user = "alice", .order = 1, .has_video = true},
		{.user = "bob", .order = 2, .has_video = true},
		{.user = "alice", .order = 3, .auxiliary = true, .has_video = true},
		/* a screen whose user has no camera stands where it came in */
		{.user = "dave", .order = 4, .auxiliary = true, .has_video = true},
		{.user = "erin", .order = 5, .has_video = true},
	};
	struct tess_room_seats seats;

	(void)state;
	assert_int_equal(tess_room_seat(&seats, members, 5, &everybody), 0);
	ASSERT_TILES(seats, 0, 2, 1, 3, 4);
}

static void audio_only_users(void **state)
{
	const struct tess_room_member members[] = {
		{.user = "alice", .order = 1},
		{.user = "bob", .order = 2, .has_video = true},
	};
	const struct tess_room_rules without = {.audio_only_without_tile = true};
	struct tess_room_seats seats;

	(void)state;
	assert_int_equal(tess_room_seat(&seats, members, 2, &everybody), 0);
	ASSERT_TILES(seats, 0, 1);
	assert_int_equal(tess_room_seat(&seats, members, 2, &without), 0);
	ASSERT_TILES(seats, 1);
	assert_int_equal(seats.mixed_count, 2); /* still heard */
}

static void only_those_named_are_seen(void **state)
{
	const struct tess_room_member members[] = {
		{.user = "alice", .order = 1, .has_video = true},
		{.user = "bob", .order = 2, .has_video = true},
		{.user = "carol", .order = 3, .has_video = true},
	};
	const char *const users[] = {"carol", "alice", "nobody"};
	const struct tess_room_rules rules = {.users = users, .user_count = 3};
	struct tess_room_seats seats;

	(void)state;
	assert_int_equal(tess_room_seat(&seats, members, 3, &rules), 0);
	ASSERT_TILES(seats, 0, 2); /* in the order of entry, not of the list */
	assert_int_equal(seats.mixed_count, 3);
}

static void sixteen_at_most(void **state)
{
	struct tess_room_member members[20];
	char users[20][8];
	struct tess_room_seats seats;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		snprintf(users[i], sizeof(users[i]), "u%u", i);
		members[i] = (struct tess_room_member){
			.user = users[i], .order = 100 - i, .has_video = i % 2 == 0};
	}
	assert_int_equal(tess_room_seat(&seats, members, 20, &everybody), 0);
	assert_int_equal(seats.mixed_count, 16);
	assert_int_equal(seats.tile_count, 16);
	/* the last four to come in, members 3 2 1 0, are neither seen nor heard */
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(seats.mixed[i], 19 - i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody),
		cmocka_unit_test(in_the_order_of_entry),
		cmocka_unit_test(screen_stands_behind_its_user),
		cmocka_unit_test(audio_only_users),
		cmocka_unit_test(only_those_named_are_seen),
		cmocka_unit_test(sixteen_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
