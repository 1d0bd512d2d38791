/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mix/video.h - picks, for each tick of the output, the picture of each tile.
 *
 * A source is one publication's pictures in this mix: a short queue by capture time. At a tick the
 * newest picture that is due wins and older ones are dropped, so that one bad publisher never holds
 * up the canvas; without a new one the last stays. Drawing itself is the engine's compositor.
 * Threads: push may come from a decoder's thread while the owner picks; the rest is the owner's.
 */
#ifndef TESS_MIX_VIDEO_H
#define TESS_MIX_VIDEO_H

#include "hal/engine.h"
#include "pipeline/mix/layout.h"

struct tess_video_source;

/** @retval 0, -ENOMEM */
int tess_video_source_alloc(struct tess_video_source **sourcep) TESS_MUST_CHECK;
/** Accepts NULL. */
void tess_video_source_free(struct tess_video_source *source);
/**
 * Queue a picture; takes the caller's reference. Pictures come in the order they are to be shown. A
 * full queue (8 pictures up to 1920x1080, at least 2 of larger ones) drops its oldest but one
 * (counted): the oldest is the next to become due.
 */
void tess_video_source_push(struct tess_video_source *source, struct tess_surface *surface);
/** Forget all pictures: the tile becomes black. */
void tess_video_source_clear(struct tess_video_source *source);
/**
 * The picture to show at media time @p media_us: the last pushed one with capture_us <= media_us,
 * or the one shown before. Pictures pushed before it are dropped, whatever their time says, so that
 * a publisher whose time line jumps back goes on at once. Still the source's reference, valid until
 * the next pick or clear. NULL: none yet.
 */
struct tess_surface *tess_video_source_pick(struct tess_video_source *source, int64_t media_us);
/** Pictures that were never shown because a newer one was due, or the queue was full. */
uint64_t tess_video_source_skipped(const struct tess_video_source *source);

#endif
