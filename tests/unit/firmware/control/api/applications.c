/* SPDX-License-Identifier: GPL-3.0-or-later
 * Applications, UserSigs, key pairs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/cloud/usersig.h"
#include "firmware/control/store/uploads.h"
#include "fixture.h"

#define APPS "/api/v1/applications"
#define ONE  APPS "/1400000001"

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

static void test_applications(void **state)
{
	char body[512];

	(void)state;
	fixture_call(&f, "GET", APPS, NULL, 200);
	assert_json(f.json, "{'applications':[]}");
	fixture_call(&f, "POST", APPS, "{'name':'demo','description':'\xc3\xa4'}", 201);
	assert_int_equal(fixture_int(&f, "id"), 1400000001);
	assert_int_equal(strlen(fixture_text(&f, "usersig_key")), 64);
	fixture_call(&f, "POST", APPS,
		     "{'id':7,'name':'x','usersig_key':"
		     "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}",
		     201);
	fixture_refused(&f, "POST", APPS, "{'id':7,'name':'y'}", 409, "exists", "id");
	fixture_refused(&f, "POST", APPS, "{}", 400, "missing_parameter", "name");
	fixture_refused(&f, "POST", APPS, "{'name':''}", 400, "invalid_parameter", "name");
	fixture_refused(&f, "POST", APPS, "{'name':null}", 400, "missing_parameter", "name");
	fixture_refused(&f, "POST", APPS, "{'name':7}", 400, "invalid_parameter", "name");
	fixture_refused(&f, "POST", APPS, "{'name':'a\\nb'}", 400, "invalid_parameter", "name");
	fixture_refused(&f, "POST", APPS, "{'name':'a','id':0}", 400, "invalid_parameter", "id");
	fixture_refused(&f, "POST", APPS, "{'name':'a','id':4294967296}", 400, "invalid_parameter",
			"id");
	fixture_refused(&f, "POST", APPS, "{'name':'a','id':'7'}", 400, "invalid_parameter", "id");
	fixture_refused(&f, "POST", APPS, "{'name':'a','id':1.5}", 400, "invalid_parameter", "id");
	fixture_refused(&f, "POST", APPS, "{'name':'a','usersig_key':'0G'}", 400,
			"invalid_parameter", "usersig_key");
	(void)snprintf(body, sizeof(body), "{'name':'a','usersig_key':'%064d'}", 0);
	body[30] = 'G';
	fixture_refused(&f, "POST", APPS, body, 400, "invalid_parameter", "usersig_key");
	(void)snprintf(body, sizeof(body), "{'name':'%065d'}", 0);
	fixture_refused(&f, "POST", APPS, body, 400, "invalid_parameter", "name");

	fixture_call(&f, "PATCH", ONE, "{'description':'changed','frozen':'dim'}", 200);
	assert_string_equal(fixture_text(&f, "frozen"), "dim");
	assert_string_equal(fixture_text(&f, "name"), "demo");
	fixture_refused(&f, "PATCH", ONE, "{'frozen':'black'}", 400, "invalid_parameter", "frozen");
	fixture_refused(&f, "PATCH", ONE, "{'frozen':1}", 400, "invalid_parameter", "frozen");
	fixture_call(&f, "GET", APPS, NULL, 200);
	assert_json(f.json, "{'applications':[{'id':7,'name':'x','description':'',"
			    "'frozen':'box','live_all':false,'name_rule':'plain','biz_id':0,'"
			    "created':'2023-11-14T22:13:20.000Z'},"
			    "{'id':1400000001,'name':'demo','description':'changed',"
			    "'frozen':'dim','live_all':false,'name_rule':'plain','biz_id':0,'"
			    "created':'2023-11-14T22:13:20.000Z'}]}");
	fixture_call(&f, "GET", APPS "/7", NULL, 200);
	assert_json(f.json, "{'id':7,'name':'x','description':'','frozen':'box','live_all':false,'"
			    "name_rule':'plain','biz_id':0,'created':'2023-11-"
			    "14T22:13:20.000Z',"
			    "'usersig_key':"
			    "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}");
	fixture_refused(&f, "PATCH", ONE, "{'id':8}", 400, "invalid_parameter", "id");
	fixture_refused(&f, "GET", APPS "/8", NULL, 404, "not_found", "");
	fixture_refused(&f, "GET", APPS "/4294967303", NULL, 404, "not_found", ""); /* 7 + 2^32 */
	fixture_refused(&f, "GET", APPS "/7x", NULL, 404, "not_found", "");
	fixture_call(&f, "DELETE", APPS "/7", NULL, 204);
	fixture_refused(&f, "DELETE", APPS "/7", NULL, 404, "not_found", "");
}

