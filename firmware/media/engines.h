/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/engines.h - the video engines of the process: which are open and how they do, and
 * which mix works on which.
 *
 * A device that answers -ENODEV, or that fails and fails, is lost. Whoever works on it finds out
 * with tess_device_is_lost() and is placed anew; the device is closed when the last reference to it
 * is gone, and tried again after 10 s, then 20 s, up to 5 minutes. Software is always among the
 * engines and is never lost: it is what is left when no device is. Threads: open, step and close
 * belong to one thread, the rest may be called from any.
 */
#ifndef TESS_MEDIA_ENGINES_H
#define TESS_MEDIA_ENGINES_H

#include <stdatomic.h>

#include "firmware/base/price.h"
#include "hal/clock.h"
#include "hal/engine.h"

#define TESS_ENGINES_DEVICES 8
#define TESS_ENGINES_MAX     (TESS_ENGINES_DEVICES + 1) /* and software */

struct tess_engines;

/** A device that is open, for as long as somebody refers to it. */
struct tess_device {
	struct tess_engine *engine; /* its calls are engine->driver's */
	unsigned index;		    /* among the engines, also of what is opened again */
	bool last_resort;	    /* software */
	/* of engines.c and placement.c alone */
	struct tess_engines *engines;
	struct tess_device *next;
	atomic_uint references;
	atomic_uint failures; /* one after the other */
	atomic_bool lost;
};

struct tess_device *tess_device_ref(struct tess_device *device);
/** Accepts NULL. All that was opened on the engine, and its surfaces, must be gone before. */
void tess_device_unref(struct tess_device *device);
static inline bool tess_device_is_lost(const struct tess_device *device)
{
	return atomic_load_explicit(&device->lost, memory_order_relaxed);
}
/**
 * Tell what came of using a device: 0, -ENODEV, or another error that is not due to what was asked
 * of it. @return @p error
 */
int tess_device_note(struct tess_device *device, int error);

/**
 * What was measured, for the next life of the process: measuring takes some tenths of a second, on
 * a busy machine seconds, in which all mixes stand still. In memory that was all 0 at first.
 */
struct tess_engines_kept {
	struct tess_engine_kept {
		atomic_bool whole; /* the rest was written to its end */
		char driver[16], device[TESS_ENGINE_DEVICE_MAX], vendor[128];
		unsigned threads;
		struct tess_work capacity;
	} entries[TESS_ENGINES_MAX];
};

struct tess_engines_config {
	const struct tess_clock *clock;
	/* the best first, software last, ended by NULL */
	const struct tess_engine_driver *const *drivers;
	/* the name of a driver; "auto" is the best that has a device that opens, and software for
	 * what these have no room for */
	const char *engine;
	/* those to use, ended by an empty name; NULL or none: all that are found */
	const char (*devices)[TESS_ENGINE_DEVICE_MAX];
	unsigned threads;  /* that share the work of engines with shared units */
	unsigned max_load; /* percent of an engine; 0: 85 with shared units, 95 without */
	/* measures one thread's worth; NULL: nothing is measured, all are alike */
	int (*measure)(struct tess_engine *engine, struct tess_work *capacity, const char **what);
	struct tess_engines_kept *kept; /* NULL: each start measures */
};

/**
 * Open what there is. What is wrong with a device is logged, and it counts as lost; only without
 * software there is none. The configuration's pointers must stay valid. @retval 0, -ENODEV, -ENOMEM
 */
int tess_engines_open(struct tess_engines **enginesp,
		      const struct tess_engines_config *config) TESS_MUST_CHECK;
/** No reference may be left. Accepts NULL. */
void tess_engines_close(struct tess_engines *engines);
/** About once a second: close lost devices that nobody refers to, try those whose time has come. */
void tess_engines_step(struct tess_engines *engines);

/** A mix's place on a device. All zero: none. */
struct tess_placement {
	struct tess_device *device; /* a reference of the mix's */
	struct tess_work price;
};

/**
 * The least loaded device that has room for @p price; without one, software as far as it may be
 * used; otherwise the least loaded. Those of @p refused (bit 1 << index) are left out, but for
 * software. *placement must be empty.
 */
void tess_engines_place(struct tess_engines *engines, struct tess_placement *placement,
			struct tess_work price, unsigned refused);
void tess_placement_reprice(struct tess_placement *placement, struct tess_work price);
void tess_placement_leave(struct tess_placement *placement); /* also of an empty one */

/** What struct tess_engine_stats counts; surfaces_live is beside it, it goes down again. */
#define TESS_ENGINE_COUNTERS(X) \
	X(decoded)              \
	X(fallback_decoded)     \
	X(damaged)              \
	X(refused)              \
	X(composed)             \
	X(tiles_drawn)          \
	X(tiles_kept)           \
	X(encoded)              \
	X(uploads)              \
	X(downloads)            \
	X(allocations)          \
	X(faults)

enum tess_engine_state {
	TESS_ENGINE_OK = 1,
	TESS_ENGINE_STANDBY, /* software, while what was asked for does the work */
	TESS_ENGINE_LOST,
};

struct tess_engine_facts {
	const char *name; /* the driver's */
	struct tess_engine_info info;
	enum tess_engine_state state;
	struct tess_work capacity, used; /* megapixels a second; capacity 0: not measured */
	double load, max_load;		 /* 1 is all of it */
	unsigned mixes;
	uint64_t losses;
	struct tess_engine_stats stats; /* since the start, over all openings */
};

/** @return how many there are, by their index */
unsigned tess_engines_facts(struct tess_engines *engines,
			    struct tess_engine_facts facts[TESS_ENGINES_MAX]);

#endif
