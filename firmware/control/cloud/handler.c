/* SPDX-License-Identifier: GPL-3.0-or-later
 * firmware/control/cloud/handler.c - the cloud API: a request in, an answer out.
 */
#include "firmware/control/cloud/handler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/control/cloud/actions.h"
#include "firmware/control/cloud/auth.h"
#include "firmware/control/cloud/envelope.h"
#include "firmware/control/cloud/params.h"

/* The parameters, by whichever way they came. */
static int read_params(json_t **paramsp, const struct tess_cloud_call *call,
		       const struct tess_cloud_request *request, struct tess_cloud_error *error)
{
	const char *query = request->query ? request->query : "";
	struct tess_form form;
	int err;

	if (call->json)
		return tess_params_from_json(paramsp, request->body, request->body_length, error);
	if (call->v1)
		return tess_params_from_form(paramsp, &call->form, error);
	err = tess_form_parse(&form, query, strlen(query), error);
	if (err)
		return err;
	err = tess_params_from_form(paramsp, &form, error);
	tess_form_free(&form);
	return err;
}

/* A parameter that the action does not know is ignored: refusing it would break newer clients. */
static void find_ignored(char *ignored, size_t size, const struct tess_cloud_action *action,
			 json_t *params)
{
	const char *name;
	json_t *value;

	json_object_foreach(params, name, value)
	{
		const char *const *known = action->params;

		while (*known && strcmp(*known, name) != 0)
			known++;
		if (!*known) {
			size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						     "abcdefghijklmnopqrstuvwxyz0123456789_-.");

			if (length >= size)
				length = size - 1;
			memcpy(ignored, name, length);
			ignored[length] = '\0';
			return;
		}
	}
}

static int run(const struct tess_cloud_call *call, const struct tess_cloud_request *request,
	       const struct tess_cloud_backend *backend, struct tess_cloud_response *response,
	       json_t *fields, struct tess_cloud_error *error)
{
	struct tess_cloud_context context = {.backend = backend};
	const struct tess_cloud_action *action;
	json_t *params = NULL;
	int err;

	err = tess_cloud_authenticate(&context.key_id, call, request, backend, error);
	if (!err)
		err = tess_cloud_action_find(&action, call->version, call->action, error);
	if (err)
		return err;
	(void)stpncpy(response->action, action->name, sizeof(response->action) - 1);
	err = read_params(&params, call, request, error);
	if (err)
		return err;
	find_ignored(response->ignored, sizeof(response->ignored), action, params);
	context.which = action->which;
	context.params = params;
	err = action->run(&context, fields, error);
	json_decref(params);
	return err;
}

int tess_cloud_handle(const struct tess_cloud_request *request,
		      const struct tess_cloud_backend *backend,
		      struct tess_cloud_response *response)
{
	struct tess_cloud_error error = {0};
	struct tess_cloud_call call;
	json_t *fields;
	int err;

	memset(response, 0, sizeof(*response));
	err = tess_request_id(response->request_id);
	if (err)
		return err;
	fields = json_object();
	if (!fields)
		return -ENOMEM;
	err = tess_cloud_call_read(&call, request, &error);
	if (!err)
		err = run(&call, request, backend, response, fields, &error);
	if (!err) {
		err = tess_envelope_write(response, fields);
	} else {
		/* -EINVAL is a refusal only with what was refused */
		if (err != -EINVAL || error.code == TESS_CLOUD_CODE_BEFORE_FIRST)
			(void)tess_cloud_refuse(&error, TESS_CLOUD_INTERNAL,
						"The box failed to do this; its log tells more.");
		response->code = error.code;
		err = tess_envelope_write_error(response, &error, call.chinese);
	}
	tess_cloud_call_free(&call);
	json_decref(fields);
	return err;
}

void tess_cloud_response_free(struct tess_cloud_response *response)
{
	free(response->body);
	memset(response, 0, sizeof(*response));
}