static void test_remove(void **state)
{
	struct tess_file file = {.recording = 1,
				 .application = 1400000001,
				 .format = "mp4",
				 .path = "1400000001/r.mp4",
				 .name = "r",
				 .created_us = FIXTURE_UTC_US};
	struct tess_upload upload = {.application = 1400000001,
				     .recording = 1,
				     .path = "1400000001/r.mp4",
				     .format = "mp4",
				     .size_bytes = 1,
				     .place = {.endpoint = "http://192.0.2.1", .bucket = "b"}};

	(void)state;
	fixture_application(&f);
	fixture_user(&f, "alice");
	fixture_call(&f, "POST", ONE "/rooms/101/mix", "{'stream_id':'s','record_id':'r'}", 200);
	fixture_refused(&f, "DELETE", ONE, NULL, 409, "in_use", "");
	/* a file was deleted, but the storage is away */
	assert_int_equal(tess_store_file_add(f.control.store, &file), 0);
	upload.file = file.id;
	assert_int_equal(tess_store_upload_add(f.control.store, &upload), 0);
	(void)stpcpy(upload.state, "removing");
	assert_int_equal(tess_store_upload_set(f.control.store, &upload), 0);
	fixture_refused(&f, "DELETE", ONE, NULL, 409, "in_use", "");
	assert_int_equal(tess_store_recording_remove(f.control.store, 1), 0);
	fixture_refused(&f, "DELETE", ONE, NULL, 409, "objects_left", "");
	fixture_refused(&f, "DELETE", ONE "?leave_objects=1", NULL, 400, "invalid_parameter",
			"leave_objects");
	fixture_call(&f, "GET", ONE, NULL, 200);
	f.changes = 0;
	fixture_call(&f, "DELETE", ONE "?leave_objects=true", NULL, 204);
	assert_int_equal(tess_store_upload_get(f.control.store, &upload, file.id), -ENOENT);
	assert_int_equal(f.changes, 1);
	fixture_call(&f, "GET", "/api/v1/rooms", NULL, 200);
	assert_json(f.json, "{'rooms':[]}");
}

static void test_usersig(void **state)
{
	struct tess_application row;

	(void)state;
	fixture_application(&f);
	assert_int_equal(tess_store_application_get(f.control.store, &row, 1400000001), 0);
	fixture_call(&f, "POST", ONE "/usersig", "{'user':'alice','expire':60}", 200);
	assert_int_equal(fixture_int(&f, "expire"), 60);
	assert_int_equal(tess_usersig_verify(fixture_text(&f, "usersig"), row.usersig_key,
					     1400000001, "alice", 1700000059),
			 0);
	fixture_refused(&f, "POST", ONE "/usersig", "{'user':'a b'}", 400, "invalid_parameter",
			"user");
	fixture_refused(&f, "POST", ONE "/usersig", "{'user':'a','expire':0}", 400,
			"invalid_parameter", "expire");
	fixture_refused(&f, "POST", ONE "/usersig", "{}", 400, "missing_parameter", "user");
}

static void test_keys(void **state)
{
	char id[64], path[160], expected[256];

	(void)state;
	fixture_application(&f);
	fixture_call(&f, "POST", APPS, "{'id':7,'name':'x'}", 201);
	fixture_call(&f, "POST", ONE "/keys", NULL, 201);
	(void)snprintf(id, sizeof(id), "%s", fixture_text(&f, "secret_id"));
	assert_int_equal(strlen(id), 36);
	assert_int_equal(strlen(fixture_text(&f, "secret_key")), 32);
	fixture_call(&f, "GET", ONE "/keys", NULL, 200);
	(void)snprintf(expected, sizeof(expected),
		       "{'keys':[{'secret_id':'%s','application':1400000001,'enabled':true,"
		       "'created':'2023-11-14T22:13:20.000Z'}]}",
		       id);
	assert_json(f.json, expected);
	(void)snprintf(path, sizeof(path), ONE "/keys/%s", id);
	fixture_call(&f, "PATCH", path, "{'enabled':false}", 200);
	assert_json(json_object_get(f.json, "enabled"), "false");
	fixture_refused(&f, "PATCH", path, "{}", 400, "missing_parameter", "enabled");
	fixture_refused(&f, "PATCH", path, "{'enabled':1}", 400, "invalid_parameter", "enabled");
	(void)snprintf(path, sizeof(path), APPS "/7/keys/%s", id);
	fixture_refused(&f, "DELETE", path, NULL, 404, "not_found", "");
	(void)snprintf(path, sizeof(path), ONE "/keys/%s", id);
	fixture_call(&f, "DELETE", path, NULL, 204);
	fixture_refused(&f, "DELETE", path, NULL, 404, "not_found", "");
	fixture_refused(&f, "GET", APPS "/9/keys", NULL, 404, "not_found", "");
}

/* Who may only read does not see keys with which users and mixes can be made. */
static void test_reader(void **state)
{
	char bearer[128];

	(void)state;
	fixture_application(&f);
	fixture_call(&f, "POST", "/api/v1/tokens", "{'name':'r'}", 201);
	(void)snprintf(bearer, sizeof(bearer), "Bearer %s", fixture_text(&f, "token"));
	fixture_header(&f, "Authorization", bearer);
	fixture_call(&f, "GET", ONE, NULL, 200);
	assert_null(json_object_get(f.json, "usersig_key"));
	fixture_refused(&f, "POST", ONE "/usersig", "{'user':'a'}", 403, "forbidden", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_applications, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_usersig, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
