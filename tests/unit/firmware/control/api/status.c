/* SPDX-License-Identifier: GPL-3.0-or-later
 * Health and jobs.
 */
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
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

static void take(enum tess_process process, const char *text)
{
	json_t *message = json_of(text);

	tess_facts_up(f.control.facts, process, f.time.utc_us);
	assert_int_equal(tess_facts_take(f.control.facts, process, message, 0), 0);
	json_decref(message);
}

static void test_health(void **state)
{
	(void)state;
	/* a stranger learns no more than this */
	fixture_call(&f, "GET", "/api/v1/health", NULL, 200);
	assert_json(f.json, "{'status':'degraded'}");
	fixture_login(&f);
	fixture_application(&f);
	fixture_user(&f, "alice");
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/rooms/101/users",
		     "{'user':'bob','stream_type':'aux'}", 201);
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/rooms/101/mix",
		     "{'record_id':'r'}", 200);
	fixture_advance(&f, 61500000);
	take(TESS_PROCESS_MEDIA,
	     "{'engine':{'name':'soft'},'net':{'queues':[{'net':'xdp:eth0','link':true}]}}");
	fixture_call(&f, "GET", "/api/v1/health", NULL, 200);
	assert_string_equal(fixture_text(&f, "status"), "degraded");
	take(TESS_PROCESS_EGRESS, "{'counters':{'viewers':5}}");
	fixture_call(&f, "GET", "/api/v1/health", NULL, 200);
	assert_true(fixture_int(&f, "disk.total_bytes") > 0);
	assert_true(fixture_int(&f, "disk.free_bytes") <= fixture_int(&f, "disk.total_bytes"));
	/* the disk of the machine that runs the test may be full */
	if (fixture_int(&f, "disk.free_bytes") * 100 / fixture_int(&f, "disk.total_bytes") > 5)
		assert_string_equal(fixture_text(&f, "status"), "ok");
	assert_string_equal(fixture_text(&f, "engine"), "soft");
	assert_json(json_object_get(f.json, "net"), "[{'net':'xdp:eth0','link':true}]");
	assert_string_equal(fixture_text(&f, "version"), TESSERA_VERSION);
	assert_int_equal(fixture_int(&f, "uptime_s"), 61);
	assert_int_equal(fixture_int(&f, "rooms"), 1);
	assert_int_equal(fixture_int(&f, "users"), 2);
	assert_int_equal(fixture_int(&f, "mixes"), 1);
	assert_int_equal(fixture_int(&f, "viewers"), 5);
	assert_int_equal(fixture_int(&f, "recordings"), 1);
	assert_json(json_object_get(f.json, "processes"),
		    "[{'name':'control','up':true,'since':'2023-11-14T22:13:20.000Z'},"
		    "{'name':'media','up':true,'since':'2023-11-14T22:14:21.500Z'},"
		    "{'name':'egress','up':true,'since':'2023-11-14T22:14:21.500Z'}]");
	(void)stpcpy(f.config.egress.record_dir, "/nowhere");
	fixture_call(&f, "GET", "/api/v1/health", NULL, 200);
	assert_int_equal(fixture_int(&f, "disk.total_bytes"), 0);
}

static void test_jobs(void **state)
{
	(void)state;
	fixture_login(&f);
	fixture_application(&f);
	fixture_call(&f, "GET", "/api/v1/jobs", NULL, 200);
	assert_json(f.json, "{'jobs':[]}");
	fixture_user(&f, "alice");
	fixture_call(&f, "POST", "/api/v1/applications/1400000001/rooms/101/mix",
		     "{'stream_id':'s','record_id':'r'}", 200);
	take(TESS_PROCESS_MEDIA, "{'mixes':[{'id':1,'state':'error','error':'no engine'}]}");
	fixture_call(&f, "GET", "/api/v1/jobs", NULL, 200);
	assert_json(f.json, "{'jobs':[{'kind':'mix','id':1,'application':1400000001,'room':'101',"
			    "'room_type':'number','name':'s','state':'error','error':'no engine',"
			    "'started':'2023-11-14T22:13:20.000Z'},"
			    "{'kind':'record','id':1,'application':1400000001,'room':'101',"
			    "'room_type':'number','name':'r','state':'waiting','error':'',"
			    "'started':'2023-11-14T22:13:20.000Z'}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_health, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jobs, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
