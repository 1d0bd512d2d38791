/* SPDX-License-Identifier: GPL-3.0-or-later
 * First start, logging in and out, sessions, tokens, forged requests.
 */
#include "firmware/control/api/auth.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "fixture.h"

#define WRONG "{'user':'admin','password':'wrong'}"
#define LOGIN "/api/v1/login"

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_header(&f, "Content-Type", "application/json");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void test_first_start(void **state)
{
	char path[128], password[64], again[64];
	struct stat status;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/initial-password", f.dir);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	fixture_password(&f, password);
	assert_int_equal(strlen(password), 20);
	/* the second start leaves it */
	fixture_restart(&f);
	fixture_password(&f, again);
	assert_string_equal(password, again);
}

static void test_login(void **state)
{
	const char *cookie;

	(void)state;
	fixture_refused(&f, "GET", "/api/v1/me", NULL, 401, "unauthorized", "");
	fixture_refused(&f, "POST", LOGIN, WRONG, 401, "bad_credentials", "");
	fixture_refused(&f, "POST", LOGIN, "{'user':'nobody','password':'wrong'}", 401,
			"bad_credentials", "");
	fixture_refused(&f, "POST", LOGIN, "{'user':'admin'}", 400, "missing_parameter",
			"password");
	fixture_refused(&f, "POST", LOGIN, "{'user':'','password':'x'}", 400, "invalid_parameter",
			"user");
	fixture_refused(&f, "POST", LOGIN, "{'user':'a','password':'x','remember':true}", 400,
			"invalid_parameter", "remember");
	fixture_login(&f);
	assert_json(f.json, "{'user':'admin','via':'session','scope':'admin',"
			    "'must_change_password':true,'expires':'2023-11-15T10:13:20.000Z'}");
	cookie = tess_response_get(&f.response, "Set-Cookie");
	assert_non_null(strstr(cookie, "; HttpOnly"));
	assert_non_null(strstr(cookie, "; SameSite=Strict"));
	assert_non_null(strstr(cookie, "; Max-Age=43200"));
	assert_non_null(strstr(cookie, "; Path=/"));
	assert_string_equal(tess_response_get(&f.response, "Cache-Control"), "no-store");
	fixture_call(&f, "GET", "/api/v1/me", NULL, 200);
	/* a restart of control ends no session; time does */
	fixture_restart(&f);
	fixture_call(&f, "GET", "/api/v1/me", NULL, 200);
	fixture_advance(&f, (int64_t)12 * 3600 * 1000000 - 1);
	fixture_call(&f, "GET", "/api/v1/me", NULL, 200);
	fixture_advance(&f, 1);
	fixture_refused(&f, "GET", "/api/v1/me", NULL, 401, "unauthorized", "");
}

static void test_cookies(void **state)
{
	char cookies[256];

	(void)state;
	fixture_login(&f);
	(void)snprintf(cookies, sizeof(cookies), "other=1; x_tessera_session=2; %s; last=3",
		       f.cookie);
	fixture_header(&f, "Cookie", cookies);
	fixture_call(&f, "GET", "/api/v1/me", NULL, 200);
	fixture_header(&f, "Cookie", "tessera_session=");
	fixture_call(&f, "GET", "/api/v1/me", NULL, 401);
	fixture_header(&f, "Cookie", "tessera_session");
	fixture_call(&f, "GET", "/api/v1/me", NULL, 401);
	fixture_header(&f, "Cookie",
		       "tessera_session=00000000000000000000000000000000000000000000000000000000");
	fixture_call(&f, "GET", "/api/v1/me", NULL, 401);
}

static void test_logout(void **state)
{
	(void)state;
	fixture_login(&f);
	fixture_call(&f, "POST", "/api/v1/logout", NULL, 204);
	assert_non_null(strstr(tess_response_get(&f.response, "Set-Cookie"), "Max-Age=0"));
	fixture_call(&f, "GET", "/api/v1/me", NULL, 401);
}

