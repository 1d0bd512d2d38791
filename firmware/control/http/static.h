/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/http/static.h - the files of the web UI.
 */
#ifndef TESS_CONTROL_HTTP_STATIC_H
#define TESS_CONTROL_HTTP_STATIC_H

#include "firmware/control/api/request.h"
#include "firmware/control/control.h"

/** The page of the player, and where it is asked for. */
#define TESS_STATIC_PLAYER	"/player"
#define TESS_STATIC_PLAYER_FILE "/player.html"

/**
 * Answer GET or HEAD with a file below control.webui_dir; a path that is no file and has no dot in
 * its last part is one of the web UI's own and gets index.html. @p response was initialised.
 */
void tess_static_handle(struct tess_control *control, const struct tess_request *request,
			struct tess_response *response);

#endif
