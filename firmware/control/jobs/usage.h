/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/usage.h - recorded time by the size of the picture, read again every 5 s.
 *
 * What is added is what a recording has grown by since it was last added, in one transaction with
 * the note of how far that was: a crash at any moment neither loses nor doubles time, as egress
 * tells the whole length again. Gaps are no recorded time.
 */
#ifndef TESS_CONTROL_JOBS_USAGE_H
#define TESS_CONTROL_JOBS_USAGE_H

#include <jansson.h>

#include "firmware/control/control.h"
#include "firmware/control/store/usage.h"

#define TESS_USAGE_INTERVAL_US 5000000

/** By area, so that a picture on its side is as large as one upright. */
enum tess_tier tess_usage_tier(int64_t width, int64_t height);
/** Add what the recording has grown by. @retval 0, or an error of the store */
int tess_usage_take(struct tess_control *control, const struct tess_recording *recording,
		    const json_t *fact) TESS_MUST_CHECK;

#endif
