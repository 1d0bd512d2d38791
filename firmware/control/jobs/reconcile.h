/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/reconcile.h - the links to media and egress: desired state down, facts up.
 *
 * The whole desired state is sent when a process says hello and, once a turn of the loop, after
 * changes. Its epoch rises also over restarts of control.
 */
#ifndef TESS_CONTROL_JOBS_RECONCILE_H
#define TESS_CONTROL_JOBS_RECONCILE_H

#include "firmware/base/loop.h"
#include "firmware/control/control.h"

struct tess_reconcile;

/**
 * Listen at <run_dir>/control.sock; becomes control->changed.
 * @retval 0, -ENOMEM, or what listening failed with
 */
int tess_reconcile_start(struct tess_reconcile **reconcilep, struct tess_control *control,
			 struct tess_loop *loop) TESS_MUST_CHECK;
void tess_reconcile_stop(struct tess_reconcile *reconcile); /* accepts NULL */

#endif
