/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/offset.c - see offset.h
 */
#include "pipeline/rtp/offset.h"

#include <math.h>

#define SECOND_US	 1000000
#define SLEW_CONSTANT_US 2e6
#define SLEW_RATE	 0.01
/* After a pause a few late packets must not pass for a slower path. */
#define STEP_UP_SECONDS 2

double tess_rtp_slew(double error_us, int64_t elapsed_us)
{
	/* a pause is not time to slew in: nothing was heard */
	double elapsed = elapsed_us < SECOND_US ? (double)elapsed_us : (double)SECOND_US;
	double most = elapsed * SLEW_RATE;
	double step = error_us * elapsed / SLEW_CONSTANT_US;

	return step > most ? most : step < -most ? -most : step;
}

void tess_rtp_offset_start(struct tess_rtp_offset *offset, int64_t sample_us, int64_t now_us)
{
	*offset = (struct tess_rtp_offset){.origin_us = sample_us, .updated_us = now_us};
	for (unsigned i = 0; i < TESS_RTP_OFFSET_BUCKETS; i++)
		offset->buckets[i].second = INT64_MIN;
	tess_rtp_offset_feed(offset, sample_us, now_us);
}

/* The minimum of the window that ends with that second. @return its oldest second with a sample */
static int64_t look_back(struct tess_rtp_offset *offset, int64_t second)
{
	int64_t oldest = second;

	offset->minimum_us = INFINITY;
	for (unsigned i = 0; i < TESS_RTP_OFFSET_BUCKETS; i++) {
		if (offset->buckets[i].second <= second - TESS_RTP_OFFSET_BUCKETS)
			continue;
		if (offset->buckets[i].second < oldest)
			oldest = offset->buckets[i].second;
		if (offset->buckets[i].minimum_us < offset->minimum_us)
			offset->minimum_us = offset->buckets[i].minimum_us;
	}
	return oldest;
}

void tess_rtp_offset_feed(struct tess_rtp_offset *offset, int64_t sample_us, int64_t now_us)
{
	double sample = (double)(sample_us - offset->origin_us);
	int64_t elapsed = now_us - offset->updated_us;
	int64_t second;
	double error;
	unsigned i;

	/* packets of two tracks may come to be looked at in another order than they arrived */
	if (elapsed < 0) {
		now_us = offset->updated_us;
		elapsed = 0;
	}
	second = now_us / SECOND_US;
	i = (unsigned)((uint64_t)second % TESS_RTP_OFFSET_BUCKETS);
	if (offset->buckets[i].second != second) {
		offset->buckets[i].second = second;
		offset->buckets[i].minimum_us = sample;
		(void)look_back(offset, second);
	} else if (sample < offset->buckets[i].minimum_us) {
		offset->buckets[i].minimum_us = sample;
		offset->minimum_us = fmin(offset->minimum_us, sample);
	}

	error = offset->minimum_us - offset->value_us;
	offset->updated_us = now_us;
	if (error < -TESS_RTP_STEP_US ||
	    (error > TESS_RTP_STEP_US && look_back(offset, second) <= second - STEP_UP_SECONDS))
		offset->value_us = offset->minimum_us;
	else
		offset->value_us += tess_rtp_slew(error, elapsed);
}

int64_t tess_rtp_offset_value(const struct tess_rtp_offset *offset)
{
	return offset->origin_us + llround(offset->value_us);
}
