/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/pictures.c - see pictures.h.
 */
#include "firmware/control/cloud/pictures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/cloud/checks.h"
#include "firmware/control/cloud/params.h"
#include "firmware/control/cloud/picture_content.h"

#define OPTIONAL TESS_CLOUD_CODE_BEFORE_FIRST
#define REQUIRED TESS_CLOUD_MISSING_PARAMETER
#define INVALID	 TESS_CLOUD_INVALID_PARAMETER

#define MAX_PAGE_SIZE 100

/* clang-format off */
const char *const tess_cloud_create_picture_params[] = {
	"SdkAppId", "Content", "Suffix", "Height", "Width", "XPosition", "YPosition", NULL};
const char *const tess_cloud_describe_picture_params[] = {
	"SdkAppId", "PictureId", "PageSize", "PageNo", NULL};
const char *const tess_cloud_modify_picture_params[] = {
	"PictureId", "SdkAppId", "Height", "Width", "XPosition", "YPosition", NULL};
const char *const tess_cloud_delete_picture_params[] = {"PictureId", "SdkAppId", NULL};
/* clang-format on */

static uint32_t check_app(const struct tess_section *params)
{
	static const struct tess_number app = {"SdkAppId", 1, UINT32_MAX, REQUIRED,
					       TESS_CLOUD_INVALID_SDK_APP_ID};

	return (uint32_t)tess_check_number(params, &app, 0);
}

static uint32_t check_id(const struct tess_section *params, enum tess_cloud_code missing)
{
	const struct tess_number id = {"PictureId", 1, UINT32_MAX, missing, INVALID};

	return (uint32_t)tess_check_number(params, &id, 0);
}

static void check_place(struct tess_cloud_picture *picture, const struct tess_section *params,
			enum tess_cloud_code missing)
{
	const struct tess_number height = {"Height", 0, INT32_MAX, missing, INVALID};
	const struct tess_number width = {"Width", 0, INT32_MAX, missing, INVALID};
	const struct tess_number x = {"XPosition", 0, INT32_MAX, missing, INVALID};
	const struct tess_number y = {"YPosition", 0, INT32_MAX, missing, INVALID};

	picture->height = (uint32_t)tess_check_number(params, &height, picture->height);
	picture->width = (uint32_t)tess_check_number(params, &width, picture->width);
	picture->x = (uint32_t)tess_check_number(params, &x, picture->x);
	picture->y = (uint32_t)tess_check_number(params, &y, picture->y);
}

/* What the text holds, if it is the picture that its suffix says. */
static int read_content(void **content, size_t *length, const struct tess_section *params,
			struct tess_checks *checks)
{
	enum tess_cloud_code content_failed = TESS_CLOUD_CHECK_CONTENT_FAILED;
	enum tess_cloud_code suffix_failed = TESS_CLOUD_CHECK_SUFFIX_FAILED;
	const char *text = tess_check_text(params, "Content", REQUIRED, content_failed);
	const char *suffix = tess_check_text(params, "Suffix", REQUIRED, suffix_failed);
	const char *format = suffix ? tess_picture_format_of_suffix(suffix) : NULL;
	int err;

	if (suffix && !format)
		tess_check_invalid(params, "Suffix", suffix_failed,
				   "png, jpg, jpeg or bmp is expected");
	if (!text || !format || checks->missing.code || checks->invalid.code)
		return 0;
	err = tess_picture_from_base64(content, length, text, strlen(text));
	if (err == -ENOMEM)
		return err;
	if (err == -EFBIG)
		tess_check_invalid(params, "Content", content_failed,
				   "a picture of at most 2 MiB is expected");
	else if (err)
		tess_check_invalid(params, "Content", content_failed,
				   "a png, jpg, jpeg or bmp in base64 is expected");
	else if (strcmp(tess_picture_format(*content, *length), format) != 0)
		tess_check_invalid(params, "Suffix", suffix_failed,
				   "the content is of another kind");
	return 0;
}

int tess_cloud_create_picture(const struct tess_cloud_context *context, json_t *fields,
			      struct tess_cloud_error *error)
{
	const struct tess_cloud_backend *backend = context->backend;
	struct tess_checks checks = {0};
	const struct tess_section params = {.checks = &checks, .object = context->params};
	struct tess_cloud_picture picture = {.sdk_app_id = check_app(&params)};
	void *content = NULL;
	size_t length = 0;
	int err;

