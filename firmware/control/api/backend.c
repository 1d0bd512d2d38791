/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/backend.c - see backend.h.
 */
#include "firmware/control/api/backend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/log.h"
#include "firmware/control/api/router.h"
#include "firmware/control/jobs/pictures.h"
#include "firmware/control/api/vod.h"
#include "firmware/control/jobs/rooms.h"

static int find_key(void *arg, const char *secret_id, struct tess_cloud_key *key)
{
	struct tess_control *control = arg;
	struct tess_api_key row;
	int rc = tess_store_key_find(control->store, &row, secret_id);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	key->id = row.id;
	key->enabled = row.enabled;
	memcpy(key->secret_key, row.secret_key, sizeof(row.secret_key));
	explicit_bzero(row.secret_key, sizeof(row.secret_key));
	return 1;
}

static int app_owned(void *arg, int64_t key_id, uint32_t sdk_app_id)
{
	struct tess_control *control = arg;

	return tess_store_key_owns(control->store, key_id, sdk_app_id);
}

static int room_has_users(void *arg, const struct tess_cloud_room *room)
{
	struct tess_control *control = arg;
	int64_t count = 0;
	int rc = tess_store_room_users(control->store, room, &count);

	return rc ? rc : count > 0;
}

static int stream_id_taken(void *arg, const struct tess_cloud_room *room, const char *stream_id)
{
	struct tess_control *control = arg;

	return tess_store_stream_id_taken(control->store, room, stream_id, "");
}

static int mix_start(void *arg, const struct tess_mix_request *mix, struct tess_cloud_error *error)
{
	return tess_rooms_mix_start(arg, mix, error);
}

static int mix_stop(void *arg, const struct tess_cloud_room *room, struct tess_cloud_error *error)
{
	struct tess_control *control = arg;
	struct tess_mix mix;
	int rc = tess_store_mix_find(control->store, &mix, room);

	if (!rc && *mix.starter)
		return tess_cloud_refuse(error, TESS_CLOUD_REQUEST_REJECTION,
					 "The mix is that of the user %s, who ends it.",
					 mix.starter);
	if (!rc)
		rc = tess_rooms_mix_stop(control, room);
	if (rc == -ENOENT)
		return tess_cloud_refuse(error, TESS_CLOUD_MIX_SESSION_NOT_EXIST,
					 "The room has no mix.");
	return rc;
}

static int room_dismiss(void *arg, const struct tess_cloud_room *room,
			struct tess_cloud_error *error)
{
	int rc = tess_rooms_dismiss(arg, room);

	if (rc == -ENOENT)
		return tess_cloud_refuse(error, TESS_CLOUD_ROOM_NOT_EXIST,
					 "The room does not exist: nobody is in it.");
	return rc;
}

static struct tess_cloud_picture to_cloud(const struct tess_picture *row)
{
	return (struct tess_cloud_picture){
		.sdk_app_id = row->application,
		.id = row->id,
		.height = row->height,
		.width = row->width,
		.x = row->x,
		.y = row->y,
	};
}

static int picture_add(void *arg, struct tess_cloud_picture *picture, const void *content,
		       size_t length, struct tess_cloud_error *error)
{
	struct tess_picture row = {
		.application = picture->sdk_app_id,
		.height = picture->height,
		.width = picture->width,
		.x = picture->x,
		.y = picture->y,
	};
	int rc = tess_pictures_add(arg, &row, content, length);

	if (rc == -EDQUOT)
		return tess_cloud_refuse(error, TESS_CLOUD_LIMIT_EXCEEDED,
					 "The application has %d pictures, which is the most.",
					 TESS_PICTURES_MAX_OF_APPLICATION);
	picture->id = row.id;
	return rc;
}

static int picture_get(void *arg, struct tess_cloud_picture *picture)
{
	struct tess_control *control = arg;
	struct tess_picture row;
	int rc = tess_store_picture_get(control->store, &row, picture->sdk_app_id, picture->id);

	if (!rc)
		*picture = to_cloud(&row);
	return rc;
}

