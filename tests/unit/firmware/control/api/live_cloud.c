/* SPDX-License-Identifier: GPL-3.0-or-later
 * The LIVE actions of the cloud API: their parameters, keys of domains, states of streams, and what
 * dropping one does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/api/live_cloud.h"
#include "fixture.h"

#define APP	"/api/v1/applications/1400000001"
#define DOMAINS APP "/domains"
#define OTHER	"/api/v1/applications/5/domains"
#define MIX	APP "/rooms/101/mix"
#define STREAM	"'AppName':'live','DomainName':'push.example','StreamName':"

static struct fixture f;
static json_t *answer;
static char code[64], parameter[128];

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_login(&f);
	fixture_application(&f);
	fixture_call(&f, "POST", APP "/keys", "{}", 201); /* id 1 */
	fixture_call(&f, "POST", "/api/v1/applications", "{'name':'other','id':5}", 201);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	json_decref(answer);
	answer = NULL;
	fixture_close(&f);
	return 0;
}

/** As an answer of the API has it. */
static const char *call(enum tess_live_action action, const char *params_text)
{
	json_t *params = json_of(params_text);
	struct tess_live_request request;
	struct tess_cloud_error error;
	int rc;

	json_decref(answer);
	answer = json_object();
	rc = tess_live_request_parse(&request, action, params, &error);
	if (!rc)
		rc = tess_live_cloud_run(&f.control, 1, &request, answer, &error);
	assert_true(rc == 0 || rc == -EINVAL);
	(void)snprintf(code, sizeof(code), "%s", rc ? tess_cloud_code_text(error.code) : "");
	(void)snprintf(parameter, sizeof(parameter), "%s", rc ? error.parameter : "");
	json_decref(params);
	return code;
}

static void add_domain(const char *path, const char *kind, const char *name, const char *more)
{
	char body[256];

	(void)snprintf(body, sizeof(body), "{'kind':'%s','name':'%s'%s}", kind, name, more);
	fixture_call(&f, "POST", path, body, 201);
}

static void test_keys(void **state)
{
	unsigned changes;

	(void)state;
	add_domain(DOMAINS, "play", "play.example", ",'key':'k1','delta_s':30");
	add_domain(DOMAINS, "push", "push.example", ",'key':'m1','back_key':'b1'");
	assert_string_equal(call(TESS_LIVE_PLAY_KEY, "{'DomainName':'play.example'}"), "");
	assert_json(answer, "{'PlayAuthKeyInfo':{'DomainName':'play.example','Enable':0,"
			    "'AuthKey':'k1','AuthDelta':30,'AuthBackKey':''}}");
	changes = f.changes;
	assert_string_equal(call(TESS_LIVE_SET_PLAY_KEY,
				 "{'DomainName':'Play.Example','Enable':1,'AuthBackKey':'k2'}"),
			    "");
	assert_json(answer, "{}");
	assert_true(f.changes > changes);
	/* what is not given stays */
	assert_string_equal(call(TESS_LIVE_PLAY_KEY, "{'DomainName':'play.example'}"), "");
	assert_json(answer, "{'PlayAuthKeyInfo':{'DomainName':'play.example','Enable':1,"
			    "'AuthKey':'k1','AuthDelta':30,'AuthBackKey':'k2'}}");
	assert_string_equal(call(TESS_LIVE_SET_PUSH_KEY,
				 "{'DomainName':'push.example','Enable':'1','MasterAuthKey':'m2',"
				 "'AuthDelta':7}"),
			    "");
	assert_string_equal(call(TESS_LIVE_PUSH_KEY, "{'DomainName':'push.example'}"), "");
	assert_json(answer, "{'PushAuthKeyInfo':{'DomainName':'push.example','Enable':1,"
			    "'MasterAuthKey':'m2','AuthDelta':7,'BackupAuthKey':'b1'}}");
}

