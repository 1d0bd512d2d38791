/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/pictures.c - still pictures of applications over the admin API.
 */
#include "firmware/control/jobs/pictures.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "firmware/control/api/handlers.h"
#include "firmware/control/cloud/picture_content.h"

/* The text of the largest picture. */
#define MAX_TEXT (TESS_BASE64_SIZE(TESS_PICTURE_MAX_BYTES) - 1)

static json_t *picture_json(const struct tess_picture *row)
{
	return json_pack("{sI sI ss sI sI sI sI sI so}", "id", (json_int_t)row->id, "application",
			 (json_int_t)row->application, "format", row->format, "bytes",
			 (json_int_t)row->bytes, "width", (json_int_t)row->width, "height",
			 (json_int_t)row->height, "x", (json_int_t)row->x, "y", (json_int_t)row->y,
			 "created", tess_time_json(row->created_us));
}

static int each_picture(void *arg, const struct tess_picture *row)
{
	return json_array_append_new(arg, picture_json(row)) ? -ENOMEM : 0;
}

int tess_api_pictures(struct tess_call *call)
{
	struct tess_application application;
	json_t *list;
	int rc = tess_api_application_of(call, &application);

	if (rc < 0)
		return tess_call_done(rc);
	list = json_array();
	rc = tess_store_pictures(call->control->store, application.id, 0, 0, each_picture, list);
	return tess_response_list(call->response, "pictures", list, rc);
}

/* The application's picture of path parameter 1. @retval 1, -EINVAL answered, or an error */
static int picture_of(struct tess_call *call, struct tess_picture *picture)
{
	struct tess_application application;
	int64_t id = 0;
	int rc = tess_api_application_of(call, &application);

	if (rc > 0)
		rc = tess_path_id(call, 1, "picture", &id);
	if (rc < 0)
		return rc;
	rc = tess_store_picture_get(call->control->store, picture, application.id, id);
	if (rc == -ENOENT)
		return tess_call_missing(call, "picture") ? -ENOMEM : -EINVAL;
	return rc ? rc : 1;
}

static int read_place(struct tess_call *call, struct tess_picture *picture)
{
	const struct {
		const char *name;
		uint32_t *value;
	} fields[] = {
		{"width", &picture->width},
		{"height", &picture->height},
		{"x", &picture->x},
		{"y", &picture->y},
	};
	int rc = 1;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && rc >= 0; i++) {
		int64_t value = *fields[i].value;

		rc = tess_field_int(call, call->body, fields[i].name, 0, INT32_MAX, &value);
		*fields[i].value = (uint32_t)value;
	}
	return rc < 0 ? rc : 1;
}

static int refuse_content(struct tess_call *call, int error)
{
	if (error == -EFBIG)
		return tess_call_error(call, 413, "too_large", "content",
				       "The picture is larger than 2 MiB.");
	if (error == -EDQUOT)
		return tess_call_error(call, 409, "limit", "",
				       "The application has %d pictures, which is the most.",
				       TESS_PICTURES_MAX_OF_APPLICATION);
	return tess_call_invalid(call, "content",
				 "content must be a PNG, JPEG or BMP picture in base64.");
}

static bool is_refusal(int error)
{
	return error == -EFBIG || error == -EDQUOT || error == -EBADMSG || error == -EINVAL;
}

int tess_api_picture_add(struct tess_call *call)
{
	struct tess_application application;
	struct tess_picture picture = {0};
	const char *text = "";
	void *content = NULL;
	size_t length = 0;
	int rc;

	rc = tess_api_application_of(call, &application);
	if (rc > 0)
		rc = tess_fields_only(call, call->body, "", "content width height x y");
	if (rc > 0)
		rc = tess_field_required(
			call, "content",
			tess_field_text(call, call->body, "content", 1, MAX_TEXT, &text));
	if (rc > 0)
		rc = read_place(call, &picture);
	if (rc < 0)
		return tess_call_done(rc);
	picture.application = application.id;
	rc = tess_picture_from_base64(&content, &length, text,
				      json_string_length(json_object_get(call->body, "content")));
	if (!rc)
		rc = tess_pictures_add(call->control, &picture, content, length);
	free(content);
	if (is_refusal(rc))
		return refuse_content(call, rc);
	if (rc)
		return rc;
	tess_call_audit(call, "picture.create", "%u %lld", application.id, (long long)picture.id);
	return tess_response_json(call->response, 201, picture_json(&picture));
}

int tess_api_picture_get(struct tess_call *call)
{
	struct tess_picture picture;
	int rc = picture_of(call, &picture);

	return rc < 0 ? tess_call_done(rc)
		      : tess_response_json(call->response, 200, picture_json(&picture));
}

int tess_api_picture_set(struct tess_call *call)
{
	struct tess_picture picture;
	int rc = picture_of(call, &picture);

	if (rc > 0)
		rc = tess_fields_only(call, call->body, "", "width height x y");
	if (rc > 0)
		rc = read_place(call, &picture);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_picture_set(call->control->store, &picture);
	if (rc)
		return rc;
	tess_call_audit(call, "picture.change", "%u %lld", picture.application,
			(long long)picture.id);
	return tess_response_json(call->response, 200, picture_json(&picture));
}

int tess_api_picture_remove(struct tess_call *call)
{
	struct tess_picture picture;
	int rc = picture_of(call, &picture);

	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_pictures_remove(call->control, picture.application, picture.id);
	if (rc)
		return rc;
	tess_call_audit(call, "picture.remove", "%u %lld", picture.application,
			(long long)picture.id);
	return tess_call_empty(call, 204);
}

int tess_api_picture_content(struct tess_call *call)
{
	struct tess_picture picture;
	char type[16];
	void *content;
	size_t length;
	int rc = picture_of(call, &picture);

	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_picture_content(call->control->store, picture.hash, &content, &length);
	if (rc)
		return rc;
	(void)snprintf(type, sizeof(type), "image/%s", picture.format);
	rc = tess_response_text(call->response, 200, type, content, length);
	free(content);
	return rc;
}
