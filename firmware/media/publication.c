/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/publication.c - what one user sends as a stream of its own.
 */
#include "firmware/media/publication.h"

#include <errno.h>
#include <stdlib.h>

#include "firmware/base/log.h"
#include "firmware/media/mix.h"
#include "firmware/media/publication_writer.h"
#include "pipeline/mix/audio.h"
#include "pipeline/mux/h264.h"
#include "pipeline/stream/annexb.h"
#include "pipeline/stream/reorder.h"

#define SOUND_US INT64_C(20000)
/* What is encoded of the sound is this far behind what was fed: up to four frames of AAC. */
#define ENCODER_US INT64_C(86000)
/* Sound that is this late goes on at the present instead of catching up. */
#define SOUND_JUMP_US INT64_C(1000000)
/* Sound waits for a first picture so long, or, where pictures come, for a key frame. */
#define FIRST_PICTURE_US INT64_C(1000000)
#define FIRST_KEY_US	 INT64_C(5000000)
/* After so long without a picture, while sound comes, it is a stream of sound. */
#define NO_PICTURE_US INT64_C(5000000)
/* Sound comes: a packet of it was not longer ago, also with DTX (one each 400 ms). */
#define SOUNDING_US INT64_C(1000000)
/* After so long without anything nothing is written, not even silence. */
#define QUIET_US INT64_C(2000000)
/* What is not mixed is handed on as often as sound is, with or without any. */
#define LOOK_US SOUND_US
/* Pictures that wait for the sound of their time. */
#define HELD 64

/* 8 s of a picture of 8 Mbit/s; memory is used as it is written */
#define RING_BYTES	 (8u << 20)
#define RING_SOUND_BYTES (1u << 20)
#define RING_SLOTS	 4096 /* 8 s of 60 pictures and 47 audio frames a second, and as much again */

struct held {
	struct tess_unit *unit;
	int64_t pts_us, dts_us;
	bool discontinuity;
	uint16_t width, height; /* of a key frame */
};

struct tess_publication {
	struct tess_media_context context;
	struct tess_publisher_counters *counters;
	struct tess_publication_writer *writer;
	bool has_video, has_audio;

	/* the ring; its descriptors are the writer's */
	uint64_t epoch; /* 0: none yet */
	bool ring_video, told;
	int memfd, eventfd;

	struct tess_reorder reorder;
	bool need_key; /* nothing is passed on before one */
	bool lost;     /* and something is missing before it */
	struct held held[HELD];
	unsigned held_head, held_tail;
	int64_t picture_us; /* when the last came in, 0: none yet */

	struct tess_audio_mixer *mixer;
	struct tess_audio_source *source; /* NULL: no sound is to come */
	int64_t sound_us;		  /* of the next 20 ms */
	int64_t heard_us;		  /* when the last packet came in, 0: none yet */
	int64_t sounding_since_us;	  /* the first of those that came without a pause */
};

int tess_publication_open(struct tess_publication **publicationp,
			  const struct tess_media_context *context, bool has_video, bool has_audio,
			  struct tess_publisher_counters *counters)
{
	struct tess_publication *publication = calloc(1, sizeof(*publication));
	int error;

	if (!publication)
		return -ENOMEM;
	publication->context = *context;
	publication->counters = counters;
	publication->has_video = has_video;
	publication->has_audio = has_audio;
	publication->need_key = true;
	error = tess_publication_writer_open(&publication->writer, context, has_audio);
	if (!error && has_audio)
		error = tess_audio_mixer_alloc(&publication->mixer);
	if (!error && has_audio)
		error = tess_audio_source_add(&publication->source, publication->mixer);
	if (error) {
		tess_publication_close(publication);
		return error;
	}
	*publicationp = publication;
	return 0;
}

static struct held *first_held(struct tess_publication *publication)
{
	return publication->held_tail == publication->held_head
		       ? NULL
		       : &publication->held[publication->held_tail % HELD];
}

static void drop_first(struct tess_publication *publication)
{
	tess_unit_unref(publication->held[publication->held_tail++ % HELD].unit);
}

void tess_publication_close(struct tess_publication *publication)
{
	if (!publication)
		return;
	while (first_held(publication))
		drop_first(publication);
	tess_audio_mixer_free(publication->mixer);
	tess_publication_writer_close(publication->writer);
	free(publication);
}

