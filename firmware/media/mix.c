/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/mix.c - one mix of a room.
 */
#include "firmware/media/mix_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/media/seating.h"
#include "pipeline/mix/layout.h"
#include "pipeline/mix/visible.h"

#define SOUND_US INT64_C(20000)
/* Sound that is due waits so long for more, or for a picture: each source's is read at once. */
#define SOUND_WAIT_US INT64_C(60000)
/* How soon a mix that catches up asks for a free picture again. */
#define CATCH_UP_US INT64_C(2000)
/* Sound that is this late goes on at the present instead of catching up. */
#define SOUND_JUMP_US INT64_C(1000000)

/* What is captured this much after a picture's time stamp can still be in it. */
static int64_t half_us(const struct tess_desired_mix *desired)
{
	return desired->has_video ? 500000 / desired->video.frame_rate : 0;
}

static int64_t half_interval_us(const struct tess_mix *mix)
{
	return half_us(&mix->desired);
}

/* From a picture's time stamp until it is drawn. */
static int64_t picture_delay_us(const struct tess_mix *mix)
{
	return (int64_t)mix->context->jitter_us + TESS_MIX_PICTURE_MARGIN_US +
	       half_interval_us(mix);
}

static int64_t sound_delay_us(const struct tess_mix *mix)
{
	return (int64_t)mix->context->jitter_us + TESS_MIX_SOUND_MARGIN_US;
}

static int64_t tick_us(const struct tess_mix *mix, uint64_t tick)
{
	return mix->origin_us + (int64_t)(tick * 1000000 / mix->desired.video.frame_rate);
}

static struct tess_work price_of(const struct tess_mix *mix)
{
	struct tess_work price = tess_price_output(
		mix->desired.video.width, mix->desired.video.height, mix->desired.video.frame_rate);

	for (unsigned i = 0; i < mix->member_count; i++) {
		if (mix->members[i].tile)
			price.decode += tess_publisher_price(mix->members[i].publisher);
	}
	return price;
}

static void take_place(struct tess_mix *mix)
{
	if (mix->desired.has_video)
		tess_engines_place(mix->context->engines, &mix->placement, price_of(mix),
				   mix->refused);
}

static void reprice(struct tess_mix *mix)
{
	if (mix->placement.device)
		tess_placement_reprice(&mix->placement, price_of(mix));
}

int tess_mix_open(struct tess_mix **mixp, const struct tess_media_context *context,
		  const struct tess_desired_mix *desired, int64_t now_us)
{
	struct tess_mix *mix = calloc(1, sizeof(*mix));
	struct tess_canvas_config config = {
		.context = context,
		.epoch = (uint64_t)(now_us + context->utc_offset_us),
		.has_video = desired->has_video,
		.video = desired->video,
		.audio = desired->audio,
		.has_mp3 = desired->mp3_stream[0] != 0,
	};
	int error;

	if (!mix)
		return -ENOMEM;
	mix->context = context;
	mix->desired = *desired;
	mix->stream_epoch = config.epoch;
	mix->origin_us = now_us - picture_delay_us(mix);
	mix->sound_us = (now_us - sound_delay_us(mix)) / SOUND_US * SOUND_US;
	mix->measured_us = now_us;
	error = tess_audio_mixer_alloc(&mix->mixer);
	if (!error)
		error = tess_canvas_alloc(&mix->canvas, &config);
	if (error) {
		tess_audio_mixer_free(mix->mixer);
		free(mix);
		return error;
	}
	take_place(mix);
	*mixp = mix;
	return 0;
}

void tess_mix_close(struct tess_mix *mix)
{
	if (!mix)
		return;
	for (unsigned i = 0; i < mix->member_count; i++)
		tess_tile_source_unref(mix->members[i].tile);
	tess_stills_clear(&mix->stills);
	tess_audio_mixer_free(mix->mixer);
	tess_canvas_close(mix->canvas);
	tess_placement_leave(&mix->placement);
	free(mix);
}

bool tess_mix_can_become(const struct tess_mix *mix, const struct tess_desired_mix *desired)
{
	return mix->desired.has_video == desired->has_video &&
	       !strcmp(mix->desired.room, desired->room) &&
	       !strcmp(mix->desired.stream, desired->stream) &&
	       !strcmp(mix->desired.mp3_stream, desired->mp3_stream);
}

void tess_mix_update(struct tess_mix *mix, const struct tess_desired_mix *desired, int64_t now_us)
{
	const struct tess_audio_encoder_config audio = mix->desired.audio;

	if (desired->has_video && desired->video.frame_rate != mix->desired.video.frame_rate) {
		/* the new rate counts from the next tick of the old one; never back, though half an
		 * interval of the new one may be longer */
		mix->origin_us = tick_us(mix, mix->tick);
		mix->tick = 0;
		/* a shorter half interval brings more of them due at once; none is left out */
		mix->lag_us += half_interval_us(mix) - half_us(desired);
		mix->measured_us = now_us;
		mix->measured_frames = mix->frames;
		mix->measured_bytes = mix->bytes;
	}
	mix->desired = *desired;
	mix->desired.audio = audio;
	mix->refused = 0;
}

