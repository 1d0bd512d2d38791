/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_vaapi/rig.h - the engine on an emulated device, beside the software
 * engine.
 */
#ifndef TESS_TEST_VAAPI_RIG_H
#define TESS_TEST_VAAPI_RIG_H

#include <pthread.h>

#include "drivers/engine_soft/engine_soft.h"
#include "drivers/engine_vaapi/engine_vaapi.h"
#include "tests/emulated/va/emu_va.h"
#include "tests/unit/drivers/clip.h"

struct rig {
	char device[64]; /* the emulated device's file */
	struct tess_engine *vaapi, *soft;
	/* told faults; VA-API's, on whatever thread */
	pthread_mutex_t lock;
	unsigned faults;
	char call[64], error[300]; /* of the last one */
};

/** Open both engines. @p personality: lines of the device's file beside the first; may be NULL. */
void rig_open(struct rig *rig, const char *personality);
/** Close them; whatever is left on the device fails the test. */
void rig_close(struct rig *rig);
/** What the device itself has counted. */
struct emu_va_stats rig_device(const struct rig *rig);
/** Begin counting what is made on the device. */
void rig_mark(const struct rig *rig);
/** Let the n-th call of @p op from now on fail. */
void rig_fail(const struct rig *rig, const char *op, unsigned n, int status);
/** The GPU hangs at once. */
void rig_lose(const struct rig *rig);
struct tess_engine_stats rig_stats(const struct rig *rig);

/** The largest difference of two samples. */
int rig_difference(const uint8_t *a, const uint8_t *b, size_t count);

#endif
