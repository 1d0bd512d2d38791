/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/engine.c - the driver table, the device, counters.
 */
#include "drivers/engine_nv/nv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/engine_nv/kernels_ptx.h"

bool nv_push(const struct nv_engine *engine)
{
	return nv_ok(engine, "cuCtxPushCurrent", engine->cuda->cuCtxPushCurrent(engine->context));
}

void nv_pop(const struct nv_engine *engine)
{
	CUcontext popped;
	nv_ok(engine, "cuCtxPopCurrent", engine->cuda->cuCtxPopCurrent(&popped));
}

static unsigned count_devices(const CudaFunctions *cuda)
{
	int count = 0;
	return cuda->cuDeviceGetCount(&count) == CUDA_SUCCESS && count > 0 ? (unsigned)count : 0;
}

static unsigned engine_devices(char (*names)[TESS_ENGINE_DEVICE_MAX], unsigned max)
{
	CudaFunctions *cuda = nv_api_open();
	if (!cuda)
		return 0;
	unsigned count = count_devices(cuda);
	nv_api_close(cuda);
	if (count > max)
		count = max;
	for (unsigned i = 0; i < count; i++)
		snprintf(names[i], TESS_ENGINE_DEVICE_MAX, "%u", i);
	return count;
}

/* @return the device that the name stands for, or -1: there is none */
static int ordinal_of(const CudaFunctions *cuda, const char *name)
{
	char known[TESS_ENGINE_DEVICE_MAX];
	unsigned count = count_devices(cuda);
	for (unsigned i = 0; i < count; i++) {
		snprintf(known, sizeof(known), "%u", i);
		if (strcmp(known, name) == 0)
			return (int)i;
	}
	return -1;
}

/* what a device says of itself, and the kernels on it; the context is current */
static bool prepare(struct nv_engine *engine, int ordinal)
{
	const CudaFunctions *cuda = engine->cuda;
	CUdevice device;
	char name[96] = "";
	if (!nv_ok(engine, "cuDeviceGet", cuda->cuDeviceGet(&device, ordinal)) ||
	    !nv_ok(engine, "cuDeviceGetName", cuda->cuDeviceGetName(name, sizeof(name), device)) ||
	    !nv_ok(engine, "cuDeviceGetAttribute",
		   cuda->cuDeviceGetAttribute(&engine->alignment,
					      CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT, device)))
		return false;
	snprintf(engine->vendor, sizeof(engine->vendor), "NVIDIA, %s", name);
	if (!nv_ok(engine, "cuvidGetDecoderCaps", nv_api_caps(engine->caps, TESS_CODEC_VP9 + 1)) ||
	    !nv_ok(engine, "cuModuleLoadData",
		   cuda->cuModuleLoadData(&engine->module, nv_kernels_ptx)))
		return false;
	const struct {
		CUfunction *function;
		const char *name;
	} kernels[] = {
		{&engine->picture, "nv_picture"},
		{&engine->fill, "nv_fill"},
		{&engine->blend, "nv_blend"},
	};
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		if (!nv_ok(engine, "cuModuleGetFunction",
			   cuda->cuModuleGetFunction(kernels[i].function, engine->module,
						     kernels[i].name)))
			return false;
	return true;
}

/* @retval 0, -ENODEV, -ENOMEM */
static int open_device(struct nv_engine *engine, const char *name)
{
	int ordinal = ordinal_of(engine->cuda, name);
	if (ordinal < 0)
		return -ENODEV;
	snprintf(engine->device, sizeof(engine->device), "%s", name);
	int err = av_hwdevice_ctx_create(&engine->device_ref, AV_HWDEVICE_TYPE_CUDA, name, NULL, 0);
	if (err)
		return err == AVERROR(ENOMEM) ? -ENOMEM : -ENODEV;
	const AVCUDADeviceContext *device = ((AVHWDeviceContext *)engine->device_ref->data)->hwctx;
	engine->context = device->cuda_ctx;
	engine->stream = device->stream;
	if (!nv_push(engine))
		return -ENODEV;
	bool ready = prepare(engine, ordinal);
	nv_pop(engine);
	return ready ? 0 : -ENODEV;
}

