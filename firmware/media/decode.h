/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/decode.h - the video decoder of one publication on one device, on a strand of the
 * pool, shared by all mixes that show it there.
 *
 * Access units go in with the tiles that want the picture; the decoder's thread puts it into them.
 * The queue holds TESS_DECODE_SLOTS access units; a full one tells its caller, who then skips to
 * the next key frame. Threads: all calls belong to the room's thread.
 */
#ifndef TESS_MEDIA_DECODE_H
#define TESS_MEDIA_DECODE_H

#include <stdatomic.h>

#include "firmware/media/engines.h"
#include "firmware/media/executor.h"
#include "firmware/media/gop.h"
#include "pipeline/mix/video.h"

/** 60 pictures a second for a quarter of a second: what a room's thread that looks seldom finds
 * after a pause of the network. */
#define TESS_DECODE_SLOTS 16
/** The most mixes that show one publication: the mixes of a room. */
#define TESS_MAX_TAPS 8

/** A mix's queue of pictures of one publication; the mix and access units under way refer to it. */
struct tess_tile_source {
	atomic_uint references;
	struct tess_device *device; /* that the pictures are on */
	struct tess_video_source *pictures;
};

/** @retval 0, -ENOMEM; *sourcep has one reference, the caller's */
int tess_tile_source_alloc(struct tess_tile_source **sourcep,
			   struct tess_device *device) TESS_MUST_CHECK;
struct tess_tile_source *tess_tile_source_ref(struct tess_tile_source *source);
void tess_tile_source_unref(struct tess_tile_source *source); /* accepts NULL */

struct tess_decode_result {
	int error; /* of the engine's decoder, 0 if none */
	bool picture;
	uint16_t width, height; /* of the picture */
};

struct tess_decode;

/** The decoder itself is opened with the first access unit. @retval 0, -ENOMEM */
int tess_decode_alloc(struct tess_decode **decodep, struct tess_executor *executor,
		      struct tess_device *device, enum tess_codec codec) TESS_MUST_CHECK;
/** Gone for the caller at once; what is queued is still decoded. Accepts NULL. */
void tess_decode_close(struct tess_decode *decode);
/** Still the decode's. */
struct tess_device *tess_decode_device(const struct tess_decode *decode);
/**
 * Queue an access unit (a reference is taken) for @p count tiles (<= TESS_MAX_TAPS) of the same
 * device; not @p soon: it may wait for company (firmware/media/executor.h).
 * @retval 0, -EBUSY the queue is full
 */
int tess_decode_submit(struct tess_decode *decode, struct tess_unit *unit,
		       struct tess_tile_source *const *tiles, unsigned count,
		       bool soon) TESS_MUST_CHECK;
/** True if all that was submitted has been reaped. */
bool tess_decode_is_idle(const struct tess_decode *decode);
/** What came of the next access unit; false if that is not known yet. */
bool tess_decode_reap(struct tess_decode *decode, struct tess_decode_result *result);

#endif
