/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/keys.c - cloud API key pairs of an application.
 */
#include <errno.h>
#include <string.h>

#include "firmware/control/api/handlers.h"
#include "firmware/control/api/password.h"

#define SECRET_ID_PREFIX "AKID" /* as those of the cloud: some clients look for it */

static json_t *key_json(const struct tess_api_key *row)
{
	return json_pack("{ss sI sb so}", "secret_id", row->secret_id, "application",
			 (json_int_t)row->application, "enabled", row->enabled, "created",
			 tess_time_json(row->created_us));
}

static int each_key(void *arg, const struct tess_api_key *row)
{
	return json_array_append_new(arg, key_json(row)) ? -ENOMEM : 0;
}

int tess_api_keys(struct tess_call *call)
{
	struct tess_application application;
	json_t *list;
	int rc;

	rc = tess_api_application_of(call, &application);
	if (rc < 0)
		return tess_call_done(rc);
	list = json_array();
	rc = tess_store_keys(call->control->store, application.id, each_key, list);
	return tess_response_list(call->response, "keys", list, rc);
}

int tess_api_key_add(struct tess_call *call)
{
	struct tess_application application;
	struct tess_api_key row = {
		.secret_id = SECRET_ID_PREFIX,
		.enabled = true,
		.created_us = tess_control_utc_us(call->control),
	};
	json_t *json;
	int rc;

	rc = tess_api_application_of(call, &application);
	if (rc > 0)
		rc = tess_fields_only(call, call->body, "", "");
	if (rc < 0)
		return tess_call_done(rc);
	row.application = application.id;
	rc = tess_random_hex(row.secret_id + strlen(SECRET_ID_PREFIX), 16);
	if (!rc)
		rc = tess_random_hex(row.secret_key, 16);
	if (!rc)
		rc = tess_store_key_add(call->control->store, &row);
	if (rc)
		return rc;
	tess_call_audit(call, "key.create", "%u %s", row.application, row.secret_id);
	json = key_json(&row);
	if (json_object_set_new(json, "secret_key", json_string(row.secret_key))) {
		json_decref(json);
		return -ENOMEM;
	}
	return tess_response_json(call->response, 201, json);
}

/* The key of path parameters 0 and 1. @retval as tess_api_application_of() */
static int key_of(struct tess_call *call, struct tess_api_key *row)
{
	struct tess_application application;
	int rc = tess_api_application_of(call, &application);

	if (rc < 0)
		return rc;
	rc = tess_store_key_find(call->control->store, row, call->params[1]);
	if (rc == -ENOENT || (!rc && row->application != application.id))
		return tess_call_missing(call, "key") ? -ENOMEM : -EINVAL;
	return rc ? rc : 1;
}

int tess_api_key_set(struct tess_call *call)
{
	struct tess_api_key row;
	bool enabled = false;
	int rc;

	rc = key_of(call, &row);
	if (rc > 0)
		rc = tess_fields_only(call, call->body, "", "enabled");
	if (rc > 0)
		rc = tess_field_required(call, "enabled",
					 tess_field_bool(call, call->body, "enabled", &enabled));
	if (rc < 0)
		return tess_call_done(rc);
	row.enabled = enabled;
	rc = tess_store_key_enable(call->control->store, row.application, row.secret_id, enabled);
	if (rc)
		return rc;
	tess_call_audit(call, enabled ? "key.enable" : "key.disable", "%u %s", row.application,
			row.secret_id);
	return tess_response_json(call->response, 200, key_json(&row));
}

int tess_api_key_remove(struct tess_call *call)
{
	struct tess_api_key row;
	int rc = key_of(call, &row);

	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_key_remove(call->control->store, row.application, row.secret_id);
	if (rc)
		return rc;
	tess_call_audit(call, "key.remove", "%u %s", row.application, row.secret_id);
	return tess_call_empty(call, 204);
}
