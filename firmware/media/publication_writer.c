/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/publication_writer.c - ring and AAC encoder of a publication, on a strand.
 *
 * Jobs stand in rings of slots, filled by the room's thread; a slot's busy flag hands it back.
 */
#include "firmware/media/publication_writer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/media/sound.h"
#include "pipeline/mix/audio.h"

#define PICTURES 64
#define SOUNDS	 50
#define RINGS	 2

#define SOUND_BPS 96000
/* Sound that goes on after so long: the silence that the encoder still holds came too late. */
#define PAUSE_US INT64_C(1000000)

struct picture_slot {
	struct tess_job job; /* first: a job is its slot */
	struct tess_publication_writer *writer;
	struct tess_unit *unit;
	int64_t pts_us, dts_us;
	bool discontinuity;
	atomic_bool busy;
};

struct sound_slot {
	struct tess_job job; /* first: a job is its slot */
	struct tess_publication_writer *writer;
	int64_t pts_us;
	float pcm[TESS_MIX_AUDIO_FRAMES * TESS_AUDIO_CHANNELS];
	atomic_bool busy;
};

struct ring_slot {
	struct tess_job job; /* first: a job is its slot */
	struct tess_publication_writer *writer;
	struct tess_ring_writer *ring;
	atomic_bool busy;
};

struct tess_publication_writer {
	struct tess_media_context context; /* a copy: the strand may outlive the room worker */
	struct tess_strand *strand;
	struct tess_job last;
	struct picture_slot pictures[PICTURES];
	struct sound_slot sounds[SOUNDS];
	struct ring_slot rings[RINGS];
	unsigned picture, sound, next_ring; /* the next slots; the room thread's */

	/* the strand's */
	struct tess_ring_writer *ring;
	struct tess_audio_encoder *encoder;
	int64_t sound_us, from_us; /* of the last sound; what is of before from_us is dropped */
	bool need_key;		   /* a picture could not be written */
	bool failed;		   /* and that has been logged */
};

static void run_ring(struct tess_job *job)
{
	struct ring_slot *slot = (struct ring_slot *)job;
	struct tess_publication_writer *writer = slot->writer;

	tess_ring_writer_free(writer->ring);
	writer->ring = slot->ring;
	writer->need_key = false;
	atomic_store_explicit(&slot->busy, false, memory_order_release);
}

static void note(struct tess_publication_writer *writer, int error)
{
	if (error && !writer->failed)
		TESS_WARN("publication.not_written", "error=\"%s\"", strerrordesc_np(-error));
	writer->failed = error != 0;
}

static void run_picture(struct tess_job *job)
{
	struct picture_slot *slot = (struct picture_slot *)job;
	struct tess_publication_writer *writer = slot->writer;
	const struct tess_au au = {
		.data = slot->unit->data,
		.length = slot->unit->length,
		.pts_us = slot->pts_us,
		.dts_us = slot->dts_us,
		.track = TESS_TRACK_VIDEO,
		.key = slot->unit->key,
		.discontinuity = slot->discontinuity || writer->need_key,
	};

	if (writer->ring && (au.key || !writer->need_key)) {
		int error = tess_ring_write_annexb(writer->ring, &au);

		note(writer, error);
		writer->need_key = error != 0;
	}
	tess_unit_unref(slot->unit);
	atomic_store_explicit(&slot->busy, false, memory_order_release);
}

static void run_sound(struct tess_job *job)
{
	struct sound_slot *slot = (struct sound_slot *)job;
	struct tess_publication_writer *writer = slot->writer;

	/* the frame that begins with the first of it may be rounded down */
	if (writer->sound_us && slot->pts_us - writer->sound_us > PAUSE_US)
		writer->from_us = slot->pts_us - 1;
	writer->sound_us = slot->pts_us;
	note(writer,
	     tess_sound_write(writer->context.audio, writer->encoder, writer->ring, slot->pcm,
			      TESS_MIX_AUDIO_FRAMES, slot->pts_us, writer->from_us, NULL));
	atomic_store_explicit(&slot->busy, false, memory_order_release);
}

static void free_writer(struct tess_publication_writer *writer)
{
	writer->context.audio->encoder_close(writer->encoder);
	tess_ring_writer_free(writer->ring);
	free(writer);
}

