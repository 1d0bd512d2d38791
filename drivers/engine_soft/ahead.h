/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/ahead.h - scaling a picture while it is being decoded, as its rows become
 * final and are in the processor's cache, to what its decoder's last picture was drawn as. A canvas
 * that wants the same then copies it; another one scales for itself. The pixels are the same either
 * way.
 */
#ifndef TESS_ENGINE_SOFT_AHEAD_H
#define TESS_ENGINE_SOFT_AHEAD_H

#include "drivers/decode_soft/frame_pool.h"
#include "drivers/engine_soft/soft.h"

/** How the pictures of one decoder were drawn last: the decoder's and all its pictures'. */
struct soft_view;

struct soft_view *soft_view_ref(struct soft_view *view);
void soft_view_unref(struct soft_view *view); /* accepts NULL */

/** A decoder's part, used in its thread. Zeroed before soft_ahead_open(). */
struct soft_ahead {
	struct soft_view *view;
	struct tess_frame_pool pool;
	AVFrame *frame; /* what becomes of the picture that is being decoded, or NULL */
	const uint8_t *buffer, *first; /* the picture's, and where its first row is */
	struct tess_rect source;       /* the part of the picture that it shows */
	int ratio;		       /* rows of the picture to one of it */
	int seen;		       /* rows that are decoded */
	int done;		       /* rows of source that are scaled */
};

/** @retval 0, -ENOMEM */
int soft_ahead_open(struct soft_ahead *ahead) TESS_MUST_CHECK;
void soft_ahead_close(struct soft_ahead *ahead);
/** A tess_decode_soft_rows: scale them, as the view says. @p arg is the struct soft_ahead. */
void soft_ahead_rows(void *arg, const AVFrame *picture, int row, int rows);
/** The picture is decoded, and nobody else has it: give it what was scaled, all of it. */
void soft_ahead_finish(struct soft_ahead *ahead, struct soft_surface *surface);
/**
 * In a compositor's thread: @p source of the picture is drawn as width x height.
 * @return a frame of exactly that, the surface's, or NULL: it is to be scaled
 */
const AVFrame *soft_scaled_ahead(const struct soft_surface *surface, const struct tess_rect *source,
				 int width, int height);

#endif
