/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/desired.h - what control wants: the publishers to receive and the mixes to make.
 *
 * Parsed from the "desired" message (docs/links.md), checked and limited, and then never changed.
 * Each room worker gets the part of its own rooms.
 */
#ifndef TESS_MEDIA_DESIRED_H
#define TESS_MEDIA_DESIRED_H

#include <jansson.h>
#include <stdbool.h>

#include "firmware/media/frozen.h"
#include "hal/audio.h"
#include "hal/engine.h"
#include "hal/net.h"
#include "pipeline/room/seats.h"

/** Limits of one message. */
#define TESS_DESIRED_MAX_PUBLISHERS 4096
#define TESS_DESIRED_MAX_MIXES	    1024
#define TESS_DESIRED_MAX_USERS	    16 /* named in one layout (MixVideoUids) */
#define TESS_DESIRED_NAME	    128
#define TESS_DESIRED_PICTURE	    65 /* key of a picture, with its end */

struct tess_desired_media {
	bool present;
	uint16_t port;
	uint8_t payload_type;
	enum tess_codec codec;
};

struct tess_desired_publisher {
	int64_t id;
	char room[TESS_DESIRED_NAME]; /* "APP/TYPE/ROOM": what is in the same room has the same text
				       */
	char origin[TESS_DESIRED_NAME]; /* of a guest: the room that it is in; "" of others */
	char user[TESS_DESIRED_NAME];
	bool auxiliary;
	uint64_t order;
	bool has_source;
	union tess_addr source; /* port 0: any port of that address */
	struct tess_desired_media video, audio;
	char stream[TESS_DESIRED_NAME]; /* key of a stream of its own; "": none */
};

struct tess_desired_video {
	uint16_t width, height; /* even */
	uint16_t frame_rate;
	uint16_t gop_frames;
	uint32_t bitrate_bps;
	uint32_t background; /* 0xRRGGBB */
};

/** A user's main or auxiliary stream; user "": nobody in particular. */
struct tess_desired_who {
	char user[TESS_DESIRED_NAME];
	char room[TESS_DESIRED_NAME]; /* of another room; "": the mix's */
	bool auxiliary;
};

/** A place of the custom template, or the small one of picture in picture. */
struct tess_desired_place {
	struct tess_desired_who who;
	struct tess_rect rect;
	int32_t z;
	enum tess_render render;
	bool unseen, unheard;
};

struct tess_desired_layout {
	enum tess_layout_template layout;
	enum tess_render render, big_render;
	char users[TESS_DESIRED_MAX_USERS][TESS_DESIRED_NAME];
	unsigned user_count;
	bool audio_only_without_tile;
	struct tess_desired_who big;
	bool big_right;
	struct tess_desired_place small;
	struct tess_desired_place presets[TESS_ROOM_MAX_SEATS];
	unsigned preset_count;
	/* of a user's mix: that user, who takes none of the free places, which then are each for
	 * the stream type it says; "": of nobody's */
	char local[TESS_DESIRED_NAME];
	bool others_heard; /* presets: also who has no place, of the mix's own room */
};

/** Keys of the still pictures that a mix shows (firmware/media/pictures.h); "": none. */
struct tess_desired_pictures {
	char background[TESS_DESIRED_PICTURE];
	char water_mark[TESS_DESIRED_PICTURE];
	struct tess_rect water_mark_rect;
	char places[TESS_ROOM_MAX_SEATS][TESS_DESIRED_PICTURE]; /* of the presets */
};

struct tess_desired_mix {
	int64_t id;
	int64_t epoch;
	char room[TESS_DESIRED_NAME];
	char stream[TESS_DESIRED_NAME];
	char mp3_stream[TESS_DESIRED_NAME]; /* its sound as MP3; "": not wanted */
	bool has_video;
	struct tess_desired_video video;
	struct tess_audio_encoder_config audio;
	struct tess_desired_layout layout;
	enum tess_frozen frozen; /* how a picture that stands still is shown */
	struct tess_desired_pictures pictures;
};

struct tess_desired {
	int64_t epoch;
	/* both in the order of their ids, of which none is there twice */
	struct tess_desired_publisher *publishers;
	unsigned publisher_count;
	struct tess_desired_mix *mixes;
	unsigned mix_count;
	/* publishers whom a mix of another room takes in, each once for each such room; their room
	 * is the mix's */
	struct tess_desired_publisher *guests;
	unsigned guest_count;
};

/**
 * Parse a message, keeping the rooms that fall to worker @p shard of @p shards. On failure @p error
 * says what is wrong with what. *desiredp is the caller's, for tess_desired_free().
 * @retval 0, -EBADMSG, -ENOMEM
 */
int tess_desired_parse(struct tess_desired **desiredp, const json_t *message, unsigned shard,
		       unsigned shards, char *error, size_t error_size) TESS_MUST_CHECK;
/** Look up by id; NULL if it is not there. */
const struct tess_desired_publisher *tess_desired_find_publisher(const struct tess_desired *desired,
								 int64_t id);
const struct tess_desired_mix *tess_desired_find_mix(const struct tess_desired *desired,
						     int64_t id);
/** The guest of a room. */
const struct tess_desired_publisher *tess_desired_find_guest(const struct tess_desired *desired,
							     int64_t id, const char *room);
void tess_desired_free(struct tess_desired *desired); /* accepts NULL */

#endif
