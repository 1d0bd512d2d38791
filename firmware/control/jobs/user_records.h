/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/user_records.h - recordings of what single users send: one a publication,
 * from entry to leaving.
 *
 * Whether one begins is decided at the entry, in its transaction: in mode automatic always, in mode
 * specified for who enters with a record id (userDefineRecordId). An administrator may begin one
 * where none goes on, and end any; one that was ended does not begin again. A user who leaves ends
 * it, with a resume time-out only once that is over: who is back before goes on in the same one.
 * Names of files (without their times): of mode specified RECORDID; of others RECORDID_TYPE, else
 * the stream id given at the entry, else APPLICATION_ROOM_USER_TYPE. What no file name may have in
 * it becomes a hyphen.
 */
#ifndef TESS_CONTROL_JOBS_USER_RECORDS_H
#define TESS_CONTROL_JOBS_USER_RECORDS_H

#include "firmware/control/cloud/error.h"
#include "firmware/control/control.h"

/**
 * In the transaction of the entry, @p publisher as it was added. Where no recording may begin (no
 * space, an area that is off), a failed one says so, and the user is in all the same.
 * @retval 0, or an error of the store
 */
int tess_user_records_enter(struct tess_control *control,
			    const struct tess_publisher *publisher) TESS_MUST_CHECK;
/**
 * Begin one for an administrator. @p record_id "" = named as in mode automatic.
 * @retval 0 with *id, -EEXIST one goes on, -EINVAL refused, see *error, or an error of the store
 */
int tess_user_records_start(struct tess_control *control, const struct tess_publisher *publisher,
			    const char *record_id, int64_t *id,
			    struct tess_cloud_error *error) TESS_MUST_CHECK;
/** End the one that goes on, whoever began it. @retval 0, -ENOENT none does */
int tess_user_records_stop(struct tess_control *control,
			   const struct tess_publisher *publisher) TESS_MUST_CHECK;
/** Now and then: those end whose user has been away for too long. */
void tess_user_records_keep(struct tess_control *control);

#endif
