/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/decode_soft/frame_pool.c - I420 buffers.
 */
#include "drivers/decode_soft/frame_pool.h"

#include <errno.h>
#include <libavutil/pixfmt.h>

/* rows begin on a cache line, and vector code may read past a row's end */
#define STRIDE_ALIGN 64

int tess_frame_pool_get(struct tess_frame_pool *pool, AVFrame *frame, int width, int height)
{
	int stride = (width + STRIDE_ALIGN - 1) & ~(STRIDE_ALIGN - 1);
	int chroma_stride = (width / 2 + STRIDE_ALIGN - 1) & ~(STRIDE_ALIGN - 1);
	size_t luma_bytes = (size_t)stride * height;
	size_t chroma_bytes = (size_t)chroma_stride * (height / 2);

	if (!pool->buffers || pool->width != width || pool->height != height) {
		tess_frame_pool_close(pool);
		/* zeroed, so that padding never makes two runs differ */
		pool->buffers = av_buffer_pool_init(luma_bytes + 2 * chroma_bytes + STRIDE_ALIGN,
						    av_buffer_allocz);
		if (!pool->buffers)
			return -ENOMEM;
		pool->width = width;
		pool->height = height;
	}
	frame->buf[0] = av_buffer_pool_get(pool->buffers);
	if (!frame->buf[0])
		return -ENOMEM;
	frame->format = AV_PIX_FMT_YUV420P;
	frame->width = width;
	frame->height = height;
	frame->data[0] = frame->buf[0]->data;
	frame->data[1] = frame->data[0] + luma_bytes;
	frame->data[2] = frame->data[1] + chroma_bytes;
	frame->linesize[0] = stride;
	frame->linesize[1] = frame->linesize[2] = chroma_stride;
	return 0;
}

void tess_frame_pool_close(struct tess_frame_pool *pool)
{
	av_buffer_pool_uninit(&pool->buffers);
}
