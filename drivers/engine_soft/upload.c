/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/upload.c - still pictures.
 */
#include "drivers/compose/image.h"
#include "drivers/engine_soft/soft.h"

#include <errno.h>
#include <libavutil/pixfmt.h>

/* vector code may read past the last row's end */
#define PADDING 64

/* planes of the image's size in @p frame, one after the other. @retval 0, -ENOMEM */
static int allocate(AVFrame *frame, const struct tess_image *image)
{
	size_t luma = (size_t)image->width * image->height, chroma = luma / 4;
	frame->buf[0] =
		av_buffer_allocz(luma + 2 * chroma + (image->alpha ? luma + chroma : 0) + PADDING);
	if (!frame->buf[0])
		return -ENOMEM;
	frame->format = AV_PIX_FMT_YUV420P;
	frame->width = image->width;
	frame->height = image->height;
	frame->data[0] = frame->buf[0]->data;
	frame->data[1] = frame->data[0] + luma;
	frame->data[2] = frame->data[1] + chroma;
	frame->linesize[0] = image->width;
	frame->linesize[1] = frame->linesize[2] = image->width / 2;
	if (image->alpha) {
		frame->data[3] = frame->data[2] + chroma;
		frame->data[4] = frame->data[3] + luma;
		frame->linesize[3] = image->width;
		frame->linesize[4] = image->width / 2;
	}
	return 0;
}

int soft_upload(struct tess_engine *base, const struct tess_image *image,
		struct tess_surface **surfacep)
{
	struct soft_engine *engine = (struct soft_engine *)base;
	if (!tess_compose_image_valid(image, TESS_ENGINE_SOFT_MAX_SIDE))
		return -EINVAL;
	struct soft_surface *surface = soft_surface_new(engine);
	if (!surface)
		return -ENOMEM;
	AVFrame *frame = surface->pooled.frame;
	int err = allocate(frame, image);
	if (err) {
		tess_surface_unref(&surface->pooled.base);
		return err;
	}
	tess_compose_image_convert(image, &(struct tess_compose_planes){
						  .y = frame->data[0],
						  .u = frame->data[1],
						  .v = frame->data[2],
						  .y_stride = (size_t)frame->linesize[0],
						  .chroma_stride = (size_t)frame->linesize[1],
						  .a = frame->data[3],
						  .chroma_a = frame->data[4],
						  .a_stride = (size_t)frame->linesize[3],
						  .chroma_a_stride = (size_t)frame->linesize[4],
					  });
	surface->pooled.base.width = image->width;
	surface->pooled.base.height = image->height;
	surface->pooled.base.capture_us = 0;
	surface->alpha = image->alpha;
	soft_count(&engine->uploads, 1);
	*surfacep = &surface->pooled.base;
	return 0;
}
