/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/handlers.h - the handlers of the routes (docs/openapi.yaml); those of logins
 * are in auth.h.
 */
#ifndef TESS_CONTROL_API_HANDLERS_H
#define TESS_CONTROL_API_HANDLERS_H

#include "firmware/control/api/call.h"

int tess_api_tokens(struct tess_call *call);
int tess_api_token_add(struct tess_call *call);
int tess_api_token_remove(struct tess_call *call);

int tess_api_applications(struct tess_call *call);
int tess_api_application_add(struct tess_call *call);
int tess_api_application_get(struct tess_call *call);
int tess_api_application_set(struct tess_call *call);
int tess_api_application_remove(struct tess_call *call);
int tess_api_usersig(struct tess_call *call);

int tess_api_keys(struct tess_call *call);
int tess_api_key_add(struct tess_call *call);
int tess_api_key_set(struct tess_call *call);
int tess_api_key_remove(struct tess_call *call);

int tess_api_pictures(struct tess_call *call);
int tess_api_picture_add(struct tess_call *call);
int tess_api_picture_get(struct tess_call *call);
int tess_api_picture_set(struct tess_call *call);
int tess_api_picture_remove(struct tess_call *call);
int tess_api_picture_content(struct tess_call *call);

int tess_api_rooms(struct tess_call *call);
int tess_api_application_rooms(struct tess_call *call);
int tess_api_room_get(struct tess_call *call);
int tess_api_user_enter(struct tess_call *call);
int tess_api_user_leave(struct tess_call *call);

int tess_api_user_record(struct tess_call *call);
int tess_api_user_record_stop(struct tess_call *call);

int tess_api_mixes(struct tess_call *call);
int tess_api_mix_get(struct tess_call *call);
int tess_api_mix_start(struct tess_call *call);
int tess_api_mix_stop(struct tess_call *call);
int tess_api_client_mix(struct tess_call *call);
int tess_api_mix_preview(struct tess_call *call);

int tess_api_recordings(struct tess_call *call);
int tess_api_recording_get(struct tess_call *call);
int tess_api_recording_remove(struct tess_call *call);
int tess_api_recording_file(struct tess_call *call);
int tess_api_file_get(struct tess_call *call);
int tess_api_file_set(struct tess_call *call);
int tess_api_file_remove(struct tess_call *call);

int tess_api_record_settings(struct tess_call *call);
int tess_api_record_settings_set(struct tess_call *call);
int tess_api_areas(struct tess_call *call);
int tess_api_area_add(struct tess_call *call);
int tess_api_area_set(struct tess_call *call);

int tess_api_upload_settings(struct tess_call *call);
int tess_api_upload_settings_set(struct tess_call *call);
int tess_api_file_upload(struct tess_call *call);
int tess_api_recordings_find(struct tess_call *call);

int tess_api_callbacks(struct tess_call *call);
int tess_api_callback_resend(struct tess_call *call);
int tess_api_callback_remove(struct tess_call *call);

int tess_api_relays(struct tess_call *call);
int tess_api_relay_add(struct tess_call *call);
int tess_api_relay_get(struct tess_call *call);
int tess_api_relay_set(struct tess_call *call);
int tess_api_relay_remove(struct tess_call *call);

int tess_api_domains(struct tess_call *call);
int tess_api_domain_add(struct tess_call *call);
int tess_api_domain_get(struct tess_call *call);
int tess_api_domain_set(struct tess_call *call);
int tess_api_domain_remove(struct tess_call *call);
int tess_api_live_settings(struct tess_call *call);
int tess_api_live_settings_set(struct tess_call *call);

int tess_api_usage(struct tess_call *call);

int tess_api_viewers(struct tess_call *call);
int tess_api_viewers_kick(struct tess_call *call);
int tess_api_viewer_kick(struct tess_call *call);

int tess_api_streams(struct tess_call *call);
int tess_api_jobs(struct tess_call *call);
int tess_api_audit(struct tess_call *call);
int tess_api_health(struct tess_call *call);
int tess_api_metrics(struct tess_call *call);

/**
 * The application of path parameter 0.
 * @retval 1 *application is filled, -EINVAL answered with 404, or an error of the store
 */
int tess_api_application_of(struct tess_call *call,
			    struct tess_application *application) TESS_MUST_CHECK;
/**
 * The room of path parameters 0 and 1 and of room_type (in the query or in the body).
 * @retval 1, -EINVAL answered, or an error of the store
 */
int tess_api_room_of(struct tess_call *call, struct tess_cloud_room *room) TESS_MUST_CHECK;

#endif
