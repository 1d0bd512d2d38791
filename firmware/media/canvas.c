/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/canvas.c - the output of one mix.
 *
 * Jobs stand in two rings of slots, filled at the head and reaped at the tail by the room's thread;
 * the strand works in between. A slot's done flag hands it back.
 */
#include "firmware/media/canvas.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/media/mp3.h"
#include "firmware/media/sound.h"

/* The ring holds this much of the stream, at twice its nominal rate. */
#define RING_SECONDS 8
/* A mix's bit rate may be raised while its ring stays. */
#define RING_MIN_BYTES (8u << 20)
#define RING_MAX_BYTES (256u << 20)
#define RING_SLOTS     4096 /* 8 s of 60 pictures and 47 audio frames a second, and as much again */
/* So many pictures that fail one after the other are more than an accident. */
#define MAX_FAILURES 3
/* After that the device is left alone for so long. */
#define RETRY_US INT64_C(1000000)
/* A hole of so long is told to the readers; a picture or two less are not seen. */
#define HOLE_US INT64_C(500000)

struct picture_slot {
	struct tess_job job; /* first: a job is its slot */
	struct tess_canvas *canvas;
	struct tess_canvas_picture picture;
	atomic_bool done;
};

struct sound_slot {
	struct tess_job job; /* first: a job is its slot */
	struct tess_canvas *canvas;
	int64_t pts_us;
	float pcm[TESS_MIX_AUDIO_FRAMES * TESS_AUDIO_CHANNELS];
	size_t bytes;
	int error;
	atomic_bool done;
};

struct tess_canvas {
	struct tess_media_context context; /* a copy: the strand may outlive the room worker */
	struct tess_strand *strand;
	struct tess_job last;
	struct picture_slot pictures[TESS_CANVAS_PICTURES];
	struct sound_slot sounds[TESS_CANVAS_SOUNDS];
	unsigned picture_head, picture_tail, sound_head, sound_tail; /* the room thread's */

	/* the strand's */
	struct tess_ring_writer *ring;
	struct tess_audio_encoder *audio;
	struct tess_mp3_stream *mp3; /* NULL: none is wanted */
	struct tess_device *device;  /* of compositor and encoder; NULL: no picture yet */
	struct tess_compositor *compositor;
	struct tess_encoder *encoder;
	struct tess_frozen_pictures frozen;
	struct tess_desired_video video; /* as compositor and encoder are */
	unsigned failures;
	int64_t retry_us;
	bool need_key;	    /* a picture that was to be there is not */
	int64_t written_us; /* time stamp of the last picture written; 0: none yet */
};

static void close_encoder(struct tess_canvas *canvas)
{
	if (canvas->encoder)
		canvas->device->engine->driver->encoder_close(canvas->encoder);
	canvas->encoder = NULL;
}

static void close_video(struct tess_canvas *canvas)
{
	close_encoder(canvas);
	tess_frozen_clear(&canvas->frozen);
	if (canvas->compositor)
		canvas->device->engine->driver->compositor_close(canvas->compositor);
	canvas->compositor = NULL;
}

static int open_compositor(struct tess_canvas *canvas)
{
	struct tess_engine *engine = canvas->device->engine;
	int error;

	if (canvas->compositor)
		return 0;
	error = engine->driver->compositor_open(&canvas->compositor, engine, canvas->video.width,
						canvas->video.height);
	if (error)
		canvas->compositor = NULL;
	return error;
}

static int open_encoder(struct tess_canvas *canvas)
{
	struct tess_engine *engine = canvas->device->engine;
	const struct tess_encoder_config config = {
		.width = canvas->video.width,
		.height = canvas->video.height,
		.frame_rate = canvas->video.frame_rate,
		.gop_frames = canvas->video.gop_frames,
		.bitrate_bps = canvas->video.bitrate_bps,
	};
	int error;

	if (canvas->encoder)
		return 0;
	error = engine->driver->encoder_open(&canvas->encoder, engine, &config);
	if (error)
		canvas->encoder = NULL;
	return error;
}

