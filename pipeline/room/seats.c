/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/room/seats.c - who of a room is in a mix.
 */
#include "pipeline/room/seats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY TESS_ROOM_MAX_SEATS

/* Where a member stands: behind its user's main stream if that is there. */
struct place {
	uint64_t order;
	uint64_t own_order;
	unsigned index;
	bool auxiliary;
};

/* What goes on while members are seated. */
struct seating {
	struct tess_room_seats *seats;
	const struct tess_room_member *members;
	const struct tess_room_rules *rules;
};

static int compare_places(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	if (a->auxiliary != b->auxiliary)
		return a->auxiliary ? 1 : -1;
	if (a->own_order != b->own_order)
		return a->own_order < b->own_order ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static bool is_of(const char *room, const struct tess_room_member *member)
{
	return room == member->room || (room && member->room && !strcmp(room, member->room));
}

static uint64_t order_of_main(const struct tess_room_member *members, unsigned count,
			      const struct tess_room_member *auxiliary)
{
	for (unsigned i = 0; i < count; i++) {
		if (!members[i].auxiliary && !strcmp(members[i].user, auxiliary->user) &&
		    is_of(auxiliary->room, &members[i]))
			return members[i].order;
	}
	return auxiliary->order;
}

static void sort(struct place *places, const struct tess_room_member *members, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct tess_room_member *member = &members[i];

		places[i].order =
			member->auxiliary ? order_of_main(members, count, member) : member->order;
		places[i].own_order = member->order;
		places[i].auxiliary = member->auxiliary;
		places[i].index = i;
	}
	qsort(places, count, sizeof(*places), compare_places);
}

static const struct tess_room_member *seated(const struct seating *seating, unsigned seat)
{
	return &seating->members[seating->seats->mixed[seat].member];
}

static bool is_who(const struct tess_room_who *who, const struct tess_room_member *member)
{
	return who->user && who->auxiliary == member->auxiliary && !strcmp(who->user, member->user);
}

static unsigned find_seat(const struct seating *seating, const struct tess_room_who *who)
{
	for (unsigned i = 0; i < seating->seats->mixed_count; i++) {
		if (is_who(who, seated(seating, i)))
			return i;
	}
	return NOBODY;
}

static bool may_have_tile(const struct seating *seating, unsigned seat)
{
	const struct tess_room_rules *rules = seating->rules;
	const struct tess_room_member *member = seated(seating, seat);

	if (!member->has_video && rules->audio_only_without_tile)
		return false;
	for (unsigned i = 0; i < rules->user_count; i++) {
		if (!strcmp(rules->users[i], member->user))
			return true;
	}
	return rules->user_count == 0;
}

static void add_seat(struct seating *seating, unsigned member, unsigned preset, bool heard)
{
	seating->seats->mixed[seating->seats->mixed_count++] =
		(struct tess_room_seat){.member = member, .preset = preset, .heard = heard};
}

static void add_tile(struct seating *seating, const struct tess_room_tile *tile)
{
	struct tess_room_tile *added = &seating->seats->tiles[seating->seats->tile_count];

	*added = *tile;
	added->rect.x &= ~1;
	added->rect.y &= ~1;
	added->rect.width &= ~1;
	added->rect.height &= ~1;
	if (added->rect.width > 0 && added->rect.height > 0)
		seating->seats->tile_count++;
}

