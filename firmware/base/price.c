/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/base/price.c - what a mix costs an engine, see price.h.
 */
#include "firmware/base/price.h"

#define UNKNOWN_WIDTH  640
#define UNKNOWN_HEIGHT 360
#define UNKNOWN_RATE   15

double tess_price_pictures(unsigned width, unsigned height, double frame_rate)
{
	if (!width || !height) {
		width = UNKNOWN_WIDTH;
		height = UNKNOWN_HEIGHT;
	}
	return (double)width * height * (frame_rate > 0 ? frame_rate : UNKNOWN_RATE) / 1e6;
}

struct tess_work tess_price_output(unsigned width, unsigned height, unsigned frame_rate)
{
	double pixels = (double)width * height * frame_rate / 1e6;

	return (struct tess_work){.compose = pixels, .encode = pixels};
}

struct tess_work tess_work_add(struct tess_work a, struct tess_work b)
{
	return (struct tess_work){a.decode + b.decode, a.compose + b.compose, a.encode + b.encode};
}

static double beyond(double a, double b)
{
	return a > b ? a - b : 0;
}

struct tess_work tess_work_beyond(struct tess_work a, struct tess_work b)
{
	return (struct tess_work){beyond(a.decode, b.decode), beyond(a.compose, b.compose),
				  beyond(a.encode, b.encode)};
}

static double share(double work, double capacity)
{
	return capacity > 0 ? work / capacity : 0;
}

double tess_work_share(struct tess_work work, struct tess_work capacity, bool shared)
{
	double decode = share(work.decode, capacity.decode);
	double compose = share(work.compose, capacity.compose);
	double encode = share(work.encode, capacity.encode);

	if (shared)
		return decode + compose + encode;
	decode = decode > compose ? decode : compose;
	return decode > encode ? decode : encode;
}
