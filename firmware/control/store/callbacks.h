/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/store/callbacks.h - the outbox: callbacks that were not delivered yet. A row is
 * written in the transaction of what it tells, and goes when its receiver has taken it.
 *
 * Errors and callbacks as in store.h.
 */
#ifndef TESS_CONTROL_STORE_CALLBACKS_H
#define TESS_CONTROL_STORE_CALLBACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/control/store/settings.h"

#define TESS_CALLBACK_BODY_MAX	4096
#define TESS_CALLBACK_ERROR_MAX 127

struct tess_callback {
	int64_t id; /* of one recording, they are delivered in this order */
	uint32_t application;
	int64_t recording;
	int event_type;
	char url[TESS_CALLBACK_URL_MAX + 1];
	char key[TESS_CALLBACK_KEY_MAX + 1];
	char body[TESS_CALLBACK_BODY_MAX]; /* a JSON object, without t and sign */
	bool dead;			   /* given up */
	unsigned attempts;
	int64_t created_us, next_us;		 /* next_us: not to be tried before */
	char error[TESS_CALLBACK_ERROR_MAX + 1]; /* of the last attempt */
};

/** @retval 0 with callback->id set */
int tess_store_callback_add(struct tess_store *store,
			    struct tess_callback *callback) TESS_MUST_CHECK;
/** @retval 0, -ENOENT */
int tess_store_callback_get(struct tess_store *store, struct tess_callback *callback,
			    int64_t id) TESS_MUST_CHECK;
/** Those that may be sent now: of each recording the oldest that waits, if it is due. */
int tess_store_callbacks_due(struct tess_store *store, int64_t now_us,
			     int (*each)(void *arg, const struct tess_callback *row),
			     void *arg) TESS_MUST_CHECK;
/** When the next is due. @retval 0, -ENOENT none waits */
int tess_store_callback_next(struct tess_store *store, int64_t *next_us) TESS_MUST_CHECK;
/** Delivered, or not wanted any more. @retval 0, -ENOENT */
int tess_store_callback_remove(struct tess_store *store, int64_t id) TESS_MUST_CHECK;
/** An attempt failed: dead, attempts, next_us and error of callback->id. @retval 0, -ENOENT */
int tess_store_callback_failed(struct tess_store *store,
			       const struct tess_callback *callback) TESS_MUST_CHECK;
/** A dead one waits again, for this address. @retval 0, -ENOENT there is no such dead one */
int tess_store_callback_revive(struct tess_store *store, int64_t id, const char *url,
			       const char *key, int64_t now_us) TESS_MUST_CHECK;
/** Newest first, ids below @p before (0 = all); @p application 0 = all; dead ones, or all. */
int tess_store_callbacks(struct tess_store *store, uint32_t application, bool dead, int64_t before,
			 int64_t limit, int (*each)(void *arg, const struct tess_callback *row),
			 void *arg) TESS_MUST_CHECK;
int tess_store_callback_counts(struct tess_store *store, int64_t *waiting,
			       int64_t *dead) TESS_MUST_CHECK;

#endif
