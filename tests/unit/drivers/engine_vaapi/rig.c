/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_vaapi/rig.c - the engine on an emulated device, beside the software
 * engine.
 */
#include "tests/unit/drivers/engine_vaapi/rig.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void on_fault(void *arg, const struct tess_engine_fault *fault)
{
	struct rig *rig = arg;
	assert_string_equal(fault->device, rig->device);
	pthread_mutex_lock(&rig->lock);
	rig->faults++;
	snprintf(rig->call, sizeof(rig->call), "%s", fault->call);
	snprintf(rig->error, sizeof(rig->error), "%s", fault->error);
	pthread_mutex_unlock(&rig->lock);
}

void rig_open(struct rig *rig, const char *personality)
{
	*rig = (struct rig){.lock = PTHREAD_MUTEX_INITIALIZER};
	strcpy(rig->device, "/tmp/tess-vaapi-XXXXXX");
	int fd = mkstemp(rig->device);
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "tessera emulated va device\n%s", personality ? personality : "") >
		    0);
	close(fd);
	const struct tess_engine_config config = {
		.device = rig->device,
		.fault = on_fault,
		.arg = rig,
	};
	assert_int_equal(tess_engine_vaapi.open(&rig->vaapi, &config), 0);
	assert_int_equal(tess_engine_soft.open(&rig->soft, &(struct tess_engine_config){0}), 0);
}

static void *emulator(const char *name)
{
	void *function = dlsym(RTLD_DEFAULT, name);
	assert_non_null(function);
	return function;
}

struct emu_va_stats rig_device(const struct rig *rig)
{
	struct emu_va_stats stats;
	emu_va_stats_fn *get = (emu_va_stats_fn *)emulator("emu_va_get_stats");
	assert_int_equal(get(rig->device, &stats), 0);
	return stats;
}

void rig_mark(const struct rig *rig)
{
	assert_int_equal(((emu_va_mark_fn *)emulator("emu_va_mark"))(rig->device), 0);
}

void rig_fail(const struct rig *rig, const char *op, unsigned n, int status)
{
	emu_va_fail_fn *fail_call = (emu_va_fail_fn *)emulator("emu_va_fail");
	assert_int_equal(fail_call(rig->device, op, n, status), 0);
}

void rig_lose(const struct rig *rig)
{
	assert_int_equal(((emu_va_lose_fn *)emulator("emu_va_lose"))(rig->device, 0), 0);
}

void rig_close(struct rig *rig)
{
	assert_int_equal(rig_stats(rig).surfaces_live, 0);
	tess_engine_vaapi.close(rig->vaapi); /* the device aborts if anything of it is left */
	tess_engine_soft.close(rig->soft);
	unlink(rig->device);
	pthread_mutex_destroy(&rig->lock);
}

struct tess_engine_stats rig_stats(const struct rig *rig)
{
	struct tess_engine_stats stats;
	tess_engine_vaapi.stats(rig->vaapi, &stats);
	return stats;
}

int rig_difference(const uint8_t *a, const uint8_t *b, size_t count)
{
	int most = 0;
	for (size_t i = 0; i < count; i++) {
		int difference = abs(a[i] - b[i]);
		most = difference > most ? difference : most;
	}
	return most;
}
