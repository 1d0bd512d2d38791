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

static const struct tess_room_rules everybody = {
	.layout = TESS_LAYOUT_GRID, .width = 1280, .height = 720, .render = TESS_RENDER_CROP};

/* the members of the tiles, in drawing order */
static void assert_tiles(const struct tess_room_seats *seats, const unsigned *expected,
			 unsigned count)
{
	assert_int_equal(seats->tile_count, count);
	for (unsigned i = 0; i < count; i++) {
		assert_true(seats->tiles[i].seat < seats->mixed_count);
		assert_int_equal(seats->mixed[seats->tiles[i].seat].member, expected[i]);
	}
}

#define ASSERT_TILES(seats, ...)                                                             \
	do {                                                                                 \
		const unsigned expected_[] = {__VA_ARGS__};                                  \
		assert_tiles(&(seats), expected_, sizeof(expected_) / sizeof(expected_[0])); \
	} while (0)

static void assert_tile(const struct tess_room_tile *tile, int x, int y, int width, int height,
			enum tess_render render)
{
	assert_int_equal(tile->rect.x, x);
	assert_int_equal(tile->rect.y, y);
	assert_int_equal(tile->rect.width, width);
	assert_int_equal(tile->rect.height, height);
	assert_int_equal(tile->render, render);
}

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
	struct tess_room_rules without = everybody;
	struct tess_room_seats seats;

	(void)state;
	without.audio_only_without_tile = true;
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
	struct tess_room_rules rules = everybody;
	struct tess_room_seats seats;

	(void)state;
	rules.users = users;
	rules.user_count = 3;
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
		assert_int_equal(seats.mixed[i].member, 19 - i);
}

/* alice (camera and screen), bob, carol without a camera, dave */
static const struct tess_room_member five[] = {
	{.user = "alice", .order = 1, .has_video = true},
	{.user = "bob", .order = 2, .has_video = true},
	{.user = "carol", .order = 3},
	{.user = "dave", .order = 4, .has_video = true},
	{.user = "alice", .order = 5, .auxiliary = true, .has_video = true},
};

static struct tess_room_rules rules_of(enum tess_layout_template layout)
{
	struct tess_room_rules rules = everybody;

	rules.layout = layout;
	rules.big_render = TESS_RENDER_FIT;
	return rules;
}

static void floating_puts_the_main_user_first(void **state)
{
	struct tess_room_rules rules = rules_of(TESS_LAYOUT_FLOATING);
	struct tess_room_seats seats;

	(void)state;
	assert_int_equal(tess_room_seat(&seats, five, 5, &rules), 0);
	ASSERT_TILES(seats, 0, 4, 1, 2, 3);
	assert_tile(&seats.tiles[0], 0, 0, 1280, 720, TESS_RENDER_CROP);
	assert_tile(&seats.tiles[1], 14, 542, 300, 168, TESS_RENDER_CROP);
	rules.big = (struct tess_room_who){"dave", false};
	assert_int_equal(tess_room_seat(&seats, five, 5, &rules), 0);
	ASSERT_TILES(seats, 3, 0, 4, 1, 2);
	rules.big = (struct tess_room_who){"alice", true};
	assert_int_equal(tess_room_seat(&seats, five, 5, &rules), 0);
	ASSERT_TILES(seats, 4, 0, 1, 2, 3);
	/* who is not there is not waited for */
	rules.big = (struct tess_room_who){"zoe", false};
	assert_int_equal(tess_room_seat(&seats, five, 5, &rules), 0);
	ASSERT_TILES(seats, 0, 4, 1, 2, 3);
	rules.audio_only_without_tile = true;
	rules.big = (struct tess_room_who){"carol", false};
	assert_int_equal(tess_room_seat(&seats, five, 5, &rules), 0);
	ASSERT_TILES(seats, 0, 4, 1, 3);
	assert_int_equal(seats.mixed_count, 5);
}

static void screen_keeps_its_big_place(void **state)
{
	struct tess_room_rules rules = rules_of(TESS_LAYOUT_SCREEN);
	struct tess_room_seats seats;

	(void)state;
	/* nobody is named: the background shows, and all are small */
	assert_int_equal(tess_room_seat(&seats, five, 5, &rules), 0);
	ASSERT_TILES(seats, 0, 4, 1, 2, 3);
	assert_tile(&seats.tiles[0], 1098, 0, 182, 120, TESS_RENDER_CROP);
	rules.big = (struct tess_room_who){"alice", true};
	assert_int_equal(tess_room_seat(&seats, five, 5, &rules), 0);
	ASSERT_TILES(seats, 4, 0, 1, 2, 3);
	assert_tile(&seats.tiles[0], 0, 0, 1024, 720, TESS_RENDER_FIT);
	assert_tile(&seats.tiles[4], 1024, 540, 256, 180, TESS_RENDER_CROP);
	rules.big_right = true;
	assert_int_equal(tess_room_seat(&seats, five, 4, &rules), 0);
	ASSERT_TILES(seats, 0, 1, 2, 3);
	assert_tile(&seats.tiles[0], 0, 0, 256, 180, TESS_RENDER_CROP);
}

