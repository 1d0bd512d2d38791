/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/publisher_facts.c - what is told of a publisher: state, rates, sizes.
 */
#include "firmware/media/publisher_internal.h"

/* A publisher that was silent for so long is stalled. */
#define STALLED_US INT64_C(2000000)

void tess_publisher_measure(struct tess_publisher *publisher, int64_t now_us)
{
	if (publisher->line)
		return;
	tess_receiver_measure(&publisher->video, now_us);
	tess_receiver_measure(&publisher->audio, now_us);
	tess_branches_set_price(&publisher->branches, tess_publisher_price(publisher));
}

double tess_publisher_price(const struct tess_publisher *publisher)
{
	if (publisher->line)
		return tess_line_price(publisher->line);
	return tess_price_pictures(publisher->width, publisher->height,
				   publisher->video.access_units_per_second);
}
static int64_t last_packet_us(const struct tess_publisher *publisher)
{
	return publisher->video.last_us > publisher->audio.last_us ? publisher->video.last_us
								   : publisher->audio.last_us;
}

static int current_error(const struct tess_publisher *publisher)
{
	if (publisher->video.error)
		return publisher->video.error;
	return publisher->audio.error ? publisher->audio.error : publisher->error;
}

enum tess_publisher_state tess_publisher_state(const struct tess_publisher *publisher,
					       int64_t now_us)
{
	int64_t last_us = last_packet_us(publisher);

	if (current_error(publisher))
		return TESS_PUBLISHER_ERROR;
	if (!last_us)
		return TESS_PUBLISHER_WAITING;
	return now_us - last_us < STALLED_US ? TESS_PUBLISHER_RECEIVING : TESS_PUBLISHER_STALLED;
}

static float sound_level(const struct tess_publisher *publisher)
{
	for (unsigned i = 0; i < publisher->tap_count; i++) {
		if (publisher->taps[i].sound)
			return tess_audio_source_level(publisher->taps[i].sound);
	}
	return publisher->publication ? tess_publication_level(publisher->publication) : 0;
}

static void larger_tile(const struct tess_tap *tap, struct tess_media_facts_track *facts)
{
	if (!tap->tile)
		return;
	if (tap->width > facts->tile_width)
		facts->tile_width = tap->width;
	if (tap->height > facts->tile_height)
		facts->tile_height = tap->height;
}

void tess_publisher_facts(const struct tess_publisher *publisher, int64_t now_us,
			  struct tess_publisher_facts *facts)
{
	int64_t last_us = last_packet_us(publisher);

	facts->id = publisher->desired.id;
	facts->state = tess_publisher_state(publisher, now_us);
	facts->error = current_error(publisher);
	if (!facts->error)
		facts->error = publisher->picture_error;
	facts->idle_us = now_us - (last_us ? last_us : publisher->opened_us);
	if (facts->idle_us < 0)
		facts->idle_us = 0;
	tess_receiver_facts(&publisher->video, &facts->video);
	tess_receiver_facts(&publisher->audio, &facts->audio);
	facts->video.frame_rate = publisher->video.access_units_per_second;
	facts->video.width = publisher->width;
	facts->video.height = publisher->height;
	facts->video.decoders = (uint8_t)publisher->decoding_count;
	for (unsigned i = 0; i < publisher->tap_count; i++)
		larger_tile(&publisher->taps[i], &facts->video);
	facts->audio.level = sound_level(publisher);
}