static void test_rate_of_user(void **state)
{
	char password[64], body[128];

	(void)state;
	fixture_password(&f, password);
	(void)snprintf(body, sizeof(body), "{'user':'admin','password':'%s'}", password);
	for (int i = 0; i < 4; i++)
		fixture_call(&f, "POST", LOGIN, WRONG, 401);
	/* a good one forgives */
	fixture_call(&f, "POST", LOGIN, body, 200);
	for (int i = 0; i < 5; i++)
		fixture_call(&f, "POST", LOGIN, WRONG, 401);
	/* also from elsewhere, and also with the right password */
	f.address = "198.51.100.1";
	fixture_refused(&f, "POST", LOGIN, body, 429, "too_many_attempts", "");
	assert_string_equal(tess_response_get(&f.response, "Retry-After"), "60");
	/* another user is not held up */
	fixture_call(&f, "POST", LOGIN, "{'user':'root','password':'x'}", 401);
	fixture_advance(&f, 60000000);
	fixture_call(&f, "POST", LOGIN, body, 200);
}

static void test_rate_of_address(void **state)
{
	char body[64];

	(void)state;
	f.address = "2001:db8::1";
	for (int i = 0; i < TESS_AUTH_ADDR_FAILURES; i++) {
		(void)snprintf(body, sizeof(body), "{'user':'u%d','password':'x'}", i);
		fixture_call(&f, "POST", LOGIN, body, 401);
	}
	fixture_call(&f, "POST", LOGIN, "{'user':'more','password':'x'}", 429);
	f.address = "2001:db8::ffff:1"; /* the same /64 */
	fixture_call(&f, "POST", LOGIN, "{'user':'more','password':'x'}", 429);
	f.address = "2001:db8:0:1::1";
	fixture_call(&f, "POST", LOGIN, "{'user':'more','password':'x'}", 401);
}

static void test_forged(void **state)
{
	(void)state;
	fixture_login(&f);
	fixture_header(&f, "Content-Type", "text/plain");
	fixture_refused(&f, "POST", "/api/v1/logout", NULL, 403, "forbidden", "");
	fixture_header(&f, "Content-Type", "application/x-www-form-urlencoded");
	fixture_refused(&f, "DELETE", "/api/v1/tokens/1", NULL, 403, "forbidden", "");
	fixture_header(&f, "Content-Type", "application/jsonp");
	fixture_refused(&f, "POST", "/api/v1/logout", NULL, 403, "forbidden", "");
	fixture_header(&f, "Content-Type", NULL);
	fixture_refused(&f, "POST", "/api/v1/logout", NULL, 403, "forbidden", "");
	fixture_call(&f, "GET", "/api/v1/me", NULL, 200);
	fixture_header(&f, "X-Tessera", "1");
	fixture_call(&f, "POST", "/api/v1/logout", NULL, 204);
}

