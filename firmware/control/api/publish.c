/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/publish.c - the address by which a user publishes into a room by RTMP.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/control/api/address.h"
#include "firmware/control/api/handlers.h"
#include "firmware/control/cloud/stream_name.h"
#include "firmware/control/cloud/usersig.h"

#define USERSIG_MAX_S 31536000
/* application, room, user, ticket and what is between them */
#define KEY_MAX (10 + 3 * TESS_CLOUD_MAX_ID + TESS_CLOUD_MAX_USER + TESS_USERSIG_MAX + 32)

static int answer(struct tess_call *call, const struct tess_cloud_room *room, const char *user,
		  const char *usersig)
{
	char server[TESS_LIVE_URL_MAX], key[KEY_MAX], name[3 * TESS_CLOUD_MAX_ID + 4];

	tess_address_rtmp_rooms(server, call->control, call->request, room->type);
	if (!*server)
		return tess_call_error(call, 409, "off", "", "egress.rtmp_listen is off.");
	tess_percent_encode(name, sizeof(name), room->id);
	(void)snprintf(key, sizeof(key), "%" PRIu32 "/%s/%s?usersig=%s", room->sdk_app_id, name,
		       user, usersig);
	tess_call_audit(call, "usersig.create", "%" PRIu32 " %s", room->sdk_app_id, user);
	return tess_response_json(
		call->response, 200,
		json_pack("{ss ss ss++}", "server", server, "key", key, "url", server, "/", key));
}

int tess_api_rtmp_address(struct tess_call *call)
{
	struct tess_application application;
	char usersig[TESS_USERSIG_MAX];
	struct tess_cloud_room room;
	int64_t expire_s = 86400;
	const char *user = "";
	int rc;

	rc = tess_api_application_of(call, &application);
	if (rc > 0)
		rc = tess_fields_only(call, call->body, "", "user room_type expire");
	if (rc > 0)
		rc = tess_api_room_of(call, &room);
	if (rc > 0)
		rc = tess_field_required(
			call, "user",
			tess_field_text(call, call->body, "user", 1, TESS_CLOUD_MAX_USER, &user));
	if (rc > 0)
		rc = tess_field_int(call, call->body, "expire", 1, USERSIG_MAX_S, &expire_s);
	if (rc < 0)
		return tess_call_done(rc);
	if (!tess_user_id_valid(user))
		return tess_call_invalid(call, "user",
					 "user must be 1 to 32 letters, digits, '_' and '-'.");
	rc = tess_usersig_generate(usersig, sizeof(usersig), application.usersig_key,
				   application.id, user,
				   tess_control_utc_us(call->control) / 1000000, expire_s);
	return rc ? rc : answer(call, &room, user, usersig);
}
