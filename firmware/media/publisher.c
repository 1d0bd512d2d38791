/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/publisher.c - one user's stream coming in.
 */
#include "firmware/media/publisher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/media/mix.h"
#include "firmware/media/publisher_internal.h"

/* Concealment of Opus goes by steps of 2.5 ms (RFC 6716 §2.1.4). */
#define CONCEAL_STEP	   120
#define OPUS_LOOK_AHEAD_US 6500
/* Of what a new decoder goes through, the pictures that can still be shown: a mix is 40 ms and the
 * jitter buffer behind (firmware/media/mix.h); the rest is for its own ticks. */
#define SHOWN_US INT64_C(150000)
/* A decoder that is given a picture has it by then, as a rule. */
#define DECODING_US 20000
/* One that catches up is given more so often. */
#define CATCH_UP_US 5000
/* So long after a late picture others are expected, */
#define HURRY_US INT64_C(5000000)
/* and looked for so often; as is what other rooms wait for, whose threads do not look here. */
#define HURRIED_NAP_US INT64_C(20000)

static void remember_arrival(struct tess_publisher *publisher, int64_t capture_us)
{
	struct arrival *arrival = &publisher->arrivals[publisher->next_arrival++ % TESS_ARRIVALS];

	arrival->capture_us = capture_us;
	arrival->arrival_us = publisher->video.last_us;
}

static void restart_at_key(struct tess_publisher *publisher, struct decoding *decoding)
{
	decoding->need_key = true;
	decoding->behind = false;
	tess_receiver_want_key(&publisher->video);
}

/* The time between two pictures that the most eager mix shows, 0 if none shows any, or if one of
 * another room does, whose rate is not known here. */
static int64_t interval_us(const struct tess_publisher *publisher)
{
	unsigned frame_rate = 0;

	for (unsigned i = 0; i < publisher->tap_count; i++) {
		const struct tess_tap *tap = &publisher->taps[i];

		if (!tap->tile)
			continue;
		if (!tap->frame_rate)
			return 0;
		if (tap->frame_rate > frame_rate)
			frame_rate = tap->frame_rate;
	}
	return frame_rate ? 1000000 / frame_rate : 0;
}

/* The tiles on a decoder's device. @return how many */
static unsigned tiles_of(const struct tess_publisher *publisher, const struct decoding *decoding,
			 struct tess_tile_source *tiles[TESS_MAX_TAPS])
{
	unsigned count = 0;

	for (unsigned i = 0; i < publisher->tap_count; i++) {
		struct tess_tile_source *tile = publisher->taps[i].tile;

		if (tile && tile->device == tess_decode_device(decoding->decode))
			tiles[count++] = tile;
	}
	return count;
}

/* Give a decoder that is behind what it has room for; of old pictures nobody wants to know. */
static void catch_up(struct tess_publisher *publisher, struct decoding *decoding)
{
	const struct tess_gop *gop = &publisher->gop;
	struct tess_tile_source *tiles[TESS_MAX_TAPS];
	unsigned count = tiles_of(publisher, decoding, tiles);
	int64_t shown_us;

	if (!gop->count) {
		/* what it was to go through has been given up */
		restart_at_key(publisher, decoding);
		return;
	}
	shown_us =
		gop->units[gop->count - 1]->capture_us - publisher->context->jitter_us - SHOWN_US;
	while (decoding->next < gop->count) {
		struct tess_unit *unit = gop->units[decoding->next];
		bool shown = unit->capture_us >= shown_us;

		if ((shown || !unit->disposable) &&
		    tess_decode_submit(decoding->decode, unit, tiles, shown ? count : 0, true))
			return;
		decoding->next++;
	}
	decoding->behind = !tess_decode_is_idle(decoding->decode);
}

/* From @p from_us until a picture must be decoded to be drawn. */
static int64_t left_us(const struct tess_publisher *publisher, const struct tess_unit *unit,
		       int64_t from_us)
{
	return unit->capture_us + (int64_t)publisher->context->jitter_us +
	       TESS_MIX_PICTURE_MARGIN_US - DECODING_US - from_us;
}

/* @return false if nothing was decoded for want of a key frame */
static bool feed(struct tess_publisher *publisher, struct decoding *decoding,
		 struct tess_unit *unit)
{
	struct tess_tile_source *tiles[TESS_MAX_TAPS];
	unsigned count;
	bool soon;