static void test_password(void **state)
{
	char path[128], body[160], password[64];
	char first[128], second[128];

	(void)state;
	fixture_login(&f);
	(void)stpcpy(first, f.cookie);
	fixture_login(&f);
	(void)stpcpy(second, f.cookie);
	assert_string_not_equal(first, second);
	fixture_password(&f, password);
	fixture_refused(&f, "POST", "/api/v1/password",
			"{'current':'wrong','new':'long enough now'}", 403, "bad_credentials",
			"current");
	(void)snprintf(body, sizeof(body), "{'current':'%s','new':'too short'}", password);
	fixture_refused(&f, "POST", "/api/v1/password", body, 400, "invalid_parameter", "new");
	(void)snprintf(body, sizeof(body), "{'current':'%s','new':'long enough now'}", password);
	fixture_call(&f, "POST", "/api/v1/password", body, 204);
	/* the file is gone, the own session stays, the other is over */
	(void)snprintf(path, sizeof(path), "%s/initial-password", f.dir);
	assert_int_not_equal(access(path, F_OK), 0);
	fixture_call(&f, "GET", "/api/v1/me", NULL, 200);
	assert_false(json_is_true(json_object_get(f.json, "must_change_password")));
	fixture_header(&f, "Cookie", first);
	fixture_call(&f, "GET", "/api/v1/me", NULL, 401);
	(void)snprintf(body, sizeof(body), "{'user':'admin','password':'%s'}", password);
	fixture_call(&f, "POST", LOGIN, body, 401);
	fixture_call(&f, "POST", LOGIN, "{'user':'admin','password':'long enough now'}", 200);
	/* no new administrator at the next start */
	fixture_restart(&f);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void test_tokens(void **state)
{
	char bearer[128], read_bearer[128];

	(void)state;
	fixture_login(&f);
	fixture_refused(&f, "POST", "/api/v1/tokens", "{}", 400, "missing_parameter", "name");
	fixture_refused(&f, "POST", "/api/v1/tokens", "{'name':'x','scope':'all'}", 400,
			"invalid_parameter", "scope");
	fixture_call(&f, "POST", "/api/v1/tokens", "{'name':'ci'}", 201);
	assert_string_equal(fixture_text(&f, "scope"), "read");
	(void)snprintf(read_bearer, sizeof(read_bearer), "Bearer %s", fixture_text(&f, "token"));
	assert_int_equal(strlen(read_bearer), 7 + 5 + 64);
	fixture_refused(&f, "POST", "/api/v1/tokens", "{'name':'ci'}", 409, "exists", "name");
	fixture_call(&f, "POST", "/api/v1/tokens", "{'name':'ops','scope':'admin'}", 201);
	(void)snprintf(bearer, sizeof(bearer), "bearer  %s", fixture_text(&f, "token"));

	fixture_header(&f, "Cookie", NULL);
	fixture_header(&f, "Content-Type", NULL);
	fixture_header(&f, "Authorization", read_bearer);
	fixture_call(&f, "GET", "/api/v1/me", NULL, 200);
	assert_json(f.json, "{'user':'ci','via':'token','scope':'read',"
			    "'must_change_password':false,'expires':null}");
	fixture_call(&f, "GET", "/api/v1/applications", NULL, 200);
	fixture_refused(&f, "GET", "/api/v1/tokens", NULL, 403, "forbidden", "");
	fixture_refused(&f, "POST", "/api/v1/applications", "{}", 403, "forbidden", "");
	fixture_refused(&f, "POST", "/api/v1/password", NULL, 403, "forbidden", "");

	fixture_header(&f, "Authorization", bearer);
	fixture_call(&f, "GET", "/api/v1/tokens", NULL, 200);
	assert_json(f.json,
		    "{'tokens':[{'id':1,'name':'ci','scope':'read',"
		    "'created':'2023-11-14T22:13:20.000Z','last_used':'2023-11-14T22:13:20.000Z'},"
		    "{'id':2,'name':'ops','scope':'admin','created':'2023-11-14T22:13:20.000Z',"
		    "'last_used':'2023-11-14T22:13:20.000Z'}]}");
	/* written once a minute at most */
	fixture_advance(&f, 59000000);
	fixture_call(&f, "GET", "/api/v1/tokens", NULL, 200);
	assert_non_null(strstr(f.response.body, "\"last_used\":\"2023-11-14T22:13:20.000Z\"}]"));
	fixture_advance(&f, 1000000);
	fixture_call(&f, "GET", "/api/v1/tokens", NULL, 200);
	assert_non_null(strstr(f.response.body, "\"last_used\":\"2023-11-14T22:14:20.000Z\"}]"));

	fixture_call(&f, "DELETE", "/api/v1/tokens/1", NULL, 204);
	fixture_refused(&f, "DELETE", "/api/v1/tokens/1", NULL, 404, "not_found", "");
	fixture_refused(&f, "DELETE", "/api/v1/tokens/x", NULL, 404, "not_found", "");
	fixture_header(&f, "Authorization", read_bearer);
	fixture_call(&f, "GET", "/api/v1/me", NULL, 401);
	fixture_header(&f, "Authorization", "Basic YWRtaW46eA==");
	fixture_call(&f, "GET", "/api/v1/me", NULL, 401);
}

static void test_audit(void **state)
{
	(void)state;
	fixture_login(&f);
	fixture_call(&f, "POST", "/api/v1/applications", "{'name':'a'}", 201);
	fixture_call(&f, "GET", "/api/v1/audit", NULL, 200);
	assert_json(f.json, "{'entries':[{'id':2,'at':'2023-11-14T22:13:20.000Z','who':'admin',"
			    "'address':'192.0.2.7','action':'application.create',"
			    "'target':'1400000001'},{'id':1,'at':'2023-11-14T22:13:20.000Z',"
			    "'who':'admin','address':'192.0.2.7','action':'login',"
			    "'target':'admin'}]}");
	fixture_call(&f, "GET", "/api/v1/audit?limit=1&before=2", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(f.json, "entries")), 1);
	fixture_refused(&f, "GET", "/api/v1/audit?limit=201", NULL, 400, "invalid_parameter",
			"limit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first_start, setup, teardown),
		cmocka_unit_test_setup_teardown(test_login, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cookies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_logout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rate_of_user, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rate_of_address, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_password, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tokens, setup, teardown),
		cmocka_unit_test_setup_teardown(test_audit, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