static void engine_close(struct tess_engine *base)
{
	struct nv_engine *engine = (struct nv_engine *)base;
	struct nv_watch watch;
	if (!engine)
		return;
	nv_watch_begin(&watch, engine);
	tess_surface_pool_close(&engine->surfaces);
	if (engine->module && nv_push(engine)) {
		nv_ok(engine, "cuModuleUnload", engine->cuda->cuModuleUnload(engine->module));
		nv_pop(engine);
	}
	av_buffer_unref(&engine->device_ref);
	nv_watch_tell(&watch);
	nv_api_close(engine->cuda);
	pthread_mutex_destroy(&engine->lock);
	free(engine);
}

static int engine_open(struct tess_engine **enginep, const struct tess_engine_config *config)
{
	struct nv_watch watch;
	struct nv_engine *engine = calloc(1, sizeof(*engine));
	if (!engine)
		return -ENOMEM;
	if (pthread_mutex_init(&engine->lock, NULL) != 0) {
		free(engine);
		return -ENOMEM;
	}
	if (nv_surfaces_open(engine)) {
		pthread_mutex_destroy(&engine->lock);
		free(engine);
		return -ENOMEM;
	}
	engine->base.driver = &tess_engine_nv;
	engine->fault = config->fault;
	engine->arg = config->arg;
	engine->cuda = nv_api_open();
	if (!engine->cuda) {
		engine_close(&engine->base);
		return -ENODEV;
	}
	nv_watch_begin(&watch, engine);
	int err = open_device(engine, config->device ? config->device : "0");
	nv_watch_tell(&watch);
	if (err) {
		engine_close(&engine->base);
		return err;
	}
	*enginep = &engine->base;
	return 0;
}

static void engine_info(const struct tess_engine *base, struct tess_engine_info *info)
{
	const struct nv_engine *engine = (const struct nv_engine *)base;
	*info = (struct tess_engine_info){.max_side = NV_MAX_SIDE};
	memcpy(info->device, engine->device, sizeof(info->device));
	memcpy(info->vendor, engine->vendor, sizeof(info->vendor));
	for (unsigned codec = TESS_CODEC_H264; codec <= TESS_CODEC_VP9; codec++)
		if (engine->caps[codec].supported)
			info->device_codecs |= 1u << codec;
}

static void engine_stats(const struct tess_engine *base, struct tess_engine_stats *stats)
{
	const struct nv_engine *engine = (const struct nv_engine *)base;
	*stats = (struct tess_engine_stats){
		.decoded = engine->decoded,
		.fallback_decoded = engine->fallback_decoded,
		.damaged = engine->damaged,
		.refused = engine->refused,
		.composed = engine->composed,
		.tiles_drawn = engine->tiles_drawn,
		.tiles_kept = engine->tiles_kept,
		.encoded = engine->encoded,
		.downloads = engine->downloads,
		.uploads = engine->uploads,
		.allocations = engine->allocations,
		.faults = engine->faults,
		.surfaces_live = tess_surface_pool_live(&engine->surfaces),
	};
}

const struct tess_engine_driver tess_engine_nv = {
	.size = sizeof(struct tess_engine_driver),
	.name = "nv",
	.devices = engine_devices,
	.open = engine_open,
	.close = engine_close,
	.info = engine_info,
	.stats = engine_stats,
	.upload = nv_upload,
	.decoder_open = nv_decoder_open,
	.decoder_close = nv_decoder_close,
	.decoder_decode = nv_decoder_decode,
	.compositor_open = nv_compositor_open,
	.compositor_close = nv_compositor_close,
	.compositor_draw = nv_compositor_draw,
	.encoder_open = nv_encoder_open,
	.encoder_close = nv_encoder_close,
	.encoder_encode = nv_encoder_encode,
	.encoder_set_bitrate = nv_encoder_set_bitrate,
	.download = nv_download,
};
