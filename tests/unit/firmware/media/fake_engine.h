/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/fake_engine.h - an engine without pictures, which fails or hangs when
 * told.
 */
#ifndef TESS_TESTS_FAKE_ENGINE_H
#define TESS_TESTS_FAKE_ENGINE_H

#include <semaphore.h>

#include "hal/engine.h"

struct fake_engine {
	struct tess_engine engine; /* pass this one on */
	/* what comes next */
	atomic_int decode_error, encode_error, open_error;
	atomic_bool hang; /* decode and encode wait for a post of release */
	sem_t entered, release;
	/* what was done */
	atomic_int decoders_opened, decoders_open, decoded;
	atomic_int encoders_opened, encoders_open, encoded, forced_keys, bitrate_changes;
	atomic_int compositors_opened, compositors_open;
	atomic_int surfaces;
	_Atomic int64_t last_pts_us;
	_Atomic unsigned last_width, last_tiles, last_background;
};

void fake_engine_init(struct fake_engine *fake);
/** Fails the test unless all that was opened is closed. */
void fake_engine_done(struct fake_engine *fake);

#endif
