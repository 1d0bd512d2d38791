/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/fetch.h - fetches pictures over HTTP and HTTPS.
 *
 * Of each address: 3 tries, a second apart, each at most 10 s long, with at most 3 redirections,
 * and at most 2 MiB. Eight at a time, the others wait. No proxy and no credentials are used. Unless
 * it is allowed, nothing is fetched from this machine itself or from addresses that are valid on
 * one link alone (loopback, link-local, multicast), whatever name or redirection leads there.
 *
 * Threads: belongs to its loop's thread. Names are looked up in threads of libcurl's.
 */
#ifndef TESS_CONTROL_JOBS_FETCH_H
#define TESS_CONTROL_JOBS_FETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware/base/loop.h"

struct tess_fetch;

/** It is over: the bytes, or (@p content NULL) why not. All is borrowed for the call. */
typedef void tess_fetch_done(void *arg, const char *url, const char *error, const void *content,
			     size_t length);

/** @p anywhere: also from this machine. @retval 0, -ENOMEM */
int tess_fetch_alloc(struct tess_fetch **fetchp, struct tess_loop *loop, bool anywhere,
		     tess_fetch_done *done, void *arg) TESS_MUST_CHECK;
/** What is under way is given up, nobody is told. Accepts NULL. */
void tess_fetch_free(struct tess_fetch *fetch);
/** Begin; one that is under way already goes on. @retval 0, -ENOMEM */
int tess_fetch_start(struct tess_fetch *fetch, const char *url) TESS_MUST_CHECK;
/** Give up what is under way from addresses that @p wanted does not want; nobody is told. */
void tess_fetch_keep(struct tess_fetch *fetch, bool (*wanted)(void *arg, const char *url),
		     void *arg);

#endif
