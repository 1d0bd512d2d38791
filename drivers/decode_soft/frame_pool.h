/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/decode_soft/frame_pool.h - I420 buffers of one size, used again and again.
 *
 * Threads: a pool is used by one at a time; its frames may be freed on any, and after it.
 */
#ifndef TESS_FRAME_POOL_H
#define TESS_FRAME_POOL_H

#include <libavutil/buffer.h>
#include <libavutil/frame.h>

#include "hal/compiler.h"

/** Zeroed = empty. */
struct tess_frame_pool {
	AVBufferPool *buffers;
	int width, height;
};

/**
 * Give the empty @p frame I420 planes of width x height (both even); their content is left from
 * earlier uses.
 * @retval 0, -ENOMEM
 */
int tess_frame_pool_get(struct tess_frame_pool *pool, AVFrame *frame, int width,
			int height) TESS_MUST_CHECK;
/** Buffers that are still out stay valid. */
void tess_frame_pool_close(struct tess_frame_pool *pool);

#endif
