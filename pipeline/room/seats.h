/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/room/seats.h - who of a room is in a mix: who has a tile, and which, and who is heard.
 *
 * A mix takes 16 streams, in the order of entry into the room, a user's auxiliary stream (the
 * screen) directly after the same user's main one. When somebody leaves, the later ones move up.
 * Where a mix names the users to be seen, only they get tiles; the others are heard. Somebody who
 * sends no picture keeps a (black) tile, unless the mix says otherwise.
 */
#ifndef TESS_ROOM_SEATS_H
#define TESS_ROOM_SEATS_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/net.h"

/** The most streams that one mix takes in. */
#define TESS_ROOM_MAX_SEATS 16

/** One publication of the room, as far as seating goes. */
struct tess_room_member {
	const char *user;
	uint64_t order; /* rises with entry into the room */
	bool auxiliary;
	bool has_video;
};

struct tess_room_rules {
	const char *const *users; /* who may have a tile; none: everybody */
	unsigned user_count;
	bool audio_only_without_tile; /* PureAudioHoldPlaceMode 2 */
};

/** Indices into the members given. */
struct tess_room_seats {
	unsigned mixed[TESS_ROOM_MAX_SEATS]; /* in order; all of these are heard */
	unsigned mixed_count;
	unsigned tiles[TESS_ROOM_MAX_SEATS]; /* slot 0 first; a subset of mixed */
	unsigned tile_count;
};

/** Seat @p count members. @retval 0, -ENOMEM */
int tess_room_seat(struct tess_room_seats *seats, const struct tess_room_member *members,
		   unsigned count, const struct tess_room_rules *rules) TESS_MUST_CHECK;

#endif
