/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/engine_vaapi/fault.c - failed calls: counted, told, and what they mean for the device.
 *
 * They are told when the operation is over, since some happen while libavutil holds a lock.
 */
#include "drivers/engine_vaapi/vaapi.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note(struct vaapi_watch *watch, const char *call, VAStatus status, const char *error)
{
	if (watch->failed == 0)
		watch->status = status;
	if (watch->failed < VAAPI_NOTES) {
		watch->notes[watch->failed].call = call;
		snprintf(watch->notes[watch->failed].error, sizeof(watch->notes[0].error), "%s",
			 error);
	}
	watch->failed++;
}

/* libavcodec reports a failed call as "WHAT: STATUS (WORDS)." with the words of vaErrorStr(); its
 * other lines are about streams. @return success if the line is of those */
static VAStatus status_in(const char *line)
{
	const char *words = strrchr(line, '(');
	const char *end = words ? strchr(words, ')') : NULL;
	if (!end || words < line + 2 || words[-1] != ' ')
		return VA_STATUS_SUCCESS;
	const char *number = words - 1;
	while (number > line && (number[-1] == '-' || (number[-1] >= '0' && number[-1] <= '9')))
		number--;
	VAStatus status = (VAStatus)strtol(number, NULL, 10);
	const char *known = vaErrorStr(status);
	size_t length = (size_t)(end - words) - 1;
	bool same = strlen(known) == length && strncmp(known, words + 1, length) == 0;
	return same ? status : VA_STATUS_SUCCESS;
}

/* libavcodec and libavutil have their own words for the calls: "Failed to VERB ... OBJECT ..." */
static const struct {
	const char *verb, *object, *call;
} calls[] = {
	{"begin", "picture", "vaBeginPicture"},
	{"upload", "", "vaRenderPicture"},
	{"end", "picture", "vaEndPicture"},
	{"sync to output", "", "vaSyncBuffer"},
	{"sync", "", "vaSyncSurface"},
	{"map", "", "vaMapBuffer"},
	{"unmap", "", "vaUnmapBuffer"},
	{"read", "image", "vaGetImage"},
	{"write", "image", "vaPutImage"},
	{"derive", "image", "vaDeriveImage"},
	{"create", "image", "vaCreateImage"},
	{"create", "buffer", "vaCreateBuffer"},
	{"create", "surface", "vaCreateSurfaces"},
	{"create", "context", "vaCreateContext"},
	{"create", "configuration", "vaCreateConfig"},
	{"destroy", "image", "vaDestroyImage"},
	{"destroy", "buffer", "vaDestroyBuffer"},
	{"destroy", "surface", "vaDestroySurfaces"},
	{"destroy", "context", "vaDestroyContext"},
	{"destroy", "configuration", "vaDestroyConfig"},
	{"query profiles", "", "vaQueryConfigProfiles"},
	{"query entrypoints", "", "vaQueryConfigEntrypoints"},
	{"query surface", "", "vaQuerySurfaceAttributes"},
	{"query", "attribute", "vaGetConfigAttributes"},
	{"initialise", "connection", "vaInitialize"},
};

static const char *call_in(const char *line)
{
	static const char begin[] = "Failed to ";
	if (strncmp(line, begin, sizeof(begin) - 1) == 0)
		for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
			const char *verb = line + sizeof(begin) - 1;
			if (strncmp(verb, calls[i].verb, strlen(calls[i].verb)) == 0 &&
			    strstr(verb, calls[i].object))
				return calls[i].call;
		}
	return "libavcodec";
}

static void on_line(void *arg, const char *line)
{
	VAStatus status = status_in(line);
	if (status != VA_STATUS_SUCCESS)
		note(arg, call_in(line), status, line);
}

void vaapi_watch_begin(struct vaapi_watch *watch, struct vaapi_engine *engine)
{
	watch->engine = engine;
	watch->failed = 0;
	watch->status = VA_STATUS_SUCCESS;
	watch->log = (struct tess_avlog){.line = on_line, .arg = watch};
	tess_avlog_begin(&watch->log);
}

bool vaapi_ok(struct vaapi_watch *watch, const char *call, VAStatus status)
{
	if (status == VA_STATUS_SUCCESS)
		return true;
	note(watch, call, status, vaErrorStr(status));
	return false;
}

void vaapi_watch_tell(struct vaapi_watch *watch)
{
	struct vaapi_engine *engine = watch->engine;
	tess_avlog_end(&watch->log);
	vaapi_count(&engine->faults, watch->failed);
	for (unsigned i = 0; engine->fault && i < watch->failed && i < VAAPI_NOTES; i++)
		engine->fault(engine->arg, &(struct tess_engine_fault){
						   .device = engine->device,
						   .call = watch->notes[i].call,
						   .error = watch->notes[i].error,
					   });
}

int vaapi_watch_end(struct vaapi_watch *watch)
{
	struct vaapi_engine *engine = watch->engine;
	vaapi_watch_tell(watch);
	if (watch->failed == 0)
		return 0;
	if (!vaapi_lost(engine) && !vaapi_healthy(engine))
		atomic_store_explicit(&engine->lost, true, memory_order_relaxed);
	if (vaapi_lost(engine))
		return -ENODEV;
	return watch->status == VA_STATUS_ERROR_ALLOCATION_FAILED ? -ENOMEM : -EIO;
}

void vaapi_watch_forget(struct vaapi_watch *watch)
{
	tess_avlog_end(&watch->log);
}
