/* SPDX-License-Identifier: GPL-3.0-or-later
 * hal/clock.h - the only source of time.
 *
 * The media time line of the whole box is the clock's monotonic microseconds: packets' arrival,
 * pictures, sound and access units of all processes carry it, so it goes on through the restart of
 * any one of them. Drivers: drivers/clock (the system's, and a virtual one for tests and replay).
 * Threads: now and utc may be called from any thread.
 */
#ifndef TESS_HAL_CLOCK_H
#define TESS_HAL_CLOCK_H

#include <stdint.h>

struct tess_clock {
	/* monotonic, microseconds, the same in all processes; of the system: CLOCK_MONOTONIC */
	int64_t (*now_us)(const struct tess_clock *clock);
	/* UTC, microseconds since 1970 */
	int64_t (*utc_us)(const struct tess_clock *clock);
	/* move a virtual clock forward to time_us (never back); NULL for a real clock */
	void (*advance_to)(struct tess_clock *clock, int64_t time_us);
};

static inline int64_t tess_clock_now_us(const struct tess_clock *clock)
{
	return clock->now_us(clock);
}

static inline int64_t tess_clock_utc_us(const struct tess_clock *clock)
{
	return clock->utc_us(clock);
}

#endif
