/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/limiter.h - so many times in a window for each key, in bounded memory.
 */
#ifndef TESS_CONTROL_JOBS_LIMITER_H
#define TESS_CONTROL_JOBS_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/compiler.h"

struct tess_limiter;

/** @p keys are remembered; the one that began longest ago is forgotten first. @retval 0, -ENOMEM */
int tess_limiter_alloc(struct tess_limiter **limiterp, unsigned keys,
		       int64_t window_us) TESS_MUST_CHECK;
void tess_limiter_free(struct tess_limiter *limiter); /* accepts NULL */
/**
 * Count one more for this key (cut to 127 bytes).
 * @return 0 allowed, else the microseconds until the window ends
 */
int64_t tess_limiter_count(struct tess_limiter *limiter, const char *key, unsigned most,
			   int64_t now_us);
/** What was counted for this key is forgiven. */
void tess_limiter_forget(struct tess_limiter *limiter, const char *key);

#endif
