/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/seating.c - desired layouts and publishers in the words of the seating.
 */
#include "firmware/media/seating.h"

#include <errno.h>
#include <stdlib.h>

/* What the rules point to. */
struct book {
	const char *users[TESS_DESIRED_MAX_USERS];
	struct tess_room_preset presets[TESS_ROOM_MAX_SEATS];
};

static struct tess_room_who who_of(const struct tess_desired_who *desired)
{
	return (struct tess_room_who){
		.user = desired->user[0] ? desired->user : NULL,
		.auxiliary = desired->auxiliary,
	};
}

static struct tess_room_rules rules_of(const struct tess_desired_mix *mix, struct book *book)
{
	const struct tess_desired_layout *layout = &mix->layout;

	for (unsigned i = 0; i < layout->user_count; i++)
		book->users[i] = layout->users[i];
	for (unsigned i = 0; i < layout->preset_count; i++) {
		const struct tess_desired_place *place = &layout->presets[i];

		book->presets[i] = (struct tess_room_preset){
			.who = who_of(&place->who),
			.rect = place->rect,
			.z = place->z,
			.render = place->render,
			.unseen = place->unseen,
			.unheard = place->unheard,
			.image = mix->pictures.places[i][0] ? i + 1 : 0,
		};
	}
	return (struct tess_room_rules){
		.layout = layout->layout,
		.width = mix->has_video ? mix->video.width : 0,
		.height = mix->has_video ? mix->video.height : 0,
		.render = layout->render,
		.audio_only_without_tile = layout->audio_only_without_tile,
		.users = book->users,
		.user_count = layout->user_count,
		.big = who_of(&layout->big),
		.big_render = layout->big_render,
		.big_right = layout->big_right,
		.small = who_of(&layout->small.who),
		.small_rect = layout->small.rect,
		.presets = book->presets,
		.preset_count = layout->preset_count,
	};
}

int tess_seating_choose(struct tess_room_seats *seats, const struct tess_desired_mix *mix,
			struct tess_publisher *const *publishers, const unsigned *presets,
			unsigned count)
{
	struct book book;
	const struct tess_room_rules rules = rules_of(mix, &book);
	struct tess_room_member *members = calloc(count + 1, sizeof(*members));
	int error;

	seats->mixed_count = 0;
	seats->tile_count = 0;
	if (!members)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++) {
		const struct tess_desired_publisher *desired =
			tess_publisher_desired(publishers[i]);

		members[i] = (struct tess_room_member){
			.user = desired->user,
			.order = desired->order,
			.auxiliary = desired->auxiliary,
			.has_video = desired->video.present,
			.preset = presets[i],
		};
	}
	error = tess_room_seat(seats, members, count, &rules);
	free(members);
	return error;
}