const struct tess_desired_mix *tess_mix_desired(const struct tess_mix *mix)
{
	return &mix->desired;
}

uint64_t tess_mix_stream_epoch(const struct tess_mix *mix)
{
	return mix->stream_epoch;
}

void tess_mix_descriptors(const struct tess_mix *mix, int *memfd, int *eventfd)
{
	tess_canvas_descriptors(mix->canvas, memfd, eventfd);
}

bool tess_mix_mp3_descriptors(const struct tess_mix *mix, int *memfd, int *eventfd)
{
	return tess_canvas_mp3_descriptors(mix->canvas, memfd, eventfd);
}

static struct tess_mix_member *find_member(struct tess_mix_member *members, unsigned count,
					   const struct tess_publisher *publisher)
{
	for (unsigned i = 0; i < count; i++) {
		if (members[i].publisher == publisher)
			return &members[i];
	}
	return NULL;
}

static void drop_tile(struct tess_mix *mix, struct tess_mix_member *member)
{
	if (member->tile)
		mix->skipped_before += tess_video_source_skipped(member->tile->pictures);
	tess_tile_source_unref(member->tile);
	member->tile = NULL;
	member->shown_serial = 0;
}

/* Give a member what it should have of tile and sound, and take away what not. */
static int equip(struct tess_mix *mix, struct tess_mix_member *member, bool tile, bool sound)
{
	const struct tess_desired_publisher *desired = tess_publisher_desired(member->publisher);
	int error = 0;

	if (!tile || !desired->video.present ||
	    (member->tile && member->tile->device != mix->placement.device))
		drop_tile(mix, member);
	if (tile && desired->video.present && !member->tile)
		error = tess_tile_source_alloc(&member->tile, mix->placement.device);
	if (!sound || !desired->audio.present) {
		tess_audio_source_remove(member->sound);
		member->sound = NULL;
	} else if (!member->sound && !error) {
		error = tess_audio_source_add(&member->sound, mix->mixer);
	}
	return error;
}

static int choose_seats(const struct tess_mix *mix, struct tess_publisher *const *publishers,
			unsigned count, struct tess_room_seats *seats)
{
	unsigned *presets = calloc(count + 1, sizeof(*presets));
	int error;

	if (!presets) {
		*seats = (struct tess_room_seats){0};
		return -ENOMEM;
	}
	for (unsigned i = 0; i < count; i++) {
		for (unsigned m = 0; m < mix->member_count; m++) {
			if (mix->members[m].publisher == publishers[i])
				presets[i] = mix->members[m].preset;
		}
	}
	error = tess_seating_choose(seats, &mix->desired, publishers, presets, count);
	free(presets);
	return error;
}

/* The tile of a member that anything can be seen of; NULL: it has none. */
static const struct tess_room_tile *seen_tile(const struct tess_room_seats *seats, unsigned seat)
{
	for (unsigned i = 0; i < seats->tile_count; i++) {
		struct tess_rect over[TESS_ROOM_MAX_SEATS];
		unsigned count = 0;

		if (seats->tiles[i].seat != seat)
			continue;
		for (unsigned k = i + 1; k < seats->tile_count; k++) {
			/* an image may be translucent */
			if (seats->tiles[k].seat < TESS_ROOM_MAX_SEATS && !seats->tiles[k].image)
				over[count++] = seats->tiles[k].rect;
		}
		return tess_rect_is_seen(&seats->tiles[i].rect, over, count) ? &seats->tiles[i]
									     : NULL;
	}
	return NULL;
}

static void give_up_member(struct tess_mix *mix, struct tess_mix_member *member)
{
	drop_tile(mix, member);
	tess_audio_source_remove(member->sound);
}

