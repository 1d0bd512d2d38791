/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/live_params.h - the parameters of the LIVE actions, checked.
 */
#ifndef TESS_CLOUD_LIVE_PARAMS_H
#define TESS_CLOUD_LIVE_PARAMS_H

#include <jansson.h>
#include <stdint.h>

#include "firmware/control/cloud/error.h"

enum tess_live_action {
	TESS_LIVE_PLAY_KEY = 1,
	TESS_LIVE_SET_PLAY_KEY,
	TESS_LIVE_PUSH_KEY,
	TESS_LIVE_SET_PUSH_KEY,
	TESS_LIVE_STATE,
	TESS_LIVE_ONLINE,
	TESS_LIVE_DROP,
};

#define TESS_LIVE_APP "live" /* AppName of all streams */

/** Texts are those of the parameters; NULL or -1 = not given. */
struct tess_live_request {
	enum tess_live_action action;
	const char *domain, *app, *stream;
	int64_t enable, delta_s;
	const char *key, *back_key; /* of a push domain: the master and the backup key */
	int64_t page, page_size;    /* of a list, from 1 */
};

/** The names that all LIVE actions know, ending with NULL. */
extern const char *const tess_live_params[];

/** @retval 0, -EINVAL refused, see *error */
int tess_live_request_parse(struct tess_live_request *request, enum tess_live_action action,
			    const json_t *params, struct tess_cloud_error *error) TESS_MUST_CHECK;

#endif
