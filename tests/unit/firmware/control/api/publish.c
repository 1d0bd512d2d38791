/* SPDX-License-Identifier: GPL-3.0-or-later
 * The address to publish by RTMP, which control itself takes.
 */
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "fixture.h"
#include "firmware/control/jobs/publish.h"

#define APP  "/api/v1/applications/1400000001"
#define RTMP APP "/rooms/101/rtmp"

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_login(&f);
	fixture_application(&f);
	(void)stpcpy(f.config.egress.rtmp_listen, "0.0.0.0:1935");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void test_address(void **state)
{
	const char *key;
	json_t *message, *answer;

	(void)state;
	fixture_call(&f, "POST", RTMP, "{'user':'alice'}", 200);
	assert_null(strstr(fixture_text(&f, "server"), ":1935"));
	assert_non_null(strstr(fixture_text(&f, "server"), "/room"));
	key = fixture_text(&f, "key");
	assert_memory_equal(key, "1400000001/101/alice?usersig=", 29);
	assert_string_equal(fixture_text(&f, "url") + strlen(fixture_text(&f, "server")) + 1, key);
	message =
		json_pack("{sI ss ss ss ss}", "app", (json_int_t)1400000001, "room_type", "number",
			  "room", "101", "user", "alice", "query", strchr(key, '?') + 1);
	answer = tess_publish_message(&f.control, message);
	assert_string_equal(json_string_value(json_object_get(answer, "code")), "");
	json_decref(answer);
	json_decref(message);

	(void)stpcpy(f.config.egress.rtmp_listen, "0.0.0.0:1936");
	fixture_call(&f, "POST", APP "/rooms/a%20b/rtmp",
		     "{'user':'bob','expire':60,'stream_id':'x+y','record_id':'r'}", 200);
	assert_non_null(strstr(fixture_text(&f, "server"), ":1936/strroom"));
	assert_memory_equal(fixture_text(&f, "key"), "1400000001/a%20b/bob?usersig=", 29);
	assert_non_null(strstr(fixture_text(&f, "key"), "&stream_id=x%2By&record_id=r"));
}

static void test_refusals(void **state)
{
	(void)state;
	fixture_refused(&f, "POST", RTMP, "{}", 400, "missing_parameter", "user");
	fixture_refused(&f, "POST", RTMP, "{'user':'a.b'}", 400, "invalid_parameter", "user");
	fixture_refused(&f, "POST", RTMP, "{'user':'a','stream_id':'a/b'}", 400,
			"invalid_parameter", "stream_id");
	fixture_refused(&f, "POST", RTMP, "{'user':'a','record_id':'a b'}", 400,
			"invalid_parameter", "record_id");
	fixture_refused(&f, "POST", RTMP, "{'user':'a','expire':0}", 400, "invalid_parameter",
			"expire");
	fixture_refused(&f, "POST", "/api/v1/applications/1/rooms/101/rtmp", "{'user':'a'}", 404,
			"not_found", "");
	*f.config.egress.rtmp_listen = 0;
	fixture_refused(&f, "POST", RTMP, "{'user':'a'}", 409, "off", "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_address, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
