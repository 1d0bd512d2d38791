/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/api/tokens.c - API tokens, and the audit log.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firmware/control/api/auth.h"
#include "firmware/control/api/handlers.h"
#include "firmware/control/api/password.h"

#define TOKEN_BYTES 32

static json_t *token_json(const struct tess_token *row)
{
	return json_pack("{sI ss ss so so}", "id", (json_int_t)row->id, "name", row->name, "scope",
			 row->scope, "created", tess_time_json(row->created_us), "last_used",
			 tess_time_json(row->last_used_us));
}

static int each_token(void *arg, const struct tess_token *row)
{
	return json_array_append_new(arg, token_json(row)) ? -ENOMEM : 0;
}

int tess_api_tokens(struct tess_call *call)
{
	json_t *list = json_array();
	int rc = tess_store_tokens(call->control->store, each_token, list);

	return tess_response_list(call->response, "tokens", list, rc);
}

static int add(struct tess_call *call, const char *name, const char *scope)
{
	char text[sizeof(TESS_AUTH_TOKEN_PREFIX) + (size_t)2 * TOKEN_BYTES] =
		TESS_AUTH_TOKEN_PREFIX;
	struct tess_token token = {.created_us = tess_control_utc_us(call->control)};
	char hash[TESS_SHA256_HEX];
	json_t *json;
	int rc;

	snprintf(token.name, sizeof(token.name), "%s", name);
	snprintf(token.scope, sizeof(token.scope), "%s", scope);
	rc = tess_random_hex(text + strlen(TESS_AUTH_TOKEN_PREFIX), TOKEN_BYTES);
	if (!rc)
		rc = tess_sha256_hex(hash, text, strlen(text));
	if (!rc)
		rc = tess_store_token_add(call->control->store, &token.id, name, scope, hash,
					  token.created_us);
	if (rc == -EEXIST)
		return tess_call_error(call, 409, "exists", "name", "A token has this name.");
	if (rc)
		return rc;
	tess_call_audit(call, "token.create", "%s scope=%s", name, scope);
	json = token_json(&token);
	if (json_object_set_new(json, "token", json_string(text))) {
		json_decref(json);
		return -ENOMEM;
	}
	explicit_bzero(text, sizeof(text));
	return tess_response_json(call->response, 201, json);
}

int tess_api_token_add(struct tess_call *call)
{
	const char *name = "", *scope = "read";
	int rc;

	rc = tess_fields_only(call, call->body, "", "name scope");
	if (rc > 0)
		rc = tess_field_required(
			call, "name",
			tess_field_text(call, call->body, "name", 1, TESS_NAME_MAX, &name));
	if (rc > 0)
		rc = tess_field_choice(call, call->body, "scope", "admin read", &scope);
	return rc >= 0 ? add(call, name, scope) : tess_call_done(rc);
}

int tess_api_token_remove(struct tess_call *call)
{
	int64_t id;
	int rc;

	rc = tess_path_id(call, 0, "token", &id);
	if (rc < 0)
		return tess_call_done(rc);
	rc = tess_store_token_remove(call->control->store, id);
	if (rc == -ENOENT)
		return tess_call_missing(call, "token");
	if (rc)
		return rc;
	tess_call_audit(call, "token.remove", "%lld", (long long)id);
	return tess_call_empty(call, 204);
}

static int each_audit(void *arg, const struct tess_audit *row)
{
	json_t *json = json_pack("{sI so ss ss ss ss}", "id", (json_int_t)row->id, "at",
				 tess_time_json(row->at_us), "who", row->who, "address",
				 row->address, "action", row->action, "target", row->target);

	return json_array_append_new(arg, json) ? -ENOMEM : 0;
}

int tess_api_audit(struct tess_call *call)
{
	int64_t limit = 50, before = 0;
	json_t *list;
	int rc;

	rc = tess_query_param_int(call, "limit", 1, 200, &limit);
	if (rc >= 0)
		rc = tess_query_param_int(call, "before", 1, INT64_MAX, &before);
	if (rc < 0)
		return tess_call_done(rc);
	list = json_array();
	rc = tess_store_audits(call->control->store, before, limit, each_audit, list);
	return tess_response_list(call->response, "entries", list, rc);
}
