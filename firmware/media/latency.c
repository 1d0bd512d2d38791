/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/latency.c - a percentile over the last seconds.
 */
#include "firmware/media/latency.h"

#include <string.h>

#define TURN_US INT64_C(10000000)

void tess_latency_add(struct tess_latency *latency, int64_t now_us, int64_t delay_us)
{
	int64_t ms = (delay_us + 999) / 1000; /* up, so that the percentile is no less than true */

	if (now_us - latency->turned_us >= TURN_US) {
		memcpy(latency->previous, latency->current, sizeof(latency->previous));
		memset(latency->current, 0, sizeof(latency->current));
		latency->turned_us = now_us;
	}
	if (ms < 0)
		ms = 0;
	if (ms > TESS_LATENCY_MAX_MS)
		ms = TESS_LATENCY_MAX_MS;
	latency->current[ms]++;
}

uint32_t tess_latency_percentile_us(const struct tess_latency *latency, unsigned percent)
{
	uint64_t total = 0, below = 0;

	for (unsigned ms = 0; ms <= TESS_LATENCY_MAX_MS; ms++)
		total += latency->current[ms] + latency->previous[ms];
	if (!total)
		return 0;
	for (unsigned ms = 0; ms < TESS_LATENCY_MAX_MS; ms++) {
		below += latency->current[ms] + latency->previous[ms];
		if (below * 100 >= total * percent)
			return ms * 1000;
	}
	return TESS_LATENCY_MAX_MS * 1000;
}
