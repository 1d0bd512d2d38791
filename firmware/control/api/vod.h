/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/vod.h - the VOD actions and recorded time, over the store: parts of the
 * backend of the cloud API (backend.h).
 */
#ifndef TESS_CONTROL_API_VOD_H
#define TESS_CONTROL_API_VOD_H

#include "firmware/control/cloud/handler.h"
#include "firmware/control/control.h"
#include "firmware/control/store/files.h"

/** As the members of struct tess_cloud_backend; @p arg is struct tess_control. */
int tess_vod_run(void *arg, int64_t key_id, const struct tess_vod_request *request, json_t *fields,
		 struct tess_cloud_error *error) TESS_MUST_CHECK;
/** The blocks of a file's MediaInfo. New reference, NULL when out of memory. */
json_t *tess_vod_media_info(const struct tess_control *control, const struct tess_file *file,
			    unsigned blocks);

#endif
