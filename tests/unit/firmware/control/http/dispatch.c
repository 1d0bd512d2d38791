/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who answers what: cloud API, admin API, web UI.
 */
#include "firmware/control/http/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "fixture.h"

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void cloud(const char *method, const char *path, const char *body, const char *code)
{
	const json_t *error;

	fixture_call(&f, method, path, body, 200);
	error = json_object_get(json_object_get(f.json, "Response"), "Error");
	assert_string_equal(json_string_value(json_object_get(error, "Code")), code);
}

static void test_root(void **state)
{
	(void)state;
	fixture_call(&f, "GET", "/", NULL, 404); /* the web UI, which is not there */
	fixture_call(&f, "HEAD", "/?lang=de", NULL, 404);
	fixture_call(&f, "GET", "/?lang=de&x=Action=", NULL, 404);
	cloud("GET", "/?Action=StopMCUMixTranscode", NULL, "MissingParameter");
	cloud("GET", "/?a=b&Signature=x", NULL, "MissingParameter");
	fixture_header(&f, "Content-Type", "application/json");
	cloud("POST", "/", "{}", "MissingParameter");
	fixture_header(&f, "X-TC-Action", "StopMCUMixTranscode");
	cloud("GET", "/", NULL, "MissingParameter");
	fixture_header(&f, "X-TC-Action", NULL);
	fixture_header(&f, "Authorization", "TC3-HMAC-SHA256 x");
	fixture_call(&f, "GET", "/", NULL, 200);
	assert_int_equal(f.control.http.cloud, 5);
}

static void test_others(void **state)
{
	(void)state;
	fixture_refused(&f, "POST", "/rooms", "{}", 405, "method_not_allowed", "");
	fixture_call(&f, "GET", "/metrics", NULL, 401);
	fixture_call(&f, "GET", "/apiary", NULL, 404);
	assert_null(f.json); /* not the API's words */
	fixture_call(&f, "GET", "/api/v1/me", NULL, 401);
	assert_string_equal(tess_response_get(&f.response, "X-Frame-Options"), "DENY");
	assert_int_equal(f.control.http.by_class[4], 4);
	assert_int_equal(f.control.http.web, 1);
	assert_int_equal(f.control.http.admin, 1);
	assert_int_equal(f.control.http.metrics, 1);
}

static void test_sizes(void **state)
{
	size_t length = tess_dispatch_max_body("/") + 1;
	char *body = malloc(length + 1);

	(void)state;
	assert_int_equal(tess_dispatch_max_body("/"), 10 << 20);
	assert_int_equal(tess_dispatch_max_body("/api/v1/login"), 1 << 20);
	memset(body, ' ', length);
	body[length] = 0;
	fixture_header(&f, "Content-Type", "application/json");
	cloud("POST", "/", body, "RequestSizeLimitExceeded");
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_root, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
