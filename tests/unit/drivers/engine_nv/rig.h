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

/** A clip of tests/support/make_clips: access units in decoding order. */
struct clip {
	uint8_t *data;
	unsigned count;
	size_t offsets[257]; /* of the units, and of the end */
};

#define CLIPS 14
extern const char *const clip_names[CLIPS];

/** @p name without .h264; from the folder that the environment's TESS_CLIPS names. */
void clip_load(struct clip *clip, const char *name);
void clip_free(struct clip *clip);
/** Access unit @p i; its picture's capture time is 1000 * i. */
int clip_decode(const struct clip *clip, unsigned i, const struct tess_engine *engine,
		struct tess_decoder *decoder, struct tess_surface **surfacep);

/** An opaque still picture of noise over a gradient, uploaded. */
struct tess_surface *rig_still(struct tess_engine *engine, int width, int height, unsigned seed);
/** The samples of a surface, by download; free() them. */
uint8_t *rig_i420(struct tess_engine *engine, struct tess_surface *surface);
/** Peak signal to noise ratio, dB. */
double rig_psnr(const uint8_t *a, const uint8_t *b, size_t count);
/** Both surfaces have the same size, shape, time and samples, or the test fails. */
void rig_assert_same(const struct rig *rig, struct tess_surface *nv, struct tess_surface *soft);

#endif
