/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/space.h - room for recordings: quotas, marks of free space, retention.
 *
 * Below egress.disk_soft_percent of free space there is an alarm, below disk_hard_percent no
 * recording begins, and below disk_reserve_percent those that run are ended, so that there is still
 * room to close them. Expired files are removed all the time; a held one never.
 */
#ifndef TESS_CONTROL_JOBS_SPACE_H
#define TESS_CONTROL_JOBS_SPACE_H

#include "firmware/base/loop.h"
#include "firmware/control/cloud/error.h"
#include "firmware/control/control.h"

#define TESS_SPACE_INTERVAL_US 10000000

enum tess_space {
	TESS_SPACE_PLENTY = 1,
	TESS_SPACE_SOFT,
	TESS_SPACE_HARD,
	TESS_SPACE_RESERVE,
};

/** Which mark the free space of the folder of recordings is below; an unreadable one has plenty. */
enum tess_space tess_space_now(const struct tess_control *control);
/** May a recording begin in this area? @retval 0, -EINVAL refused, see *error, or an error of the
 * store */
int tess_space_admit(struct tess_control *control, uint32_t application, int64_t area,
		     struct tess_cloud_error *error) TESS_MUST_CHECK;
/** What is to be done every TESS_SPACE_INTERVAL_US: expired files go, and at the reserve the
 * recordings end. @retval 0, or an error of the store */
int tess_space_keep(struct tess_control *control) TESS_MUST_CHECK;

struct tess_space_keeper;

/** tess_space_keep() from now on. @retval 0, -ENOMEM */
int tess_space_start(struct tess_space_keeper **keeperp, struct tess_control *control,
		     struct tess_loop *loop) TESS_MUST_CHECK;
void tess_space_stop(struct tess_space_keeper *keeper); /* accepts NULL */

#endif
