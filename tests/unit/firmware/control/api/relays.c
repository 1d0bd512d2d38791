/* SPDX-License-Identifier: GPL-3.0-or-later
 * Relays over the admin API: what is taken and what is not, that keys are never shown, what egress
 * is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/jobs/desired.h"
#include "fixture.h"

#define RELAYS "/api/v1/applications/1400000001/relays"
#define KEY    "s3cret"
#define URL    "rtmp://cdn.example/live/" KEY "?token=" KEY

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_login(&f);
	fixture_application(&f);
	fixture_user(&f, "alice");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void take(const char *text)
{
	json_t *message = json_of(text);

	tess_facts_up(f.control.facts, TESS_PROCESS_EGRESS, FIXTURE_UTC_US);
	assert_int_equal(tess_facts_take(f.control.facts, TESS_PROCESS_EGRESS, message, 0), 0);
	json_decref(message);
}

/** The relays that egress is told of. */
static void expect_wanted(const char *text)
{
	json_t *message;

	assert_int_equal(tess_desired_egress(&message, &f.control, 1, json_array()), 0);
	/* the list of acknowledged recordings is shared: give up this side's */
	json_decref(json_object_get(message, "acknowledged"));
	assert_json(json_object_get(message, "relays"), text);
	json_decref(message);
}

static void test_life(void **state)
{
	unsigned changes;

	(void)state;
	fixture_call(&f, "POST", RELAYS, "{'stream_id':'show','url':'" URL "'}", 201);
	assert_json(f.json, "{'id':1,'application':1400000001,'stream_id':'show',"
			    "'url':'rtmp://cdn.example/live/***','enabled':true,'origin':'admin',"
			    "'created':'2023-11-14T22:13:20.000Z','state':'unknown','error':'',"
			    "'bytes_sent':0,'pictures_dropped':0,'delay_ms':0,'publishes':0,"
			    "'failures':0}");
	/* it waits for its stream */
	expect_wanted("[]");
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/rooms/101/mix",
		     "{'stream_id':'show'}", 200);
	expect_wanted("[{'id':1,'app':1400000001,'epoch':1,'stream':'mix-1','url':'" URL "'}]");
	take("{'relays':[]}");
	fixture_call(&f, "GET", RELAYS "/1", NULL, 200);
	assert_string_equal(fixture_text(&f, "state"), "waiting");
	take("{'relays':[{'id':1,'state':'pausing','error':'the server takes nothing',"
	     "'bytes_sent':77,'pictures_dropped':3,'delay_ms':20,'publishes':2,'failures':1}]}");
	fixture_call(&f, "GET", RELAYS "?stream_id=show", NULL, 200);
	assert_json(f.json,
		    "{'relays':[{'id':1,'application':1400000001,'stream_id':'show',"
		    "'url':'rtmp://cdn.example/live/***','enabled':true,'origin':'admin',"
		    "'created':'2023-11-14T22:13:20.000Z','state':'pausing',"
		    "'error':'the server takes nothing','bytes_sent':77,'pictures_dropped':3,"
		    "'delay_ms':20,'publishes':2,'failures':1}]}");
	fixture_call(&f, "GET", RELAYS "?stream_id=other", NULL, 200);
	assert_json(f.json, "{'relays':[]}");

	changes = f.changes;
	fixture_call(&f, "PATCH", RELAYS "/1", "{'enabled':false}", 200);
	assert_string_equal(fixture_text(&f, "state"), "disabled");
	assert_true(f.changes > changes);
	expect_wanted("[]");
	fixture_call(&f, "PATCH", RELAYS "/1",
		     "{'enabled':true,'url':'rtmps://cdn.example:8443/a/b/key'}", 200);
	assert_string_equal(fixture_text(&f, "url"), "rtmps://cdn.example:8443/a/b/***");
	expect_wanted("[{'id':1,'app':1400000001,'epoch':3,'stream':'mix-1',"
		      "'url':'rtmps://cdn.example:8443/a/b/key'}]");
	/* it outlives a restart, and is over with the stream, not with the relay */
	fixture_restart(&f);
	expect_wanted("[{'id':1,'app':1400000001,'epoch':3,'stream':'mix-1',"
		      "'url':'rtmps://cdn.example:8443/a/b/key'}]");
	fixture_call(&f, "DELETE", "/api/v1/applications/1400000001/rooms/101/mix", NULL, 204);
	expect_wanted("[]");
	fixture_call(&f, "DELETE", RELAYS "/1", NULL, 204);
	fixture_refused(&f, "GET", RELAYS "/1", NULL, 404, "not_found", "");
}

