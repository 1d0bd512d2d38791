/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/mix/limiter.c - look-ahead peak limiter.
 */
#include "pipeline/mix/limiter.h"

#include <math.h>

#define DELAY TESS_LIMITER_DELAY
#define HOLD  TESS_LIMITER_HOLD

/* of the way back to 1, each frame: a time constant of 150 ms */
#define RELEASE (1.0 / 7200)
/* as good as 1 */
#define RELEASED (1.0 - 1e-5)

void tess_limiter_init(struct tess_limiter *limiter)
{
	memset(limiter, 0, sizeof(*limiter));
}

static void activate(struct tess_limiter *limiter)
{
	limiter->active = true;
	limiter->gain = 1.0;
	for (unsigned i = 0; i < DELAY; i++)
		limiter->average[i] = 1.0;
	limiter->average_sum = DELAY;
	limiter->average_at = 0;
	limiter->ones = DELAY;
	limiter->low_first = limiter->low_count = 0;
}

/* place n of the queue */
static struct tess_limiter_low *low_at(struct tess_limiter *limiter, unsigned n)
{
	unsigned at = limiter->low_first + n;
	return &limiter->low[at < HOLD ? at : at - HOLD];
}

/* the lowest gain that any of the last HOLD frames needs, this one's peak included */
static double lowest(struct tess_limiter *limiter, float peak)
{
	uint32_t now = limiter->now++;
	if (limiter->low_count > 0 && now - low_at(limiter, 0)->at >= HOLD) {
		limiter->low_first = limiter->low_first + 1 < HOLD ? limiter->low_first + 1 : 0;
		limiter->low_count--;
	}
	if (peak > 1.0f) {
		double gain = 1.0 / peak;
		while (limiter->low_count > 0 &&
		       low_at(limiter, limiter->low_count - 1)->gain >= gain)
			limiter->low_count--;
		*low_at(limiter, limiter->low_count++) =
			(struct tess_limiter_low){.at = now, .gain = gain};
	}
	return limiter->low_count > 0 ? low_at(limiter, 0)->gain : 1.0;
}

/* the gain of the frame that leaves when one with this peak comes in */
static double step(struct tess_limiter *limiter, float peak)
{
	double low = lowest(limiter, peak);
	if (low < limiter->gain)
		limiter->gain = low;
	else
		limiter->gain += (low - limiter->gain) * RELEASE;
	if (low == 1.0 && limiter->gain > RELEASED)
		limiter->gain = 1.0;
	limiter->ones = limiter->gain == 1.0 ? limiter->ones + 1 : 0;
	limiter->average_sum += limiter->gain - limiter->average[limiter->average_at];
	limiter->average[limiter->average_at] = limiter->gain;
	limiter->average_at = limiter->average_at + 1 < DELAY ? limiter->average_at + 1 : 0;
	return limiter->average_sum * (1.0 / DELAY);
}

void tess_limiter_run(struct tess_limiter *limiter, const float *in, float *out, unsigned frames)
{
	float *work = limiter->work;
	memcpy(work + 2 * DELAY, in, 2 * frames * sizeof(float));
	if (!limiter->active && tess_peak(in, 2 * frames) > 1.0f)
		activate(limiter);
	if (limiter->active) {
		for (unsigned i = 0; i < frames; i++) {
			float gain = (float)step(limiter, tess_peak(in + 2 * i, 2));
			/* rounding may leave the last bit over */
			out[2 * i] = fminf(fmaxf(work[2 * i] * gain, -1.0f), 1.0f);
			out[2 * i + 1] = fminf(fmaxf(work[2 * i + 1] * gain, -1.0f), 1.0f);
		}
		limiter->active = limiter->ones < DELAY;
	} else {
		memcpy(out, work, 2 * frames * sizeof(float));
	}
	memmove(work, work + 2 * frames, 2 * DELAY * sizeof(float));
}