void tess_publication_lose(struct tess_publication *publication)
{
	/* before the first picture nothing is missing */
	publication->lost = publication->lost || !publication->need_key;
	publication->need_key = true;
}

/* Go on in a new ring. @p first: the key frame that it begins with, NULL: with sound. */
static int open_ring(struct tess_publication *publication, const struct held *first)
{
	uint64_t epoch = (uint64_t)(tess_clock_now_us(publication->context.clock) +
				    publication->context.utc_offset_us);
	struct tess_ring_config config = {.slots = RING_SLOTS};
	struct tess_stream_info info = {.has_video = first != NULL};
	struct tess_ring_writer *ring;
	int error;

	config.epoch = epoch > publication->epoch ? epoch : publication->epoch + 1;
	config.data_bytes = first ? RING_BYTES : RING_SOUND_BYTES;
	if (first) {
		info.width = first->width;
		info.height = first->height;
	}
	tess_publication_writer_describe(publication->writer, &info);
	error = tess_ring_writer_alloc(&ring, &config, &info);
	if (error)
		return error;
	error = tess_publication_writer_ring(publication->writer, ring);
	if (error) {
		tess_ring_writer_free(ring);
		return error;
	}
	publication->epoch = config.epoch;
	publication->ring_video = first != NULL;
	publication->told = false;
	publication->memfd = tess_ring_writer_memfd(ring);
	publication->eventfd = tess_ring_writer_eventfd(ring);
	return 0;
}

/* Hand over the first that is held. @return false: it has to wait */
static bool hand_over(struct tess_publication *publication)
{
	struct held *held = first_held(publication);
	int error = 0;

	if (!publication->ring_video) {
		if (held->unit->key)
			error = open_ring(publication, held);
		else
			error = -ENOENT; /* what it refers to found no ring */
	}
	if (!error)
		error = tess_publication_writer_picture(publication->writer, held->unit,
							held->pts_us, held->dts_us,
							held->discontinuity);
	if (error == -EBUSY)
		return false;
	if (error) {
		publication->counters->stream_overflow++;
		tess_publication_lose(publication);
	}
	drop_first(publication);
	return true;
}

/* Hand over pictures that are due at this time. */
static void hand_over_until(struct tess_publication *publication, int64_t media_us)
{
	struct held *held;

	while ((held = first_held(publication)) && held->dts_us <= media_us) {
		if (!hand_over(publication))
			return;
	}
}

/* Parameter sets of a key frame. @return false: it has none, readers could not begin with it */
static bool find_sets(const struct tess_unit *unit, struct tess_h264_sps *sps)
{
	size_t length, offset = 0;
	bool has_sps = false, has_pps = false;
	const uint8_t *nal;

	while (!(has_sps && has_pps) &&
	       tess_annexb_next(unit->data, unit->length, &offset, &nal, &length)) {
		unsigned type = nal[0] & 0x1f;

		if (type == TESS_H264_NAL_SPS && !has_sps)
			has_sps = !tess_h264_sps_parse(sps, nal, length);
		has_pps = has_pps || type == TESS_H264_NAL_PPS;
		if (type == TESS_H264_NAL_IDR)
			break;
	}
	return has_sps && has_pps;
}

/* Put it behind the others. */
static void hold(struct tess_publication *publication, struct tess_unit *unit,
		 const struct tess_h264_sps *sps, bool discontinuity)
{
	struct held *held = &publication->held[publication->held_head++ % HELD];
	int64_t pts_us = unit->capture_us;

	if (discontinuity)
		tess_reorder_break(&publication->reorder);
	if (sps->reorder > 0)
		tess_reorder_set_depth(&publication->reorder, (unsigned)sps->reorder);
	held->dts_us = tess_reorder_dts(&publication->reorder, &pts_us);
	held->pts_us = pts_us;
	held->unit = tess_unit_ref(unit);
	held->discontinuity = discontinuity;
	held->width = sps->width;
	held->height = sps->height;
}

