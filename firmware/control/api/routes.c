/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/routes.c - the routes of the admin API; docs/openapi.yaml has the same.
 */
#include "firmware/control/api/auth.h"
#include "firmware/control/api/handlers.h"
#include "firmware/control/api/router.h"

#define V1   "/api/v1"
#define APP  V1 "/applications/{application}"
#define ROOM APP "/rooms/{room}"

#define OPEN  TESS_ACCESS_OPEN
#define READ  TESS_ACCESS_READ
#define ADMIN TESS_ACCESS_ADMIN

static const struct tess_route ROUTES[] = {
	{"POST", V1 "/login", OPEN, tess_api_login},
	{"POST", V1 "/logout", READ, tess_api_logout},
	{"GET", V1 "/me", READ, tess_api_me},
	{"POST", V1 "/password", READ, tess_api_password},
	{"GET", V1 "/tokens", ADMIN, tess_api_tokens},
	{"POST", V1 "/tokens", ADMIN, tess_api_token_add},
	{"DELETE", V1 "/tokens/{token}", ADMIN, tess_api_token_remove},

	{"GET", V1 "/applications", READ, tess_api_applications},
	{"POST", V1 "/applications", ADMIN, tess_api_application_add},
	{"GET", APP, READ, tess_api_application_get},
	{"PATCH", APP, ADMIN, tess_api_application_set},
	{"DELETE", APP, ADMIN, tess_api_application_remove},
	{"POST", APP "/usersig", ADMIN, tess_api_usersig},
	{"GET", APP "/keys", READ, tess_api_keys},
	{"POST", APP "/keys", ADMIN, tess_api_key_add},
	{"PATCH", APP "/keys/{key}", ADMIN, tess_api_key_set},
	{"DELETE", APP "/keys/{key}", ADMIN, tess_api_key_remove},

	{"GET", APP "/pictures", READ, tess_api_pictures},
	{"POST", APP "/pictures", ADMIN, tess_api_picture_add},
	{"GET", APP "/pictures/{picture}", READ, tess_api_picture_get},
	{"PATCH", APP "/pictures/{picture}", ADMIN, tess_api_picture_set},
	{"DELETE", APP "/pictures/{picture}", ADMIN, tess_api_picture_remove},
	{"GET", APP "/pictures/{picture}/content", READ, tess_api_picture_content},

	{"GET", APP "/relays", READ, tess_api_relays},
	{"POST", APP "/relays", ADMIN, tess_api_relay_add},
	{"GET", APP "/relays/{relay}", READ, tess_api_relay_get},
	{"PATCH", APP "/relays/{relay}", ADMIN, tess_api_relay_set},
	{"DELETE", APP "/relays/{relay}", ADMIN, tess_api_relay_remove},

	{"GET", APP "/domains", READ, tess_api_domains},
	{"POST", APP "/domains", ADMIN, tess_api_domain_add},
	{"GET", APP "/domains/{kind}/{domain}", READ, tess_api_domain_get},
	{"PATCH", APP "/domains/{kind}/{domain}", ADMIN, tess_api_domain_set},
	{"DELETE", APP "/domains/{kind}/{domain}", ADMIN, tess_api_domain_remove},
	{"GET", APP "/usage", READ, tess_api_usage},
	{"GET", APP "/live", READ, tess_api_live_settings},
	{"PATCH", APP "/live", ADMIN, tess_api_live_settings_set},

	{"GET", V1 "/rooms", READ, tess_api_rooms},
	{"GET", APP "/rooms", READ, tess_api_application_rooms},
	{"GET", ROOM, READ, tess_api_room_get},
	{"POST", ROOM "/users", ADMIN, tess_api_user_enter},
	{"DELETE", ROOM "/users/{user}", ADMIN, tess_api_user_leave},
	{"POST", ROOM "/users/{user}/mix", ADMIN, tess_api_client_mix},
	{"POST", ROOM "/users/{user}/recording", ADMIN, tess_api_user_record},
	{"DELETE", ROOM "/users/{user}/recording", ADMIN, tess_api_user_record_stop},
	{"GET", ROOM "/mix", READ, tess_api_mix_get},
	{"POST", ROOM "/mix", ADMIN, tess_api_mix_start},
	{"DELETE", ROOM "/mix", ADMIN, tess_api_mix_stop},
	{"POST", ROOM "/mix/preview", READ, tess_api_mix_preview},
	{"GET", V1 "/mixes", READ, tess_api_mixes},

	{"GET", V1 "/streams", READ, tess_api_streams},
	{"GET", V1 "/streams/{stream}/viewers", READ, tess_api_viewers},
	{"DELETE", V1 "/streams/{stream}/viewers", ADMIN, tess_api_viewers_kick},
	{"DELETE", V1 "/streams/{stream}/viewers/{viewer}", ADMIN, tess_api_viewer_kick},
	{"GET", V1 "/jobs", READ, tess_api_jobs},
	{"GET", V1 "/recordings", READ, tess_api_recordings},
	{"POST", V1 "/recordings/find", ADMIN, tess_api_recordings_find},
	{"GET", V1 "/recordings/{recording}", READ, tess_api_recording_get},
	{"DELETE", V1 "/recordings/{recording}", ADMIN, tess_api_recording_remove},
	{"GET", V1 "/recordings/{recording}/file", READ, tess_api_recording_file},

	{"GET", V1 "/recordings/{recording}/files/{file}", READ, tess_api_file_get},
	{"PATCH", V1 "/recordings/{recording}/files/{file}", ADMIN, tess_api_file_set},
	{"DELETE", V1 "/recordings/{recording}/files/{file}", ADMIN, tess_api_file_remove},

	{"POST", V1 "/recordings/{recording}/files/{file}/upload", ADMIN, tess_api_file_upload},

	{"GET", APP "/upload", READ, tess_api_upload_settings},
	{"PATCH", APP "/upload", ADMIN, tess_api_upload_settings_set},
	{"GET", APP "/recording", READ, tess_api_record_settings},
	{"PATCH", APP "/recording", ADMIN, tess_api_record_settings_set},
	{"GET", APP "/areas", READ, tess_api_areas},
	{"POST", APP "/areas", ADMIN, tess_api_area_add},
	{"PATCH", APP "/areas/{area}", ADMIN, tess_api_area_set},

	{"GET", V1 "/callbacks", READ, tess_api_callbacks},
	{"POST", V1 "/callbacks/{callback}/resend", ADMIN, tess_api_callback_resend},
	{"DELETE", V1 "/callbacks/{callback}", ADMIN, tess_api_callback_remove},

	{"GET", V1 "/audit", ADMIN, tess_api_audit},
	{"GET", V1 "/health", OPEN, tess_api_health},
	{"GET", "/metrics", OPEN, tess_api_metrics},
};

const struct tess_route *tess_routes(size_t *count)
{
	*count = sizeof(ROUTES) / sizeof(ROUTES[0]);
	return ROUTES;
}
