/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/mix_internal.h - what a mix is made of: for mix.c, and mix_facts.c, which tells of
 * it.
 */
#ifndef TESS_MEDIA_MIX_INTERNAL_H
#define TESS_MEDIA_MIX_INTERNAL_H

#include "firmware/media/canvas.h"
#include "firmware/media/latency.h"
#include "firmware/media/mix.h"
#include "firmware/media/stills.h"
#include "pipeline/mix/audio.h"

/* A publisher that is in the mix. */
struct tess_mix_member {
	struct tess_publisher *publisher;
	struct tess_tile_source *tile;	 /* NULL: has no tile, or sends no picture */
	struct tess_audio_source *sound; /* NULL: sends no sound */
	uint64_t shown_serial;		 /* of the picture on the canvas */
	int64_t fresh_us;		 /* when it was new, in media time */
	unsigned preset;		 /* the place held in a custom layout, from 1 */
	uint16_t width, height;		 /* of the tile */
};

struct tess_mix {
	const struct tess_media_context *context;
	struct tess_desired_mix desired;
	uint64_t stream_epoch;
	struct tess_canvas *canvas;
	struct tess_audio_mixer *mixer;
	struct tess_placement placement; /* empty without a picture */
	unsigned refused;		 /* bit 1 << index: devices that cannot do what is wanted */

	struct tess_mix_member members[TESS_ROOM_MAX_SEATS];
	unsigned member_count;
	struct tess_room_tile tiles[TESS_ROOM_MAX_SEATS]; /* in drawing order; seat: a member */
	unsigned tile_count;
	struct tess_stills stills;

	/* pictures are at origin + n / frame rate on the media time line */
	int64_t origin_us;
	uint64_t tick;
	/* after the rate has risen: so much later than media time its ticks may be, until they have
	 * caught up */
	int64_t lag_us;
	int64_t sound_us; /* of the next 20 ms */

	int error; /* of the last picture or sound */
	uint64_t frames, bytes, sound_frames;
	struct tess_mix_counters counters;
	uint64_t skipped_before; /* pictures skipped by tiles that are gone */
	struct tess_latency latency;
	/* rates, over the time between two measurements */
	int64_t measured_us;
	uint64_t measured_frames, measured_bytes;
	uint32_t bitrate_bps;
	double frame_rate;
};

#endif
