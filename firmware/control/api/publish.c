/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/publish.c - the address by which a user publishes into a room by RTMP.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/control/api/address.h"
#include "firmware/control/api/handlers.h"
#include "firmware/control/cloud/stream_name.h"
#include "firmware/control/cloud/usersig.h"

#define USERSIG_MAX_S 31536000
#define NAME_MAX      (3 * TESS_CLOUD_MAX_ID + 4)
/* application, room, user, ticket, both names and what is between them */
#define KEY_MAX (10 + 3 * NAME_MAX + TESS_CLOUD_MAX_USER + TESS_USERSIG_MAX + 64)

/* What is asked for. */
struct wish {
	struct tess_cloud_room room;
	const char *user, *stream_id, *record_id;
	int64_t expire_s;
};

static void add(char key[KEY_MAX], const char *name, const char *value)
{
	size_t used = strlen(key);
	char encoded[NAME_MAX];

	tess_percent_encode(encoded, sizeof(encoded), value);
	if (*value)
		(void)snprintf(key + used, KEY_MAX - used, "&%s=%s", name, encoded);
}

static int answer(struct tess_call *call, const struct wish *wish, const char *usersig)
{
	char server[TESS_LIVE_URL_MAX], key[KEY_MAX], name[NAME_MAX];

	tess_address_rtmp_rooms(server, call->control, call->request, wish->room.type);
	if (!*server)
		return tess_call_error(call, 409, "off", "", "egress.rtmp_listen is off.");
	tess_percent_encode(name, sizeof(name), wish->room.id);
	(void)snprintf(key, sizeof(key), "%" PRIu32 "/%s/%s?usersig=%s", wish->room.sdk_app_id,
		       name, wish->user, usersig);
	add(key, "stream_id", wish->stream_id);
	add(key, "record_id", wish->record_id);
	tess_call_audit(call, "usersig.create", "%" PRIu32 " %s", wish->room.sdk_app_id,
			wish->user);
	return tess_response_json(
		call->response, 200,
		json_pack("{ss ss ss++}", "server", server, "key", key, "url", server, "/", key));
}

static int refuse(struct tess_call *call, const char *field, const char *message)
{
	return tess_call_invalid(call, field, "%s", message) ? -ENOMEM : -EINVAL;
}

/* @retval 1 or negative as the fields */
static int read_wish(struct tess_call *call, struct wish *wish)
{
	int rc =
		tess_fields_only(call, call->body, "", "user room_type expire stream_id record_id");

	if (rc > 0)
		rc = tess_api_room_of(call, &wish->room);
	if (rc > 0)
		rc = tess_field_required(call, "user",
					 tess_field_text(call, call->body, "user", 1,
							 TESS_CLOUD_MAX_USER, &wish->user));
	if (rc > 0)
		rc = tess_field_int(call, call->body, "expire", 1, USERSIG_MAX_S, &wish->expire_s);
	if (rc >= 0)
		rc = tess_field_text(call, call->body, "stream_id", 0, TESS_CLOUD_MAX_ID,
				     &wish->stream_id);
	if (rc >= 0)
		rc = tess_field_text(call, call->body, "record_id", 0, TESS_CLOUD_MAX_ID,
				     &wish->record_id);
	if (rc < 0)
		return rc;
	if (!tess_user_id_valid(wish->user))
		return refuse(call, "user", "user must be 1 to 32 letters, digits, '_' and '-'.");
	if (*wish->stream_id && !tess_stream_id_valid(wish->stream_id))
		return refuse(call, "stream_id",
			      "stream_id must be 1 to 64 bytes without blanks and /?#&\".");
	if (*wish->record_id && !tess_record_id_valid(wish->record_id))
		return refuse(call, "record_id",
			      "record_id must be 1 to 64 letters, digits, '_' and '-'.");
	return 1;
}

int tess_api_rtmp_address(struct tess_call *call)
{
	struct wish wish = {.user = "", .stream_id = "", .record_id = "", .expire_s = 86400};
	struct tess_application application;
	char usersig[TESS_USERSIG_MAX];
	int rc;

	rc = tess_api_application_of(call, &application);
	if (rc > 0)
		rc = read_wish(call, &wish);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_usersig_generate(usersig, sizeof(usersig), application.usersig_key,
				   application.id, wish.user,
				   tess_control_utc_us(call->control) / 1000000, wish.expire_s);
	return rc ? rc : answer(call, &wish, usersig);
}
