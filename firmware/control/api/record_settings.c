/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/record_settings.c - how an application records, and its storage areas.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firmware/control/api/handlers.h"
#include "firmware/control/text.h"

#define REFUSE(...) (tess_call_invalid(__VA_ARGS__) ? -ENOMEM : -EINVAL)

static json_t *settings_json(const struct tess_record_settings *settings, bool with_key)
{
	/* of the address not the query, where tokens of the receiver may be */
	json_t *json = json_pack(
		"{ss so si si si so ss#}", "mode", settings->mode, "formats",
		tess_text_words_json(settings->formats), "split_minutes", settings->split_minutes,
		"retention_days", settings->retention_days, "resume_timeout_s",
		settings->resume_timeout_s, "area",
		settings->area ? json_integer(settings->area) : json_null(), "callback_url",
		settings->callback_url, (int)strcspn(settings->callback_url, with_key ? "" : "?"));

	if (with_key &&
	    json_object_set_new(json, "callback_key", json_string(settings->callback_key))) {
		json_decref(json);
		return NULL;
	}
	return json;
}

/* Any set, put in order. @retval 1 there, 0 absent, or negative */
static int read_formats(struct tess_call *call, char *formats, size_t size)
{
	static const char *const known[] = {"hls", "mp4", "flv", "aac"};
	const json_t *array = json_object_get(call->body, "formats"), *value;
	bool wanted[4] = {false};
	size_t i, k, length = 0;

	if (!array || json_is_null(array))
		return 0;
	json_array_foreach(array, i, value)
	{
		for (k = 0; k < 4; k++)
			if (json_is_string(value) && !strcmp(json_string_value(value), known[k]))
				break;
		if (k == 4 || wanted[k])
			return REFUSE(call, "formats",
				      "formats has each of hls, mp4, flv and aac once at most.");
		wanted[k] = true;
	}
	if (!json_array_size(array))
		return REFUSE(call, "formats", "formats must be an array of at least one.");
	*formats = 0;
	for (k = 0; k < 4; k++)
		if (wanted[k])
			length += (size_t)snprintf(formats + length, size - length, "%s%s",
						   length ? " " : "", known[k]);
	return 1;
}

static bool is_callback_url(const char *url)
{
	size_t scheme = !strncmp(url, "http://", 7) ? 7 : !strncmp(url, "https://", 8) ? 8 : 0;

	if (!*url)
		return true;
	if (!scheme || !strcspn(url + scheme, "/?#:") || strchr(url, '@'))
		return false;
	for (; *url; url++)
		if (*url <= ' ' || *url > '~')
			return false;
	return true;
}

