/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/backend.h - what the cloud API asks of the box.
 */
#ifndef TESS_CONTROL_API_BACKEND_H
#define TESS_CONTROL_API_BACKEND_H

#include "firmware/control/api/request.h"
#include "firmware/control/cloud/handler.h"
#include "firmware/control/control.h"

struct tess_cloud_backend tess_backend(struct tess_control *control);
/** Answer a request to "/" that is one of the cloud API. @p response was initialised. */
void tess_backend_handle(struct tess_control *control, const struct tess_request *request,
			 struct tess_response *response);
/** Has this GET of "/" anything of the cloud API? If not, a browser asks for the web UI. */
bool tess_backend_is_asked(const struct tess_request *request);

#endif
