/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_soft/engine.c - the driver table, counters, and the copy out for tests.
 */
#include "drivers/decode_soft/decode_soft.h"
#include "drivers/engine_soft/soft.h"

#include <errno.h>
#include <libavutil/log.h>
#include <libyuv.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE "cpu"

static unsigned engine_devices(char (*names)[TESS_ENGINE_DEVICE_MAX], unsigned max)
{
	if (max)
		memcpy(names[0], DEVICE, sizeof(DEVICE));
	return max ? 1 : 0;
}

static int engine_open(struct tess_engine **enginep, const struct tess_engine_config *config)
{
	if (config->device && strcmp(config->device, DEVICE) != 0)
		return -ENODEV;
	struct soft_engine *engine = calloc(1, sizeof(*engine));
	if (!engine)
		return -ENOMEM;
	if (soft_surfaces_open(engine)) {
		free(engine);
		return -ENOMEM;
	}
	engine->base.driver = &tess_engine_soft;
	/* its codecs are told to be silent one by one, but helpers that they call log what
	 * strangers send as well, without limit; what fails is returned and counted */
	av_log_set_level(AV_LOG_QUIET);
	*enginep = &engine->base;
	return 0;
}

static void engine_close(struct tess_engine *base)
{
	struct soft_engine *engine = (struct soft_engine *)base;
	if (!engine)
		return;
	tess_surface_pool_close(&engine->surfaces);
	free(engine);
}

static void engine_info(const struct tess_engine *engine, struct tess_engine_info *info)
{
	(void)engine;
	*info = (struct tess_engine_info){
		.device = DEVICE,
		.vendor = "libavcodec, libyuv, x264",
		.device_codecs = TESS_DECODE_SOFT_CODECS,
		.max_side = TESS_ENGINE_SOFT_MAX_SIDE,
		.shared_units = true,
	};
}

static void engine_stats(const struct tess_engine *base, struct tess_engine_stats *stats)
{
	const struct soft_engine *engine = (const struct soft_engine *)base;
	*stats = (struct tess_engine_stats){
		.decoded = engine->decoded,
		.damaged = engine->damaged,
		.refused = engine->refused,
		.composed = engine->composed,
		.tiles_drawn = engine->tiles_drawn,
		.tiles_kept = engine->tiles_kept,
		.encoded = engine->encoded,
		.downloads = engine->downloads,
		.uploads = engine->uploads,
		.surfaces_live = tess_surface_pool_live(&engine->surfaces),
	};
}

static int engine_download(struct tess_engine *base, struct tess_surface *handle, uint8_t *i420)
{
	struct soft_engine *engine = (struct soft_engine *)base;
	struct soft_surface *surface = soft_surface_of(engine, handle);
	if (!surface)
		return -EINVAL;
	const AVFrame *frame = surface->pooled.frame;
	int width = handle->width, height = handle->height;
	uint8_t *u = i420 + (size_t)width * height;
	uint8_t *v = u + (size_t)(width / 2) * (height / 2);
	I420Copy(frame->data[0], frame->linesize[0], frame->data[1], frame->linesize[1],
		 frame->data[2], frame->linesize[2], i420, width, u, width / 2, v, width / 2, width,
		 height);
	soft_count(&engine->downloads, 1);
	return 0;
}

const struct tess_engine_driver tess_engine_soft = {
	.size = sizeof(struct tess_engine_driver),
	.name = "soft",
	.devices = engine_devices,
	.open = engine_open,
	.close = engine_close,
	.info = engine_info,
	.stats = engine_stats,
	.upload = soft_upload,
	.decoder_open = soft_decoder_open,
	.decoder_close = soft_decoder_close,
	.decoder_decode = soft_decoder_decode,
	.compositor_open = soft_compositor_open,
	.compositor_close = soft_compositor_close,
	.compositor_draw = soft_compositor_draw,
	.encoder_open = soft_encoder_open,
	.encoder_close = soft_encoder_close,
	.encoder_encode = soft_encoder_encode,
	.encoder_set_bitrate = soft_encoder_set_bitrate,
	.download = engine_download,
};
