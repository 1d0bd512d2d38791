/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/poster.h - HTTP(S) requests to others' servers, many at once, in the loop:
 * no call waits for anything.
 *
 * Certificates are checked against the system's authorities, or those of ca_file. Redirects are not
 * followed and proxies not used, so that the address that is connected to, which is checked against
 * the excluded ones, is the receiver's. A post's answer is read and
 * forgotten.
 */
#ifndef TESS_CONTROL_JOBS_POSTER_H
#define TESS_CONTROL_JOBS_POSTER_H

#include <stddef.h>

#include "firmware/base/loop.h"

struct tess_poster;
struct tess_post;

/** Status 0: there was no whole answer, see @p error (ASCII). The post is over before the call. */
typedef void tess_post_done(void *arg, long status, const char *error);

/** @p excluded (firmware/base/prefixes.h) and @p ca_file ("" = the system's) must outlive it.
 * @retval 0, -ENOMEM */
int tess_poster_start(struct tess_poster **posterp, struct tess_loop *loop, const char *excluded,
		      const char *ca_file) TESS_MUST_CHECK;
/** Posts that are not done are given up without a word; accepts NULL. */
void tess_poster_stop(struct tess_poster *poster);
/**
 * POST a JSON text, which is copied; @p done is called later, never from here.
 * @retval 0, -ENOMEM
 */
int tess_poster_post(struct tess_poster *poster, const char *url, const char *body,
		     int64_t timeout_us, tess_post_done *done, void *arg) TESS_MUST_CHECK;

/**
 * A request to S3-compatible storage, which libcurl signs in its headers (AWS Signature Version 4),
 * and what came back of it.
 */
struct tess_ask {
	const char *method; /* "GET", "HEAD", "POST", "DELETE" */
	const char *url;    /* its path and query as AWS's text has them signed: tess_s3_url() */
	const char *body;   /* of a POST, XML */
	const char *region, *access_key, *secret_key;
	int64_t timeout_us;
};

struct tess_ask_answer {
	long status;	   /* 0: there was no whole answer, see error */
	const char *error; /* ASCII */
	const char *body;  /* of at most TESS_ASK_BODY_MAX bytes; one that is longer is an error */
	const char *etag;  /* as it was sent; "" = none */
	int64_t length;	   /* as told, of a HEAD; -1 = it was not */
};

#define TESS_ASK_BODY_MAX 65536

/** Everything in the answer ends with the call. */
typedef void tess_ask_done(void *arg, const struct tess_ask_answer *answer);

/** What is in @p ask is copied; @p done is called later, never from here. @retval 0, -ENOMEM */
int tess_poster_ask(struct tess_poster *poster, const struct tess_ask *ask, tess_ask_done *done,
		    void *arg) TESS_MUST_CHECK;

#endif
