/* SPDX-License-Identifier: GPL-3.0-or-later
 * Settings of recording, storage areas, files and callbacks over the admin API.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/api/address.h"
#include "firmware/control/jobs/guard.h"
#include "firmware/control/store/callbacks.h"
#include "firmware/control/store/files.h"
#include "fixture.h"

#define APP	 "/api/v1/applications/1400000001"
#define SETTINGS APP "/recording"

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_login(&f);
	fixture_application(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void test_settings(void **state)
{
	static const struct {
		const char *body, *field;
	} bad[] = {
		{"{'mode':'always'}", "mode"},
		{"{'formats':[]}", "formats"},
		{"{'formats':'mp4'}", "formats"},
		{"{'formats':['mp4','mp4']}", "formats"},
		{"{'formats':['mkv']}", "formats"},
		{"{'formats':[7]}", "formats"},
		{"{'split_minutes':0}", "split_minutes"},
		{"{'split_minutes':121}", "split_minutes"},
		{"{'retention_days':1501}", "retention_days"},
		{"{'retention_days':-1}", "retention_days"},
		{"{'resume_timeout_s':1801}", "resume_timeout_s"},
		{"{'area':1500000009}", "area"},
		{"{'area':'x'}", "area"},
		{"{'callback_url':'ftp://a/'}", "callback_url"},
		{"{'callback_url':'http://'}", "callback_url"},
		{"{'callback_url':'http:///x'}", "callback_url"},
		{"{'callback_url':'http://user:pw@host/'}", "callback_url"},
		{"{'callback_url':'http://a b/'}", "callback_url"},
		{"{'callback_key':'a-b'}", "callback_key"},
		{"{'callback_key':'123456789012345678901234567890123'}", "callback_key"},
		{"{'other':1}", "other"},
	};
	json_t *guard;

	(void)state;
	fixture_call(&f, "GET", SETTINGS, NULL, 200);
	assert_json(f.json, "{'mode':'rest','formats':['mp4'],'split_minutes':120,"
			    "'retention_days':0,'resume_timeout_s':0,'area':null,"
			    "'callback_url':'','callback_key':''}");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		fixture_refused(&f, "PATCH", SETTINGS, bad[i].body, 400, "invalid_parameter",
				bad[i].field);
	fixture_call(&f, "POST", APP "/areas", "{'name':'lessons'}", 201);
	assert_int_equal(tess_guard_desired(&guard, &f.control), 0);
	assert_json(json_object_get(guard, "areas"), "{'1500000001':1400000001}");
	json_decref(guard);
	fixture_call(&f, "PATCH", SETTINGS,
		     "{'mode':'automatic','formats':['aac','mp4','hls'],'split_minutes':1,"
		     "'retention_days':1500,'resume_timeout_s':1800,'area':1500000001,"
		     "'callback_url':'https://[::1]:8443/a?b=c','callback_key':'Key1'}",
		     200);
	/* what is not given stays; formats are in order */
	fixture_call(&f, "PATCH", SETTINGS, "{'split_minutes':2}", 200);
	fixture_restart(&f);
	fixture_call(&f, "GET", SETTINGS, NULL, 200);
	assert_json(f.json, "{'mode':'automatic','formats':['hls','mp4','aac'],'split_minutes':2,"
			    "'retention_days':1500,'resume_timeout_s':1800,'area':1500000001,"
			    "'callback_url':'https://[::1]:8443/a?b=c','callback_key':'Key1'}");
	fixture_call(&f, "PATCH", SETTINGS, "{'area':null,'callback_url':''}", 200);
	assert_true(json_is_null(json_object_get(f.json, "area")));
	fixture_refused(&f, "GET", "/api/v1/applications/5/recording", NULL, 404, "not_found", "");
}

/* Who may only read does not see the key that signs, nor what may be one in the address. */
static void test_reader(void **state)
{
	char bearer[128];

	(void)state;
	fixture_call(&f, "PATCH", SETTINGS,
		     "{'callback_key':'secret','callback_url':'http://a.example/b?token=c'}", 200);
	fixture_call(&f, "POST", "/api/v1/tokens", "{'name':'r','scope':'read'}", 201);
	(void)snprintf(bearer, sizeof(bearer), "Bearer %s", fixture_text(&f, "token"));
	fixture_header(&f, "Cookie", NULL);
	fixture_header(&f, "Authorization", bearer);
	fixture_call(&f, "GET", SETTINGS, NULL, 200);
	assert_null(json_object_get(f.json, "callback_key"));
	assert_string_equal(fixture_text(&f, "callback_url"), "http://a.example/b");
	fixture_call(&f, "PATCH", SETTINGS, "{'split_minutes':2}", 403);
}

