/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mix/limiter.h - look-ahead peak limiter for 48 kHz stereo.
 *
 * The gain that each frame needs is held for 25 ms (longer than the period of the lowest tone of
 * speech and music that matters, so that a steady tone gets a steady gain), let go slowly, and then
 * averaged over the look-ahead: it goes down in a straight line before the peak comes, and never
 * steps. While nothing needs less than 1, samples are copied.
 */
#ifndef TESS_MIX_LIMITER_H
#define TESS_MIX_LIMITER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/** Output is this many frames older than input: 5 ms. */
#define TESS_LIMITER_DELAY	240
#define TESS_LIMITER_MAX_FRAMES 960
#define TESS_LIMITER_HOLD	(TESS_LIMITER_DELAY + 960)

struct tess_limiter {
	float work[2 * (TESS_LIMITER_DELAY +
			TESS_LIMITER_MAX_FRAMES)]; /* begins with the delayed frames */
	bool active;
	uint32_t now; /* frames taken in while active; wraps */
	double gain;  /* held and released, before the average */
	double average_sum;
	double average[TESS_LIMITER_DELAY]; /* the last gains */
	unsigned average_at;
	unsigned ones; /* how many of the last gains were 1 in a row */
	/* gains below 1 of the last HOLD frames that no later one is below: a queue, rising */
	struct tess_limiter_low {
		uint32_t at;
		double gain;
	} low[TESS_LIMITER_HOLD];
	unsigned low_first, low_count;
};

void tess_limiter_init(struct tess_limiter *limiter);
/** Take in @p frames (<= TESS_LIMITER_MAX_FRAMES) stereo frames and give out as many, delayed. */
void tess_limiter_run(struct tess_limiter *limiter, const float *in, float *out, unsigned frames);

/** Largest magnitude of @p count samples. Not-a-number counts as larger than all numbers. */
static inline float tess_peak(const float *samples, unsigned count)
{
	/* as integers, the bits of positive floats are in the order of the numbers: that loop
	 * becomes vector code without -ffast-math */
	int32_t peak = 0;
	for (unsigned i = 0; i < count; i++) {
		int32_t bits;
		memcpy(&bits, &samples[i], sizeof(bits));
		bits &= INT32_MAX;
		peak = bits > peak ? bits : peak;
	}
	float value;
	memcpy(&value, &peak, sizeof(value));
	return value;
}

#endif
