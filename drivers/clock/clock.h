/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/clock/clock.h - the system's clocks, and a virtual one for tests and replay.
 */
#ifndef TESS_DRIVERS_CLOCK_H
#define TESS_DRIVERS_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

#include "hal/clock.h"

/** CLOCK_MONOTONIC and CLOCK_REALTIME; there is one, and it is never freed. */
struct tess_clock *tess_clock_system(void);

/** now: the CPU time that the calling thread has used (CLOCK_THREAD_CPUTIME_ID); utc: the system's.
 */
struct tess_clock *tess_clock_thread(void);

/** A clock that moves only by its advance_to(). now and utc may be read from any thread. */
struct tess_clock_virtual {
	struct tess_clock clock; /* pass this one on */
	_Atomic int64_t now_us;
	int64_t utc_offset_us; /* utc - now, fixed */
};

/** Begin at @p start_us on the monotonic time line, when UTC is @p utc_us. */
void tess_clock_virtual_init(struct tess_clock_virtual *virtual, int64_t start_us, int64_t utc_us);

#endif
