/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/engine.c - the driver table, devices, and what they can do.
 */
#include "drivers/engine_vaapi/vaapi.h"

#include <dirent.h>
#include <errno.h>
#include <libavutil/hwcontext.h>
#include <libavutil/hwcontext_vaapi.h>
#include <libavutil/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES "/dev/dri"

static int is_node(const struct dirent *entry)
{
	return strncmp(entry->d_name, "renderD", 7) == 0;
}

static unsigned engine_devices(char (*names)[TESS_ENGINE_DEVICE_MAX], unsigned max)
{
	struct dirent **entries;
	int found = scandir(NODES, &entries, is_node, versionsort);
	if (found < 0)
		return 0;
	unsigned count = 0;
	for (int i = 0; i < found; i++) {
		size_t length = strlen(entries[i]->d_name);
		if (count < max && sizeof(NODES) + length < TESS_ENGINE_DEVICE_MAX)
			snprintf(names[count++], TESS_ENGINE_DEVICE_MAX, NODES "/%s",
				 entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return count;
}

static const struct {
	VAProfile profile;
	enum tess_codec codec;
} decoded_profiles[] = {
	{VAProfileH264ConstrainedBaseline, TESS_CODEC_H264},
	{VAProfileH264Main, TESS_CODEC_H264},
	{VAProfileH264High, TESS_CODEC_H264},
	{VAProfileHEVCMain, TESS_CODEC_H265},
	{VAProfileVP8Version0_3, TESS_CODEC_VP8},
	{VAProfileVP9Profile0, TESS_CODEC_VP9},
};

/* what the device does with one profile */
struct uses {
	bool decode, encode, encode_low_power, process;
};

static void find_uses(VADisplay display, VAProfile profile, VAEntrypoint *points, struct uses *uses)
{
	int count = 0;
	if (vaQueryConfigEntrypoints(display, profile, points, &count) != VA_STATUS_SUCCESS)
		return;
	for (int i = 0; i < count; i++) {
		uses->decode |= points[i] == VAEntrypointVLD;
		uses->encode |= points[i] == VAEntrypointEncSlice;
		uses->encode_low_power |= points[i] == VAEntrypointEncSliceLP;
		uses->process |= points[i] == VAEntrypointVideoProc;
	}
}

/* @retval 0, -ENOMEM, -ENODEV it cannot compose or encode */
static int find_codecs(struct vaapi_engine *engine)
{
	VAEntrypoint *points =
		calloc((size_t)vaMaxNumEntrypoints(engine->display), sizeof(points[0]));
	if (!points)
		return -ENOMEM;
	struct uses h264 = {0}, none = {0};
	find_uses(engine->display, VAProfileNone, points, &none);
	for (size_t i = 0; i < sizeof(decoded_profiles) / sizeof(decoded_profiles[0]); i++) {
		struct uses uses = {0};
		find_uses(engine->display, decoded_profiles[i].profile, points, &uses);
		if (uses.decode)
			engine->codecs |= 1u << decoded_profiles[i].codec;
		if (decoded_profiles[i].codec == TESS_CODEC_H264) {
			h264.encode |= uses.encode;
			h264.encode_low_power |= uses.encode_low_power;
		}
	}
	free(points);
	engine->low_power = !h264.encode;
	return none.process && (h264.encode || h264.encode_low_power) ? 0 : -ENODEV;
}

static uint16_t smaller(uint16_t side, int limit)
{
	return limit > 0 && limit < side ? (uint16_t)(limit & ~1) : side;
}

/* @retval 0, -ENOMEM, -EIO */
static int open_processor(struct vaapi_engine *engine, struct vaapi_watch *watch)
{
	if (!vaapi_ok(watch, "vaCreateConfig",
		      vaCreateConfig(engine->display, VAProfileNone, VAEntrypointVideoProc, NULL, 0,
				     &engine->vpp_config))) {
		engine->vpp_config = VA_INVALID_ID;
		return -EIO;
	}
	AVVAAPIHWConfig *config = av_hwdevice_hwconfig_alloc(engine->device_ref);
	if (!config)
		return -ENOMEM;
	config->config_id = engine->vpp_config;
	AVHWFramesConstraints *limits =
		av_hwdevice_get_hwframe_constraints(engine->device_ref, config);
	av_free(config);
	if (!limits)
		return -ENOMEM;
	engine->max_side = smaller(TESS_ENGINE_VAAPI_MAX_SIDE, limits->max_width);
	engine->max_side = smaller(engine->max_side, limits->max_height);
	av_hwframe_constraints_free(&limits);
	return vaapi_health_open(engine, watch);
}

/* @retval 0, -ENOMEM, -ENODEV, -EIO */
static int open_device(struct vaapi_engine *engine, struct vaapi_watch *watch)
{
	int err = av_hwdevice_ctx_create(&engine->device_ref, AV_HWDEVICE_TYPE_VAAPI,
					 engine->device, NULL, 0);
	if (err < 0)
		return err == AVERROR(ENOMEM) ? -ENOMEM : -ENODEV;
	const AVHWDeviceContext *device = (AVHWDeviceContext *)engine->device_ref->data;
	engine->display = ((AVVAAPIDeviceContext *)device->hwctx)->display;
	err = find_codecs(engine);
	return err ? err : open_processor(engine, watch);
}

static void engine_close(struct tess_engine *base)
{
	struct vaapi_engine *engine = (struct vaapi_engine *)base;
	if (!engine)
		return;
	tess_surface_pool_close(&engine->surfaces);
	vaapi_health_close(engine);
	if (engine->vpp_config != VA_INVALID_ID)
		vaDestroyConfig(engine->display, engine->vpp_config);
	av_buffer_unref(&engine->device_ref);
	pthread_mutex_destroy(&engine->health.lock);
	free(engine);
}

static struct vaapi_engine *engine_alloc(const struct tess_engine_config *config,
					 const char *device)
{
	struct vaapi_engine *engine = calloc(1, sizeof(*engine));
	if (!engine)
		return NULL;
	if (vaapi_surfaces_open(engine)) {
		free(engine);
		return NULL;
	}
	if (pthread_mutex_init(&engine->health.lock, NULL) != 0) {
		tess_surface_pool_close(&engine->surfaces);
		free(engine);
		return NULL;
	}
	engine->base.driver = &tess_engine_vaapi;
	engine->fault = config->fault;
	engine->arg = config->arg;
	engine->vpp_config = VA_INVALID_ID;
	snprintf(engine->device, sizeof(engine->device), "%s", device);
	return engine;
}

static int engine_open(struct tess_engine **enginep, const struct tess_engine_config *config)
{
	char first[1][TESS_ENGINE_DEVICE_MAX];
	const char *device = config->device;
	if (!device && engine_devices(first, 1) == 1)
		device = first[0];
	if (!device || strlen(device) >= TESS_ENGINE_DEVICE_MAX)
		return -ENODEV;
	struct vaapi_engine *engine = engine_alloc(config, device);
	if (!engine)
		return -ENOMEM;
	/* what strangers send is logged without limit otherwise; what fails is returned, counted
	 * and told */
	av_log_set_level(AV_LOG_QUIET);
	struct vaapi_watch watch;
	vaapi_watch_begin(&watch, engine);
	int err = open_device(engine, &watch);
	vaapi_watch_tell(&watch);
	if (err || watch.failed) {
		engine_close(&engine->base);
		return err == -ENOMEM && !watch.failed ? -ENOMEM : -ENODEV;
	}
	*enginep = &engine->base;
	return 0;
}

static void engine_info(const struct tess_engine *base, struct tess_engine_info *info)
{
	const struct vaapi_engine *engine = (const struct vaapi_engine *)base;
	const char *vendor = vaQueryVendorString(engine->display);
	*info = (struct tess_engine_info){
		.device_codecs = engine->codecs,
		.max_side = engine->max_side,
	};
	snprintf(info->device, sizeof(info->device), "%s", engine->device);
	snprintf(info->vendor, sizeof(info->vendor), "%s", vendor ? vendor : "");
}

static void engine_stats(const struct tess_engine *base, struct tess_engine_stats *stats)
{
	const struct vaapi_engine *engine = (const struct vaapi_engine *)base;
	*stats = (struct tess_engine_stats){
		.decoded = engine->decoded,
		.composed = engine->composed,
		.tiles_drawn = engine->tiles_drawn,
		.tiles_kept = engine->tiles_kept,
		.encoded = engine->encoded,
		.fallback_decoded = engine->fallback_decoded,
		.damaged = engine->damaged,
		.refused = engine->refused,
		.downloads = engine->downloads,
		.uploads = engine->uploads,
		.allocations = engine->allocations,
		.faults = engine->faults,
		.surfaces_live = tess_surface_pool_live(&engine->surfaces),
	};
}

const struct tess_engine_driver tess_engine_vaapi = {
	.size = sizeof(struct tess_engine_driver),
	.name = "vaapi",
	.devices = engine_devices,
	.open = engine_open,
	.close = engine_close,
	.info = engine_info,
	.stats = engine_stats,
	.upload = vaapi_upload,
	.decoder_open = vaapi_decoder_open,
	.decoder_close = vaapi_decoder_close,
	.decoder_decode = vaapi_decoder_decode,
	.compositor_open = vaapi_compositor_open,
	.compositor_close = vaapi_compositor_close,
	.compositor_draw = vaapi_compositor_draw,
	.encoder_open = vaapi_encoder_open,
	.encoder_close = vaapi_encoder_close,
	.encoder_encode = vaapi_encoder_encode,
	.download = vaapi_download,
};