/* Tiles of the templates whose rectangles follow from how many there are. */
static int place_counted(struct seating *seating)
{
	const struct tess_room_rules *rules = seating->rules;
	struct tess_rect rects[TESS_LAYOUT_MAX_TILES];
	unsigned slots[TESS_LAYOUT_MAX_TILES], count = 0;
	bool screen = rules->layout == TESS_LAYOUT_SCREEN;
	unsigned big = rules->layout == TESS_LAYOUT_GRID ? NOBODY : find_seat(seating, &rules->big);
	int error;

	/* the big tile is everybody's who is named, and stands also when nobody is there */
	if (big != NOBODY && !seated(seating, big)->has_video && rules->audio_only_without_tile)
		big = NOBODY;
	if (screen || big != NOBODY)
		slots[count++] = big;
	for (unsigned i = 0; i < seating->seats->mixed_count; i++) {
		if (i != big && may_have_tile(seating, i))
			slots[count++] = i;
	}
	if (!count)
		return 0;
	error = tess_layout_place(rules->layout, rules->big_right, rules->width, rules->height,
				  count, rects);
	for (unsigned i = 0; i < count && !error; i++) {
		if (slots[i] != NOBODY)
			add_tile(seating, &(struct tess_room_tile){
						  .seat = slots[i],
						  .rect = rects[i],
						  .render = screen && i == 0 ? rules->big_render
									     : rules->render,
					  });
	}
	return error;
}

static void place_picture_in_picture(struct seating *seating)
{
	const struct tess_room_rules *rules = seating->rules;
	unsigned big = find_seat(seating, &rules->big), small = find_seat(seating, &rules->small);

	for (unsigned i = 0; !rules->big.user && big == NOBODY && i < seating->seats->mixed_count;
	     i++) {
		if (i != small)
			big = i;
	}
	if (big != NOBODY)
		add_tile(seating, &(struct tess_room_tile){
					  .seat = big,
					  .rect = {0, 0, rules->width, rules->height},
					  .render = rules->render,
				  });
	if (small != NOBODY)
		add_tile(seating, &(struct tess_room_tile){
					  .seat = small,
					  .rect = rules->small_rect,
					  .render = rules->render,
				  });
}

/* May the member take this place that is kept for nobody? */
static bool may_take(const struct tess_room_rules *rules, unsigned preset,
		     const struct tess_room_member *member)
{
	const struct tess_room_who *who = &rules->presets[preset].who;

	if (!is_of(rules->presets[preset].room, member))
		return false;
	if (!rules->local)
		return true;
	return who->auxiliary == member->auxiliary &&
	       (member->room || strcmp(rules->local, member->user) != 0);
}

/* Who sits on each preset: whom it is kept for, who has had it, who comes first. */
static void take_presets(struct seating *seating, const struct place *places, unsigned count,
			 const struct tess_room_member **holders)
{
	const struct tess_room_rules *rules = seating->rules;
	const struct tess_room_member *members = seating->members;

	for (unsigned p = 0; p < rules->preset_count; p++) {
		const struct tess_room_who *who = &rules->presets[p].who;

		holders[p] = NULL;
		for (unsigned i = 0; i < count && !holders[p]; i++) {
			const struct tess_room_member *member = &members[places[i].index];

			if (who->user ? is_who(who, member) && is_of(rules->presets[p].room, member)
				      : member->preset == p + 1 && may_take(rules, p, member))
				holders[p] = member;
		}
	}
}

static bool holds_one(const struct tess_room_member *const *holders, unsigned count,
		      const struct tess_room_member *member)
{
	for (unsigned p = 0; p < count; p++) {
		if (holders[p] == member)
			return true;
	}
	return false;
}