	check_place(&picture, &params, REQUIRED);
	err = read_content(&content, &length, &params, &checks);
	if (!err)
		err = tess_checks_end(&checks, error);
	if (!err)
		err = tess_cloud_check_owner(context, picture.sdk_app_id, error);
	if (!err)
		err = backend->picture_add(backend->arg, &picture, content, length, error);
	free(content);
	if (err)
		return err;
	return json_object_set_new(fields, "PictureId", json_integer(picture.id)) ? -ENOMEM : 0;
}

static int add_picture(void *arg, const struct tess_cloud_picture *picture)
{
	json_t *json =
		json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "Height", (json_int_t)picture->height,
			  "Width", (json_int_t)picture->width, "XPosition", (json_int_t)picture->x,
			  "YPosition", (json_int_t)picture->y, "SdkAppId",
			  (json_int_t)picture->sdk_app_id, "PictureId", (json_int_t)picture->id);

	return json_array_append_new(arg, json) ? -ENOMEM : 0;
}

int tess_cloud_describe_picture(const struct tess_cloud_context *context, json_t *fields,
				struct tess_cloud_error *error)
{
	static const struct tess_number page_size = {"PageSize", 1, MAX_PAGE_SIZE, OPTIONAL,
						     INVALID};
	static const struct tess_number page_no = {"PageNo", 1, INT32_MAX, OPTIONAL, INVALID};
	const struct tess_cloud_backend *backend = context->backend;
	struct tess_checks checks = {0};
	const struct tess_section params = {.checks = &checks, .object = context->params};
	struct tess_cloud_picture_query query = {.sdk_app_id = check_app(&params)};
	int64_t total = 0;
	json_t *list;
	int err;

	query.id = check_id(&params, OPTIONAL);
	query.limit = tess_check_number(&params, &page_size, 10);
	query.offset = (tess_check_number(&params, &page_no, 1) - 1) * query.limit;
	err = tess_checks_end(&checks, error);
	if (!err)
		err = tess_cloud_check_owner(context, query.sdk_app_id, error);
	if (err)
		return err;
	list = json_array();
	err = backend->pictures(backend->arg, &query, &total, add_picture, list);
	if (err) {
		json_decref(list);
		return err;
	}
	if (json_object_set_new(fields, "Total", json_integer(total)) |
	    json_object_set_new(fields, "PictureInfo", list))
		return -ENOMEM;
	return 0;
}

int tess_cloud_modify_picture(const struct tess_cloud_context *context, json_t *fields,
			      struct tess_cloud_error *error)
{
	const struct tess_cloud_backend *backend = context->backend;
	struct tess_checks checks = {0};
	const struct tess_section params = {.checks = &checks, .object = context->params};
	struct tess_cloud_picture picture = {.sdk_app_id = check_app(&params),
					     .id = check_id(&params, REQUIRED)};
	int err;

	(void)fields;
	check_place(&picture, &params, OPTIONAL);
	err = tess_checks_end(&checks, error);
	if (!err)
		err = tess_cloud_check_owner(context, picture.sdk_app_id, error);
	if (!err)
		err = backend->picture_get(backend->arg, &picture);
	if (!err) {
		/* over what is there */
		check_place(&picture, &params, OPTIONAL);
		err = backend->picture_set(backend->arg, &picture);
	}
	if (err == -ENOENT)
		return tess_cloud_refuse(error, INVALID, "There is no picture %lld.",
					 (long long)picture.id);
	return err;
}

int tess_cloud_delete_picture(const struct tess_cloud_context *context, json_t *fields,
			      struct tess_cloud_error *error)
{
	const struct tess_cloud_backend *backend = context->backend;
	struct tess_checks checks = {0};
	const struct tess_section params = {.checks = &checks, .object = context->params};
	uint32_t app = check_app(&params), id = check_id(&params, REQUIRED);
	int err;

	(void)fields;
	err = tess_checks_end(&checks, error);
	if (!err)
		err = tess_cloud_check_owner(context, app, error);
	if (!err)
		err = backend->picture_remove(backend->arg, app, id);
	if (err == -ENOENT)
		return tess_cloud_refuse(error, TESS_CLOUD_PICTURE_NOT_FOUND,
					 "There is no picture %u.", id);
	return err;
}
