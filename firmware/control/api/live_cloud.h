/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/live_cloud.h - the LIVE actions of the cloud API (2018-08-01).
 *
 * The account of the cloud is here the application of the key. Its streams are those that it pushes
 * itself: mixes and what users send live. DomainName of a stream is one of its push domains; where
 * it has none, any name will do.
 */
#ifndef TESS_CONTROL_API_LIVE_CLOUD_H
#define TESS_CONTROL_API_LIVE_CLOUD_H

#include "firmware/control/cloud/handler.h"
#include "firmware/control/control.h"

/** As the member of struct tess_cloud_backend; @p arg is struct tess_control. */
int tess_live_cloud_run(void *arg, int64_t key_id, const struct tess_live_request *request,
			json_t *fields, struct tess_cloud_error *error) TESS_MUST_CHECK;

#endif