int tess_mix_seat(struct tess_mix *mix, struct tess_publisher *const *publishers, unsigned count)
{
	struct tess_mix_member before[TESS_ROOM_MAX_SEATS];
	unsigned before_count = mix->member_count;
	struct tess_room_seats seats;
	/* without memory nobody is seated: nobody may stay who may be about to go */
	int error = choose_seats(mix, publishers, count, &seats);

	memcpy(before, mix->members, sizeof(before));
	mix->member_count = seats.mixed_count;
	for (unsigned i = 0; i < seats.mixed_count; i++) {
		struct tess_publisher *publisher = publishers[seats.mixed[i].member];
		struct tess_mix_member *old = find_member(before, before_count, publisher);
		struct tess_mix_member *member = &mix->members[i];
		const struct tess_room_tile *tile = seen_tile(&seats, i);
		int equip_error;

		*member = (struct tess_mix_member){.publisher = publisher};
		if (old) {
			*member = *old;
			*old = before[--before_count];
		}
		member->preset = seats.mixed[i].preset;
		member->width = tile ? (uint16_t)tile->rect.width : 0;
		member->height = tile ? (uint16_t)tile->rect.height : 0;
		equip_error = equip(mix, member, tile != NULL, seats.mixed[i].heard);
		error = error ? error : equip_error;
	}
	for (unsigned i = 0; i < before_count; i++)
		give_up_member(mix, &before[i]);
	mix->tile_count = error ? 0 : seats.tile_count;
	memcpy(mix->tiles, seats.tiles, mix->tile_count * sizeof(mix->tiles[0]));
	tess_stills_choose(&mix->stills, mix->context->pictures, &mix->desired,
			   mix->placement.device);
	reprice(mix);
	return error;
}

void tess_mix_move(struct tess_mix *mix)
{
	tess_placement_leave(&mix->placement);
	take_place(mix);
}

int tess_mix_engine(const struct tess_mix *mix)
{
	return mix->placement.device ? (int)mix->placement.device->index : -1;
}

struct tess_tap tess_mix_tap(const struct tess_mix *mix, const struct tess_publisher *publisher)
{
	for (unsigned i = 0; i < mix->member_count; i++) {
		const struct tess_mix_member *member = &mix->members[i];

		if (member->publisher == publisher)
			return (struct tess_tap){
				.tile = member->tile,
				.width = member->width,
				.height = member->height,
				.frame_rate = mix->desired.video.frame_rate,
				.sound = member->sound,
			};
	}
	return (struct tess_tap){.tile = NULL};
}

/* How a picture is to be shown that may have stood still for long. */
static struct tess_frozen_mark mark_of(const struct tess_mix *mix,
				       const struct tess_mix_member *member, int64_t media_us)
{
	if (media_us - member->fresh_us < TESS_FROZEN_US)
		return (struct tess_frozen_mark){.how = TESS_FROZEN_KEEP};
	return (struct tess_frozen_mark){
		.how = mix->desired.frozen,
		.color =
			mix->desired.frozen == TESS_FROZEN_AVATAR
				? tess_frozen_color(tess_publisher_desired(member->publisher)->user)
				: 0,
	};
}

static void fill_tile(struct tess_mix *mix, struct tess_canvas_picture *picture,
		      const struct tess_room_tile *place)
{
	struct tess_mix_member *member =
		place->seat < mix->member_count ? &mix->members[place->seat] : NULL;
	int64_t media_us = picture->pts_us + half_interval_us(mix), arrival_us;
	struct tess_frozen_mark *mark;
	struct tess_surface *surface = NULL;

	if (member && member->tile)
		surface = tess_video_source_pick(member->tile->pictures, media_us);
	if (!surface && (tess_stills_fill_place(&mix->stills, place, picture) || !member))
		return;
	mark = &picture->marks[picture->tile_count];
	picture->tiles[picture->tile_count++] = (struct tess_tile){
		.rect = place->rect,
		.render = place->render,
		.surface = surface ? tess_surface_ref(surface) : NULL,
	};
	if (!surface)
		return;
	if (surface->serial == member->shown_serial) {
		*mark = mark_of(mix, member, media_us);
		return;
	}
	/* the first picture of a tile may be an old one */
	member->fresh_us = member->shown_serial ? media_us : surface->capture_us;
	member->shown_serial = surface->serial;
	arrival_us = tess_publisher_arrival_us(member->publisher, surface->capture_us);
	if (arrival_us)
		picture->arrivals_us[picture->arrival_count++] = arrival_us;
}

/* What became of a picture that was not drawn. While there is another engine the mix moves there,
 * and nothing is wrong with it. */
static void take_error(struct tess_mix *mix, const struct tess_canvas_picture *picture)
{
	const struct tess_device *device = picture->device;

	if (picture->error == -EMSGSIZE) {
		mix->counters.oversize++;
		mix->error = picture->error;
		return;
	}
	mix->counters.draw_errors++;
	/* while the device is left alone the error that led to it stays */
	if (!picture->hopeless || tess_device_is_lost(device))
		return;
	if (device->last_resort)
		mix->error = picture->error;
	else
		mix->refused |= 1u << device->index;
}

