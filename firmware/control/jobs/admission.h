/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/admission.h - is there an engine with room for a mix?
 *
 * Media measures its engines and tells how much of each is in use. What control has started and
 * media has not told of yet is reckoned with as media would place it. A mix that runs is never
 * taken away from; what is asked for in its place is priced by what it is more.
 */
#ifndef TESS_CONTROL_JOBS_ADMISSION_H
#define TESS_CONTROL_JOBS_ADMISSION_H

#include <jansson.h>

#include "firmware/control/control.h"

/**
 * Check a start that is about to be done; @p params as they are stored with the mix. While media is
 * away, or has told of no engine that was measured, there is room.
 * @retval 0, -EINVAL refused, see *error, or an error of the store
 */
int tess_admission_check(struct tess_control *control, const struct tess_mix_request *request,
			 const json_t *params, struct tess_cloud_error *error) TESS_MUST_CHECK;

#endif
