/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/engines_internal.h - what engines.c (devices) and placement.c (mixes) share.
 *
 * Each device has a place that stays, and in it the device as it is open now. One lock guards all
 * places.
 */
#ifndef TESS_MEDIA_ENGINES_INTERNAL_H
#define TESS_MEDIA_ENGINES_INTERNAL_H

#include <pthread.h>

#include "firmware/media/engines.h"
#include "firmware/media/faults.h"

struct place {
	struct tess_engines *engines;
	const struct tess_engine_driver *driver;
	bool named; /* otherwise: the first there is */
	struct tess_engine_info info;
	struct tess_work capacity;
	struct tess_device *device; /* NULL: lost */
	unsigned unclosed;	    /* openings that are lost but still referred to */
	int64_t opened_us, backoff_us, retry_us;
	int told; /* the error of opening that was logged last */
	struct tess_work used;
	unsigned mixes;
	uint64_t losses;
	struct tess_engine_stats past; /* of earlier openings */
	struct tess_faults faults;
};

struct tess_engines {
	struct tess_engines_config config;
	bool software_shares; /* takes what the devices have no room for */
	pthread_mutex_t lock;
	struct place places[TESS_ENGINES_MAX];
	unsigned count;
	struct tess_device *dead; /* without references, to be closed */
};

/** With the lock held: how loaded a place is with this more; 1 is all of it. */
double tess_place_load(const struct place *place, struct tess_work price);
/** How loaded it may be. */
double tess_place_max_load(const struct place *place);

#endif