static void test_areas(void **state)
{
	struct tess_area area = {.application = 1400000001, .name = "x", .status = "On"};

	(void)state;
	fixture_refused(&f, "POST", APP "/areas", "{}", 400, "missing_parameter", "name");
	fixture_refused(&f, "POST", APP "/areas", "{'name':'x','quota_bytes':-1}", 400,
			"invalid_parameter", "quota_bytes");
	fixture_call(&f, "POST", APP "/areas",
		     "{'name':'lessons','description':'d','quota_bytes':5}", 201);
	assert_int_equal(fixture_int(&f, "id"), 1500000001);
	/* an area's number and an application's are never the same: both are folders */
	fixture_refused(&f, "POST", "/api/v1/applications", "{'id':1500000001,'name':'x'}", 409,
			"exists", "id");
	fixture_call(&f, "POST", "/api/v1/applications", "{'id':1500000002,'name':'x'}", 201);
	fixture_call(&f, "POST", APP "/areas", "{'name':'other'}", 201);
	assert_int_equal(fixture_int(&f, "id"), 1500000003);
	fixture_call(&f, "GET", APP "/areas", NULL, 200);
	assert_json(f.json,
		    "{'areas':[{'id':1500000001,'name':'lessons','description':'d','status':'On',"
		    "'quota_bytes':5,'used_bytes':0,'created':'2023-11-14T22:13:20.000Z'},"
		    "{'id':1500000003,'name':'other','description':'','status':'On',"
		    "'quota_bytes':0,'used_bytes':0,'created':'2023-11-14T22:13:20.000Z'}]}");
	fixture_call(&f, "PATCH", APP "/areas/1500000001", "{'status':'Off'}", 200);
	fixture_refused(&f, "PATCH", SETTINGS, "{'area':1500000001}", 400, "invalid_parameter",
			"area");
	fixture_refused(&f, "PATCH", "/api/v1/applications/1500000002/areas/1500000001",
			"{'status':'On'}", 404, "not_found", "");
	fixture_call(&f, "PATCH", APP "/areas/1500000001", "{'status':'Destroyed'}", 200);
	fixture_refused(&f, "PATCH", APP "/areas/1500000001", "{'status':'On'}", 404, "not_found",
			"");
	/* there is one; 500 are the most */
	assert_int_equal(tess_store_begin(f.control.store), 0);
	for (int i = 1; i < TESS_AREAS_MAX; i++)
		assert_int_equal(tess_store_area_add(f.control.store, &area), 0);
	assert_int_equal(tess_store_finish(f.control.store, 0), 0);
	assert_int_equal(tess_store_area_add(f.control.store, &area), -EDQUOT);
	fixture_refused(&f, "POST", APP "/areas", "{'name':'one more'}", 409, "limit", "");
}

static int64_t dead_callback(void)
{
	struct tess_callback row = {.application = 1400000001,
				    .recording = 1,
				    .event_type = 100,
				    .url = "http://192.0.2.1/a?secret=1",
				    .key = "old",
				    .body = "{\"event_type\":100}",
				    .created_us = FIXTURE_UTC_US};

	assert_int_equal(tess_store_callback_add(f.control.store, &row), 0);
	row.dead = true;
	row.attempts = 13;
	(void)stpcpy(row.error, "the receiver answered 500");
	assert_int_equal(tess_store_callback_failed(f.control.store, &row), 0);
	return row.id;
}