static void reap(struct tess_mix *mix)
{
	const struct tess_canvas_picture *picture;
	size_t bytes;
	int error;

	while ((picture = tess_canvas_picture_reap(mix->canvas))) {
		if (picture->error)
			take_error(mix, picture);
		else
			mix->error = 0;
		if (!picture->bytes)
			continue;
		mix->frames++;
		mix->bytes += picture->bytes;
		for (unsigned i = 0; i < picture->arrival_count; i++)
			tess_latency_add(&mix->latency, picture->written_us,
					 picture->written_us - picture->arrivals_us[i] -
						 (int64_t)mix->context->jitter_us);
	}
	while (tess_canvas_sound_reap(mix->canvas, &bytes, &error)) {
		if (error)
			mix->counters.sound_errors++;
		if (!mix->desired.has_video)
			mix->error = error;
		mix->bytes += bytes;
		mix->sound_frames += bytes != 0;
	}
}

bool tess_mix_must_move(struct tess_mix *mix)
{
	const struct tess_device *device = mix->placement.device;

	reap(mix);
	return device && (tess_device_is_lost(device) || mix->refused & 1u << device->index);
}

/* When the next picture is to be drawn; INT64_MAX: there are none. */
static int64_t picture_due_us(const struct tess_mix *mix)
{
	return mix->desired.has_video ? tick_us(mix, mix->tick) + picture_delay_us(mix) : INT64_MAX;
}

/* When sound is to be mixed at the latest. */
static int64_t sound_due_us(const struct tess_mix *mix)
{
	return mix->sound_us + SOUND_WAIT_US + sound_delay_us(mix);
}

static int64_t step_sound(struct tess_mix *mix, int64_t now_us)
{
	int64_t media_us = now_us - sound_delay_us(mix);

	if (now_us < sound_due_us(mix) && now_us < picture_due_us(mix))
		return sound_due_us(mix);
	if (media_us - mix->sound_us > SOUND_JUMP_US) {
		mix->sound_us = media_us / SOUND_US * SOUND_US;
		mix->counters.sound_jumps++;
	}
	for (; mix->sound_us <= media_us; mix->sound_us += SOUND_US) {
		float *pcm = tess_canvas_sound_begin(mix->canvas);

		if (!pcm) {
			reap(mix);
			pcm = tess_canvas_sound_begin(mix->canvas);
		}
		/* the mixer's time goes on in any case */
		tess_audio_mixer_pull(mix->mixer, mix->sound_us, pcm ? pcm : mix->context->pcm);
		if (pcm)
			tess_canvas_sound_submit(mix->canvas, mix->sound_us);
		else
			mix->counters.sound_overflow++;
	}
	return sound_due_us(mix);
}

static int64_t step_pictures(struct tess_mix *mix, int64_t now_us)
{
	int64_t media_us = now_us - picture_delay_us(mix);
	struct tess_canvas_picture *picture;

	if (now_us < picture_due_us(mix))
		return picture_due_us(mix);
	if (mix->lag_us <= 0 || tick_us(mix, mix->tick + 1) > media_us)
		mix->lag_us = 0;
	while (tick_us(mix, mix->tick + 1) <= media_us - mix->lag_us) {
		mix->counters.late_ticks++;
		mix->tick++;
	}
	picture = tess_canvas_picture_begin(mix->canvas);
	if (!picture && mix->lag_us)
		return now_us + CATCH_UP_US;
	if (picture) {
		picture->pts_us = tick_us(mix, mix->tick);
		picture->device = tess_device_ref(mix->placement.device);
		picture->video = mix->desired.video;
		tess_stills_fill_background(&mix->stills, picture);
		for (unsigned i = 0; i < mix->tile_count; i++)
			fill_tile(mix, picture, &mix->tiles[i]);
		tess_stills_fill_water_mark(&mix->stills, picture);
		tess_canvas_picture_submit(mix->canvas);
	} else {
		mix->counters.encoder_busy++;
	}
	mix->tick++;
	return picture_due_us(mix);
}

int64_t tess_mix_step(struct tess_mix *mix, int64_t now_us)
{
	int64_t sound_us, picture_us;

	reap(mix);
	/* sound first: a picture keeps the strand busy for longer */
	sound_us = step_sound(mix, now_us);
	picture_us = step_pictures(mix, now_us);
	return sound_us < picture_us ? sound_us : picture_us;
}

void tess_mix_measure(struct tess_mix *mix, int64_t now_us)
{
	int64_t elapsed_us = now_us - mix->measured_us;

	tess_stills_retry(&mix->stills);
	reprice(mix);
	if (elapsed_us <= 0)
		return;
	mix->bitrate_bps =
		(uint32_t)((mix->bytes - mix->measured_bytes) * 8000000 / (uint64_t)elapsed_us);
	mix->frame_rate = (double)(mix->frames - mix->measured_frames) * 1e6 / (double)elapsed_us;
	mix->measured_frames = mix->frames;
	mix->measured_bytes = mix->bytes;
	mix->measured_us = now_us;
}
