/* SPDX-License-Identifier: GPL-3.0-or-later
 * tests/unit/firmware/media/fake_engine.h - engines without pictures, which fail, hang or are lost
 * when told.
 */
#ifndef TESS_TESTS_FAKE_ENGINE_H
#define TESS_TESTS_FAKE_ENGINE_H

#include <semaphore.h>

#include "firmware/media/engines.h"

struct fake_engine {
	struct tess_engine engine;
	char device[16]; /* "fake0", ...; "cpu" of software */
	struct tess_engine_fault fault;
	struct tess_engine_config config; /* as opened last */
	/* what it is */
	struct tess_work capacity;
	bool shared;
	uint16_t encoders;
	/* what comes next */
	atomic_bool gone; /* every call fails with -ENODEV, opening the device too */
	atomic_int decode_error, encode_error, open_error, upload_error;
	atomic_bool hang; /* decode and encode wait for a post of release */
	sem_t entered, release;
	/* what was done */
	atomic_int opened, open;
	atomic_int decoders_opened, decoders_open, decoded;
	atomic_int encoders_opened, encoders_open, encoded, forced_keys, bitrate_changes;
	atomic_int compositors_opened, compositors_open;
	atomic_int surfaces, uploads;
	_Atomic int64_t last_pts_us;
	_Atomic unsigned last_width, last_tiles, last_shown, last_background;
};

void fake_engine_init(struct fake_engine *fake);
/** Fails the test unless all that was opened is closed. */
void fake_engine_done(struct fake_engine *fake);

/**
 * Open @p count fakes as the devices of a driver "fake", and @p software (after its
 * fake_engine_init(), as theirs) as software. Uses the fakes of the last call alone.
 */
struct tess_engines *fake_engines_open(struct fake_engine *devices, unsigned count,
				       struct fake_engine *software, const char *engine,
				       const struct tess_clock *clock);
/** The same, as the next life of a process that left @p kept. */
struct tess_engines *fake_engines_reopen(struct fake_engine *devices, unsigned count,
					 struct fake_engine *software,
					 const struct tess_clock *clock,
					 struct tess_engines_kept *kept);
/** A placement on the engine with nothing to do. */
struct tess_placement fake_engines_place(struct tess_engines *engines);

#endif
