/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/guard.h - who may watch, as egress is told, and addresses that are let in;
 * who may push.
 */
#ifndef TESS_CONTROL_JOBS_GUARD_H
#define TESS_CONTROL_JOBS_GUARD_H

#include <jansson.h>

#include "firmware/base/tx_secret.h"
#include "firmware/control/control.h"

/** The `guard` object of docs/links.md; it has secrets. @retval 0 *guardp is a new reference */
int tess_guard_desired(json_t **guardp, struct tess_control *control) TESS_MUST_CHECK;
/**
 * What an address of the box needs behind its '?' for this stream to be played: "" when the
 * application protects nothing, or has a play domain that is open. It is good for a day at least,
 * and the same for as long as it can be, as players begin anew with another address.
 */
int tess_guard_query(char query[TESS_TX_QUERY_SIZE], struct tess_control *control,
		     uint32_t application, const char *stream) TESS_MUST_CHECK;

/**
 * Does the query of a push (txSecret, txTime, not decoded) give the right to push a stream of this
 * name into the application: is it signed by one of its push domains that are protected, and not
 * over? Their name is not looked at: it says only whose they are, which is known here.
 * @retval 1 it does, 0 it does not, or there is no such domain, or an error of the store
 */
int tess_guard_push(struct tess_control *control, uint32_t application, const char *stream,
		    const char *query) TESS_MUST_CHECK;
/**
 * The same for a file of a recording, of this name without its suffix, by the application's play
 * domains that are protected.
 */
int tess_guard_fetch(struct tess_control *control, uint32_t application, const char *name,
		     const char *query) TESS_MUST_CHECK;

#endif