/* The address and the key. @retval 1, or negative */
static int read_callback(struct tess_call *call, struct tess_record_settings *settings)
{
	const char *url = NULL, *key = NULL;
	int rc;

	rc = tess_field_text(call, call->body, "callback_url", 0, TESS_CALLBACK_URL_MAX, &url);
	if (rc >= 0)
		rc = tess_field_text(call, call->body, "callback_key", 0, TESS_CALLBACK_KEY_MAX,
				     &key);
	if (rc < 0)
		return rc;
	if (url && !is_callback_url(url))
		return REFUSE(call, "callback_url",
			      "callback_url must be an address with http:// or https://.");
	if (key && key[strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789")])
		return REFUSE(call, "callback_key", "callback_key has letters and digits alone.");
	if (url)
		tess_text_copy(settings->callback_url, sizeof(settings->callback_url), url);
	if (key)
		tess_text_copy(settings->callback_key, sizeof(settings->callback_key), key);
	return 1;
}

/* null is the application's own. @retval 1, or negative */
static int read_area(struct tess_call *call, uint32_t application, int64_t *area)
{
	struct tess_area row;
	int64_t id = 0;
	int rc;

	if (json_is_null(json_object_get(call->body, "area")))
		*area = 0;
	rc = tess_field_int(call, call->body, "area", 1, INT64_MAX, &id);
	if (rc <= 0)
		return rc < 0 ? rc : 1;
	rc = tess_store_area_get(call->control->store, &row, application, id);
	if (rc == -ENOENT || (!rc && strcmp(row.status, "On") != 0))
		return REFUSE(call, "area", "The application has no such area that is on.");
	*area = id;
	return rc ? rc : 1;
}

static int read_settings(struct tess_call *call, uint32_t application,
			 struct tess_record_settings *settings)
{
	int64_t split = settings->split_minutes, days = settings->retention_days;
	int64_t resume = settings->resume_timeout_s;
	const char *mode = NULL;
	int rc;

	rc = tess_fields_only(call, call->body, "",
			      "mode formats split_minutes retention_days resume_timeout_s area"
			      " callback_url callback_key");
	if (rc >= 0)
		rc = tess_field_choice(call, call->body, "mode", TESS_RECORD_MODES, &mode);
	if (rc >= 0)
		rc = read_formats(call, settings->formats, sizeof(settings->formats));
	if (rc >= 0)
		rc = tess_field_int(call, call->body, "split_minutes", 1, TESS_SPLIT_MINUTES_MAX,
				    &split);
	if (rc >= 0)
		rc = tess_field_int(call, call->body, "retention_days", 0, TESS_RETENTION_DAYS_MAX,
				    &days);
	if (rc >= 0)
		rc = tess_field_int(call, call->body, "resume_timeout_s", 0,
				    TESS_RESUME_TIMEOUT_MAX_S, &resume);
	if (rc >= 0)
		rc = read_callback(call, settings);
	if (rc >= 0)
		rc = read_area(call, application, &settings->area);
	if (rc < 0)
		return rc;
	if (mode)
		tess_text_copy(settings->mode, sizeof(settings->mode), mode);
	settings->split_minutes = (uint32_t)split;
	settings->retention_days = (uint32_t)days;
	settings->resume_timeout_s = (uint32_t)resume;
	return 1;
}

int tess_api_record_settings(struct tess_call *call)
{
	struct tess_record_settings settings;
	struct tess_application application;
	int rc = tess_api_application_of(call, &application);

	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_record_settings_get(call->control->store, &settings, application.id);
	if (rc)
		return rc;
	/* with the key anybody can make callbacks: not for those who may only read */
	return tess_response_json(call->response, 200,
				  settings_json(&settings, call->identity.admin));
}

int tess_api_record_settings_set(struct tess_call *call)
{
	struct tess_record_settings settings;
	struct tess_application application;
	int rc = tess_api_application_of(call, &application);

	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_record_settings_get(call->control->store, &settings, application.id);
	if (rc)
		return rc;
	rc = read_settings(call, application.id, &settings);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_record_settings_set(call->control->store, application.id, &settings);
	if (rc)
		return rc;
	tess_call_audit(call, "recording.settings", "%u", application.id);
	return tess_response_json(call->response, 200, settings_json(&settings, true));
}

/* ---- storage areas ---- */

static json_t *area_json(const struct tess_area *row)
{
	return json_pack("{sI ss ss ss sI sI so}", "id", (json_int_t)row->id, "name", row->name,
			 "description", row->description, "status", row->status, "quota_bytes",
			 (json_int_t)row->quota_bytes, "used_bytes", (json_int_t)row->used_bytes,
			 "created", tess_time_json(row->created_us));
}

static int each_area(void *arg, const struct tess_area *row)
{
	return json_array_append_new(arg, area_json(row)) ? -ENOMEM : 0;
}

int tess_api_areas(struct tess_call *call)
{
	struct tess_application application;
	json_t *list;
	int rc = tess_api_application_of(call, &application);

	if (rc < 0)
		return tess_call_done(rc);
	list = json_array();
	rc = tess_store_areas(call->control->store, application.id, each_area, list);
	return tess_response_list(call->response, "areas", list, rc);
}

static int read_area_fields(struct tess_call *call, struct tess_area *area)
{
	const char *name = NULL, *description = NULL, *status = NULL;
	int rc;

	rc = tess_fields_only(call, call->body, "", "name description status quota_bytes");
	if (rc >= 0)
		rc = tess_field_text(call, call->body, "name", 1, TESS_AREA_NAME_MAX, &name);
	if (rc >= 0)
		rc = tess_field_text(call, call->body, "description", 0, TESS_AREA_DESCRIPTION_MAX,
				     &description);
	if (rc >= 0)
		rc = tess_field_choice(call, call->body, "status", "On Off Destroyed", &status);
	if (rc >= 0)
		rc = tess_field_int(call, call->body, "quota_bytes", 0, INT64_MAX,
				    &area->quota_bytes);
	if (rc < 0)
		return rc;
	if (name)
		tess_text_copy(area->name, sizeof(area->name), name);
	if (description)
		tess_text_copy(area->description, sizeof(area->description), description);
	if (status)
		tess_text_copy(area->status, sizeof(area->status), status);
	return 1;
}

int tess_api_area_add(struct tess_call *call)
{
	struct tess_area area = {.created_us = tess_control_utc_us(call->control), .status = "On"};
	struct tess_application application;
	int rc = tess_api_application_of(call, &application);

	if (rc > 0)
		rc = read_area_fields(call, &area);
	if (rc > 0)
		rc = tess_field_required(call, "name", *area.name != 0);
	if (rc < 0)
		return tess_call_done(rc);
	area.application = application.id;
	rc = tess_store_area_add(call->control->store, &area);
	if (rc == -EDQUOT)
		return tess_call_error(call, 409, "limit", "",
				       "The application has %d storage areas, which is the most.",
				       TESS_AREAS_MAX);
	if (rc)
		return rc;
	tess_call_audit(call, "area.create", "%u %lld", application.id, (long long)area.id);
	return tess_response_json(call->response, 201, area_json(&area));
}

int tess_api_area_set(struct tess_call *call)
{
	struct tess_application application;
	struct tess_area area;
	int64_t id = 0;
	int rc = tess_api_application_of(call, &application);

	if (rc > 0)
		rc = tess_path_id(call, 1, "area", &id);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_area_get(call->control->store, &area, application.id, id);
	if (rc == -ENOENT || (!rc && !strcmp(area.status, "Destroyed")))
		return tess_call_missing(call, "area");
	if (rc)
		return rc;
	rc = read_area_fields(call, &area);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_area_set(call->control->store, &area);
	if (rc)
		return rc;
	tess_call_audit(call, "area.change", "%u %lld", application.id, (long long)area.id);
	return tess_response_json(call->response, 200, area_json(&area));
}