static void seat_custom(struct seating *seating, const struct place *places, unsigned count)
{
	const struct tess_room_rules *rules = seating->rules;
	const struct tess_room_member *holders[TESS_ROOM_MAX_SEATS];

	take_presets(seating, places, count, holders);
	/* somebody whom a place is kept for may have held a free one before */
	for (unsigned p = 0; p < rules->preset_count; p++) {
		if (holders[p] && !rules->presets[p].who.user) {
			const struct tess_room_member *member = holders[p];

			holders[p] = NULL;
			if (!holds_one(holders, rules->preset_count, member))
				holders[p] = member;
		}
	}
	for (unsigned p = 0; p < rules->preset_count; p++) {
		if (holders[p] || rules->presets[p].who.user)
			continue;
		for (unsigned i = 0; i < count && !holders[p]; i++) {
			const struct tess_room_member *member = &seating->members[places[i].index];

			if (may_take(rules, p, member) &&
			    !holds_one(holders, rules->preset_count, member))
				holders[p] = member;
		}
	}
	for (unsigned p = 0; p < rules->preset_count; p++) {
		if (holders[p])
			add_seat(seating, (unsigned)(holders[p] - seating->members), p + 1,
				 !rules->presets[p].unheard);
	}
	for (unsigned i = 0; i < count && rules->others_heard; i++) {
		const struct tess_room_member *member = &seating->members[places[i].index];
		bool screen =
			member->auxiliary && rules->local && !strcmp(rules->local, member->user);

		if (!member->room && !screen && !holds_one(holders, rules->preset_count, member) &&
		    seating->seats->mixed_count < TESS_ROOM_MAX_SEATS)
			add_seat(seating, places[i].index, 0, true);
	}
}

static unsigned seat_of_preset(const struct seating *seating, unsigned preset)
{
	for (unsigned i = 0; i < seating->seats->mixed_count; i++) {
		if (seating->seats->mixed[i].preset == preset + 1)
			return i;
	}
	return NOBODY;
}

static void add_preset_tile(struct seating *seating, unsigned p)
{
	const struct tess_room_preset *preset = &seating->rules->presets[p];
	unsigned seat = seat_of_preset(seating, p);
	bool picture = seat != NOBODY && seated(seating, seat)->has_video && !preset->unseen;

	if (picture || preset->image)
		add_tile(seating, &(struct tess_room_tile){
					  .seat = picture ? seat : NOBODY,
					  .rect = preset->rect,
					  .render = picture ? preset->render : TESS_RENDER_STRETCH,
					  .image = preset->image,
				  });
}

static void place_custom(struct seating *seating)
{
	const struct tess_room_rules *rules = seating->rules;
	unsigned order[TESS_ROOM_MAX_SEATS];

	for (unsigned p = 0; p < rules->preset_count; p++) {
		unsigned at = p;

		for (; at > 0 && rules->presets[order[at - 1]].z > rules->presets[p].z; at--)
			order[at] = order[at - 1];
		order[at] = p;
	}
	for (unsigned i = 0; i < rules->preset_count; i++)
		add_preset_tile(seating, order[i]);
}

static int place(struct seating *seating)
{
	if (!seating->rules->width || !seating->rules->height)
		return 0;
	switch (seating->rules->layout) {
	case TESS_LAYOUT_FLOATING:
	case TESS_LAYOUT_GRID:
	case TESS_LAYOUT_SCREEN:
		return place_counted(seating);
	case TESS_LAYOUT_PICTURE:
		place_picture_in_picture(seating);
		return 0;
	case TESS_LAYOUT_CUSTOM:
		place_custom(seating);
		return 0;
	}
	return -EINVAL;
}

int tess_room_seat(struct tess_room_seats *seats, const struct tess_room_member *members,
		   unsigned count, const struct tess_room_rules *rules)
{
	struct seating seating = {.seats = seats, .members = members, .rules = rules};
	struct place *places;
	int error;

	seats->mixed_count = 0;
	seats->tile_count = 0;
	if (rules->preset_count > TESS_ROOM_MAX_SEATS)
		return -EINVAL;
	places = calloc(count + 1, sizeof(*places));
	if (!places)
		return -ENOMEM;
	sort(places, members, count);
	if (rules->layout == TESS_LAYOUT_CUSTOM) {
		seat_custom(&seating, places, count);
	} else {
		for (unsigned i = 0; i < count && seats->mixed_count < TESS_ROOM_MAX_SEATS; i++) {
			if (!members[places[i].index].room)
				add_seat(&seating, places[i].index, 0, true);
		}
	}
	error = place(&seating);
	if (error)
		seats->tile_count = 0;
	free(places);
	return error;
}