/* Leave the device that pictures were drawn on for another. */
static void apply_device(struct tess_canvas *canvas, struct tess_device *device)
{
	if (device == canvas->device)
		return;
	close_video(canvas);
	tess_device_unref(canvas->device);
	canvas->device = tess_device_ref(device);
	canvas->failures = 0;
	canvas->retry_us = 0;
}

/* Bring compositor and encoder to what the picture asks for; only what differs is opened anew. */
static int apply_video(struct tess_canvas *canvas, const struct tess_desired_video *wanted)
{
	const struct tess_engine_driver *driver = canvas->device->engine->driver;
	const struct tess_desired_video running = canvas->video;
	int error;

	canvas->video = *wanted;
	if (running.width != wanted->width || running.height != wanted->height)
		close_video(canvas);
	if (running.frame_rate != wanted->frame_rate || running.gop_frames != wanted->gop_frames)
		close_encoder(canvas);
	if (canvas->encoder && running.bitrate_bps != wanted->bitrate_bps &&
	    (!driver->encoder_set_bitrate ||
	     driver->encoder_set_bitrate(canvas->encoder, wanted->bitrate_bps)))
		close_encoder(canvas);
	error = open_compositor(canvas);
	return error ? error : open_encoder(canvas);
}

/* Draw the scene and encode it. */
static int draw(struct tess_canvas *canvas, const struct tess_canvas_picture *picture,
		struct tess_encoded *encoded)
{
	const struct tess_engine_driver *driver = canvas->device->engine->driver;
	struct tess_tile tiles[2 * TESS_LAYOUT_MAX_TILES];
	struct tess_scene scene = {
		.background = picture->video.background,
		.backdrop = picture->backdrop,
		.tiles = tiles,
	};
	struct tess_surface *surface;
	int error = tess_frozen_dress(&canvas->frozen, canvas->device->engine, picture->tiles,
				      picture->marks, picture->tile_count, tiles);

	if (error < 0)
		return error;
	scene.count = (unsigned)error;
	error = driver->compositor_draw(canvas->compositor, &scene, &surface);
	if (error)
		return error;
	error = driver->encoder_encode(canvas->encoder, surface, picture->pts_us, canvas->need_key,
				       encoded);
	tess_surface_unref(surface);
	return error;
}

static int write_picture(struct tess_canvas *canvas, struct tess_canvas_picture *picture,
			 const struct tess_encoded *encoded)
{
	const struct tess_au au = {
		.data = encoded->data,
		.length = encoded->length,
		.pts_us = encoded->pts_us,
		.dts_us = encoded->dts_us,
		.track = TESS_TRACK_VIDEO,
		.key = encoded->key,
		.discontinuity = canvas->need_key && canvas->written_us &&
				 encoded->pts_us - canvas->written_us >= HOLE_US,
	};
	int error = tess_ring_write_annexb(canvas->ring, &au);

	canvas->need_key = error != 0;
	if (!error) {
		canvas->written_us = encoded->pts_us;
		picture->bytes = encoded->length;
	}
	return error;
}

static int encode(struct tess_canvas *canvas, struct tess_canvas_picture *picture)
{
	struct tess_encoded encoded = {0};
	int error;

	if (tess_device_is_lost(canvas->device))
		return -ENODEV;
	error = apply_video(canvas, &picture->video);
	if (error) {
		canvas->failures = MAX_FAILURES;
		/* other errors are of what was asked for */
		return error == -ENODEV ? tess_device_note(canvas->device, error) : error;
	}
	error = tess_device_note(canvas->device, draw(canvas, picture, &encoded));
	if (error || !encoded.length)
		return error;
	return write_picture(canvas, picture, &encoded);
}

/* One that failed is left out; the next is a key frame. */
static void take_error(struct tess_canvas *canvas, struct tess_canvas_picture *picture,
		       int64_t now_us)
{
	canvas->need_key = true;
	picture->hopeless = picture->error == -ENODEV || ++canvas->failures >= MAX_FAILURES;
	if (picture->hopeless) {
		close_video(canvas);
		canvas->failures = 0;
		canvas->retry_us = now_us + RETRY_US;
	}
}

