/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/clock.c - see clock.h.
 */
#include "firmware/control/clock.h"

#include <time.h>

static int64_t read_us(clockid_t id)
{
	struct timespec time;

	clock_gettime(id, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static int64_t now_us(const struct tess_clock *clock)
{
	(void)clock;
	return read_us(CLOCK_MONOTONIC);
}

static int64_t utc_us(const struct tess_clock *clock)
{
	(void)clock;
	return read_us(CLOCK_REALTIME);
}

const struct tess_clock tess_control_clock = {.now_us = now_us, .utc_us = utc_us};
