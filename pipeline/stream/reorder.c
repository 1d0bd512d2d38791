/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/stream/reorder.c - decoding times from display times.
 */
#include "pipeline/stream/reorder.h"

#include <string.h>

/* Before the first pictures there are none whose times could be theirs: made up, this far apart. */
#define MADE_UP_US INT64_C(1000)
/* What is found out by pictures that come too late; more is a clock that was set back. */
#define MAX_GUESS 2

void tess_reorder_set_depth(struct tess_reorder *reorder, unsigned depth)
{
	if (depth > reorder->depth && depth <= TESS_REORDER_MAX)
		reorder->depth = depth;
}

void tess_reorder_break(struct tess_reorder *reorder)
{
	reorder->count = 0;
}

/* Times before the first picture's, for the pictures that it waits for. */
static void fill(struct tess_reorder *reorder, int64_t pts_us)
{
	unsigned missing = reorder->depth - reorder->count;

	if (reorder->count && reorder->shown_us[0] < pts_us)
		pts_us = reorder->shown_us[0];
	memmove(reorder->shown_us + missing, reorder->shown_us,
		reorder->count * sizeof(reorder->shown_us[0]));
	for (unsigned i = 0; i < missing; i++)
		reorder->shown_us[i] = pts_us - (int64_t)(missing - i) * MADE_UP_US;
	reorder->count = reorder->depth;
}

/* Put it in and take the earliest out. */
static int64_t exchange(struct tess_reorder *reorder, int64_t pts_us)
{
	int64_t earliest_us;
	unsigned at = 0;

	if (!reorder->depth || pts_us <= reorder->shown_us[0])
		return pts_us;
	earliest_us = reorder->shown_us[0];
	for (; at + 1 < reorder->count && reorder->shown_us[at + 1] < pts_us; at++)
		reorder->shown_us[at] = reorder->shown_us[at + 1];
	reorder->shown_us[at] = pts_us;
	return earliest_us;
}

int64_t tess_reorder_dts(struct tess_reorder *reorder, int64_t *pts_us)
{
	int64_t dts_us;

	if (reorder->begun && *pts_us <= reorder->dts_us && reorder->depth < MAX_GUESS)
		tess_reorder_set_depth(reorder, reorder->depth + 1);
	if (reorder->count < reorder->depth)
		fill(reorder, *pts_us);
	dts_us = exchange(reorder, *pts_us);
	if (reorder->begun && dts_us <= reorder->dts_us)
		dts_us = reorder->dts_us + 1;
	if (*pts_us < dts_us)
		*pts_us = dts_us;
	reorder->begun = true;
	reorder->dts_us = dts_us;
	return dts_us;
}
