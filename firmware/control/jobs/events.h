/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/events.h - what happens to recordings, as callbacks in the outbox: event
 * 100 for each file that is finished, event 332 for the recording's own life, one a format.
 *
 * To be called in the transaction of the cause. Without a callback address nothing is written.
 */
#ifndef TESS_CONTROL_JOBS_EVENTS_H
#define TESS_CONTROL_JOBS_EVENTS_H

#include "firmware/control/control.h"
#include "firmware/control/store/files.h"
#include "firmware/control/store/uploads.h"

#define TESS_EVENT_FILE	  100
#define TESS_EVENT_STATUS 332

/** @retval 0, or an error of the store */
int tess_events_file(struct tess_control *control, const struct tess_recording *recording,
		     const struct tess_file *file) TESS_MUST_CHECK;
/** @p event is a record_event: record_start_succeeded, record_paused, ... @retval as above */
int tess_events_status(struct tess_control *control, const struct tess_recording *recording,
		       const char *event) TESS_MUST_CHECK;

/** One of the upload of a file: "upload_succeeded", "upload_failed". @retval as above */
int tess_events_upload(struct tess_control *control, const struct tess_recording *recording,
		       const struct tess_upload *upload, const char *event) TESS_MUST_CHECK;

#endif
