/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/statistic.h - the usage of days, as the cloud API tells it: in rows of five
 * minutes for one day, else of a day. Days are those of the box's time zone.
 */
#ifndef TESS_CONTROL_API_STATISTIC_H
#define TESS_CONTROL_API_STATISTIC_H

#include "firmware/control/cloud/handler.h"
#include "firmware/control/control.h"

#define TESS_STATISTIC_KEY 32

/** As the member of struct tess_cloud_backend; @p arg is struct tess_control. */
int tess_statistic(void *arg, int64_t key_id, const struct tess_statistic_request *request,
		   json_t *fields, struct tess_cloud_error *error) TESS_MUST_CHECK;
/** The two about mixes, of an application of the caller's. */
int tess_mix_statistic(struct tess_control *control, uint32_t application,
		       const struct tess_statistic_request *request,
		       json_t *fields) TESS_MUST_CHECK;

/** Is a row a day? */
bool tess_statistic_days(const struct tess_statistic_request *request);
/** The begin of a day, @p after days on. */
int64_t tess_statistic_begin_us(const struct tess_day *day, int after);
/** The TimeKey of the row that a slot belongs to. @retval 0, -EIO */
int tess_statistic_key(char key[TESS_STATISTIC_KEY], int64_t slot_us, bool days) TESS_MUST_CHECK;

#endif
