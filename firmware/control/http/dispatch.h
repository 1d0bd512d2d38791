/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/http/dispatch.h - from a request to who answers it: cloud API, admin API, web
 * UI.
 */
#ifndef TESS_CONTROL_HTTP_DISPATCH_H
#define TESS_CONTROL_HTTP_DISPATCH_H

#include "firmware/control/api/request.h"
#include "firmware/control/control.h"

#define TESS_HTTP_MAX_ADMIN_BYTES   (1u << 20)
#define TESS_HTTP_MAX_PICTURE_BYTES (3u << 20) /* 2 MiB in base64 */

/** The most bytes of a body that this path takes; one more shows that it was too large. */
size_t tess_dispatch_max_body(const char *path);
/** Answer, with the headers that all answers have. @p response was initialised and is filled. */
void tess_dispatch(struct tess_control *control, const struct tess_request *request,
		   struct tess_response *response);

#endif
