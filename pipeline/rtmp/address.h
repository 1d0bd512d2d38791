/* SPDX-License-Identifier: GPL-3.0-or-later
 * pipeline/rtmp/address.h - the address that a publisher enters a room by:
 *
 *	rtmp://HOST/room/SDKAPPID/ROOM/USER?usersig=...		a room with a number
 *	rtmp://HOST/strroom/SDKAPPID/ROOM/USER?usersig=...	a room with a text
 *
 * Clients cut the path at different places (ffmpeg and librtmp behind its second part, GStreamer at
 * its last '/', OBS where its two fields meet), so application and stream name are taken together.
 * ROOM and USER may be percent-encoded. All input is hostile.
 */
#ifndef TESS_RTMP_ADDRESS_H
#define TESS_RTMP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/compiler.h"

/** Room for the parts, the 0 included; what is longer is no address of a room. */
#define TESS_RTMP_MAX_ROOM  129
#define TESS_RTMP_MAX_USER  65
#define TESS_RTMP_MAX_QUERY 3072

struct tess_rtmp_address {
	uint32_t sdk_app_id;
	bool string_room;
	char room[TESS_RTMP_MAX_ROOM];
	char user[TESS_RTMP_MAX_USER];
	char query[TESS_RTMP_MAX_QUERY]; /* as it stands; a secret, for a ticket is in it */
};

/** Is this application one of publishers, with or without parts behind its name? */
bool tess_rtmp_is_room_app(const char *app);
/**
 * Parse the application and the name of a stream, @p query what stood behind the name's '?'.
 * @retval 0, -EINVAL it is not in the form above
 */
int tess_rtmp_address_parse(struct tess_rtmp_address *address, const char *app, const char *name,
			    const char *query) TESS_MUST_CHECK;

#endif
