/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/ntp.h - from RTP time to the sender's wall clock, learnt from sender reports
 * (RFC 3550 §6.4.1).
 *
 * A line through the last reports: it evens out their noise and finds the true rate of a sampling
 * clock that runs beside the wall clock. A report off the line is left out; when three in a row
 * agree with each other, the sender's clock was set and the line begins anew with them.
 */
#ifndef TESS_RTP_NTP_H
#define TESS_RTP_NTP_H

#include <stdint.h>

#define TESS_RTP_NTP_POINTS  16
#define TESS_RTP_NTP_CONFIRM 3

enum tess_rtp_ntp_result {
	TESS_RTP_NTP_USED = 1,
	TESS_RTP_NTP_LEFT_OUT,
	TESS_RTP_NTP_STEPPED, /* the line began anew */
};

struct tess_rtp_ntp_point {
	int64_t rtp; /* extended timestamp */
	int64_t ntp_us;
};

struct tess_rtp_ntp {
	double nominal;	      /* microseconds a tick */
	double slope;	      /* as found */
	int64_t rtp, ntp_us;  /* a point on the line */
	double remainder_us;  /* of ntp_us */
	unsigned count, next; /* points, a ring */
	unsigned strange_count;
	struct tess_rtp_ntp_point points[TESS_RTP_NTP_POINTS];
	struct tess_rtp_ntp_point strange[TESS_RTP_NTP_CONFIRM]; /* off the line */
};

/** Microseconds since 1900 of an NTP timestamp. */
int64_t tess_rtp_ntp_us(uint64_t ntp);
void tess_rtp_ntp_init(struct tess_rtp_ntp *ntp, uint32_t clock_rate);
enum tess_rtp_ntp_result tess_rtp_ntp_add(struct tess_rtp_ntp *ntp, int64_t rtp, int64_t ntp_us);
/** The sender's clock at RTP time @p rtp; after the first report. */
int64_t tess_rtp_ntp_map(const struct tess_rtp_ntp *ntp, int64_t rtp);

#endif
