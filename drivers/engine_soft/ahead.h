/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/ahead.h - scaling a picture as soon as it is decoded, while it is in the
 * processor's cache, to what its decoder's last picture was drawn as. A canvas that wants the same
 * then copies it; another one scales for itself. The pixels are the same either way.
 */
#ifndef TESS_ENGINE_SOFT_AHEAD_H
#define TESS_ENGINE_SOFT_AHEAD_H

#include "drivers/decode_soft/frame_pool.h"
#include "drivers/engine_soft/soft.h"

/** How the pictures of one decoder were drawn last: the decoder's and all its pictures'. */
struct soft_view;

/** Nothing was drawn yet; one reference. @retval NULL no memory */
struct soft_view *soft_view_new(void) TESS_MUST_CHECK;
struct soft_view *soft_view_ref(struct soft_view *view);
void soft_view_unref(struct soft_view *view); /* accepts NULL */

/** In the decoder's thread, before anyone else has the picture: scale it as the view says. */
void soft_scale_ahead(struct soft_surface *surface, struct tess_frame_pool *pool);
/**
 * In a compositor's thread: @p source of the picture is drawn as width x height.
 * @return a frame of exactly that, the surface's, or NULL: it is to be scaled
 */
const AVFrame *soft_scaled_ahead(const struct soft_surface *surface, const struct tess_rect *source,
				 int width, int height);

#endif
