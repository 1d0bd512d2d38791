/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/upload_settings.c - where an application's finished files go. The secret key
 * is taken and never given out.
 */
#include <errno.h>
#include <string.h>

#include "firmware/control/api/handlers.h"
#include "firmware/control/jobs/s3.h"
#include "firmware/control/jobs/uploads.h"
#include "firmware/control/text.h"

#define REFUSE(...) (tess_call_invalid(__VA_ARGS__) ? -ENOMEM : -EINVAL)

static json_t *settings_json(const struct tess_upload_settings *settings, bool with_key)
{
	const struct tess_upload_place *place = &settings->place;
	json_t *json =
		json_pack("{sb ss ss ss ss sb sb sb}", "enabled", settings->enabled, "endpoint",
			  place->endpoint, "bucket", place->bucket, "region", place->region,
			  "prefix", place->prefix, "path_style", place->path_style, "delete_local",
			  settings->delete_local, "secret_key_set", *settings->secret_key != 0);

	if (with_key &&
	    json_object_set_new(json, "access_key", json_string(settings->access_key))) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static bool is_plain(const char *text, const char *others)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

	for (; *text; text++)
		if (!strchr(plain, *text) && !strchr(others, *text))
			return false;
	return true;
}

/* Of the texts @p value, which are there, into @p to. @retval 1, or negative */
static int read_text(struct tess_call *call, const char *name, char *to, size_t size)
{
	const char *value = NULL;
	int rc = tess_field_text(call, call->body, name, 0, size - 1, &value);

	if (rc > 0)
		tess_text_copy(to, size, value);
	return rc < 0 ? rc : 1;
}

static int check(struct tess_call *call, const struct tess_upload_settings *settings)
{
	const struct tess_upload_place *place = &settings->place;

	if ((*place->endpoint || settings->enabled) && !tess_s3_endpoint_is_good(place->endpoint))
		return REFUSE(call, "endpoint",
			      "endpoint must be http(s)://HOST or http(s)://HOST:PORT, in small"
			      " letters, with nothing behind it.");
	if ((*place->bucket || settings->enabled) && !tess_s3_bucket_is_good(place->bucket))
		return REFUSE(call, "bucket",
			      "bucket has 3 to 63 small letters, digits, hyphens and points.");
	if (!*place->region || !is_plain(place->region, ""))
		return REFUSE(call, "region", "region has letters, digits and hyphens alone.");
	if (!is_plain(place->prefix, "/") || *place->prefix == '/' || strstr(place->prefix, "//") ||
	    strstr(place->prefix, "./"))
		return REFUSE(call, "prefix",
			      "prefix has letters, digits, - _ . and slashes alone, none at its"
			      " begin.");
	if (!is_plain(settings->access_key, "+/=@"))
		return REFUSE(call, "access_key",
			      "access_key has letters, digits and -_.+/=@ alone.");
	if (settings->enabled && (!*settings->access_key || !*settings->secret_key))
		return REFUSE(call, *settings->access_key ? "secret_key" : "access_key",
			      "Without both keys nothing can be uploaded.");
	return 1;
}

static int read_settings(struct tess_call *call, struct tess_upload_settings *settings)
{
	struct tess_upload_place *place = &settings->place;
	int rc;

	rc = tess_fields_only(call, call->body, "",
			      "enabled endpoint bucket region prefix path_style access_key"
			      " secret_key delete_local");
	if (rc >= 0)
		rc = tess_field_bool(call, call->body, "enabled", &settings->enabled);
	if (rc >= 0)
		rc = tess_field_bool(call, call->body, "path_style", &place->path_style);
	if (rc >= 0)
		rc = tess_field_bool(call, call->body, "delete_local", &settings->delete_local);
	if (rc >= 0)
		rc = read_text(call, "endpoint", place->endpoint, sizeof(place->endpoint));
	if (rc >= 0)
		rc = read_text(call, "bucket", place->bucket, sizeof(place->bucket));
	if (rc >= 0)
		rc = read_text(call, "region", place->region, sizeof(place->region));
	if (rc >= 0)
		rc = read_text(call, "prefix", place->prefix, sizeof(place->prefix));
	if (rc >= 0)
		rc = read_text(call, "access_key", settings->access_key,
			       sizeof(settings->access_key));
	if (rc >= 0)
		rc = read_text(call, "secret_key", settings->secret_key,
			       sizeof(settings->secret_key));
	return rc < 0 ? rc : check(call, settings);
}

/* @retval 1, -EINVAL answered, or an error */
static int settings_of(struct tess_call *call, struct tess_application *application,
		       struct tess_upload_settings *settings)
{
	int rc = tess_api_application_of(call, application);

	if (rc > 0)
		rc = tess_store_upload_settings_get(call->control->store, settings,
						    application->id);
	return rc < 0 ? rc : 1;
}

int tess_api_upload_settings(struct tess_call *call)
{
	struct tess_upload_settings settings = {0};
	struct tess_application application;
	int rc = settings_of(call, &application, &settings);

	rc = rc < 0 ? tess_call_done(rc)
		    : tess_response_json(call->response, 200,
					 settings_json(&settings, call->identity.admin));
	explicit_bzero(&settings, sizeof(settings));
	return rc;
}

int tess_api_upload_settings_set(struct tess_call *call)
{
	struct tess_upload_settings settings = {0};
	struct tess_application application;
	int rc = settings_of(call, &application, &settings);

	if (rc > 0)
		rc = read_settings(call, &settings);
	if (rc < 0) {
		explicit_bzero(&settings, sizeof(settings));
		return tess_call_done(rc);
	}
	rc = tess_store_upload_settings_set(call->control->store, application.id, &settings,
					    tess_control_utc_us(call->control));
	if (!rc) {
		tess_uploads_wake(call->control);
		tess_call_audit(call, "upload.settings", "%u", application.id);
		rc = tess_response_json(call->response, 200, settings_json(&settings, true));
	}
	explicit_bzero(&settings, sizeof(settings));
	return rc;
}