static void test_key_refusals(void **state)
{
	static const char *const wrong[] = {
		"{'DomainName':'play.example','Enable':2}",
		"{'DomainName':'play.example','AuthDelta':-1}",
		"{'DomainName':'play.example','AuthKey':'a b'}",
		"{'DomainName':'play.example','Enable':1,'AuthKey':''}",
		"{'DomainName':''}",
	};

	(void)state;
	add_domain(DOMAINS, "play", "play.example", ",'key':'k1'");
	add_domain(OTHER, "play", "other.example", ",'key':'k1'");
	assert_string_equal(call(TESS_LIVE_PLAY_KEY, "{}"), "MissingParameter");
	assert_string_equal(parameter, "DomainName");
	assert_string_equal(call(TESS_LIVE_SET_PUSH_KEY, "{'Enable':1}"), "MissingParameter");
	assert_string_equal(call(TESS_LIVE_PLAY_KEY, "{'DomainName':7}"), "InvalidParameter");
	assert_string_equal(
		call(TESS_LIVE_SET_PLAY_KEY, "{'DomainName':'play.example','AuthKey':7}"),
		"InvalidParameter");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_string_equal(call(TESS_LIVE_SET_PLAY_KEY, wrong[i]),
				    "InvalidParameterValue");
	assert_string_equal(call(TESS_LIVE_PLAY_KEY, "{'DomainName':'none.example'}"),
			    "ResourceNotFound.PlayDomainNoRecord");
	assert_string_equal(call(TESS_LIVE_PUSH_KEY, "{'DomainName':'play.example'}"),
			    "ResourceNotFound.PushDomainNoRecord");
	/* nobody reads or sets the keys of another */
	assert_string_equal(call(TESS_LIVE_PLAY_KEY, "{'DomainName':'other.example'}"),
			    "ResourceNotFound.PlayDomainNoRecord");
	assert_string_equal(
		call(TESS_LIVE_SET_PLAY_KEY, "{'DomainName':'other.example','Enable':1}"),
		"ResourceNotFound.PlayDomainNoRecord");
	fixture_call(&f, "GET", DOMAINS "/play/play.example", NULL, 200);
	assert_string_equal(fixture_text(&f, "key"), "k1");
}

static void take_facts(const char *text)
{
	json_t *message = json_of(text);

	tess_facts_up(f.control.facts, TESS_PROCESS_MEDIA, FIXTURE_UTC_US);
	assert_int_equal(tess_facts_take(f.control.facts, TESS_PROCESS_MEDIA, message, 0), 0);
	json_decref(message);
}

static const char *state_of(const char *params)
{
	assert_string_equal(call(TESS_LIVE_STATE, params), "");
	return json_string_value(json_object_get(answer, "StreamState"));
}

/* A mix and what a user sends are streams alike. */
static void two_streams(void)
{
	fixture_user(&f, "alice");
	fixture_call(&f, "POST", APP "/rooms/101/users", "{'user':'bob','stream_id':'bobs'}", 201);
	fixture_call(&f, "POST", MIX, "{'stream_id':'show'}", 200);
}

static void test_streams(void **state)
{
	(void)state;
	two_streams();
	assert_string_equal(state_of("{" STREAM "'show'}"), "inactive");
	take_facts("{'mixes':[{'id':1,'state':'running'}],"
		   "'publishers':[{'id':2,'state':'receiving'}]}");
	assert_string_equal(state_of("{" STREAM "'show'}"), "active");
	assert_string_equal(state_of("{" STREAM "'bobs'}"), "active");
	assert_string_equal(state_of("{" STREAM "'none'}"), "inactive");
	assert_string_equal(state_of("{'AppName':'vod','DomainName':'x','StreamName':'show'}"),
			    "inactive");
	assert_string_equal(call(TESS_LIVE_ONLINE, "{'DomainName':'x.example'}"), "");
	assert_json(answer, "{'TotalNum':2,'TotalPage':1,'PageNum':1,'PageSize':10,'OnlineInfo':["
			    "{'StreamName':'bobs','PublishTimeList':[{'PublishTime':"
			    "'2023-11-14T22:13:20Z'}],'AppName':'live','DomainName':'x.example',"
			    "'PushToDelay':0},"
			    "{'StreamName':'show','PublishTimeList':[{'PublishTime':"
			    "'2023-11-14T22:13:20Z'}],'AppName':'live','DomainName':'x.example',"
			    "'PushToDelay':0}]}");
	/* where there are push domains, it is one of them */
	add_domain(DOMAINS, "push", "push.example", "");
	assert_string_equal(state_of("{" STREAM "'show'}"), "active");
	assert_string_equal(state_of("{'AppName':'live','DomainName':'x','StreamName':'show'}"),
			    "inactive");
	assert_string_equal(call(TESS_LIVE_ONLINE, "{'StreamName':'show'}"), "");
	assert_int_equal(json_integer_value(json_object_get(answer, "TotalNum")), 1);
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(json_object_get(answer, "OnlineInfo"), 0), "DomainName")),
		"push.example");
	assert_string_equal(call(TESS_LIVE_ONLINE, "{'PageNum':2}"), "");
	assert_json(answer, "{'TotalNum':2,'TotalPage':1,'PageNum':2,'PageSize':10,"
			    "'OnlineInfo':[]}");
	assert_string_equal(call(TESS_LIVE_ONLINE, "{'DomainName':'x.example'}"), "");
	assert_int_equal(json_integer_value(json_object_get(answer, "TotalNum")), 0);
	assert_string_equal(call(TESS_LIVE_ONLINE, "{'PageSize':9}"), "InvalidParameterValue");
	assert_string_equal(call(TESS_LIVE_ONLINE, "{'PageNum':0}"), "InvalidParameterValue");
	assert_string_equal(call(TESS_LIVE_STATE, "{'AppName':'live','DomainName':'x'}"),
			    "MissingParameter");
	assert_string_equal(parameter, "StreamName");
}

