/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/stream_name.h - the names that live streams of users have when none was
 * given at entry.
 */
#ifndef TESS_CLOUD_STREAM_NAME_H
#define TESS_CLOUD_STREAM_NAME_H

#include "firmware/control/cloud/mix_params.h"

/* plain: urlencode(SdkAppId_room_user_main), for applications from 2020-01-09 on;
 * md5: bizid_MD5(room_user_main), its digits in upper case, for older ones. */
#define TESS_NAME_RULE_PLAIN "plain"
#define TESS_NAME_RULE_MD5   "md5"
#define TESS_NAME_RULES	     "plain md5"

/**
 * The name of what @p user sends as @p stream_type ("main", "aux") into the room.
 * @param name filled; with a room and a user of their lengths it fits
 * @param biz_id of the rule md5
 * @retval 0, -ENOMEM
 */
int tess_stream_name(char name[TESS_STREAM_NAME_MAX + 1], const char *rule,
		     const struct tess_cloud_room *room, const char *user, const char *stream_type,
		     uint32_t biz_id) TESS_MUST_CHECK;
/** RFC 3986 §2.1: all but the unreserved characters as %XX; cut where @p size ends. */
void tess_percent_encode(char *to, size_t size, const char *text);

#endif