	if (decoding->behind) {
		if (unit->key)
			decoding->next = 0; /* all before it is of no use any more */
		catch_up(publisher, decoding);
		if (unit->key && decoding->next)
			decoding->behind = false;
		return true;
	}
	if (decoding->need_key && !unit->key)
		return false;
	decoding->need_key = false;
	count = tiles_of(publisher, decoding, tiles);
	soon = left_us(publisher, unit, tess_clock_now_us(publisher->context->clock)) <
	       TESS_EXECUTOR_GATHER_US;
	if (tess_decode_submit(decoding->decode, unit, tiles, count, soon)) {
		publisher->video.counters.decoder_overflow++;
		if (publisher->input && publisher->gop.count) {
			/* it comes in bursts, and nobody can be asked for a key frame */
			decoding->behind = true;
			decoding->next = publisher->gop.count - 1;
		} else {
			restart_at_key(publisher, decoding);
		}
	} else {
		remember_arrival(publisher, unit->capture_us);
	}
	return true;
}

/* Is this one of those that nobody needs? */
static bool leave_out(struct tess_publisher *publisher, struct tess_unit *unit)
{
	if (publisher->desired.video.codec != TESS_CODEC_H264)
		return false;
	unit->disposable = !unit->key && tess_thin_is_disposable(unit->data, unit->length);
	if (!unit->disposable) {
		tess_thin_note(&publisher->thin, unit->capture_us);
		return false;
	}
	if (!publisher->decoding_count ||
	    !tess_thin_may_leave_out(&publisher->thin, interval_us(publisher)))
		return false;
	publisher->video.counters.left_out++;
	return true;
}

void tess_publisher_picture(void *arg, const struct tess_rtp_au *au)
{
	struct tess_publisher *publisher = arg;
	bool waits = false;
	struct tess_unit *unit;

	if (tess_unit_alloc(&unit, au->data, au->length, au->media_us, au->key)) {
		publisher->video.counters.decoder_overflow++;
		tess_gop_clear(&publisher->gop);
		if (publisher->publication)
			tess_publication_lose(publisher->publication);
		for (unsigned i = 0; i < publisher->decoding_count; i++)
			restart_at_key(publisher, &publisher->decodings[i]);
		return;
	}
	tess_gop_add(&publisher->gop, unit);
	if (publisher->publication &&
	    !tess_publication_picture(publisher->publication, unit, au->discontinuity))
		tess_receiver_want_key(&publisher->video);
	if (leave_out(publisher, unit)) {
		tess_unit_unref(unit);
		return;
	}
	if (publisher->decoding_count &&
	    left_us(publisher, unit, publisher->video.last_us) < TESS_MEDIA_NAP_US)
		publisher->hurry_until_us = publisher->video.last_us + HURRY_US;
	for (unsigned i = 0; i < publisher->decoding_count; i++)
		waits = !feed(publisher, &publisher->decodings[i], unit) || waits;
	tess_unit_unref(unit);
	if (waits)
		publisher->video.counters.waiting_for_key++;
	/* a decoder makes the best of a missing reference until the key frame comes */
	if (waits || (publisher->decoding_count && au->discontinuity && !au->key))
		tess_receiver_want_key(&publisher->video);
}

static void push_to_taps(struct tess_publisher *publisher, unsigned frames, int64_t media_us)
{
	for (unsigned i = 0; i < publisher->tap_count; i++) {
		if (publisher->taps[i].sound)
			tess_audio_source_push(publisher->taps[i].sound, publisher->context->pcm,
					       frames, media_us);
	}
	if (publisher->publication)
		tess_publication_sound(publisher->publication, publisher->context->pcm, frames,
				       media_us);
}

/*
 * What comes out of the decoder was captured OPUS_LOOK_AHEAD_US before the time of its packet: an
 * encoder tells of its look-ahead in Ogg (RFC 7845 §4.2) but not in RTP, and libopus' is 312
 * samples.
 */
static void push_sound(struct tess_publisher *publisher, unsigned frames, int64_t media_us)
{
	if (!publisher->input)
		media_us -= OPUS_LOOK_AHEAD_US;
	push_to_taps(publisher, frames, media_us);
	publisher->audio.counters.line_overflow +=
		tess_branches_push(&publisher->branches, publisher->context->pcm, frames, media_us);
}

