/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/auth.h - who calls, and what: the first checks of a request, whichever of
 * the signatures it carries.
 */
#ifndef TESS_CLOUD_AUTH_H
#define TESS_CLOUD_AUTH_H

#include "firmware/control/cloud/form.h"
#include "firmware/control/cloud/handler.h"
#include "firmware/control/cloud/tc3.h"

/** The common parameters; texts belong to the request or to form. */
struct tess_cloud_call {
	const char *action, *version;
	const char *secret_id;
	const char *timestamp;
	int64_t timestamp_s;
	bool chinese; /* wants messages in Chinese */
	bool json;    /* parameters are a JSON body; otherwise dotted names */
	bool v1;
	struct tess_tc3_authorization authorization; /* unless v1 */
	struct tess_form form;			     /* v1: all fields, decoded */
};

/**
 * Method, size and content type; then what every call must carry. *call is to be freed in any case.
 * @retval 0, -EINVAL refused, see *error, -ENOMEM
 */
int tess_cloud_call_read(struct tess_cloud_call *call, const struct tess_cloud_request *request,
			 struct tess_cloud_error *error) TESS_MUST_CHECK;
void tess_cloud_call_free(struct tess_cloud_call *call);
/**
 * Time stamp, key, signature.
 * @retval 0 *key_id is the backend's id of the key, -EINVAL refused, see *error, or another
 * negative errno of the backend
 */
int tess_cloud_authenticate(int64_t *key_id, const struct tess_cloud_call *call,
			    const struct tess_cloud_request *request,
			    const struct tess_cloud_backend *backend,
			    struct tess_cloud_error *error) TESS_MUST_CHECK;

#endif