static void test_refusals(void **state)
{
	static const char *const urls[] = {
		"",
		"http://cdn.example/live/key",
		"rtmp://cdn.example",
		"rtmp://cdn.example/key",
		"rtmp://cdn.example/live/",
		"rtmp:///live/key",
		"rtmp://cdn.example:0/live/key",
		"rtmp://cdn.example:99999/live/key",
		"rtmp://cdn.example:/live/key",
		"rtmp://cd n.example/live/key",
		"rtmp://name:word@cdn.example/live/key",
		"rtmp://[::1/live/key",
		"rtmp://cdn.example/live/k\\u00e4y",
	};
	char body[256];

	(void)state;
	for (unsigned i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		(void)snprintf(body, sizeof(body), "{'stream_id':'show','url':'%s'}", urls[i]);
		fixture_refused(&f, "POST", RELAYS, body, 400, "invalid_parameter", "url");
	}
	fixture_refused(&f, "POST", RELAYS, "{'stream_id':'show'}", 400, "missing_parameter",
			"url");
	fixture_refused(&f, "POST", RELAYS, "{'url':'" URL "'}", 400, "missing_parameter",
			"stream_id");
	fixture_refused(&f, "POST", RELAYS, "{'stream_id':'show','url':'" URL "','x':1}", 400,
			"invalid_parameter", "x");
	fixture_refused(&f, "PATCH", RELAYS "/7", "{'enabled':true}", 404, "not_found", "");
	fixture_refused(&f, "GET", "/api/v1/applications/1/relays", NULL, 404, "not_found", "");
	fixture_call(&f, "GET", RELAYS, NULL, 200);
	assert_json(f.json, "{'relays':[]}");

	/* ten of one stream, none twice */
	for (unsigned i = 0; i < 10; i++) {
		(void)snprintf(body, sizeof(body),
			       "{'stream_id':'show','url':'rtmp://[2001:db8::%u]/live/key'}",
			       i + 1);
		fixture_call(&f, "POST", RELAYS, body, 201);
		if (i < 9)
			fixture_refused(&f, "POST", RELAYS, body, 409, "exists", "url");
	}
	fixture_refused(&f, "POST", RELAYS, "{'stream_id':'show','url':'" URL "'}", 409,
			"limit_reached", "stream_id");
	fixture_call(&f, "POST", RELAYS, "{'stream_id':'other','url':'" URL "'}", 201);
}

static void test_of_a_mix(void **state)
{
	struct tess_relay row = {.application = 1400000001, .mix = 1};

	(void)state;
	(void)strcpy(row.stream_id, "show");
	(void)strcpy(row.url, URL);
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/rooms/101/mix",
		     "{'stream_id':'show'}", 200);
	assert_int_equal(tess_store_relay_of_mix(f.control.store, &row), 0);
	fixture_call(&f, "GET", RELAYS "/1", NULL, 200);
	assert_string_equal(fixture_text(&f, "origin"), "mix");
	expect_wanted("[{'id':1,'app':1400000001,'epoch':1,'stream':'mix-1','url':'" URL "'}]");
	fixture_refused(&f, "DELETE", RELAYS "/1", NULL, 409, "in_use", "");
	fixture_refused(&f, "PATCH", RELAYS "/1", "{'enabled':false}", 409, "in_use", "");
	/* it goes with its mix */
	fixture_call(&f, "DELETE", "/api/v1/applications/1400000001/rooms/101/mix", NULL, 204);
	fixture_refused(&f, "GET", RELAYS "/1", NULL, 404, "not_found", "");
}

static void test_secret(void **state)
{
	char *text;

	(void)state;
	fixture_call(&f, "POST", RELAYS, "{'stream_id':'show','url':'" URL "'}", 201);
	fixture_call(&f, "PATCH", RELAYS "/1", "{'enabled':false}", 200);
	fixture_call(&f, "DELETE", RELAYS "/1", NULL, 204);
	fixture_call(&f, "GET", "/api/v1/audit", NULL, 200);
	text = json_dumps(f.json, 0);
	assert_non_null(strstr(text, "relay.add"));
	assert_non_null(strstr(text, "relay.change"));
	assert_non_null(strstr(text, "relay.remove"));
	assert_null(strstr(text, KEY));
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_of_a_mix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_secret, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