/* Make up for lost packets as far as the codec can; the mix fades over what remains of a long hole.
 */
static void conceal(struct tess_publisher *publisher, const struct tess_rtp_au *au)
{
	unsigned lost = au->lost_frames / CONCEAL_STEP * CONCEAL_STEP;
	int64_t media_us = au->media_us - (int64_t)au->lost_frames * 1000000 / TESS_AUDIO_RATE;
	int frames;

	if (!lost)
		return;
	if (lost > TESS_AUDIO_MAX_FRAMES)
		lost = TESS_AUDIO_MAX_FRAMES;
	frames = publisher->context->audio->decoder_decode(publisher->audio_decoder, NULL, 0, lost,
							   publisher->context->pcm);
	if (frames > 0) {
		publisher->audio.counters.concealed_frames += (unsigned)frames;
		push_sound(publisher, (unsigned)frames, media_us);
	}
}

void tess_publisher_sound(void *arg, const struct tess_rtp_au *au)
{
	struct tess_publisher *publisher = arg;
	int frames;

	if (!publisher->audio_decoder)
		return;
	conceal(publisher, au);
	frames = publisher->context->audio->decoder_decode(publisher->audio_decoder, au->data,
							   au->length, 0, publisher->context->pcm);
	if (frames < 0)
		publisher->audio.counters.decode_errors++;
	else if (frames > 0)
		push_sound(publisher, (unsigned)frames, au->media_us);
}

/* What comes next has nothing to do with what came before. */
static void forget_pictures(struct tess_publisher *publisher)
{
	tess_gop_clear(&publisher->gop);
	if (publisher->publication)
		tess_publication_lose(publisher->publication);
	publisher->thin = (struct tess_thin){0};
	for (unsigned i = 0; i < publisher->decoding_count; i++) {
		publisher->decodings[i].need_key = true;
		publisher->decodings[i].behind = false;
	}
}

/* Bring a receiver to what is wanted; one that is right already goes on. */
static int set_receiver(struct tess_publisher *publisher, struct tess_receiver *receiver,
			const struct tess_desired_media *wanted, tess_rtp_au_handler *handler,
			int64_t now_us)
{
	const struct tess_desired_media *running = &receiver->desired;

	if (running->present == wanted->present && running->port == wanted->port &&
	    running->payload_type == wanted->payload_type && running->codec == wanted->codec)
		return 0;
	tess_receiver_close(receiver);
	if (receiver == &publisher->video)
		forget_pictures(publisher);
	if (!wanted->present)
		return 0;
	return tess_receiver_open(receiver, publisher->context, wanted,
				  publisher->desired.has_source ? &publisher->desired.source : NULL,
				  publisher->source, handler, publisher, now_us);
}

static int set_receivers(struct tess_publisher *publisher, int64_t now_us)
{
	int error = set_receiver(publisher, &publisher->video, &publisher->desired.video,
				 tess_publisher_picture, now_us);

	if (error)
		return error;
	return set_receiver(publisher, &publisher->audio, &publisher->desired.audio,
			    tess_publisher_sound, now_us);
}

int tess_publisher_open(struct tess_publisher **publisherp,
			const struct tess_media_context *context,
			const struct tess_desired_publisher *desired, int64_t now_us)
{
	struct tess_publisher *publisher = calloc(1, sizeof(*publisher));
	int error;

	if (!publisher)
		return -ENOMEM;
	publisher->context = context;
	publisher->desired = *desired;
	publisher->opened_us = now_us;
	if (desired->origin[0]) {
		error = tess_line_open(&publisher->line, context->bridge, desired->id);
		if (error)
			free(publisher);
		else
			*publisherp = publisher;
		return error;
	}
	error = tess_rtp_source_alloc(&publisher->source);
	if (!error)
		error = tess_publisher_open_input(publisher);
	if (!error)
		error = set_receivers(publisher, now_us);
	if (error) {
		tess_publisher_close(publisher);
		return error;
	}
	tess_publisher_set_stream(publisher);
	*publisherp = publisher;
	return 0;
}

