/* SPDX-License-Identifier: GPL-3.0-or-later
 * The world that recorder processes live and die in: a stream without end on virtual time, of which
 * a ring holds the last seconds, and what the test must know of each life.
 *
 * The stream is 16 s of encoded media over and over: 240 pictures (15 a second, a key frame each 2
 * s) and 750 frames of sound, which is exactly as long. As MP3 it has no pictures, and another
 * frame in place of each of sound.
 */
#ifndef TESS_FAULT_WORLD_H
#define TESS_FAULT_WORLD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "pipeline/stream/au.h"
#include "tests/unit/pipeline/mux/media.h"

#define WORLD_LOOP_US  16000000
#define WORLD_PICTURES 240
#define WORLD_SOUNDS   750
#define WORLD_RING_US  8000000
#define WORLD_KEY_US   2000000
/** What UTC is at media time 0. */
#define WORLD_UTC_US 1700000000000000
/** How far media may run ahead of the disk: a fragment and the unit that ends it. */
#define WORLD_AHEAD_US 1070000

/** In a file mapped by the test and by each life, so that it survives. */
struct world_state {
	_Atomic int64_t now_us;	      /* media time */
	_Atomic int64_t committed_us; /* of the recording, from its begin */
	_Atomic int64_t on_disk_us;   /* the same in media time */
	_Atomic uint64_t operations;  /* of the disk, in this life */
	_Atomic int64_t epoch_us;     /* media began (anew) then: the ring holds nothing older */
};

struct world {
	struct media media; /* one loop, in order */
	struct media mp3;   /* the frames that take the place of its sound */
	bool is_mp3;	    /* the stream is that of MP3 */
	uint16_t sound_of[WORLD_PICTURES + WORLD_SOUNDS];
	struct world_state *state;
};

/** Encode the media into @p dir. */
void world_encode(const char *dir);
void world_open(struct world *world, const char *media_dir, const char *state_path);
void world_close(struct world *world);
/** Unit @p index of the endless stream; data are the world's. One of MP3 has pictures left out. */
struct tess_au world_unit(const struct world *world, uint64_t index);
/** The first unit that is not before @p time_us. */
uint64_t world_find(const struct world *world, int64_t time_us);

#endif
