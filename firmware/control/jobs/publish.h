/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/jobs/publish.h - users who enter a room by publishing to egress by RTMP: whether
 * they may, and when they have left (docs/links.md).
 *
 * Who publishes again takes the place of the user's older connection, which may be one whose peer
 * is gone. What egress holds no connection of leaves, after some seconds to come back in when
 * egress was started anew.
 */
#ifndef TESS_CONTROL_JOBS_PUBLISH_H
#define TESS_CONTROL_JOBS_PUBLISH_H

#include "firmware/control/control.h"

/** Publishers by RTMP at once: each has up to 16 MiB of memory in egress. */
#define TESS_PUBLISH_MAX	     64
#define TESS_PUBLISH_MAX_APPLICATION 32
/** How long a user may be without a connection after egress was started anew. */
#define TESS_PUBLISH_GRACE_US 10000000

/** The message "publish". @return the answer to it, a new reference; NULL when out of memory */
json_t *tess_publish_message(struct tess_control *control, const json_t *message);
/** The message "publish_tracks": what a publisher sends has become known. */
void tess_publish_tracks(struct tess_control *control, const json_t *message);
/** The message "unpublish": the connection has ended, and the user leaves. */
void tess_publish_end(struct tess_control *control, const json_t *message);
/** Egress told its facts: users of whom it has no connection leave. */
void tess_publish_follow(struct tess_control *control);

#endif
