/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/canvas.h - the output of one mix: compositor, encoders and the stream's ring, on
 * one strand of the pool.
 *
 * The room's thread hands over pictures to draw and sound to encode; both go into the ring in the
 * order handed over, so that the ring has one writer. At most two pictures are under way: the room
 * leaves a tick out rather than queue behind a slow encoder. Sound has a longer queue, it is not
 * left out for want of a picture's time.
 *
 * Each picture says on which device it is to be drawn; when that is another one than before, the
 * stream goes on with a new encoder's key frame. Threads: all calls belong to the room's thread.
 */
#ifndef TESS_MEDIA_CANVAS_H
#define TESS_MEDIA_CANVAS_H

#include "firmware/media/context.h"
#include "firmware/media/desired.h"
#include "firmware/media/frozen.h"
#include "pipeline/mix/audio.h"
#include "pipeline/mix/layout.h"
#include "pipeline/stream/ring.h"

#define TESS_CANVAS_PICTURES 2
#define TESS_CANVAS_SOUNDS   16

/** A picture to draw. The room's thread fills it between begin and submit. */
struct tess_canvas_picture {
	int64_t pts_us;
	struct tess_device *device;	 /* a reference, given over; of the tiles too */
	struct tess_desired_video video; /* as the stream shall be from this picture on */
	struct tess_tile tiles[TESS_LAYOUT_MAX_TILES]; /* with a reference each, given over */
	struct tess_frozen_mark marks[TESS_LAYOUT_MAX_TILES]; /* of the tiles */
	unsigned tile_count;
	struct tess_surface *backdrop; /* below the tiles, a reference, given over; or NULL */
	/* when the last packet of each picture came in that is shown here for the first time */
	int64_t arrivals_us[TESS_LAYOUT_MAX_TILES];
	unsigned arrival_count;
	/* what came of it */
	int error;
	bool hopeless; /* with an error: the device cannot do what the mix asks for */
	size_t bytes;  /* 0 without error: the encoder had nothing yet */
	int64_t written_us;
};

struct tess_canvas;

struct tess_canvas_config {
	const struct tess_media_context *context; /* copied */
	uint64_t epoch;
	bool has_video;
	struct tess_desired_video video;
	struct tess_audio_encoder_config audio;
	bool has_mp3; /* the sound in a second stream too, as MP3 (mp3.h) */
};

/**
 * Open the audio encoder and the ring; the video encoder follows with the first picture.
 * @retval 0, -EINVAL, -ENOTSUP, -ENOMEM, -EMFILE
 */
int tess_canvas_alloc(struct tess_canvas **canvasp,
		      const struct tess_canvas_config *config) TESS_MUST_CHECK;
/** Gone for the caller at once; what is queued is still written. Accepts NULL. */
void tess_canvas_close(struct tess_canvas *canvas);
/** The ring's descriptors; they stay the canvas's. */
void tess_canvas_descriptors(const struct tess_canvas *canvas, int *memfd, int *eventfd);
/** Those of the MP3 stream; false: there is none. */
bool tess_canvas_mp3_descriptors(const struct tess_canvas *canvas, int *memfd, int *eventfd);

/** A picture to fill, or NULL: two are under way. */
struct tess_canvas_picture *tess_canvas_picture_begin(struct tess_canvas *canvas);
void tess_canvas_picture_submit(struct tess_canvas *canvas);
/** The next picture's result, until the next begin; NULL if there is none yet. */
const struct tess_canvas_picture *tess_canvas_picture_reap(struct tess_canvas *canvas);

/** Room for TESS_MIX_AUDIO_FRAMES stereo frames, or NULL: the queue is full. */
float *tess_canvas_sound_begin(struct tess_canvas *canvas);
void tess_canvas_sound_submit(struct tess_canvas *canvas, int64_t pts_us);
/** What came of the next 20 ms: bytes written and the error; false if that is not known yet. */
bool tess_canvas_sound_reap(struct tess_canvas *canvas, size_t *bytes, int *error);

#endif
