/* SPDX-License-Identifier: GPL-3.0-or-later
 * drivers/clock/clock.c - the system's clocks, and a virtual one for tests and replay.
 */
#include <time.h>

#include "drivers/clock/clock.h"

static int64_t read_us(clockid_t id)
{
	struct timespec time;

	/* cannot fail: these clocks are always there */
	(void)clock_gettime(id, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static int64_t system_now_us(const struct tess_clock *clock)
{
	(void)clock;
	return read_us(CLOCK_MONOTONIC);
}

static int64_t system_utc_us(const struct tess_clock *clock)
{
	(void)clock;
	return read_us(CLOCK_REALTIME);
}

static const struct tess_clock system_clock = {
	.now_us = system_now_us,
	.utc_us = system_utc_us,
};

struct tess_clock *tess_clock_system(void)
{
	/* users hold a plain pointer because of advance_to, which this clock has not got */
	return (struct tess_clock *)&system_clock;
}

static int64_t thread_now_us(const struct tess_clock *clock)
{
	(void)clock;
	return read_us(CLOCK_THREAD_CPUTIME_ID);
}

static const struct tess_clock thread_clock = {
	.now_us = thread_now_us,
	.utc_us = system_utc_us,
};

struct tess_clock *tess_clock_thread(void)
{
	return (struct tess_clock *)&thread_clock;
}

static const struct tess_clock_virtual *as_virtual(const struct tess_clock *clock)
{
	return (const struct tess_clock_virtual *)clock;
}

static int64_t virtual_now_us(const struct tess_clock *clock)
{
	return atomic_load_explicit(&as_virtual(clock)->now_us, memory_order_acquire);
}

static int64_t virtual_utc_us(const struct tess_clock *clock)
{
	return virtual_now_us(clock) + as_virtual(clock)->utc_offset_us;
}

static void virtual_advance_to(struct tess_clock *clock, int64_t time_us)
{
	struct tess_clock_virtual *virtual = (struct tess_clock_virtual *)clock;
	int64_t now_us = atomic_load_explicit(&virtual->now_us, memory_order_relaxed);

	/* a failed exchange reloads now_us; time never goes back, whoever moves it */
	while (now_us < time_us &&
	       !atomic_compare_exchange_weak_explicit(&virtual->now_us, &now_us, time_us,
						      memory_order_release, memory_order_relaxed))
		;
}

void tess_clock_virtual_init(struct tess_clock_virtual *virtual, int64_t start_us, int64_t utc_us)
{
	virtual->clock = (struct tess_clock){
		.now_us = virtual_now_us,
		.utc_us = virtual_utc_us,
		.advance_to = virtual_advance_to,
	};
	atomic_init(&virtual->now_us, start_us);
	virtual->utc_offset_us = utc_us - start_us;
}