void tess_publisher_close(struct tess_publisher *publisher)
{
	if (!publisher)
		return;
	tess_input_free(publisher->input);
	tess_receiver_close(&publisher->video);
	tess_receiver_close(&publisher->audio);
	tess_rtp_source_free(publisher->source);
	for (unsigned i = 0; i < publisher->decoding_count; i++)
		tess_decode_close(publisher->decodings[i].decode);
	tess_gop_clear(&publisher->gop);
	publisher->context->audio->decoder_close(publisher->audio_decoder);
	tess_publication_close(publisher->publication);
	tess_branches_release(&publisher->branches);
	tess_line_close(publisher->line);
	free(publisher);
}

bool tess_publisher_is_guest(const struct tess_publisher *publisher)
{
	return publisher->line != NULL;
}

void tess_publisher_update(struct tess_publisher *publisher,
			   const struct tess_desired_publisher *desired, int64_t now_us)
{
	const struct tess_desired_publisher *running = &publisher->desired;
	bool other_source = desired->has_source != running->has_source ||
			    (desired->has_source &&
			     !tess_latch_same_address(&desired->source, &running->source));

	if (strcmp(desired->stream, running->stream) != 0)
		tess_publisher_end_stream(publisher);
	publisher->desired = *desired;
	if (publisher->line)
		return;
	if (other_source) {
		tess_receiver_close(&publisher->video);
		tess_receiver_close(&publisher->audio);
	}
	publisher->error = set_receivers(publisher, now_us);
	tess_publisher_set_stream(publisher);
	if (!publisher->video.desired.present) {
		publisher->width = publisher->height = 0;
		publisher->picture_error = 0;
	}
}

const struct tess_desired_publisher *tess_publisher_desired(const struct tess_publisher *publisher)
{
	return &publisher->desired;
}

static bool is_wanted(const struct tess_publisher *publisher, const struct tess_device *device)
{
	for (unsigned i = 0; i < publisher->tap_count; i++) {
		if (publisher->taps[i].tile && publisher->taps[i].tile->device == device)
			return true;
	}
	return false;
}

static bool is_decoded(const struct tess_publisher *publisher, const struct tess_device *device)
{
	for (unsigned i = 0; i < publisher->decoding_count; i++) {
		if (tess_decode_device(publisher->decodings[i].decode) == device)
			return true;
	}
	return false;
}

static void begin_decoding(struct tess_publisher *publisher, struct tess_device *device)
{
	struct decoding *decoding = &publisher->decodings[publisher->decoding_count];

	*decoding = (struct decoding){0};
	publisher->error = tess_decode_alloc(&decoding->decode, publisher->context->executor,
					     device, publisher->desired.video.codec);
	if (publisher->error)
		return;
	publisher->decoding_count++;
	decoding->behind = publisher->gop.count != 0;
	if (decoding->behind)
		catch_up(publisher, decoding);
	else
		restart_at_key(publisher, decoding);
}

/* One decoder for each device that there is a tile on. */
static void set_decodings(struct tess_publisher *publisher)
{
	bool present = publisher->video.desired.present;
	unsigned kept = 0;

	for (unsigned i = 0; i < publisher->decoding_count; i++) {
		struct decoding *decoding = &publisher->decodings[i];

		if (present && is_wanted(publisher, tess_decode_device(decoding->decode)))
			publisher->decodings[kept++] = *decoding;
		else
			tess_decode_close(decoding->decode);
	}
	publisher->decoding_count = kept;
	for (unsigned i = 0; present && i < publisher->tap_count; i++) {
		const struct tess_tile_source *tile = publisher->taps[i].tile;

		if (tile && !is_decoded(publisher, tile->device))
			begin_decoding(publisher, tile->device);
	}
}

static void want_sound(struct tess_publisher *publisher, bool wanted)
{
	publisher->sound_wanted = wanted;
	if (!wanted) {
		publisher->context->audio->decoder_close(publisher->audio_decoder);
		publisher->audio_decoder = NULL;
	} else if (!publisher->audio_decoder) {
		tess_publisher_open_audio(publisher);
	}
}

/* A guest's own room is told what is wanted here. */
static void tell_line(struct tess_publisher *publisher)
{
	struct tess_tile_source *tiles[TESS_MAX_TAPS];
	unsigned count = 0;
	bool sound = false;

	for (unsigned i = 0; i < publisher->tap_count; i++) {
		if (publisher->taps[i].tile)
			tiles[count++] = publisher->taps[i].tile;
		sound = sound || publisher->taps[i].sound;
	}
	tess_line_want(publisher->line, tiles, count, sound);
}