bool tess_publication_picture(struct tess_publication *publication, struct tess_unit *unit,
			      bool discontinuity)
{
	struct tess_h264_sps sps = {0};

	if (!publication->has_video)
		return true;
	publication->picture_us = tess_clock_now_us(publication->context.clock);
	if (discontinuity)
		tess_publication_lose(publication);
	if (publication->held_head - publication->held_tail == HELD) {
		while (first_held(publication))
			drop_first(publication);
		publication->counters->stream_overflow += HELD;
		tess_publication_lose(publication);
	}
	if ((publication->need_key && !unit->key) || (unit->key && !find_sets(unit, &sps))) {
		publication->counters->stream_waiting++;
		tess_publication_lose(publication);
		return false;
	}
	hold(publication, unit, &sps, publication->lost);
	publication->need_key = publication->lost = false;
	if (!publication->has_audio)
		hand_over_until(publication, INT64_MAX);
	return true;
}

static bool is_sounding(const struct tess_publication *publication, int64_t now_us)
{
	return publication->heard_us && now_us - publication->heard_us < SOUNDING_US;
}

void tess_publication_sound(struct tess_publication *publication, const float *pcm, unsigned frames,
			    int64_t media_us)
{
	int64_t now_us;

	if (!publication->source)
		return;
	now_us = tess_clock_now_us(publication->context.clock);
	if (!is_sounding(publication, now_us))
		publication->sounding_since_us = now_us;
	publication->heard_us = now_us;
	tess_audio_source_push(publication->source, pcm, frames, media_us);
}

float tess_publication_level(const struct tess_publication *publication)
{
	return publication->source ? tess_audio_source_level(publication->source) : 0;
}

/* Begin, or go on, with sound alone where pictures do not come. */
static void do_without_pictures(struct tess_publication *publication, int64_t now_us)
{
	int64_t wait_us = publication->picture_us ? FIRST_KEY_US : FIRST_PICTURE_US;
	int64_t sound_us = now_us - publication->sounding_since_us;

	if (!is_sounding(publication, now_us) || first_held(publication))
		return;
	if (publication->epoch) {
		/* after a pause of both, the picture may come a moment later */
		if (!publication->ring_video || sound_us < NO_PICTURE_US ||
		    now_us - publication->picture_us < NO_PICTURE_US)
			return;
	} else if (publication->has_video && sound_us < wait_us) {
		return;
	}
	if (open_ring(publication, NULL))
		return; /* again at the next step */
	publication->need_key = true;
	publication->lost = false;
}

static void sound(struct tess_publication *publication)
{
	float *pcm = tess_publication_writer_sound_begin(publication->writer);

	/* the mixer's time goes on in any case */
	tess_audio_mixer_pull(publication->mixer, publication->sound_us,
			      pcm ? pcm : publication->context.pcm);
	if (pcm)
		tess_publication_writer_sound_submit(publication->writer, publication->sound_us);
	else
		publication->counters->stream_overflow++;
}

static int64_t step_sound(struct tess_publication *publication, int64_t now_us)
{
	int64_t delay_us = (int64_t)publication->context.jitter_us + TESS_MIX_SOUND_MARGIN_US;
	int64_t media_us = now_us - delay_us;
	int64_t last_us = publication->heard_us > publication->picture_us ? publication->heard_us
									  : publication->picture_us;

	if (!last_us || now_us - last_us > QUIET_US)
		return INT64_MAX;
	if (media_us - publication->sound_us > SOUND_JUMP_US)
		publication->sound_us = media_us / SOUND_US * SOUND_US;
	for (; publication->sound_us <= media_us; publication->sound_us += SOUND_US) {
		hand_over_until(publication, publication->sound_us - ENCODER_US);
		sound(publication);
	}
	return publication->sound_us + delay_us;
}

int64_t tess_publication_step(struct tess_publication *publication, int64_t now_us)
{
	if (!publication->has_audio) {
		hand_over_until(publication, INT64_MAX);
		return !publication->picture_us || now_us - publication->picture_us > QUIET_US
			       ? INT64_MAX
			       : now_us + LOOK_US;
	}
	do_without_pictures(publication, now_us);
	return step_sound(publication, now_us);
}

bool tess_publication_news(struct tess_publication *publication, uint64_t *epoch, int *memfd,
			   int *eventfd)
{
	if (!publication->epoch || publication->told)
		return false;
	publication->told = true;
	*epoch = publication->epoch;
	*memfd = publication->memfd;
	*eventfd = publication->eventfd;
	return true;
}
