/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/decode.c - the video decoder of one publication on one device.
 *
 * The slots are a ring: the room's thread fills at the head and takes results at the tail, the
 * strand works in between in the same order. A slot's done flag hands it back.
 */
#include "firmware/media/decode.h"

#include <errno.h>
#include <stdlib.h>

/* Access units that wait for company. */
#define MAX_WAITING 2

struct slot {
	struct tess_job job; /* first: a job is its slot */
	struct tess_decode *decode;
	struct tess_unit *unit;
	struct tess_tile_source *tiles[TESS_MAX_TAPS];
	unsigned tile_count;
	struct tess_decode_result result;
	atomic_bool done;
};

struct tess_decode {
	struct tess_device *device;
	struct tess_strand *strand;
	enum tess_codec codec;
	struct tess_decoder *decoder; /* the strand's */
	struct slot slots[TESS_DECODE_SLOTS];
	unsigned head, tail; /* counting up; the room thread's */
	struct tess_job last;
};

int tess_tile_source_alloc(struct tess_tile_source **sourcep, struct tess_device *device)
{
	struct tess_tile_source *source = calloc(1, sizeof(*source));
	int error;

	if (!source)
		return -ENOMEM;
	error = tess_video_source_alloc(&source->pictures);
	if (error) {
		free(source);
		return error;
	}
	atomic_init(&source->references, 1);
	source->device = tess_device_ref(device);
	*sourcep = source;
	return 0;
}

struct tess_tile_source *tess_tile_source_ref(struct tess_tile_source *source)
{
	atomic_fetch_add_explicit(&source->references, 1, memory_order_relaxed);
	return source;
}

void tess_tile_source_unref(struct tess_tile_source *source)
{
	if (source &&
	    atomic_fetch_sub_explicit(&source->references, 1, memory_order_acq_rel) == 1) {
		tess_video_source_free(source->pictures);
		tess_device_unref(source->device);
		free(source);
	}
}

static void close_decoder(struct tess_decode *decode)
{
	decode->device->engine->driver->decoder_close(decode->decoder);
	decode->decoder = NULL;
}

static int open_decoder(struct tess_decode *decode)
{
	struct tess_engine *engine = decode->device->engine;
	int error;

	if (decode->decoder)
		return 0;
	error = engine->driver->decoder_open(&decode->decoder, engine, decode->codec);
	if (error)
		decode->decoder = NULL;
	return error;
}

static int decode_slot(struct tess_decode *decode, const struct slot *slot,
		       struct tess_surface **surfacep)
{
	int error = tess_device_is_lost(decode->device) ? -ENODEV : open_decoder(decode);

	if (!error)
		error = decode->device->engine->driver->decoder_decode(
			decode->decoder, slot->unit->data, slot->unit->length,
			slot->unit->capture_us, surfacep);
	if (error == -ENODEV) {
		close_decoder(decode);
		(void)tess_device_note(decode->device, error);
	}
	return error;
}

static void run_slot(struct tess_job *job)
{
	struct slot *slot = (struct slot *)job;
	struct tess_surface *surface = NULL;

	slot->result = (struct tess_decode_result){0};
	slot->result.error = decode_slot(slot->decode, slot, &surface);
	if (surface) {
		slot->result.picture = true;
		slot->result.width = surface->width;
		slot->result.height = surface->height;
	}
	for (unsigned i = 0; i < slot->tile_count; i++) {
		if (surface)
			tess_video_source_push(slot->tiles[i]->pictures, tess_surface_ref(surface));
		tess_tile_source_unref(slot->tiles[i]);
	}
	tess_surface_unref(surface);
	tess_unit_unref(slot->unit);
	/* from here on the slot is the room thread's */
	atomic_store_explicit(&slot->done, true, memory_order_release);
}

static void run_last(struct tess_job *job)
{
	struct tess_decode *decode =
		(struct tess_decode *)((char *)job - offsetof(struct tess_decode, last));

	close_decoder(decode);
	tess_device_unref(decode->device);
	free(decode);
}

int tess_decode_alloc(struct tess_decode **decodep, struct tess_executor *executor,
		      struct tess_device *device, enum tess_codec codec)
{
	struct tess_decode *decode = calloc(1, sizeof(*decode));
	int error;

	if (!decode)
		return -ENOMEM;
	error = tess_strand_alloc(&decode->strand, executor, false);
	if (error) {
		free(decode);
		return error;
	}
	decode->device = tess_device_ref(device);
	decode->codec = codec;
	decode->last.run = run_last;
	for (unsigned i = 0; i < TESS_DECODE_SLOTS; i++) {
		decode->slots[i].decode = decode;
		decode->slots[i].job.run = run_slot;
	}
	*decodep = decode;
	return 0;
}

void tess_decode_close(struct tess_decode *decode)
{
	if (decode)
		tess_strand_close(decode->strand, &decode->last);
}

struct tess_device *tess_decode_device(const struct tess_decode *decode)
{
	return decode->device;
}

int tess_decode_submit(struct tess_decode *decode, struct tess_unit *unit,
		       struct tess_tile_source *const *tiles, unsigned count, bool soon)
{
	struct slot *slot = &decode->slots[decode->head % TESS_DECODE_SLOTS];

	if (decode->head - decode->tail == TESS_DECODE_SLOTS)
		return -EBUSY;
	slot->unit = tess_unit_ref(unit);
	for (unsigned i = 0; i < count; i++)
		slot->tiles[i] = tess_tile_source_ref(tiles[i]);
	slot->tile_count = count;
	atomic_store_explicit(&slot->done, false, memory_order_relaxed);
	decode->head++;
	/* the queue must not fill up by waiting alone */
	if (soon || decode->head - decode->tail > MAX_WAITING)
		tess_strand_post(decode->strand, &slot->job);
	else
		tess_strand_post_gathered(decode->strand, &slot->job);
	return 0;
}

bool tess_decode_is_idle(const struct tess_decode *decode)
{
	return decode->head == decode->tail;
}

bool tess_decode_reap(struct tess_decode *decode, struct tess_decode_result *result)
{
	struct slot *slot = &decode->slots[decode->tail % TESS_DECODE_SLOTS];

	if (decode->tail == decode->head ||
	    !atomic_load_explicit(&slot->done, memory_order_acquire))
		return false;
	*result = slot->result;
	decode->tail++;
	return true;
}
