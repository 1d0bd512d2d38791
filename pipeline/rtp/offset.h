/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtp/offset.h - how far apart two clocks are, learnt from packets that were under way for
 * an unknown time.
 *
 * A sample is arrival minus sending time. The smallest of the last seconds is the one that waited
 * least, so jitter hardly moves it while drift of the clocks does. The value follows it by slewing,
 * and steps only if it is far off.
 */
#ifndef TESS_RTP_OFFSET_H
#define TESS_RTP_OFFSET_H

#include <stdint.h>

/** The window of the minimum, in buckets of one second. */
#define TESS_RTP_OFFSET_BUCKETS 10
/** A value that is further off steps. */
#define TESS_RTP_STEP_US 500000

struct tess_rtp_offset {
	int64_t origin_us;  /* samples are kept relative to it */
	int64_t updated_us; /* when value was brought up to date */
	double value_us;
	double minimum_us; /* of the window */
	struct {
		int64_t second;
		double minimum_us;
	} buckets[TESS_RTP_OFFSET_BUCKETS];
};

/** Begin with the value @p sample_us. */
void tess_rtp_offset_start(struct tess_rtp_offset *offset, int64_t sample_us, int64_t now_us);
void tess_rtp_offset_feed(struct tess_rtp_offset *offset, int64_t sample_us, int64_t now_us);
int64_t tess_rtp_offset_value(const struct tess_rtp_offset *offset);

/**
 * How much of @p error_us may be put right after @p elapsed_us: all of it with a time constant of 2
 * s, but at most 10 ms a second, which the ear takes for nothing.
 */
double tess_rtp_slew(double error_us, int64_t elapsed_us);

#endif