static void test_drop(void **state)
{
	(void)state;
	two_streams();
	assert_string_equal(call(TESS_LIVE_DROP, "{" STREAM "'show'}"), "");
	fixture_call(&f, "GET", MIX, NULL, 404);
	/* the user stays, without a live stream */
	assert_string_equal(call(TESS_LIVE_DROP, "{" STREAM "'bobs'}"), "");
	fixture_call(&f, "GET", "/api/v1/streams", NULL, 200);
	assert_json(f.json, "{'streams':[]}");
	fixture_call(&f, "GET", APP "/rooms/101", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(f.json, "users")), 2);
	/* once more, and one that never was */
	assert_string_equal(call(TESS_LIVE_DROP, "{" STREAM "'bobs'}"), "");
	assert_string_equal(call(TESS_LIVE_DROP, "{" STREAM "'none'}"), "");
	assert_string_equal(call(TESS_LIVE_DROP, "{'DomainName':'x','StreamName':'none'}"),
			    "MissingParameter");
	/* they come again */
	fixture_call(&f, "POST", MIX, "{'stream_id':'show'}", 200);
	fixture_call(&f, "DELETE", APP "/rooms/101/users/bob", NULL, 204);
	fixture_call(&f, "POST", APP "/rooms/101/users", "{'user':'bob','stream_id':'bobs'}", 201);
	fixture_call(&f, "GET", "/api/v1/streams", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(f.json, "streams")), 2);
}

/* A user's mix that is in the place of what the user sends is the stream of that name, once. */
static void test_in_place(void **state)
{
	struct tess_mix mix = {.room = {1400000001, TESS_ROOM_ID_NUMBER, "101"},
			       .stream_id = "bobs",
			       .params = "{}",
			       .starter = "bob"};

	(void)state;
	two_streams();
	fixture_call(&f, "DELETE", MIX, NULL, 204);
	assert_int_equal(tess_store_mix_add(f.control.store, &mix), 0);
	take_facts("{'mixes':[{'id':2,'state':'running'}],"
		   "'publishers':[{'id':2,'state':'receiving'}]}");
	assert_string_equal(call(TESS_LIVE_ONLINE, "{}"), "");
	assert_int_equal(json_integer_value(json_object_get(answer, "TotalNum")), 1);
	assert_string_equal(call(TESS_LIVE_DROP, "{" STREAM "'bobs'}"), "");
	fixture_call(&f, "GET", MIX, NULL, 404);
	/* then the user's own is there again */
	assert_string_equal(state_of("{" STREAM "'bobs'}"), "active");
}

/* A publisher by RTMP is disconnected: it leaves. */
static void test_drop_publisher(void **state)
{
	struct tess_publisher row = {.room = {1400000001, TESS_ROOM_ID_NUMBER, "101"},
				     .user = "carol",
				     .stream_type = "main",
				     .stream_id = "carols",
				     .stream_name = "carols",
				     .live = true,
				     .rtmp = TESS_RTMP_SENDS_VIDEO};

	(void)state;
	fixture_user(&f, "alice");
	assert_int_equal(tess_store_publisher_add(f.control.store, &row), 0);
	assert_string_equal(call(TESS_LIVE_DROP, "{" STREAM "'carols'}"), "");
	fixture_call(&f, "GET", APP "/rooms/101", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(f.json, "users")), 1);
}

/* Whose stream it is, decides. */
static void test_others(void **state)
{
	(void)state;
	fixture_call(&f, "POST", "/api/v1/applications/5/rooms/101/users",
		     "{'user':'eve','stream_id':'eves'}", 201);
	take_facts("{'publishers':[{'id':1,'state':'receiving'}]}");
	assert_string_equal(state_of("{" STREAM "'eves'}"), "inactive");
	assert_string_equal(call(TESS_LIVE_DROP, "{" STREAM "'eves'}"), "");
	fixture_call(&f, "GET", "/api/v1/streams", NULL, 200);
	assert_int_equal(json_array_size(json_object_get(f.json, "streams")), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_key_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_streams, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drop_publisher, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
