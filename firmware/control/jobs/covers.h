/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/covers.h - thumbnails of finished files: egress cuts a key frame out of the
 * file, media decodes it and makes a JPEG, control keeps that. One file at a time; each is tried
 * once, so that one that brings a process down does so once.
 *
 * Threads: the loop's.
 */
#ifndef TESS_CONTROL_JOBS_COVERS_H
#define TESS_CONTROL_JOBS_COVERS_H

#include <jansson.h>

#include "firmware/base/loop.h"
#include "firmware/control/control.h"

/** What takes longer is given up. */
#define TESS_COVERS_TIMEOUT_US 20000000

/** Sets control->covers. @retval 0, -ENOMEM */
int tess_covers_start(struct tess_control *control, struct tess_loop *loop) TESS_MUST_CHECK;
void tess_covers_stop(struct tess_control *control);
/** There may be a file without one: soon. */
void tess_covers_wake(struct tess_control *control);
/** Add the order for egress to an array. */
void tess_covers_orders(const struct tess_control *control, json_t *orders);
/** What egress tells of its orders. @retval 1 the orders are others now, 0 not */
int tess_covers_told(struct tess_control *control, const json_t *told);
/** A "key_frame" of egress. @retval 1 it is to be sent on to media, as a "cover" of the same id; 0
 * it is not wanted */
int tess_covers_key_frame(struct tess_control *control, const json_t *message);
/** A "cover" of media, with its descriptor (-1: none), which stays the caller's. */
void tess_covers_made(struct tess_control *control, const json_t *message, int fd);

#endif