static void run_last(struct tess_job *job)
{
	free_writer(
		(struct tess_publication_writer *)((char *)job -
						   offsetof(struct tess_publication_writer, last)));
}

static void prepare_slots(struct tess_publication_writer *writer)
{
	writer->last.run = run_last;
	for (unsigned i = 0; i < PICTURES; i++) {
		writer->pictures[i].job.run = run_picture;
		writer->pictures[i].writer = writer;
	}
	for (unsigned i = 0; i < SOUNDS; i++) {
		writer->sounds[i].job.run = run_sound;
		writer->sounds[i].writer = writer;
	}
	for (unsigned i = 0; i < RINGS; i++) {
		writer->rings[i].job.run = run_ring;
		writer->rings[i].writer = writer;
	}
}

int tess_publication_writer_open(struct tess_publication_writer **writerp,
				 const struct tess_media_context *context, bool has_audio)
{
	static const struct tess_audio_encoder_config sound = {
		.sample_rate = TESS_AUDIO_RATE,
		.channels = TESS_AUDIO_CHANNELS,
		.bitrate_bps = SOUND_BPS,
	};
	struct tess_publication_writer *writer = calloc(1, sizeof(*writer));
	int error = 0;

	if (!writer)
		return -ENOMEM;
	writer->context = *context;
	writer->from_us = INT64_MIN;
	prepare_slots(writer);
	if (has_audio)
		error = context->audio->encoder_open(&writer->encoder, &sound);
	if (error)
		writer->encoder = NULL;
	else
		error = tess_strand_alloc(&writer->strand, context->executor, true);
	if (error) {
		free_writer(writer);
		return error;
	}
	*writerp = writer;
	return 0;
}

void tess_publication_writer_close(struct tess_publication_writer *writer)
{
	if (writer)
		tess_strand_close(writer->strand, &writer->last);
}

void tess_publication_writer_describe(const struct tess_publication_writer *writer,
				      struct tess_stream_info *info)
{
	const uint8_t *config;
	size_t length;

	if (!writer->encoder)
		return;
	config = writer->context.audio->encoder_config(writer->encoder, &length);
	if (length > sizeof(info->audio_config))
		return;
	info->has_audio = true;
	info->audio_rate = TESS_AUDIO_RATE;
	info->audio_channels = TESS_AUDIO_CHANNELS;
	info->audio_codec = TESS_CODEC_AAC;
	memcpy(info->audio_config, config, length);
	info->audio_config_length = (uint8_t)length;
}

static bool is_busy(const atomic_bool *busy)
{
	return atomic_load_explicit(busy, memory_order_acquire);
}

static void post(struct tess_publication_writer *writer, struct tess_job *job, atomic_bool *busy)
{
	atomic_store_explicit(busy, true, memory_order_relaxed);
	tess_strand_post(writer->strand, job);
}

int tess_publication_writer_ring(struct tess_publication_writer *writer,
				 struct tess_ring_writer *ring)
{
	struct ring_slot *slot = &writer->rings[writer->next_ring % RINGS];

	if (is_busy(&slot->busy))
		return -EBUSY;
	writer->next_ring++;
	slot->ring = ring;
	post(writer, &slot->job, &slot->busy);
	return 0;
}

int tess_publication_writer_picture(struct tess_publication_writer *writer, struct tess_unit *unit,
				    int64_t pts_us, int64_t dts_us, bool discontinuity)
{
	struct picture_slot *slot = &writer->pictures[writer->picture % PICTURES];

	if (is_busy(&slot->busy))
		return -EBUSY;
	writer->picture++;
	slot->unit = tess_unit_ref(unit);
	slot->pts_us = pts_us;
	slot->dts_us = dts_us;
	slot->discontinuity = discontinuity;
	post(writer, &slot->job, &slot->busy);
	return 0;
}

float *tess_publication_writer_sound_begin(struct tess_publication_writer *writer)
{
	struct sound_slot *slot = &writer->sounds[writer->sound % SOUNDS];

	return is_busy(&slot->busy) ? NULL : slot->pcm;
}

void tess_publication_writer_sound_submit(struct tess_publication_writer *writer, int64_t pts_us)
{
	struct sound_slot *slot = &writer->sounds[writer->sound++ % SOUNDS];

	slot->pts_us = pts_us;
	post(writer, &slot->job, &slot->busy);
}