static void run_picture(struct tess_job *job)
{
	struct picture_slot *slot = (struct picture_slot *)job;
	struct tess_canvas *canvas = slot->canvas;
	struct tess_canvas_picture *picture = &slot->picture;
	int64_t now_us = tess_clock_now_us(canvas->context.clock);

	apply_device(canvas, picture->device);
	picture->bytes = 0;
	picture->hopeless = false;
	picture->error = -EAGAIN;
	if (now_us >= canvas->retry_us) {
		picture->error = encode(canvas, picture);
		if (!picture->error)
			canvas->failures = 0;
		else if (picture->error != -EMSGSIZE)
			take_error(canvas, picture, now_us);
	}
	for (unsigned i = 0; i < picture->tile_count; i++)
		tess_surface_unref(picture->tiles[i].surface);
	tess_surface_unref(picture->backdrop);
	picture->written_us = tess_clock_now_us(canvas->context.clock);
	/* from here on the slot is the room thread's */
	atomic_store_explicit(&slot->done, true, memory_order_release);
}

static void run_sound(struct tess_job *job)
{
	struct sound_slot *slot = (struct sound_slot *)job;
	struct tess_canvas *canvas = slot->canvas;

	slot->bytes = 0;
	slot->error =
		tess_sound_write(canvas->context.audio, canvas->audio, canvas->ring, slot->pcm,
				 TESS_MIX_AUDIO_FRAMES, slot->pts_us, INT64_MIN, &slot->bytes);
	if (canvas->mp3) {
		int error = tess_mp3_stream_feed(canvas->mp3, slot->pcm, TESS_MIX_AUDIO_FRAMES,
						 slot->pts_us);

		slot->error = slot->error ? slot->error : error;
	}
	atomic_store_explicit(&slot->done, true, memory_order_release);
}

static void free_canvas(struct tess_canvas *canvas)
{
	close_video(canvas);
	tess_device_unref(canvas->device);
	for (unsigned i = 0; i < TESS_CANVAS_PICTURES; i++)
		tess_device_unref(canvas->pictures[i].picture.device);
	canvas->context.audio->encoder_close(canvas->audio);
	tess_mp3_stream_free(canvas->mp3);
	tess_ring_writer_free(canvas->ring);
	free(canvas);
}

static void run_last(struct tess_job *job)
{
	free_canvas((struct tess_canvas *)((char *)job - offsetof(struct tess_canvas, last)));
}

static int open_ring(struct tess_canvas *canvas, const struct tess_canvas_config *config)
{
	uint64_t bits = config->audio.bitrate_bps;
	struct tess_ring_config ring = {.epoch = config->epoch, .slots = RING_SLOTS};
	struct tess_stream_info info = {
		.has_video = config->has_video,
		.has_audio = true,
		.audio_rate = config->audio.sample_rate,
		.audio_channels = config->audio.channels,
		.audio_codec = TESS_CODEC_AAC,
	};
	const uint8_t *asc;
	size_t length;

	if (config->has_video) {
		info.width = config->video.width;
		info.height = config->video.height;
		info.frame_rate = config->video.frame_rate;
		info.video_bitrate_bps = config->video.bitrate_bps;
		bits += config->video.bitrate_bps;
	}
	asc = canvas->context.audio->encoder_config(canvas->audio, &length);
	if (length > sizeof(info.audio_config))
		return -EINVAL;
	memcpy(info.audio_config, asc, length);
	info.audio_config_length = (uint8_t)length;
	bits *= (uint64_t)RING_SECONDS * 2;
	ring.data_bytes = bits / 8 > RING_MAX_BYTES ? RING_MAX_BYTES : (uint32_t)(bits / 8);
	if (ring.data_bytes < RING_MIN_BYTES)
		ring.data_bytes = RING_MIN_BYTES;
	return tess_ring_writer_alloc(&canvas->ring, &ring, &info);
}

