/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_nv/fault.c - failed calls: counted, told, and what they mean for the device.
 *
 * They are heard from the log, which is where libavcodec and libavutil put theirs, and where memory
 * that is freed with the last reference to a picture can put its own. They are told when the
 * operation is over, since some happen while libavutil holds a lock.
 */
#include "drivers/engine_nv/nv.h"

#include <ctype.h>
#include <errno.h>
#include <libavutil/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* nvEncodeAPI.h: NV_ENC_ERR_OUT_OF_MEMORY, and NV_ENC_ERR_INCOMPATIBLE_CLIENT_KEY, with which
 * newer drivers refuse a session beyond the limit */
#define NVENC_OUT_OF_MEMORY	      10
#define NVENC_INCOMPATIBLE_CLIENT_KEY 21

/* libavcodec has its own words for the calls of NVENC */
static const struct {
	const char *words, *call;
} nvenc_calls[] = {
	{"OpenEncodeSessionEx", "nvEncOpenEncodeSessionEx"},
	{"InitializeEncoder", "nvEncInitializeEncoder"},
	{"CreateBitstreamBuffer", "nvEncCreateBitstreamBuffer"},
	{"EncodePicture", "nvEncEncodePicture"},
	{"Error registering", "nvEncRegisterResource"},
	{"Error mapping", "nvEncMapInputResource"},
	{"Failed locking bitstream", "nvEncLockBitstream"},
	{"Failed unlocking bitstream", "nvEncUnlockBitstream"},
	{"Failed unmapping", "nvEncUnmapInputResource"},
	{"failed to reconfigure", "nvEncReconfigureEncoder"},
};

static void note(struct nv_watch *watch, const char *call, size_t length, const char *error)
{
	if (watch->failed < NV_NOTES) {
		snprintf(watch->notes[watch->failed].call, sizeof(watch->notes[0].call), "%.*s",
			 (int)length, call);
		snprintf(watch->notes[watch->failed].error, sizeof(watch->notes[0].error), "%s",
			 error);
	}
	watch->failed++;
}

/* "dl->cuMemAlloc(&data, size) failed" */
static bool cuda_call(struct nv_watch *watch, const char *line)
{
	const char *end = strchr(line, '('), *call = end;
	if (!end || !strstr(end, ") failed"))
		return false;
	while (call > line && isalnum((unsigned char)call[-1]))
		call--;
	if (strncmp(call, "cu", 2) != 0)
		return false;
	note(watch, call, (size_t)(end - call), "");
	return true;
}

/* " -> CUDA_ERROR_OUT_OF_MEMORY: out of memory", of the call before it */
static bool cuda_error(struct nv_watch *watch, const char *line)
{
	if (strncmp(line, " -> ", 4) != 0 || watch->failed == 0)
		return false;
	if (watch->failed == 1)
		watch->memory = strstr(line, "OUT_OF_MEMORY") != NULL;
	if (watch->failed <= NV_NOTES)
		snprintf(watch->notes[watch->failed - 1].error, sizeof(watch->notes[0].error), "%s",
			 line + 4);
	return true;
}

/* "EncodePicture failed!: generic error (20): details" */
static void nvenc_call(struct nv_watch *watch, const char *line)
{
	const char *number = strchr(line, '(');
	if (!number || !isdigit((unsigned char)number[1]))
		return;
	int status = atoi(number + 1);
	for (size_t i = 0; i < sizeof(nvenc_calls) / sizeof(nvenc_calls[0]); i++) {
		const char *call = nvenc_calls[i].call;
		if (strncmp(line, nvenc_calls[i].words, strlen(nvenc_calls[i].words)) != 0)
			continue;
		if (watch->failed == 0)
			watch->memory = status == NVENC_OUT_OF_MEMORY;
		if (i == 0)
			watch->no_session = status == NVENC_OUT_OF_MEMORY ||
					    status == NVENC_INCOMPATIBLE_CLIENT_KEY;
		note(watch, call, strlen(call), line);
		return;
	}
}

static void on_line(void *arg, const char *line)
{
	struct nv_watch *watch = arg;
	if (strstr(line, "No decoder surfaces left"))
		watch->no_surface = true;
	else if (!cuda_call(watch, line) && !cuda_error(watch, line))
		nvenc_call(watch, line);
}

void nv_watch_begin(struct nv_watch *watch, struct nv_engine *engine)
{
	*watch = (struct nv_watch){
		.engine = engine,
		.log = {.line = on_line, .arg = watch},
	};
	tess_avlog_begin(&watch->log);
}

bool nv_ok(const struct nv_engine *engine, const char *call, CUresult result)
{
	const char *name = "", *words = "";
	if (result == CUDA_SUCCESS)
		return true;
	engine->cuda->cuGetErrorName(result, &name);
	engine->cuda->cuGetErrorString(result, &words);
	av_log(NULL, AV_LOG_ERROR, "%s() failed", call);
	av_log(NULL, AV_LOG_ERROR, " -> %s: %s", name, words);
	return false;
}

void nv_watch_tell(struct nv_watch *watch)
{
	struct nv_engine *engine = watch->engine;
	tess_avlog_end(&watch->log);
	nv_count(&engine->faults, watch->failed);
	for (unsigned i = 0; engine->fault && i < watch->failed && i < NV_NOTES; i++)
		engine->fault(engine->arg, &(struct tess_engine_fault){
						   .device = engine->device,
						   .call = watch->notes[i].call,
						   .error = watch->notes[i].error,
					   });
}

/* does a call that nothing but the device's state can fail still work? */
static bool alive(const struct nv_engine *engine)
{
	if (engine->cuda->cuCtxPushCurrent(engine->context) != CUDA_SUCCESS)
		return false;
	CUresult result = engine->cuda->cuStreamQuery(engine->stream);
	nv_pop(engine);
	return result == CUDA_SUCCESS || result == CUDA_ERROR_NOT_READY;
}

int nv_watch_end(struct nv_watch *watch)
{
	struct nv_engine *engine = watch->engine;
	nv_watch_tell(watch);
	if (watch->failed == 0)
		return 0;
	if (!nv_lost(engine) && !alive(engine))
		atomic_store_explicit(&engine->lost, true, memory_order_relaxed);
	if (nv_lost(engine))
		return -ENODEV;
	return watch->memory ? -ENOMEM : -EIO;
}

void nv_watch_forget(struct nv_watch *watch)
{
	tess_avlog_end(&watch->log);
}
