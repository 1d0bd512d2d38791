/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/price.h - what a mix costs an engine, in megapixels a second.
 *
 * An engine was measured in the same units, so a price is a share of it. Media places mixes by
 * these shares; control refuses a mix that fits on no engine.
 */
#ifndef TESS_BASE_PRICE_H
#define TESS_BASE_PRICE_H

#include <stdbool.h>

/** Megapixels a second of each kind of work: what is asked for, or what an engine can. */
struct tess_work {
	double decode, compose, encode;
};

/** A publisher's pictures; what is not known yet (0) counts as 640x360, 15 a second. */
double tess_price_pictures(unsigned width, unsigned height, double frame_rate);
/** A mix's own part, composing and encoding its output. */
struct tess_work tess_price_output(unsigned width, unsigned height, unsigned frame_rate);

struct tess_work tess_work_add(struct tess_work a, struct tess_work b);
/** a - b, nothing below 0. */
struct tess_work tess_work_beyond(struct tess_work a, struct tess_work b);
/**
 * The share of an engine that @p work takes, 1 is all of it. Where the kinds of work take from one
 * resource (@p shared) it is the sum of their shares, otherwise the largest. A capacity of 0 was
 * not measured: its share is 0.
 */
double tess_work_share(struct tess_work work, struct tess_work capacity, bool shared);

#endif
