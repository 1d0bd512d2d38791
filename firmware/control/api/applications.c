/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/applications.c - applications, UserSigs, cloud API key pairs.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/control/api/handlers.h"
#include "firmware/control/api/password.h"
#include "firmware/control/cloud/stream_name.h"
#include "firmware/control/cloud/usersig.h"
#include "firmware/control/jobs/publications.h"
#include "firmware/control/store/uploads.h"
#include "firmware/control/text.h"

#define USERSIG_MAX_S 31536000
#define SETTINGS      "name description usersig_key frozen live_all name_rule biz_id"

static json_t *application_json(const struct tess_application *row, bool with_key)
{
	json_t *json = json_pack("{sI ss ss ss sb ss sI so}", "id", (json_int_t)row->id, "name",
				 row->name, "description", row->description, "frozen",
				 *row->frozen ? row->frozen : "box", "live_all", row->live_all,
				 "name_rule", row->name_rule, "biz_id", (json_int_t)row->biz_id,
				 "created", tess_time_json(row->created_us));

	if (with_key && json_object_set_new(json, "usersig_key", json_string(row->usersig_key))) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static int each_application(void *arg, const struct tess_application *row)
{
	return json_array_append_new(arg, application_json(row, false)) ? -ENOMEM : 0;
}

int tess_api_applications(struct tess_call *call)
{
	json_t *list = json_array();
	int rc = tess_store_applications(call->control->store, each_application, list);

	return tess_response_list(call->response, "applications", list, rc);
}

int tess_api_application_of(struct tess_call *call, struct tess_application *application)
{
	int64_t id;
	int rc;

	rc = tess_path_id(call, 0, "application", &id);
	if (rc < 0)
		return rc;
	rc = id > UINT32_MAX
		     ? -ENOENT
		     : tess_store_application_get(call->control->store, application, (uint32_t)id);
	if (rc == -ENOENT)
		return tess_call_missing(call, "application") ? -ENOMEM : -EINVAL;
	return rc ? rc : 1;
}

static void copy_if(char *to, size_t size, const char *from)
{
	if (from)
		tess_text_copy(to, size, from);
}

/* How what users send is a live stream. @retval 1 or negative as the fields */
static int read_live(struct tess_call *call, struct tess_application *application)
{
	const char *rule = NULL;
	int64_t biz_id = application->biz_id;
	int rc;

	rc = tess_field_bool(call, call->body, "live_all", &application->live_all);
	if (rc >= 0)
		rc = tess_field_choice(call, call->body, "name_rule", TESS_NAME_RULES, &rule);
	if (rc >= 0)
		rc = tess_field_int(call, call->body, "biz_id", 0, UINT32_MAX, &biz_id);
	if (rc < 0)
		return rc;
	copy_if(application->name_rule, sizeof(application->name_rule), rule);
	application->biz_id = (uint32_t)biz_id;
	if (!strcmp(application->name_rule, TESS_NAME_RULE_MD5) && !biz_id)
		return tess_call_invalid(call, "biz_id", "name_rule md5 needs a biz_id.") ? -ENOMEM
											  : -EINVAL;
	return 1;
}

/* The members that both adding and changing know. */
static int read_fields(struct tess_call *call, struct tess_application *application)
{
	const char *name = NULL, *description = NULL, *key = NULL, *frozen = NULL;
	int rc;

	rc = tess_field_text(call, call->body, "name", 1, TESS_NAME_MAX, &name);
	if (rc >= 0)
		rc = tess_field_text(call, call->body, "description", 0, TESS_DESCRIPTION_MAX,
				     &description);
	if (rc >= 0)
		rc = tess_field_text(call, call->body, "usersig_key", 64, 64, &key);
	if (rc >= 0)
		rc = tess_field_choice(call, call->body, "frozen", "box keep dim avatar", &frozen);
	if (rc < 0)
		return rc;
	if (key && strspn(key, "0123456789abcdef") != 64)
		return tess_call_invalid(call, "usersig_key",
					 "usersig_key must be 64 lower case hex digits.")
			       ? -ENOMEM
			       : -EINVAL;
	copy_if(application->name, sizeof(application->name), name);
	copy_if(application->description, sizeof(application->description), description);
	if (frozen && !strcmp(frozen, "box"))
		frozen = "";
	copy_if(application->frozen, sizeof(application->frozen), frozen);
	copy_if(application->usersig_key, sizeof(application->usersig_key), key);
	return read_live(call, application);
}

int tess_api_application_add(struct tess_call *call)
{
	struct tess_application row = {.created_us = tess_control_utc_us(call->control)};
	int64_t id = 0;
	int rc;

	rc = tess_fields_only(call, call->body, "", "id " SETTINGS);
	if (rc > 0)
		rc = tess_field_int(call, call->body, "id", 1, UINT32_MAX, &id);
	if (rc >= 0)
		rc = read_fields(call, &row);
	if (rc >= 0)
		rc = tess_field_required(call, "name", *row.name != 0);
	if (rc < 0)
		return tess_call_done(rc);
	row.id = (uint32_t)id;
	rc = *row.usersig_key ? 0 : tess_random_hex(row.usersig_key, 32);
	if (!rc)
		rc = tess_store_application_add(call->control->store, &row);
	if (rc == -EEXIST)
		return tess_call_error(call, 409, "exists", "id", "An application has this id.");
	if (rc)
		return rc;
	tess_call_audit(call, "application.create", "%u", row.id);
	return tess_response_json(call->response, 201, application_json(&row, true));
}

int tess_api_application_get(struct tess_call *call)
{
	struct tess_application row;
	int rc = tess_api_application_of(call, &row);

	if (rc < 0)
		return tess_call_done(rc);
	/* with this key anybody can be made a user: not for those who may only read */
	return tess_response_json(call->response, 200,
				  application_json(&row, call->identity.admin));
}

int tess_api_application_set(struct tess_call *call)
{
	struct tess_application row;
	int rc;

	rc = tess_api_application_of(call, &row);
	if (rc > 0)
		rc = tess_fields_only(call, call->body, "", SETTINGS);
	if (rc > 0)
		rc = read_fields(call, &row);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_publications_set(call->control, &row);
	if (rc)
		return rc;
	tess_control_changed(call->control);
	tess_call_audit(call, "application.change", "%u", row.id);
	return tess_response_json(call->response, 200, application_json(&row, true));
}

/* @retval 0, -EBUSY it has recordings, -EAGAIN its objects are still to be removed, ... */
static int remove_application(struct tess_store *store, uint32_t id, bool leave_objects,
			      int64_t *objects)
{
	int rc = tess_store_begin(store);

	if (rc)
		return rc;
	rc = tess_store_uploads_removing(store, id, objects);
	if (!rc)
		rc = tess_store_application_remove(store, id);
	if (!rc && *objects && !leave_objects)
		rc = -EAGAIN;
	return tess_store_finish(store, rc);
}

int tess_api_application_remove(struct tess_call *call)
{
	struct tess_application row;
	const char *leave = "false";
	int64_t objects = 0;
	int rc = tess_api_application_of(call, &row);

	if (rc > 0)
		rc = tess_query_param_choice(call, "leave_objects", "true false", &leave);
	if (rc < 0)
		return tess_call_done(rc);
	rc = remove_application(call->control->store, row.id, !strcmp(leave, "true"), &objects);
	if (rc == -EBUSY)
		return tess_call_error(call, 409, "in_use", "",
				       "Remove the application's recordings first.");
	if (rc == -EAGAIN)
		return tess_call_error(call, 409, "objects_left", "",
				       "%" PRId64 " of its files are still to be removed from "
				       "object storage; with leave_objects=true they stay there.",
				       objects);
	if (rc)
		return rc;
	tess_control_changed(call->control);
	tess_call_audit(call, "application.remove", "%u, files left in object storage: %" PRId64,
			row.id, objects);
	return tess_call_empty(call, 204);
}

int tess_api_usersig(struct tess_call *call)
{
	struct tess_application row;
	char usersig[TESS_USERSIG_MAX];
	int64_t expire_s = 86400;
	const char *user = "";
	int rc;

	rc = tess_api_application_of(call, &row);
	if (rc > 0)
		rc = tess_fields_only(call, call->body, "", "user expire");
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
	rc = tess_usersig_generate(usersig, sizeof(usersig), row.usersig_key, row.id, user,
				   tess_control_utc_us(call->control) / 1000000, expire_s);
	if (rc)
		return rc;
	tess_call_audit(call, "usersig.create", "%u %s", row.id, user);
	return tess_response_json(call->response, 200,
				  json_pack("{sI ss sI ss}", "application", (json_int_t)row.id,
					    "user", user, "expire", (json_int_t)expire_s, "usersig",
					    usersig));
}
