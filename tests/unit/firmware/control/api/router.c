/* SPDX-License-Identifier: GPL-3.0-or-later
 * From a request to its route: paths, methods, bodies.
 */
#include "firmware/control/api/router.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "fixture.h"

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_login(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void test_paths(void **state)
{
	char *path = malloc(5000);

	(void)state;
	fixture_refused(&f, "GET", "/api/", NULL, 404, "not_found", "");
	fixture_refused(&f, "GET", "/api/v1", NULL, 404, "not_found", "");
	fixture_refused(&f, "GET", "/api/v1/me/", NULL, 404, "not_found", "");
	fixture_refused(&f, "GET", "/api/v1//me", NULL, 404, "not_found", "");
	fixture_refused(&f, "GET", "/api/v1/applications/", NULL, 404, "not_found", "");
	fixture_refused(&f, "GET", "/api/v1/m%65%", NULL, 404, "not_found", "");
	fixture_refused(&f, "GET", "/api/v1/me%00", NULL, 404, "not_found", "");
	fixture_refused(&f, "GET", "/api/v1/me%zz", NULL, 404, "not_found", "");
	fixture_refused(&f, "GET", "/api/v1/a/b/c/d/e/f/g/h/i/j", NULL, 404, "not_found", "");
	fixture_call(&f, "GET", "/api/v1/m%65", NULL, 200);
	/* an encoded slash is part of a name */
	fixture_refused(&f, "GET", "/api/v1/applications%2F1", NULL, 404, "not_found", "");
	memset(path, 'a', 4999);
	path[4999] = 0;
	memcpy(path, "/api/v1/", 8);
	fixture_refused(&f, "GET", path, NULL, 404, "not_found", "");
	free(path);
}

static void test_methods(void **state)
{
	(void)state;
	fixture_refused(&f, "PUT", "/api/v1/applications", NULL, 405, "method_not_allowed", "");
	assert_string_equal(tess_response_get(&f.response, "Allow"), "GET, POST");
	fixture_refused(&f, "GET", "/api/v1/login", NULL, 405, "method_not_allowed", "");
	fixture_call(&f, "HEAD", "/api/v1/me", NULL, 200);
}

static void test_bodies(void **state)
{
	char *deep;

	(void)state;
	fixture_refused(&f, "POST", "/api/v1/applications", "{'name':", 400, "invalid_json", "");
	fixture_refused(&f, "POST", "/api/v1/applications", "{'name':'a','name':'b'}", 400,
			"invalid_json", "");
	fixture_refused(&f, "POST", "/api/v1/applications", "[1]", 400, "invalid_json", "");
	fixture_refused(&f, "POST", "/api/v1/applications", "{'name':'a\\u0000b'}", 400,
			"invalid_json", "");
	fixture_refused(&f, "POST", "/api/v1/applications", "{'name':'\xff'}", 400, "invalid_json",
			"");
	deep = malloc(200001);
	memset(deep, '[', 200000);
	deep[200000] = 0;
	fixture_refused(&f, "POST", "/api/v1/applications", deep, 400, "invalid_json", "");
	free(deep);
	fixture_header(&f, "Content-Type", "application/json; charset=utf-8");
	fixture_call(&f, "POST", "/api/v1/applications", "{'name':'a'}", 201);
	fixture_header(&f, "X-Tessera", "1");
	fixture_header(&f, "Content-Type", "text/plain");
	fixture_refused(&f, "POST", "/api/v1/applications", "{'name':'a'}", 415,
			"unsupported_media_type", "");
	/* the query is bad */
	fixture_refused(&f, "GET", "/api/v1/audit?limit=1&limit=2", NULL, 400, "invalid_parameter",
			"");
}

static void test_too_large(void **state)
{
	size_t length = (1u << 20) + 1;
	char *body = malloc(length + 1);

	(void)state;
	memset(body, ' ', length);
	body[length] = 0;
	memcpy(body, "{}", 2);
	fixture_refused(&f, "POST", "/api/v1/applications", body, 413, "too_large", "");
	body[length - 1] = 0;
	fixture_refused(&f, "POST", "/api/v1/applications", body, 400, "missing_parameter", "name");
	free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_methods, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bodies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
