/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/room/seats.c - who of a room is in a mix.
 */
#include "pipeline/room/seats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where a member stands: behind its user's main stream if that is there. */
struct place {
	uint64_t order;
	uint64_t own_order;
	unsigned index;
	bool auxiliary;
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

static uint64_t order_of_main(const struct tess_room_member *members, unsigned count,
			      const struct tess_room_member *auxiliary)
{
	for (unsigned i = 0; i < count; i++) {
		if (!members[i].auxiliary && !strcmp(members[i].user, auxiliary->user))
			return members[i].order;
	}
	return auxiliary->order;
}

static bool may_have_tile(const struct tess_room_member *member,
			  const struct tess_room_rules *rules)
{
	if (!member->has_video && rules->audio_only_without_tile)
		return false;
	for (unsigned i = 0; i < rules->user_count; i++) {
		if (!strcmp(rules->users[i], member->user))
			return true;
	}
	return rules->user_count == 0;
}

int tess_room_seat(struct tess_room_seats *seats, const struct tess_room_member *members,
		   unsigned count, const struct tess_room_rules *rules)
{
	struct place *places;

	seats->mixed_count = 0;
	seats->tile_count = 0;
	if (!count)
		return 0;
	places = calloc(count, sizeof(*places));
	if (!places)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++) {
		const struct tess_room_member *member = &members[i];

		places[i].order =
			member->auxiliary ? order_of_main(members, count, member) : member->order;
		places[i].own_order = member->order;
		places[i].auxiliary = member->auxiliary;
		places[i].index = i;
	}
	qsort(places, count, sizeof(*places), compare_places);
	for (unsigned i = 0; i < count && i < TESS_ROOM_MAX_SEATS; i++) {
		unsigned index = places[i].index;

		seats->mixed[seats->mixed_count++] = index;
		if (may_have_tile(&members[index], rules))
			seats->tiles[seats->tile_count++] = index;
	}
	free(places);
	return 0;
}
