/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/callbacks.h - delivers the outbox.
 *
 * A callback is delivered when its receiver answers 200 within 20 s, and then forgotten: at least
 * once, as the answer may be lost. Those of one recording go one after the other. One that fails is
 * tried again every control.callback_retry_s, control.callback_retries times, then every 10 minutes
 * until control.callback_hours have gone by, and is dead then, until somebody sends it again. At
 * most 4 of an application and 16 in all are on their way at once.
 */
#ifndef TESS_CONTROL_JOBS_CALLBACKS_H
#define TESS_CONTROL_JOBS_CALLBACKS_H

#include "firmware/base/loop.h"
#include "firmware/control/control.h"
#include "firmware/control/store/callbacks.h"

#define TESS_CALLBACK_TIMEOUT_US 20000000
#define TESS_CALLBACK_SLOW_S	 600

struct tess_callbacks;

/** Becomes control->outbox. @retval 0, -ENOMEM */
int tess_callbacks_start(struct tess_callbacks **callbacksp, struct tess_control *control,
			 struct tess_loop *loop) TESS_MUST_CHECK;
void tess_callbacks_stop(struct tess_callbacks *callbacks); /* accepts NULL */

/** What is sent at this time: the body with t and, by the key, sign = md5(key + t). @return a text
 * to be freed, NULL when out of memory */
char *tess_callback_text(const struct tess_callback *callback, int64_t now_us) TESS_MUST_CHECK;
/** An attempt failed now: attempts, next_us, dead and error are set. */
void tess_callback_retry(struct tess_callback *callback, const struct tess_config *config,
			 int64_t now_us, const char *error);

#endif
