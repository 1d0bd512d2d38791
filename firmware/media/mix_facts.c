/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/mix_facts.c - what is told of a mix.
 */
#include <errno.h>
#include <string.h>

#include "firmware/media/mix_internal.h"

enum tess_mix_state tess_mix_state(const struct tess_mix *mix)
{
	if (mix->error && mix->error != -EMSGSIZE)
		return TESS_MIX_ERROR;
	return (mix->desired.has_video ? mix->frames : mix->sound_frames) ? TESS_MIX_RUNNING
									  : TESS_MIX_STARTING;
}

/* Who holds a place of the custom layout: control says by it who will have it next. */
static void tell_places(const struct tess_mix *mix, struct tess_mix_facts *facts)
{
	facts->place_count = 0;
	for (unsigned i = 0; i < mix->member_count; i++) {
		const struct tess_desired_publisher *publisher =
			tess_publisher_desired(mix->members[i].publisher);
		struct tess_place_facts *place = &facts->places[facts->place_count];

		if (!mix->members[i].preset)
			continue;
		memcpy(place->user, publisher->user, sizeof(place->user));
		place->auxiliary = publisher->auxiliary;
		place->place = mix->members[i].preset;
		facts->place_count++;
	}
}

void tess_mix_facts(const struct tess_mix *mix, struct tess_mix_facts *facts)
{
	facts->id = mix->desired.id;
	facts->epoch = mix->desired.epoch;
	facts->state = tess_mix_state(mix);
	facts->error = facts->state == TESS_MIX_ERROR ? mix->error : 0;
	facts->engine = tess_mix_engine(mix);
	facts->price = mix->placement.price;
	facts->frames = mix->frames;
	facts->bitrate_bps = mix->bitrate_bps;
	facts->frame_rate = mix->frame_rate;
	facts->latency_p95_us = tess_latency_percentile_us(&mix->latency, 95);
	facts->counters = mix->counters;
	facts->counters.pictures_skipped = mix->skipped_before;
	for (unsigned i = 0; i < mix->member_count; i++) {
		if (mix->members[i].tile)
			facts->counters.pictures_skipped +=
				tess_video_source_skipped(mix->members[i].tile->pictures);
	}
	facts->tile_count = 0;
	for (unsigned i = 0; i < mix->tile_count; i++) {
		struct tess_tile_facts *tile = &facts->tiles[facts->tile_count];
		const struct tess_desired_publisher *publisher;

		if (mix->tiles[i].seat >= mix->member_count)
			continue; /* a picture in nobody's place */
		publisher = tess_publisher_desired(mix->members[mix->tiles[i].seat].publisher);
		memcpy(tile->user, publisher->user, sizeof(tile->user));
		tile->auxiliary = publisher->auxiliary;
		tile->rect = mix->tiles[i].rect;
		facts->tile_count++;
	}
	tell_places(mix, facts);
}
