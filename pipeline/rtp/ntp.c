/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/ntp.c - see ntp.h
 */
#include "pipeline/rtp/ntp.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* A report may be off the line by this and by so much of the time since the last one. */
#define TOLERANCE_US	20000
#define TOLERANCE_DRIFT 1e-3
/* Before so much time lies between first and last, noise would spoil the rate: take the nominal
 * one. */
#define RATE_SPAN_US 15e6

int64_t tess_rtp_ntp_us(uint64_t ntp)
{
	return (int64_t)((ntp >> 32) * 1000000 + ((ntp & 0xffffffff) * 1000000 >> 32));
}

void tess_rtp_ntp_init(struct tess_rtp_ntp *ntp, uint32_t clock_rate)
{
	*ntp = (struct tess_rtp_ntp){.nominal = 1e6 / clock_rate, .slope = 1e6 / clock_rate};
}

int64_t tess_rtp_ntp_map(const struct tess_rtp_ntp *ntp, int64_t rtp)
{
	return ntp->ntp_us + llround(ntp->remainder_us + (double)(rtp - ntp->rtp) * ntp->slope);
}

/* Least squares; sums are taken from the newest point on, so that they stay small and exact. */
static void fit(struct tess_rtp_ntp *ntp)
{
	const struct tess_rtp_ntp_point *last =
		&ntp->points[(ntp->next + TESS_RTP_NTP_POINTS - 1) % TESS_RTP_NTP_POINTS];
	double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0, first = 0;
	double n = ntp->count;

	/* y is what the nominal rate leaves over */
	for (unsigned i = 0; i < ntp->count; i++) {
		double x = (double)(ntp->points[i].rtp - last->rtp) * ntp->nominal;
		double y = (double)(ntp->points[i].ntp_us - last->ntp_us) - x;

		sum_x += x;
		sum_y += y;
		sum_xx += x * x;
		sum_xy += x * y;
		first = fmin(first, x);
	}
	ntp->rtp = last->rtp;
	ntp->ntp_us = last->ntp_us;
	if (-first < RATE_SPAN_US) {
		ntp->slope = ntp->nominal;
		ntp->remainder_us = sum_y / n;
	} else {
		double rate = (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);

		rate = fmax(-TOLERANCE_DRIFT, fmin(TOLERANCE_DRIFT, rate));
		ntp->slope = ntp->nominal * (1 + rate);
		ntp->remainder_us = (sum_y - rate * sum_x) / n;
	}
}

static void keep(struct tess_rtp_ntp *ntp, const struct tess_rtp_ntp_point *point)
{
	ntp->points[ntp->next] = *point;
	ntp->next = (ntp->next + 1) % TESS_RTP_NTP_POINTS;
	if (ntp->count < TESS_RTP_NTP_POINTS)
		ntp->count++;
}

static bool agree(int64_t error_us, int64_t ticks, double nominal)
{
	return (double)llabs(error_us) <=
	       TOLERANCE_US + fabs((double)ticks) * nominal * TOLERANCE_DRIFT;
}

static bool on_line(const struct tess_rtp_ntp *ntp, const struct tess_rtp_ntp_point *point)
{
	return agree(point->ntp_us - tess_rtp_ntp_map(ntp, point->rtp), point->rtp - ntp->rtp,
		     ntp->nominal);
}

/* Do two reports tell of the same clock? */
static bool consistent(const struct tess_rtp_ntp *ntp, const struct tess_rtp_ntp_point *a,
		       const struct tess_rtp_ntp_point *b)
{
	double between = (double)(b->rtp - a->rtp) * ntp->nominal;

	return agree(b->ntp_us - a->ntp_us - llround(between), b->rtp - a->rtp, ntp->nominal);
}

enum tess_rtp_ntp_result tess_rtp_ntp_add(struct tess_rtp_ntp *ntp, int64_t rtp, int64_t ntp_us)
{
	const struct tess_rtp_ntp_point point = {.rtp = rtp, .ntp_us = ntp_us};

	if (ntp->count == 0 || on_line(ntp, &point)) {
		ntp->strange_count = 0;
		keep(ntp, &point);
		fit(ntp);
		return TESS_RTP_NTP_USED;
	}

	if (ntp->strange_count && !consistent(ntp, &ntp->strange[ntp->strange_count - 1], &point))
		ntp->strange_count = 0;
	ntp->strange[ntp->strange_count++] = point;
	if (ntp->strange_count < TESS_RTP_NTP_CONFIRM)
		return TESS_RTP_NTP_LEFT_OUT;

	ntp->count = ntp->next = ntp->strange_count = 0;
	for (unsigned i = 0; i < TESS_RTP_NTP_CONFIRM; i++)
		keep(ntp, &ntp->strange[i]);
	fit(ntp);
	return TESS_RTP_NTP_STEPPED;
}
