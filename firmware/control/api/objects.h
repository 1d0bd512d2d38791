/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/objects.h - what is fetched by a signed address: files that are no more on
 * this disk (egress sends whoever has such an address here, and from here it goes to the object
 * storage), and thumbnails.
 */
#ifndef TESS_CONTROL_API_OBJECTS_H
#define TESS_CONTROL_API_OBJECTS_H

#include "firmware/control/api/request.h"
#include "firmware/control/control.h"

/** Whether it is an address of a recording's file (docs/links.md), or of a thumbnail. */
bool tess_objects_is_asked(const struct tess_request *request);
/**
 * 302 to a presigned address; of an HLS file the playlist, with such addresses in it. 403 when the
 * address is wrong or has expired, 404 when there is no such object.
 */
void tess_objects_handle(struct tess_control *control, const struct tess_request *request,
			 struct tess_response *response);

#endif
