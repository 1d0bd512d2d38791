/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_nv/rig.c - the engine on an emulated device, beside the software
 * engine.
 */
#include "tests/unit/drivers/engine_nv/rig.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char *const clip_names[CLIPS] = {
	"baseline", "main",	"high",	 "cavlc", "temporal",	"slices", "matrices",
	"refresh",  "open_gop", "refs8", "crop",  "interlaced", "fade",	  "realtime",
};

static void on_fault(void *arg, const struct tess_engine_fault *fault)
{
	struct rig *rig = arg;
	assert_int_equal(atoi(fault->device), rig->ordinal);
	pthread_mutex_lock(&rig->lock);
	if (rig->faults++ == 0) {
		snprintf(rig->call, sizeof(rig->call), "%s", fault->call);
		snprintf(rig->error, sizeof(rig->error), "%s", fault->error);
	}
	pthread_mutex_unlock(&rig->lock);
}

void rig_forget(struct rig *rig)
{
	pthread_mutex_lock(&rig->lock);
	rig->faults = 0;
	rig->call[0] = rig->error[0] = 0;
	pthread_mutex_unlock(&rig->lock);
}

void rig_open(struct rig *rig)
{
	rig_open_on(rig, 0);
}

void rig_open_on(struct rig *rig, int ordinal)
{
	char name[16];
	*rig = (struct rig){.ordinal = ordinal, .lock = PTHREAD_MUTEX_INITIALIZER};
	snprintf(name, sizeof(name), "%d", ordinal);
	const struct tess_engine_config config = {
		.device = ordinal ? name : NULL, .fault = on_fault, .arg = rig};
	assert_int_equal(tess_engine_nv.open(&rig->nv, &config), 0);
	assert_int_equal(tess_engine_soft.open(&rig->soft, &(struct tess_engine_config){0}), 0);
}

void rig_close(struct rig *rig)
{
	assert_int_equal(rig_stats(rig).surfaces_live, 0);
	tess_engine_nv.close(rig->nv);
	tess_engine_soft.close(rig->soft);
	pthread_mutex_destroy(&rig->lock);
	struct emu_nv_stats left = rig_device(rig);
	assert_int_equal(left.contexts, 0);
	assert_int_equal(left.allocations, 0);
	assert_int_equal(left.decoders, 0);
	assert_int_equal(left.sessions, 0);
	assert_int_equal(left.registered, 0);
	assert_int_equal(left.mapped, 0);
	assert_int_equal(left.frames_mapped, 0);
}

static void *emulator(const char *name)
{
	void *library = dlopen("libcuda.so.1", RTLD_NOW);
	assert_non_null(library);
	void *function = dlsym(library, name);
	assert_non_null(function);
	dlclose(library);
	return function;
}

struct emu_nv_stats rig_device(const struct rig *rig)
{
	struct emu_nv_stats stats;
	emu_nv_statistics_fn *get = (emu_nv_statistics_fn *)emulator("emu_nv_statistics");
	assert_int_equal(get(rig->ordinal, &stats), 0);
	return stats;
}

void rig_mark(void)
{
	((emu_nv_mark_fn *)emulator("emu_nv_mark"))();
}

void rig_set(const char *personality)
{
	assert_int_equal(((emu_nv_set_fn *)emulator("emu_nv_set"))(EMU_NV_ALL, personality), 0);
}

struct tess_engine_stats rig_stats(const struct rig *rig)
{
	struct tess_engine_stats stats;
	tess_engine_nv.stats(rig->nv, &stats);
	return stats;
}

struct tess_surface *rig_still(struct tess_engine *engine, int width, int height, unsigned seed)
{
	uint8_t *rgba = malloc((size_t)width * height * 4);
	assert_non_null(rgba);
	for (int i = 0; i < width * height * 4; i++) {
		seed = seed * 1664525 + 1013904223;
		rgba[i] = (uint8_t)(i / 4 % width * 150 / width + (int)(seed >> 25));
	}
	const struct tess_image image = {
		.width = (uint16_t)width,
		.height = (uint16_t)height,
		.rgba = rgba,
		.stride = (size_t)width * 4,
	};
	struct tess_surface *surface;
	assert_int_equal(engine->driver->upload(engine, &image, &surface), 0);
	free(rgba);
	return surface;
}

void rig_assert_same(const struct rig *rig, struct tess_surface *nv, struct tess_surface *soft)
{
	assert_int_equal(nv->width, soft->width);
	assert_int_equal(nv->height, soft->height);
	assert_int_equal(nv->sar_num, soft->sar_num);
	assert_int_equal(nv->sar_den, soft->sar_den);
	assert_int_equal(nv->capture_us, soft->capture_us);
	uint8_t *a = rig_i420(rig->nv, nv), *b = rig_i420(rig->soft, soft);
	assert_memory_equal(a, b, (size_t)soft->width * soft->height * 3 / 2);
	free(a);
	free(b);
}