static void picture_in_picture(void **state)
{
	struct tess_room_rules rules = rules_of(TESS_LAYOUT_PICTURE);
	struct tess_room_seats seats;

	(void)state;
	rules.small = (struct tess_room_who){"alice", false};
	rules.small_rect = (struct tess_rect){941, 521, 321, 181};
	assert_int_equal(tess_room_seat(&seats, five, 5, &rules), 0);
	ASSERT_TILES(seats, 4, 0); /* the first who is not the small one */
	assert_tile(&seats.tiles[0], 0, 0, 1280, 720, TESS_RENDER_CROP);
	assert_tile(&seats.tiles[1], 940, 520, 320, 180, TESS_RENDER_CROP);
	assert_int_equal(seats.mixed_count, 5); /* everybody else is heard */
	rules.big = (struct tess_room_who){"zoe", false};
	assert_int_equal(tess_room_seat(&seats, five, 5, &rules), 0);
	ASSERT_TILES(seats, 0);
	rules.small_rect.height = 1; /* nothing to draw into */
	assert_int_equal(tess_room_seat(&seats, five, 5, &rules), 0);
	assert_int_equal(seats.tile_count, 0);
}

static struct tess_room_preset preset(const char *user, bool auxiliary, int x, int32_t z)
{
	return (struct tess_room_preset){.who = {user, auxiliary},
					 .rect = {x, 0, 100, 100},
					 .z = z,
					 .render = TESS_RENDER_FIT};
}

static void custom_places_are_kept_and_filled(void **state)
{
	const struct tess_room_preset presets[] = {
		preset(NULL, false, 0, 0),
		preset("dave", false, 100, 0),
		preset(NULL, false, 200, 0),
		preset("zoe", false, 300, 0),
	};
	struct tess_room_rules rules = rules_of(TESS_LAYOUT_CUSTOM);
	struct tess_room_member members[5];
	struct tess_room_seats seats;

	(void)state;
	rules.presets = presets;
	rules.preset_count = 4;
	memcpy(members, five, sizeof(members));
	assert_int_equal(tess_room_seat(&seats, members, 5, &rules), 0);
	ASSERT_TILES(seats, 0, 3, 4);
	assert_tile(&seats.tiles[1], 100, 0, 100, 100, TESS_RENDER_FIT);
	assert_int_equal(seats.mixed_count, 3); /* bob and carol are neither seen nor heard */
	for (unsigned i = 0; i < seats.mixed_count; i++)
		members[seats.mixed[i].member].preset = seats.mixed[i].preset;
	/* alice's camera goes: nobody is shifted, bob comes into the free place */
	members[0] = members[1];
	assert_int_equal(tess_room_seat(&seats, members, 5, &rules), 0);
	assert_int_equal(seats.mixed_count, 3);
	assert_string_equal(members[seats.mixed[0].member].user, "bob");
	assert_int_equal(seats.mixed[0].preset, 1);
	assert_int_equal(seats.mixed[2].member, 4);
	assert_int_equal(seats.mixed[2].preset, 3);
}

static void custom_place_moves_to_the_one_kept(void **state)
{
	/* a new layout keeps another place for somebody who sits on a free one */
	const struct tess_room_preset presets[] = {
		preset(NULL, false, 0, 0),
		preset("alice", false, 100, 0),
	};
	struct tess_room_rules rules = rules_of(TESS_LAYOUT_CUSTOM);
	struct tess_room_member members[2] = {five[0], five[1]};
	struct tess_room_seats seats;

	(void)state;
	rules.presets = presets;
	rules.preset_count = 2;
	members[0].preset = 1;
	assert_int_equal(tess_room_seat(&seats, members, 2, &rules), 0);
	ASSERT_TILES(seats, 1, 0);
}

static void custom_order_input_and_images(void **state)
{
	struct tess_room_preset presets[] = {
		preset("alice", false, 0, 5),	preset("bob", false, 100, 1),
		preset("carol", false, 200, 1), preset("dave", false, 300, 0),
		preset("zoe", false, 400, 9),
	};
	struct tess_room_rules rules = rules_of(TESS_LAYOUT_CUSTOM);
	struct tess_room_seats seats;

	(void)state;
	rules.presets = presets;
	rules.preset_count = 5;
	presets[1].unheard = true; /* video only */
	presets[3].unseen = true;  /* audio only */
	assert_int_equal(tess_room_seat(&seats, five, 5, &rules), 0);
	/* carol sends no picture: the background shows; by z: bob under alice */
	ASSERT_TILES(seats, 1, 0);
	assert_int_equal(seats.mixed_count, 4);
	assert_true(seats.mixed[0].heard);
	assert_false(seats.mixed[1].heard);
	assert_true(seats.mixed[3].heard);
	presets[2].image = 7;
	presets[4].image = 8;
	presets[0].image = 9; /* alice sends one: it is not shown */
	assert_int_equal(tess_room_seat(&seats, five, 5, &rules), 0);
	assert_int_equal(seats.tile_count, 4);
	assert_int_equal(seats.tiles[1].image, 7);
	assert_int_equal(seats.tiles[1].seat, TESS_ROOM_MAX_SEATS);
	assert_tile(&seats.tiles[1], 200, 0, 100, 100, TESS_RENDER_STRETCH);
	assert_int_equal(seats.tiles[2].seat, 0);
	assert_int_equal(seats.tiles[3].image, 8);
}

