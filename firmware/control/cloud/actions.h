/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/actions.h - the actions of each API version.
 *
 * A new action is a row in actions.c and a function that reads its parameters and calls the
 * backend.
 */
#ifndef TESS_CLOUD_ACTIONS_H
#define TESS_CLOUD_ACTIONS_H

#include <jansson.h>

#include "firmware/control/cloud/handler.h"

struct tess_cloud_context {
	const struct tess_cloud_backend *backend;
	int64_t key_id;
	int which; /* of the action */
	const json_t *params;
};

/**
 * Do it, and add the members of the answer to @p fields (an empty object).
 * @retval 0, -EINVAL refused, see *error, or another negative errno
 */
typedef int tess_cloud_run(const struct tess_cloud_context *context, json_t *fields,
			   struct tess_cloud_error *error);

struct tess_cloud_action {
	const char *name;
	tess_cloud_run *run; /* NULL: published, but not available here */
	/* of those that the function does, by an enum of its own; of pairs, X and XByStrRoomId, the
	 * enum tess_room_id_type */
	int which;
	const char *const *params; /* the names that it knows, ending with NULL */
};

/**
 * The application must be the caller's. @retval 0, -EINVAL refused, see *error, or an error of the
 * backend
 */
int tess_cloud_check_owner(const struct tess_cloud_context *context, uint32_t sdk_app_id,
			   struct tess_cloud_error *error) TESS_MUST_CHECK;
/**
 * The action of this name and version; one that is known but not available is refused too.
 * @retval 0, -EINVAL refused, see *error
 */
int tess_cloud_action_find(const struct tess_cloud_action **actionp, const char *version,
			   const char *name, struct tess_cloud_error *error) TESS_MUST_CHECK;

#endif