static void test_callbacks(void **state)
{
	struct tess_callback row;

	(void)state;
	dead_callback();
	fixture_call(&f, "GET", "/api/v1/callbacks?state=dead&application=1400000001", NULL, 200);
	assert_json(f.json,
		    "{'waiting':0,'dead':1,'callbacks':[{'id':1,'application':1400000001,"
		    "'recording':1,'event_type':100,'url':'http://192.0.2.1/a','state':'dead',"
		    "'attempts':13,'created':'2023-11-14T22:13:20.000Z','next':null,"
		    "'error':'the receiver answered 500','body':{'event_type':100}}]}");
	fixture_call(&f, "GET", "/api/v1/callbacks?application=5", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(f.json, "callbacks")), 0);
	fixture_refused(&f, "POST", "/api/v1/callbacks/1/resend", NULL, 409, "no_address", "");
	/* to the address and with the key of now */
	fixture_call(&f, "PATCH", SETTINGS,
		     "{'callback_url':'http://192.0.2.2/','callback_key':'new'}", 200);
	fixture_call(&f, "POST", "/api/v1/callbacks/1/resend", NULL, 204);
	assert_int_equal(tess_store_callback_get(f.control.store, &row, 1), 0);
	assert_false(row.dead);
	assert_string_equal(row.url, "http://192.0.2.2/");
	assert_string_equal(row.key, "new");
	assert_int_equal(row.attempts, 0);
	fixture_refused(&f, "POST", "/api/v1/callbacks/1/resend", NULL, 409, "waiting", "");
	fixture_call(&f, "DELETE", "/api/v1/callbacks/1", NULL, 204);
	fixture_refused(&f, "DELETE", "/api/v1/callbacks/1", NULL, 404, "not_found", "");
	fixture_refused(&f, "GET", "/api/v1/callbacks?state=asleep", NULL, 400, "invalid_parameter",
			"state");
}

static void test_files(void **state)
{
	struct tess_recording recording = {.room = {1400000001, TESS_ROOM_ID_NUMBER, "101"},
					   .stream = "mix-1",
					   .record_id = "r"};
	struct tess_file file = {.application = 1400000001,
				 .format = "flv",
				 .part = 1,
				 .path = "1400000001/r 1.flv",
				 .name = "r 1",
				 .created_us = FIXTURE_UTC_US};
	char path[128], text[256];

	(void)state;
	(void)stpcpy(f.control.token_key,
		     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
	assert_int_equal(tess_store_recording_add(f.control.store, &recording), 0);
	assert_int_equal(tess_store_recording_state(f.control.store, 1, "finished", ""), 0);
	file.recording = 1;
	assert_int_equal(tess_store_file_add(f.control.store, &file), 0);
	(void)snprintf(path, sizeof(path), "/api/v1/recordings/1/files/%lld", (long long)file.id);
	fixture_call(&f, "GET", path, NULL, 302);
	/* as for the whole recording: HMAC-SHA256(key, "1:1700043200") by openssl */
	assert_string_equal(tess_response_get(&f.response, "Location"),
			    "http://box.lan:8088/record/1/1700043200/"
			    "1d8b521658d544b10e4cd222c8873b39e601adb8a00f541ecee3d583821fa4cb"
			    "/r%201.flv");
	fixture_refused(&f, "PATCH", path, "{}", 400, "missing_parameter", "hold");
	fixture_call(&f, "PATCH", path, "{'hold':true}", 200);
	(void)snprintf(text, sizeof(text),
		       "{'id':'%lld','format':'flv','name':'r 1','size_bytes':0,'duration_ms':0,"
		       "'hold':true,'local':true,'upload':null,'cover':null,'expires':null}",
		       (long long)file.id);
	assert_json(f.json, text);
	fixture_refused(&f, "DELETE", path, NULL, 409, "held", "");
	fixture_refused(&f, "DELETE", "/api/v1/recordings/1", NULL, 409, "held", "");
	fixture_call(&f, "PATCH", path, "{'hold':false}", 200);
	f.changes = 0;
	fixture_call(&f, "DELETE", path, NULL, 204);
	assert_int_equal(f.changes, 1);
	fixture_refused(&f, "GET", path, NULL, 404, "not_found", "");
}

static void test_own_address(void **state)
{
	char url[320];

	(void)state;
	(void)stpcpy(f.config.egress.public_url, "https://tv.example/");
	tess_address_control(url, &f.control);
	assert_string_equal(url, "http://tv.example:8080");
	(void)stpcpy(f.config.control.public_url, "https://box.example/a//");
	tess_address_control(url, &f.control);
	assert_string_equal(url, "https://box.example/a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_settings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_areas, setup, teardown),
		cmocka_unit_test_setup_teardown(test_callbacks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_address, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
