/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/uploads_internal.h - what uploads.c (which files, when) and
 * uploads_steps.c (one file) share.
 */
#ifndef TESS_CONTROL_JOBS_UPLOADS_INTERNAL_H
#define TESS_CONTROL_JOBS_UPLOADS_INTERNAL_H

#include "firmware/control/jobs/poster.h"
#include "firmware/control/jobs/uploads.h"

struct tess_uploads;

/** A file that something is being done with. */
struct trip {
	struct tess_uploads *uploads;
	int64_t file; /* 0: the trip is free */
	/* of the requests that control sends itself: how many are out, and whether one failed */
	unsigned asked;
	bool over;	 /* ends when none is out */
	int64_t checked; /* items before this one are verified, or removed */
	bool removing;
	json_t *orders; /* id -> order of egress */
	json_t *sent;	/* id -> bytes of an order that runs */
};

struct tess_uploads {
	struct tess_control *control;
	struct tess_poster *poster;
	struct tess_timer *timer;
	struct trip trips[TESS_UPLOADS_FILES];
	struct tess_upload_counters counters;
};

/** Do what comes next for a file. @retval 1 the orders of egress changed, 0, or an error */
int tess_trip_step(struct trip *trip) TESS_MUST_CHECK;
/** An order of egress is over. @retval as above */
int tess_trip_told(struct trip *trip, const char *id, const json_t *fact) TESS_MUST_CHECK;
/** No more of it now. */
void tess_trip_end(struct trip *trip);
/** tess_trip_step() from within an answer of the storage: errors go to the log. */
void tess_trip_go_on(struct trip *trip);

#endif