int tess_canvas_alloc(struct tess_canvas **canvasp, const struct tess_canvas_config *config)
{
	struct tess_canvas *canvas = calloc(1, sizeof(*canvas));
	int error;

	if (!canvas)
		return -ENOMEM;
	canvas->context = *config->context;
	canvas->last.run = run_last;
	for (unsigned i = 0; i < TESS_CANVAS_PICTURES; i++) {
		canvas->pictures[i].job.run = run_picture;
		canvas->pictures[i].canvas = canvas;
	}
	for (unsigned i = 0; i < TESS_CANVAS_SOUNDS; i++) {
		canvas->sounds[i].job.run = run_sound;
		canvas->sounds[i].canvas = canvas;
	}
	error = config->context->audio->encoder_open(&canvas->audio, &config->audio);
	if (error)
		canvas->audio = NULL;
	else
		error = open_ring(canvas, config);
	if (!error && config->has_mp3)
		error = tess_mp3_stream_alloc(&canvas->mp3, config->context->audio, &config->audio,
					      config->epoch);
	if (!error)
		error = tess_strand_alloc(&canvas->strand, config->context->executor, true);
	if (error) {
		free_canvas(canvas);
		return error;
	}
	*canvasp = canvas;
	return 0;
}

void tess_canvas_close(struct tess_canvas *canvas)
{
	if (canvas)
		tess_strand_close(canvas->strand, &canvas->last);
}

void tess_canvas_descriptors(const struct tess_canvas *canvas, int *memfd, int *eventfd)
{
	*memfd = tess_ring_writer_memfd(canvas->ring);
	*eventfd = tess_ring_writer_eventfd(canvas->ring);
}

bool tess_canvas_mp3_descriptors(const struct tess_canvas *canvas, int *memfd, int *eventfd)
{
	if (canvas->mp3)
		tess_mp3_stream_descriptors(canvas->mp3, memfd, eventfd);
	return canvas->mp3 != NULL;
}

struct tess_canvas_picture *tess_canvas_picture_begin(struct tess_canvas *canvas)
{
	struct tess_canvas_picture *picture;

	if (canvas->picture_head - canvas->picture_tail == TESS_CANVAS_PICTURES)
		return NULL;
	picture = &canvas->pictures[canvas->picture_head % TESS_CANVAS_PICTURES].picture;
	/* kept until here: who reaps the picture compares it */
	tess_device_unref(picture->device);
	picture->device = NULL;
	picture->tile_count = 0;
	memset(picture->marks, 0, sizeof(picture->marks));
	picture->backdrop = NULL;
	picture->arrival_count = 0;
	return picture;
}

void tess_canvas_picture_submit(struct tess_canvas *canvas)
{
	struct picture_slot *slot =
		&canvas->pictures[canvas->picture_head++ % TESS_CANVAS_PICTURES];

	atomic_store_explicit(&slot->done, false, memory_order_relaxed);
	tess_strand_post(canvas->strand, &slot->job);
}

const struct tess_canvas_picture *tess_canvas_picture_reap(struct tess_canvas *canvas)
{
	struct picture_slot *slot = &canvas->pictures[canvas->picture_tail % TESS_CANVAS_PICTURES];

	if (canvas->picture_tail == canvas->picture_head ||
	    !atomic_load_explicit(&slot->done, memory_order_acquire))
		return NULL;
	canvas->picture_tail++;
	return &slot->picture;
}

float *tess_canvas_sound_begin(struct tess_canvas *canvas)
{
	if (canvas->sound_head - canvas->sound_tail == TESS_CANVAS_SOUNDS)
		return NULL;
	return canvas->sounds[canvas->sound_head % TESS_CANVAS_SOUNDS].pcm;
}

void tess_canvas_sound_submit(struct tess_canvas *canvas, int64_t pts_us)
{
	struct sound_slot *slot = &canvas->sounds[canvas->sound_head++ % TESS_CANVAS_SOUNDS];

	slot->pts_us = pts_us;
	atomic_store_explicit(&slot->done, false, memory_order_relaxed);
	tess_strand_post_gathered(canvas->strand, &slot->job);
}

bool tess_canvas_sound_reap(struct tess_canvas *canvas, size_t *bytes, int *error)
{
	struct sound_slot *slot = &canvas->sounds[canvas->sound_tail % TESS_CANVAS_SOUNDS];

	if (canvas->sound_tail == canvas->sound_head ||
	    !atomic_load_explicit(&slot->done, memory_order_acquire))
		return false;
	*bytes = slot->bytes;
	*error = slot->error;
	canvas->sound_tail++;
	return true;
}
