/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/decoder.c - decoded frames as surfaces.
 */
#include "drivers/decode_soft/decode_soft.h"
#include "drivers/engine_soft/ahead.h"

#include <errno.h>
#include <stdlib.h>

struct tess_decoder {
	struct soft_engine *engine;
	struct tess_decode_soft *soft;
	struct soft_ahead ahead;
};

int soft_decoder_open(struct tess_decoder **decoderp, struct tess_engine *engine,
		      enum tess_codec codec)
{
	struct tess_decoder *decoder = calloc(1, sizeof(*decoder));
	if (!decoder)
		return -ENOMEM;
	int err = tess_decode_soft_open(&decoder->soft, codec);
	if (err) {
		free(decoder);
		return err;
	}
	err = soft_ahead_open(&decoder->ahead);
	if (err) {
		soft_decoder_close(decoder);
		return err;
	}
	tess_decode_soft_watch(decoder->soft, soft_ahead_rows, &decoder->ahead);
	decoder->engine = (struct soft_engine *)engine;
	*decoderp = decoder;
	return 0;
}

void soft_decoder_close(struct tess_decoder *decoder)
{
	if (!decoder)
		return;
	tess_decode_soft_close(decoder->soft);
	soft_ahead_close(&decoder->ahead);
	free(decoder);
}

static void describe(struct soft_surface *surface)
{
	const AVFrame *frame = surface->pooled.frame;
	surface->pooled.base.width = (uint16_t)frame->width;
	surface->pooled.base.height = (uint16_t)frame->height;
	surface->pooled.base.sar_num = (uint16_t)frame->sample_aspect_ratio.num;
	surface->pooled.base.sar_den = (uint16_t)frame->sample_aspect_ratio.den;
	surface->pooled.base.capture_us = frame->pts;
	surface->full_range = frame->color_range == AVCOL_RANGE_JPEG;
}

int soft_decoder_decode(struct tess_decoder *decoder, const uint8_t *data, size_t length,
			int64_t capture_us, struct tess_surface **surfacep)
{
	struct soft_engine *engine = decoder->engine;
	struct soft_surface *surface = soft_surface_new(engine);
	*surfacep = NULL;
	if (!surface)
		return -ENOMEM;
	int count = tess_decode_soft_decode(decoder->soft, data, length, capture_us,
					    surface->pooled.frame);
	if (count > 0) {
		describe(surface);
		soft_ahead_finish(&decoder->ahead, surface);
		soft_count(&engine->decoded, (uint64_t)count);
		*surfacep = &surface->pooled.base;
		return 0;
	}
	tess_surface_unref(&surface->pooled.base);
	if (count == -ENOTSUP)
		soft_count(&engine->refused, 1);
	else if (count == -EBADMSG)
		soft_count(&engine->damaged, 1);
	return count;
}
