/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/desired.h - the messages that say what should be (docs/links.md), made from
 * the store.
 */
#ifndef TESS_CONTROL_JOBS_DESIRED_H
#define TESS_CONTROL_JOBS_DESIRED_H

#include <jansson.h>

#include "firmware/control/control.h"

/** *messagep is a new reference. @retval 0, or an error of the store */
int tess_desired_media(json_t **messagep, struct tess_control *control,
		       int64_t epoch) TESS_MUST_CHECK;
/** @p acknowledged is an array of ids, shared. */
int tess_desired_egress(json_t **messagep, struct tess_control *control, int64_t epoch,
			json_t *acknowledged) TESS_MUST_CHECK;

#endif