static void nothing_is_drawn_without_a_canvas(void **state)
{
	struct tess_room_rules rules = {.layout = TESS_LAYOUT_SCREEN};
	struct tess_room_seats seats;

	(void)state;
	assert_int_equal(tess_room_seat(&seats, five, 5, &rules), 0);
	assert_int_equal(seats.mixed_count, 5);
	assert_int_equal(seats.tile_count, 0);
}

/* alice's mix: her camera, two places for others, one for who is in another room */
static void custom_of_a_user(void **state)
{
	struct tess_room_preset presets[] = {
		preset("alice", false, 0, 0), preset(NULL, false, 100, 1),
		preset(NULL, true, 200, 1),   preset(NULL, false, 300, 1),
		preset("zoe", false, 400, 1),
	};
	struct tess_room_member members[] = {
		{.user = "zoe", .room = "far", .order = 1, .has_video = true},
		{.user = "yan", .room = "far", .order = 2, .has_video = true},
		{.user = "alice", .order = 3, .has_video = true},
		{.user = "alice", .order = 4, .auxiliary = true, .has_video = true},
		{.user = "bob", .order = 5, .auxiliary = true, .has_video = true},
		{.user = "carol", .order = 6, .has_video = true},
		{.user = "dave", .order = 7, .has_video = true},
		{.user = "zoe", .order = 8, .has_video = true},
	};
	struct tess_room_rules rules = rules_of(TESS_LAYOUT_CUSTOM);
	struct tess_room_seats seats;

	(void)state;
	presets[3].room = "far";
	presets[4].room = "far";
	rules.presets = presets;
	rules.preset_count = 5;
	rules.local = "alice";
	assert_int_equal(tess_room_seat(&seats, members, 8, &rules), 0);
	/* the free places: carol has a camera, bob a screen, yan is over there and has no place of
	 * his own; the zoe that is named is the one over there */
	ASSERT_TILES(seats, 2, 5, 4, 1, 0);
	assert_int_equal(seats.mixed_count, 5);
	/* the others are heard, but not alice's screen */
	rules.others_heard = true;
	assert_int_equal(tess_room_seat(&seats, members, 8, &rules), 0);
	ASSERT_TILES(seats, 2, 5, 4, 1, 0);
	assert_int_equal(seats.mixed_count, 7);
	assert_int_equal(seats.mixed[5].member, 6);
	assert_int_equal(seats.mixed[6].member, 7);
	assert_true(seats.mixed[6].heard);
	/* who held a place keeps it, who was only heard moves up when it is free */
	for (unsigned i = 0; i < seats.mixed_count; i++)
		members[seats.mixed[i].member].preset = seats.mixed[i].preset;
	members[5].order = 20;
	assert_int_equal(tess_room_seat(&seats, members, 8, &rules), 0);
	ASSERT_TILES(seats, 2, 5, 4, 1, 0);
	members[5] = members[7];
	assert_int_equal(tess_room_seat(&seats, members, 7, &rules), 0);
	ASSERT_TILES(seats, 2, 6, 4, 1, 0);
	/* without places all of the own room are heard and nobody is seen */
	rules.preset_count = 0;
	assert_int_equal(tess_room_seat(&seats, members, 7, &rules), 0);
	assert_int_equal(seats.tile_count, 0);
	assert_int_equal(seats.mixed_count, 4);
}

static void members_of_other_rooms_have_no_other_place(void **state)
{
	const struct tess_room_member members[] = {
		{.user = "zoe", .room = "far", .order = 1, .has_video = true},
		{.user = "alice", .order = 3, .has_video = true},
	};
	const struct tess_room_preset presets[] = {preset(NULL, false, 0, 0),
						   preset(NULL, false, 100, 0)};
	struct tess_room_rules rules = rules_of(TESS_LAYOUT_CUSTOM);
	struct tess_room_seats seats;

	(void)state;
	assert_int_equal(tess_room_seat(&seats, members, 2, &everybody), 0);
	ASSERT_TILES(seats, 1);
	assert_int_equal(seats.mixed_count, 1);
	rules.presets = presets;
	rules.preset_count = 2;
	assert_int_equal(tess_room_seat(&seats, members, 2, &rules), 0);
	ASSERT_TILES(seats, 1);
	assert_int_equal(seats.mixed_count, 1);
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
		cmocka_unit_test(floating_puts_the_main_user_first),
		cmocka_unit_test(screen_keeps_its_big_place),
		cmocka_unit_test(picture_in_picture),
		cmocka_unit_test(custom_places_are_kept_and_filled),
		cmocka_unit_test(custom_place_moves_to_the_one_kept),
		cmocka_unit_test(custom_order_input_and_images),
		cmocka_unit_test(nothing_is_drawn_without_a_canvas),
		cmocka_unit_test(custom_of_a_user),
		cmocka_unit_test(members_of_other_rooms_have_no_other_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