/* What other rooms want becomes taps as well, for the pictures. @return whether they want sound */
static bool add_branches(struct tess_publisher *publisher)
{
	struct tess_branches *branches = &publisher->branches;
	bool sound = tess_branches_find(branches, publisher->context->bridge, publisher->desired.id,
					TESS_MAX_TAPS - publisher->tap_count);

	for (unsigned i = 0; i < branches->count; i++)
		publisher->taps[publisher->tap_count++] =
			(struct tess_tap){.tile = branches->list[i].tile};
	return sound;
}

void tess_publisher_set_taps(struct tess_publisher *publisher, const struct tess_tap *taps,
			     unsigned count)
{
	bool sound = false;

	publisher->tap_count = count < TESS_MAX_TAPS ? count : TESS_MAX_TAPS;
	for (unsigned i = 0; i < publisher->tap_count; i++) {
		publisher->taps[i] = taps[i];
		sound = sound || taps[i].sound;
	}
	if (publisher->line) {
		tell_line(publisher);
		return;
	}
	sound = add_branches(publisher) || sound || publisher->publication;
	set_decodings(publisher);
	want_sound(publisher, sound && publisher->audio.desired.present);
}

static void take_error(struct tess_publisher *publisher, struct decoding *decoding, int error)
{
	/* the mixes go elsewhere at their next step */
	if (tess_device_is_lost(tess_decode_device(decoding->decode)))
		return;
	publisher->video.counters.decode_errors++;
	/* a new decoder knows no references; and a format that cannot be decoded changes at a key
	 * frame */
	if (error != -EBADMSG) {
		publisher->picture_error = error;
		restart_at_key(publisher, decoding);
	}
	tess_receiver_want_key(&publisher->video);
}

static void reap_decoder(struct tess_publisher *publisher, struct decoding *decoding)
{
	struct tess_decode_result result;

	while (tess_decode_reap(decoding->decode, &result)) {
		if (result.picture) {
			publisher->width = result.width;
			publisher->height = result.height;
			publisher->picture_error = 0;
		}
		if (result.error)
			take_error(publisher, decoding, result.error);
	}
	if (decoding->behind)
		catch_up(publisher, decoding);
}

/* The sound that came over the line. */
static void take_sound(struct tess_publisher *publisher)
{
	int64_t media_us;
	unsigned frames;

	while ((frames = tess_line_take(publisher->line, publisher->context->pcm, &media_us)))
		push_to_taps(publisher, frames, media_us);
}

static int64_t earlier(int64_t a_us, int64_t b_us)
{
	return a_us < b_us ? a_us : b_us;
}

int64_t tess_publisher_step(struct tess_publisher *publisher, int64_t now_us)
{
	int64_t video_us, audio_us, input_us = INT64_MAX, publication_us = INT64_MAX;

	if (publisher->line) {
		take_sound(publisher);
		return INT64_MAX;
	}
	video_us = tess_receiver_step(&publisher->video, now_us);
	audio_us = tess_receiver_step(&publisher->audio, now_us);
	publisher->now_us = now_us;
	if (publisher->input)
		input_us = tess_input_step(publisher->input, now_us);

	for (unsigned i = 0; i < publisher->decoding_count; i++) {
		reap_decoder(publisher, &publisher->decodings[i]);
		if (publisher->decodings[i].behind)
			input_us = earlier(input_us, now_us + CATCH_UP_US);
	}
	if (publisher->publication)
		publication_us = tess_publication_step(publisher->publication, now_us);
	if (now_us < publisher->hurry_until_us || publisher->branches.count)
		input_us = earlier(input_us, now_us + HURRIED_NAP_US);
	return earlier(earlier(video_us, audio_us), earlier(input_us, publication_us));
}

void tess_publisher_housekeep(struct tess_publisher *publisher, int64_t now_us)
{
	if (publisher->line)
		return;
	tess_receiver_housekeep(&publisher->video, now_us);
	tess_receiver_housekeep(&publisher->audio, now_us);
}

int64_t tess_publisher_arrival_us(const struct tess_publisher *publisher, int64_t capture_us)
{
	for (unsigned i = 0; i < TESS_ARRIVALS; i++) {
		if (publisher->arrivals[i].capture_us == capture_us)
			return publisher->arrivals[i].arrival_us;
	}
	return 0;
}
