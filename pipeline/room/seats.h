/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/room/seats.h - who of a room is in a mix: who has a tile, and where, and who is heard.
 *
 * A mix takes 16 streams, in the order of entry into the room, a user's auxiliary stream (the
 * screen) directly after the same user's main one. When somebody leaves, the later ones move up;
 * only in the custom template everybody stays where he is, and who waits takes the first free
 * place. Members of other rooms are in the custom template alone, in places for them. Where a mix
 * names the users to be seen, only they get tiles; the others are heard. Somebody who sends no
 * picture keeps a (black) tile, unless the mix says otherwise.
 */
#ifndef TESS_ROOM_SEATS_H
#define TESS_ROOM_SEATS_H

#include "pipeline/mix/layout.h"

/** The most streams that one mix takes in, and the most tiles that it draws. */
#define TESS_ROOM_MAX_SEATS 16

/** One publication of the room, as far as seating goes. */
struct tess_room_member {
	const char *user;
	const char *room; /* of another room; NULL: the mix's own */
	uint64_t order;	  /* rises with entry into the room */
	bool auxiliary;
	bool has_video;
	unsigned preset; /* custom template: the place held so far, counted from 1; 0: none */
};

/** A user's main or auxiliary stream; user NULL: nobody in particular. */
struct tess_room_who {
	const char *user;
	bool auxiliary;
};

/** A place of the custom template. */
struct tess_room_preset {
	struct tess_room_who who; /* whom it is kept for; nobody: for who comes */
	const char *room;	  /* whose members it is for, as that of a member */
	struct tess_rect rect;	  /* inside the canvas; empty: not drawn */
	int32_t z;		  /* higher over lower, in order of the list when equal */
	enum tess_render render;
	bool unseen, unheard; /* only the sound, only the picture is mixed */
	uint32_t image;	      /* shown while no picture is sent; 0: nothing is shown */
};

struct tess_room_rules {
	enum tess_layout_template layout;
	uint16_t width, height; /* of the canvas; 0 x 0: nothing is drawn */
	enum tess_render render;
	bool audio_only_without_tile; /* PureAudioHoldPlaceMode 2 */
	const char *const *users;     /* who may have a tile; none: everybody */
	unsigned user_count;
	/* floating: tile 0, if it is there; screen: the big tile; picture in picture: the big one,
	 * if nobody is named the first who is not the small one */
	struct tess_room_who big;
	enum tess_render big_render; /* screen */
	bool big_right;		     /* screen */
	struct tess_room_who small;  /* picture in picture */
	struct tess_rect small_rect;
	const struct tess_room_preset *presets; /* custom */
	unsigned preset_count;			/* at most TESS_ROOM_MAX_SEATS */
	/* custom: the user whose mix it is. He takes no free place, and each of those is for
	 * streams of the type it says. NULL: nobody's; free places are for all of the own room */
	const char *local;
	/* custom: who of the own room has no place is heard, but not the local user's auxiliary
	 * stream, of which only the picture is taken */
	bool others_heard;
};

/** A stream that is mixed. */
struct tess_room_seat {
	unsigned member; /* index into the members given */
	unsigned preset; /* custom: for tess_room_member.preset of the next call */
	bool heard;
};

/** A tile, of a member who sends a picture or keeps a black tile, or of an image alone. */
struct tess_room_tile {
	unsigned seat; /* index into mixed; TESS_ROOM_MAX_SEATS: nobody's */
	struct tess_rect rect;
	enum tess_render render;
	uint32_t image; /* shown in the place of a member without picture; 0: none */
};

struct tess_room_seats {
	struct tess_room_seat mixed[TESS_ROOM_MAX_SEATS];
	unsigned mixed_count;
	struct tess_room_tile tiles[TESS_ROOM_MAX_SEATS]; /* in drawing order */
	unsigned tile_count;
};

/**
 * Seat @p count members. Given rectangles are rounded down to even.
 * @retval 0, -ENOMEM nobody is seated, -EINVAL nobody has a tile: the canvas is too small for the
 * template, or there is no such template
 */
int tess_room_seat(struct tess_room_seats *seats, const struct tess_room_member *members,
		   unsigned count, const struct tess_room_rules *rules) TESS_MUST_CHECK;

#endif
