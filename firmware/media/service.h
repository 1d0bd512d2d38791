/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/media/service.h - the media process: engine, codec pool, room workers and the links to
 * control and egress.
 *
 * All its state comes from the desired state of control, so that a crash costs no more than the
 * time to start again. Threads: belongs to its loop's thread.
 */
#ifndef TESS_MEDIA_SERVICE_H
#define TESS_MEDIA_SERVICE_H

#include "firmware/base/config.h"
#include "firmware/base/loop.h"

struct tess_media_service;

/**
 * Start; @p loop and @p config must outlive it. What failed is in the log.
 * @retval 0, or a negative errno
 */
int tess_media_service_start(struct tess_media_service **servicep, struct tess_loop *loop,
			     const struct tess_config *config) TESS_MUST_CHECK;
/** Why the loop has been stopped: 0, or -ENODEV: a network port is gone. */
int tess_media_service_error(const struct tess_media_service *service);
void tess_media_service_stop(struct tess_media_service *service); /* accepts NULL */

#endif
