/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/drivers/engine_nv/rig.h - the engine on an emulated device, beside the software
 * engine.
 */
#ifndef TESS_TEST_NV_RIG_H
#define TESS_TEST_NV_RIG_H

#include <pthread.h>

#include "drivers/engine_nv/engine_nv.h"
#include "drivers/engine_soft/engine_soft.h"
#include "tests/emulated/nv/emu_nv.h"
#include "tests/unit/drivers/clip.h"

struct rig {
	struct tess_engine *nv, *soft;
	int ordinal;	      /* of the device */
	pthread_mutex_t lock; /* of what follows: faults are told on any thread */
	unsigned faults;
	char call[64], error[256]; /* of the first one */
};

/** Open both engines; @p rig is told of faults until it is closed. */
void rig_open(struct rig *rig);
/** The same on another device than the first. */
void rig_open_on(struct rig *rig, int ordinal);
/** Close them; whatever is left on the device fails the test. */
void rig_close(struct rig *rig);
/** Forget the faults that were told. */
void rig_forget(struct rig *rig);
/** What the device itself has counted. */
struct emu_nv_stats rig_device(const struct rig *rig);
/** Begin counting anew what crosses to the device and what is allocated on it. */
void rig_mark(void);
/** Personality from now on, see emu_nv.h; of all devices unless a number goes before a key. */
void rig_set(const char *personality);
struct tess_engine_stats rig_stats(const struct rig *rig);

/** Those of tests/support/make_clips that the device decodes. */
#define CLIPS 14
extern const char *const clip_names[CLIPS];

/** An opaque still picture of noise over a gradient, uploaded. */
struct tess_surface *rig_still(struct tess_engine *engine, int width, int height, unsigned seed);
/** Both surfaces have the same size, shape, time and samples, or the test fails. */
void rig_assert_same(const struct rig *rig, struct tess_surface *nv, struct tess_surface *soft);

#endif
