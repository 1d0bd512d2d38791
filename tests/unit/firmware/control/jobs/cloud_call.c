/* SPDX-License-Identifier: GPL-3.0-or-later
 * Signed calls of the cloud API.
 */
#include "jobs/cloud_call.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/client.h"
#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/http/dispatch.h"

static void add_key(struct fixture *fixture, uint32_t application)
{
	struct tess_api_key key = {.secret_id = SECRET_ID,
				   .secret_key = SECRET_KEY,
				   .application = application,
				   .enabled = true};

	assert_int_equal(tess_store_key_add(fixture->control.store, &key), 0);
}

void cloud_open(struct fixture *fixture, uint32_t application)
{
	struct tess_application row = {.id = application, .name = "a"};

	fixture_open(fixture);
	assert_int_equal(tess_store_application_add(fixture->control.store, &row), 0);
	add_key(fixture, application);
	fixture->changes = 0;
}

void cloud_open_admin(struct fixture *fixture)
{
	fixture_open(fixture);
	fixture_login(fixture);
	fixture_application(fixture);
	add_key(fixture, 1400000001);
}

json_t *cloud_answer(struct fixture *fixture, const char *action, const char *body)
{
	struct tess_response response;
	struct tess_request request;
	struct client client;
	json_t *json, *inner;

	client_setup(&client, action, body);
	client_sign(&client);
	request = (struct tess_request){
		.method = "POST",
		.path = "/",
		.query = "",
		.get_header = client.request.get_header,
		.header_arg = client.request.header_arg,
		.body = body,
		.body_length = strlen(body),
		.address = "192.0.2.1",
	};
	tess_response_init(&response);
	tess_dispatch(&fixture->control, &request, &response);
	assert_int_equal(response.status, 200);
	assert_string_equal(tess_response_get(&response, "Content-Type"), "application/json");
	json = json_loads(response.body, 0, NULL);
	inner = json_incref(json_object_get(json, "Response"));
	json_decref(json);
	tess_response_fini(&response);
	assert_non_null(inner);
	assert_int_equal(json_object_del(inner, "RequestId"), 0);
	return inner;
}

static json_t *answer_of(struct fixture *fixture, const char *action, const char *body)
{
	char *text = strdup(body);
	json_t *answer;

	for (char *at = text; *at; at++)
		*at = *at == '\'' ? '"' : *at;
	answer = cloud_answer(fixture, action, text);
	free(text);
	return answer;
}

void cloud_expect(struct fixture *fixture, const char *action, const char *body,
		  const char *expected)
{
	json_t *answer = answer_of(fixture, action, body);

	assert_json(answer, expected);
	json_decref(answer);
}

void cloud_code(struct fixture *fixture, const char *action, const char *body, const char *code)
{
	json_t *answer = answer_of(fixture, action, body), *error;
	const char *got = "";

	error = json_object_get(answer, "Error");
	(void)json_unpack(error, "{s:s}", "Code", &got);
	if (strcmp(got, code) != 0)
		fail_msg("%s %s: %s, not %s: %s", action, body, got, code,
			 json_string_value(json_object_get(error, "Message")));
	json_decref(answer);
}
