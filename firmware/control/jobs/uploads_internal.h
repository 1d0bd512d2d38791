/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/uploads_internal.h - what uploads.c (which files, when) and
 * those who work on one file (a trip) share: uploads_steps.c (what comes next), uploads_items.c,
 * uploads_multipart.c, and uploads_trip.c (asking the storage, failing).
 */
#ifndef TESS_CONTROL_JOBS_UPLOADS_INTERNAL_H
#define TESS_CONTROL_JOBS_UPLOADS_INTERNAL_H

#include <stdio.h>

#include "firmware/control/jobs/poster.h"
#include "firmware/control/jobs/s3.h"
#include "firmware/control/jobs/uploads.h"

/** Into an array of characters, cut to fit. */
#define COPY(to, from) (void)snprintf(to, sizeof(to), "%s", from)

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

/** An address to do this to @p object. @retval 0, -EKEYREJECTED no key, or another error */
int tess_uploads_sign(char url[TESS_S3_URL_MAX], struct tess_control *control,
		      const struct tess_upload *row, const char *method, const char *object,
		      const char *query, int life_s) TESS_MUST_CHECK;
/** Do what comes next for a file. @retval 1 the orders of egress changed, 0, or an error */
int tess_trip_step(struct trip *trip) TESS_MUST_CHECK;
/** An order of egress is over. @retval as above */
int tess_trip_told(struct trip *trip, const char *id, const json_t *fact) TESS_MUST_CHECK;
/** No more of it now. */
void tess_trip_end(struct trip *trip);
/** tess_trip_step() from within an answer of the storage: errors go to the log. */
void tess_trip_go_on(struct trip *trip);

/* ---- uploads_trip.c ---- */

/**
 * The trip ends, and is made again after a pause that grows. @p status of the answer; 0: there was
 * none. @retval 1, or an error of the store
 */
int tess_trip_fail(struct trip *trip, long status, const char *error) TESS_MUST_CHECK;
int tess_trip_fail_answer(struct trip *trip, const struct tess_ask_answer *answer) TESS_MUST_CHECK;
/** The same, and from its begin: the storage has forgotten the upload, or has other bytes than were
 * sent. */
int tess_trip_restart(struct trip *trip, const char *why) TESS_MUST_CHECK;
/** An event of the upload, for the application's backend. @retval 0, or an error */
int tess_trip_tell(struct tess_control *control, const struct tess_upload *row,
		   const char *event) TESS_MUST_CHECK;
/**
 * Ask the storage; @p done gets the answer with the trip as its arg, and takes it by
 * tess_trip_take_answer(). @retval 0, or what tess_trip_fail() or asking says
 */
int tess_trip_ask(struct trip *trip, const struct tess_upload *row, const char *method,
		  const char *object, const char *query, const char *body,
		  tess_ask_done *done) TESS_MUST_CHECK;
/** An answer is there. @return false: it is not wanted any more, and the trip may be gone */
bool tess_trip_take_answer(struct trip *trip);
/** @p rc of what was done with an answer; the trip goes on unless it has ended with it. */
void tess_trip_settle(struct trip *trip, int rc);

#define TESS_TRIP_QUERY_MAX (3 * TESS_UPLOAD_ID_MAX + 64)
/** @p before, and the id of a multipart upload behind it. @retval 0, -ENAMETOOLONG */
int tess_trip_upload_query(char *query, size_t size, const char *before,
			   const struct tess_upload *row) TESS_MUST_CHECK;

/* ---- uploads_items.c ---- */

/** Store the parts that an object is sent in. @retval 0, or an error */
int tess_trip_add_parts(struct tess_store *store, const struct tess_upload *row) TESS_MUST_CHECK;
/** Have egress tell what an HLS playlist lists. @retval 1 the orders changed, 0, -ENOMEM */
int tess_trip_order_list(struct trip *trip, const struct tess_upload *row) TESS_MUST_CHECK;
/** Have egress send. @retval 1 the orders changed, 0 all is there, 2 it is waited for, an error */
int tess_trip_send(struct trip *trip, const struct tess_upload *row) TESS_MUST_CHECK;

/* ---- uploads_multipart.c: @retval as of tess_trip_ask() ---- */

int tess_trip_begin(struct trip *trip, const struct tess_upload *row) TESS_MUST_CHECK;
int tess_trip_complete(struct trip *trip, const struct tess_upload *row) TESS_MUST_CHECK;
/** Of AbortMultipartUpload: the parts are not there any more, or the storage cannot do it. */
bool tess_trip_is_aborted(const struct tess_ask_answer *answer);

#endif
