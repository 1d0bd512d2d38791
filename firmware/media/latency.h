/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/latency.h - a percentile over the last 10 to 20 s, in steps of a millisecond.
 */
#ifndef TESS_MEDIA_LATENCY_H
#define TESS_MEDIA_LATENCY_H

#include <stdint.h>

/** Longer ones count as this. */
#define TESS_LATENCY_MAX_MS 1000

/** All zero is an empty one. */
struct tess_latency {
	uint32_t current[TESS_LATENCY_MAX_MS + 1], previous[TESS_LATENCY_MAX_MS + 1];
	int64_t turned_us;
};

/** Add a delay; what is below 0 counts as 0. */
void tess_latency_add(struct tess_latency *latency, int64_t now_us, int64_t delay_us);
/** The delay that @p percent of them do not exceed; 0 if there are none. */
uint32_t tess_latency_percentile_us(const struct tess_latency *latency, unsigned percent);

#endif
