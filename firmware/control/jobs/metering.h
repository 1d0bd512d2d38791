/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/metering.h - traffic, time of relays and time of mixes as usage, kept every
 * four seconds: with the second between two facts a crash costs no more than five.
 *
 * What egress has sent it counts from its start, and tells all of it again: nothing is lost or
 * doubled by a crash of control. How long mixes run, control sees in the facts of media.
 */
#ifndef TESS_CONTROL_JOBS_METERING_H
#define TESS_CONTROL_JOBS_METERING_H

#include <jansson.h>

#include "firmware/control/control.h"

struct tess_metering;

/** @retval 0, -ENOMEM */
int tess_metering_alloc(struct tess_metering **meteringp,
			struct tess_control *control) TESS_MUST_CHECK;
/** What was not kept yet is. Accepts NULL. */
void tess_metering_free(struct tess_metering *metering);
/** New facts of media, which are taken already. @retval 0, or an error of the store */
int tess_metering_media(struct tess_metering *metering) TESS_MUST_CHECK;
/** New facts of egress. @retval 0, or an error of the store */
int tess_metering_egress(struct tess_metering *metering) TESS_MUST_CHECK;
/** Egress is about to be gone: what it told last is kept at once. */
int tess_metering_egress_gone(struct tess_metering *metering) TESS_MUST_CHECK;

#endif