static int picture_set(void *arg, const struct tess_cloud_picture *picture)
{
	struct tess_control *control = arg;
	const struct tess_picture row = {
		.id = picture->id,
		.application = picture->sdk_app_id,
		.height = picture->height,
		.width = picture->width,
		.x = picture->x,
		.y = picture->y,
	};

	return tess_store_picture_set(control->store, &row);
}

static int picture_remove(void *arg, uint32_t sdk_app_id, uint32_t id)
{
	return tess_pictures_remove(arg, sdk_app_id, id);
}

struct picture_listing {
	int (*each)(void *arg, const struct tess_cloud_picture *picture);
	void *arg;
};

static int each_picture(void *arg, const struct tess_picture *row)
{
	const struct picture_listing *listing = arg;
	const struct tess_cloud_picture picture = to_cloud(row);

	return listing->each(listing->arg, &picture);
}

static int pictures(void *arg, const struct tess_cloud_picture_query *query, int64_t *total,
		    int (*each)(void *each_arg, const struct tess_cloud_picture *picture),
		    void *each_arg)
{
	struct picture_listing listing = {each, each_arg};
	struct tess_control *control = arg;
	struct tess_picture row;
	int rc;

	if (query->id) {
		rc = tess_store_picture_get(control->store, &row, query->sdk_app_id, query->id);
		*total = !rc;
		if (rc == -ENOENT)
			return 0;
		return rc || query->offset ? rc : each_picture(&listing, &row);
	}
	rc = tess_store_picture_count(control->store, query->sdk_app_id, total);
	return rc ? rc
		  : tess_store_pictures(control->store, query->sdk_app_id, query->limit,
					query->offset, each_picture, &listing);
}

struct tess_cloud_backend tess_backend(struct tess_control *control)
{
	return (struct tess_cloud_backend){
		.find_key = find_key,
		.app_owned = app_owned,
		.room_has_users = room_has_users,
		.stream_id_taken = stream_id_taken,
		.mix_start = mix_start,
		.mix_stop = mix_stop,
		.room_dismiss = room_dismiss,
		.picture_add = picture_add,
		.picture_get = picture_get,
		.picture_set = picture_set,
		.picture_remove = picture_remove,
		.pictures = pictures,
		.vod = tess_vod_run,
		.record_statistic = tess_record_statistic,
		.arg = control,
	};
}

void tess_backend_handle(struct tess_control *control, const struct tess_request *request,
			 struct tess_response *response)
{
	struct tess_cloud_backend backend = tess_backend(control);
	struct tess_cloud_request cloud = {
		.method = request->method,
		.query = request->query,
		.get_header = request->get_header,
		.header_arg = request->header_arg,
		.body = request->body,
		.body_length = request->body_length,
		.now_utc_s = tess_control_utc_us(control) / 1000000,
	};
	struct tess_cloud_response answer;
	int rc;

	rc = tess_cloud_handle(&cloud, &backend, &answer);
	if (rc) {
		tess_router_failed(request, response, rc);
		return;
	}
	control->http.cloud++;
	if (answer.code != TESS_CLOUD_CODE_BEFORE_FIRST)
		control->http.cloud_errors++;
	TESS_INFO("cloud.call", "action=%s code=%s request_id=%s address=%s",
		  *answer.action ? answer.action : "?",
		  answer.code ? tess_cloud_code_text(answer.code) : "ok", answer.request_id,
		  request->address);
	if (*answer.ignored)
		TESS_INFO("cloud.ignored", "parameter=%s request_id=%s", answer.ignored,
			  answer.request_id);
	rc = tess_response_text(response, 200, TESS_CLOUD_CONTENT_TYPE, answer.body,
				answer.body_length);
	tess_cloud_response_free(&answer);
	if (rc)
		tess_router_failed(request, response, rc);
}

bool tess_backend_is_asked(const struct tess_request *request)
{
	const char *at = request->query;

	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
		return true;
	if (request->get_header(request->header_arg, "Authorization") ||
	    request->get_header(request->header_arg, "X-TC-Action"))
		return true;
	for (; at; at = strchr(at, '&')) {
		at += *at == '&';
		if (!strncmp(at, "Action=", 7) || !strncmp(at, "Signature=", 10))
			return true;
	}
	return false;
}
