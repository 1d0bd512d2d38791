/* SPDX-License-Identifier: GPL-3.0-or-later
 * Recordings of single users: the modes, names, leaving and coming back, an administrator's calls,
 * what is told of them. Over restarts of control at each step.
 */
#include "firmware/control/jobs/user_records.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/api/vod.h"
#include "firmware/control/jobs/desired.h"
#include "firmware/control/jobs/import.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/control/store/callbacks.h"
#include "firmware/control/store/files.h"
#include "firmware/control/store/usage.h"
#include "fixture.h"

#define APP	  1400000001
#define USERS	  "/api/v1/applications/1400000001/rooms/101/users"
#define SECOND_US 1000000LL

static struct fixture f;
static struct tess_import import;

static void set_mode(const char *mode, uint32_t resume_s)
{
	struct tess_record_settings settings;

	assert_int_equal(tess_store_record_settings_get(f.control.store, &settings, APP), 0);
	(void)snprintf(settings.mode, sizeof(settings.mode), "%s", mode);
	settings.resume_timeout_s = resume_s;
	(void)snprintf(settings.callback_url, sizeof(settings.callback_url), "http://h/");
	assert_int_equal(tess_store_record_settings_set(f.control.store, APP, &settings), 0);
}

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_login(&f);
	fixture_application(&f);
	assert_int_equal(tess_import_init(&import), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tess_import_fini(&import);
	fixture_close(&f);
	return 0;
}

static void enter(const char *room, const char *more)
{
	char path[200], body[200];

	(void)snprintf(path, sizeof(path), "/api/v1/applications/1400000001/rooms/%s/users", room);
	(void)snprintf(body, sizeof(body), "{'user':'alice'%s}", more);
	fixture_call(&f, "POST", path, body, 201);
}

static void leave(const char *query)
{
	char path[200];

	(void)snprintf(path, sizeof(path), USERS "/alice%s", query);
	fixture_call(&f, "DELETE", path, NULL, 204);
}

/* What egress is to record: "ID STREAM PREFIX;". */
static void desired(const char *expected)
{
	char text[1024] = "";
	json_t *message, *record;
	size_t i;

	assert_int_equal(tess_desired_egress(&message, &f.control, 1, import.acknowledged), 0);
	json_array_foreach(json_object_get(message, "records"), i, record)
	{
		(void)sprintf(text + strlen(text), "%lld %s %s;",
			      json_integer_value(json_object_get(record, "id")),
			      json_string_value(json_object_get(record, "stream")),
			      json_string_value(json_object_get(record, "prefix")));
	}
	json_decref(message);
	assert_string_equal(text, expected);
}

static void told(const char *text, int result)
{
	json_t *message = json_of(text);

	assert_int_equal(
		tess_facts_take(f.control.facts, TESS_PROCESS_EGRESS, message, f.time.now_us), 0);
	assert_int_equal(tess_import_records(&import, &f.control, message), result);
	json_decref(message);
}

static void test_automatic(void **state)
{
	(void)state;
	set_mode("automatic", 0);
	enter("101", "");
	enter("101", ",'stream_type':'aux','record_id':'class_7'");
	enter("102", ",'stream_id':'s.1'");
	enter("a%20b%2Cc", ""); /* what no file name may have in it */
	fixture_restart(&f);
	desired("1 user-1 1400000001_101_alice_main;2 user-2 class_7_aux;3 user-3 s-1;"
		"4 user-4 1400000001_a-b-c_alice_main;");
	leave("?stream_type=main");
	fixture_restart(&f);
	desired("2 user-2 class_7_aux;3 user-3 s-1;4 user-4 1400000001_a-b-c_alice_main;");
	/* 0 s: each time another recording */
	enter("101", "");
	desired("2 user-2 class_7_aux;3 user-3 s-1;4 user-4 1400000001_a-b-c_alice_main;"
		"5 user-5 1400000001_101_alice_main;");
	leave("");
	desired("3 user-3 s-1;4 user-4 1400000001_a-b-c_alice_main;");
	assert_int_equal(
		tess_rooms_dismiss(&f.control,
				   &(struct tess_cloud_room){APP, TESS_ROOM_ID_NUMBER, "102"}),
		0);
	desired("4 user-4 1400000001_a-b-c_alice_main;");
}

static void test_specified(void **state)
{
	(void)state;
	set_mode("specified", 0);
	enter("101", "");
	enter("101", ",'stream_type':'aux','record_id':'class_7'");
	desired("1 user-2 class_7;");
	/* settings hold for what begins later */
	set_mode("rest", 0);
	enter("102", ",'record_id':'class_8'");
	desired("1 user-2 class_7;");
}

static void test_resume(void **state)
{
	(void)state;
	set_mode("automatic", 60);
	enter("101", ",'record_id':'r'");
	set_mode("rest", 0);
	leave("");
	desired("1 user-1 r_main;"); /* it waits */
	fixture_restart(&f);
	fixture_advance(&f, 59 * SECOND_US);
	tess_user_records_keep(&f.control);
	desired("1 user-1 r_main;");
	/* the same user, but not the same recording: nothing, as the mode is another one now */
	enter("101", ",'record_id':'q'");
	enter("101", ",'record_id':'r','stream_type':'aux'");
	desired("1 user-1 r_main;");
	leave("");
	enter("101", ",'record_id':'r'");
	desired("1 user-4 r_main;");
	fixture_advance(&f, 1000 * SECOND_US);
	tess_user_records_keep(&f.control);
	desired("1 user-4 r_main;");
	leave("");
	fixture_advance(&f, 61 * SECOND_US);
	f.changes = 0;
	tess_user_records_keep(&f.control);
	assert_int_equal(f.changes, 1);
	desired("");
	/* too late, even if nobody has looked: another recording */
	set_mode("automatic", 60);
	enter("101", "");
	leave("");
	fixture_advance(&f, 61 * SECOND_US);
	enter("101", "");
	tess_user_records_keep(&f.control);
	desired("3 user-6 1400000001_101_alice_main;");
	/* another stream id is another recording where there is no record id */
	leave("");
	enter("101", ",'stream_id':'other'");
	desired("3 user-6 1400000001_101_alice_main;4 user-7 other;");
}

static void test_administrator(void **state)
{
	(void)state;
	fixture_refused(&f, "POST", USERS "/alice/recording", "{}", 404, "not_found", "");
	enter("101", ",'record_id':'r'");
	enter("101", ",'stream_type':'aux'");
	fixture_refused(&f, "POST", USERS "/alice/recording", "{'record_id':'a/b'}", 400,
			"invalid_parameter", "record_id");
	fixture_refused(&f, "POST", USERS "/alice/recording", "{'stream_type':'x'}", 400,
			"invalid_parameter", "stream_type");
	fixture_refused(&f, "POST", USERS "/alice/recording", "{'x':1}", 400, "invalid_parameter",
			"x");
	fixture_refused(&f, "POST", USERS "/bob/recording", "{}", 404, "not_found", "");
	fixture_refused(&f, "DELETE", USERS "/alice/recording", NULL, 404, "not_found", "");
	fixture_call(&f, "POST", USERS "/alice/recording", "{}", 201);
	assert_string_equal(fixture_text(&f, "cause"), "api");
	assert_string_equal(fixture_text(&f, "user"), "alice");
	assert_string_equal(fixture_text(&f, "stream_type"), "main");
	assert_string_equal(fixture_text(&f, "prefix"), "r_main");
	assert_string_equal(fixture_text(&f, "stream_id"), "1400000001_101_alice_main");
	fixture_refused(&f, "POST", USERS "/alice/recording", "{}", 409, "exists", "user");
	fixture_call(&f, "POST", USERS "/alice/recording",
		     "{'stream_type':'aux','record_id':'mine'}", 201);
	desired("1 user-1 r_main;2 user-2 mine;");
	fixture_call(&f, "GET", "/api/v1/applications/1400000001/rooms/101", NULL, 200);
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(json_object_get(f.json, "users"), 1), "recording")),
			 2);
	fixture_call(&f, "DELETE", USERS "/alice/recording?stream_type=aux", NULL, 204);
	desired("1 user-1 r_main;");
	fixture_call(&f, "GET", "/api/v1/applications/1400000001/rooms/101", NULL, 200);
	assert_true(json_is_null(
		json_object_get(json_array_get(json_object_get(f.json, "users"), 1), "recording")));
	/* also one that the mode began, which does not begin again */
	set_mode("automatic", 0);
	enter("102", "");
	fixture_call(&f, "DELETE",
		     "/api/v1/applications/1400000001/rooms/102/users/alice/recording", NULL, 204);
	fixture_restart(&f);
	desired("1 user-1 r_main;");
	/* its user is back */
	leave("");
	desired("");
}

/* No space: the user is in, a recording that failed says why and is told. */
static void test_refused(void **state)
{
	struct tess_recording row;

	(void)state;
	set_mode("automatic", 0);
	f.config.egress.disk_hard_percent = 100;
	(void)snprintf(f.config.egress.record_dir, sizeof(f.config.egress.record_dir), "/");
	enter("101", "");
	desired("");
	assert_int_equal(tess_store_recording_get(f.control.store, &row, 1), 0);
	assert_string_equal(row.state, "failed");
	assert_non_null(strstr(row.error, "of the disk is free"));
	fixture_call(&f, "POST", USERS "/alice/recording", "{}", 503);
	f.config.egress.disk_hard_percent = 0;
}

static int say_callback(void *arg, const struct tess_callback *row)
{
	char *text = arg;

	(void)sprintf(text + strlen(text), "%s\n", row->body);
	return 0;
}

/* Callbacks, files, VOD, recorded time. */
static int find_file(void *arg, const struct tess_file *row)
{
	*(struct tess_file *)arg = *row;
	return 1;
}

static int add_usage(void *arg, const struct tess_usage *row)
{
	int64_t *sums = arg;

	sums[0] += row->audio_us;
	sums[1] += row->sd_us;
	sums[2] += row->hd_us;
	return 0;
}

static void test_told(void **state)
{
	static const char *const growing =
		"{'records':[{'id':1,'state':'recording','width':%d,'height':%d,'picture':%s,"
		"'start_utc_us':1700000000000000,'end_utc_us':%lld,'duration_us':%lld}]}";
	int64_t sums[3] = {0};
	char text[16384] = "";
	struct tess_file file;
	const char *user;
	json_t *info;

	(void)state;
	set_mode("automatic", 0);
	enter("101", ",'record_id':'r'");
	for (int i = 1; i <= 3; i++) { /* small, large, and the camera off */
		fixture_advance(&f, 5 * SECOND_US);
		(void)snprintf(text, sizeof(text), growing, i == 1 ? 640 : 1280, i == 1 ? 360 : 720,
			       i == 3 ? "false" : "true", FIXTURE_UTC_US + i * 5 * SECOND_US,
			       i * 5 * SECOND_US);
		told(text, 0);
	}
	assert_int_equal(tess_store_usages(f.control.store, APP, 0, INT64_MAX, add_usage, sums), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sums[i], 5 * SECOND_US);
	leave("");
	told("{'records':[{'id':1,'state':'finished','width':1280,'height':720,'picture':false,"
	     "'start_utc_us':1700000000000000,'end_utc_us':1700000015000000,"
	     "'duration_us':15000000,'files':[{'format':'mp4','name':'r_main_a_b.mp4','bytes':10,"
	     "'duration_ms':15000,'part':1,'state':'finished','width':640,'height':360,"
	     "'start_utc_us':1700000000000000,'end_utc_us':1700000015000000}]}]}",
	     1);
	assert_int_equal(tess_store_files_of(f.control.store, 1, find_file, &file), 1);
	assert_string_equal(file.stream_id, "1400000001_101_alice_main");
	assert_string_equal(file.record_id, "r");
	assert_int_equal(file.width, 640);
	info = tess_vod_media_info(&f.control, &file, TESS_VOD_BASIC);
	assert_non_null(info);
	assert_int_equal(json_unpack(info, "{s{s{s{s[s]}}}}", "BasicInfo", "SourceInfo",
				     "TrtcRecordInfo", "UserIds", &user),
			 0);
	assert_string_equal(user, "alice");
	json_decref(info);
	*text = 0;
	assert_int_equal(tess_store_callbacks(f.control.store, 0, false, 0, 10, say_callback, text),
			 0);
	assert_non_null(strstr(text, "\"record_event\":\"record_start_succeeded\""));
	assert_non_null(strstr(text, "\\\"start_model\\\":1"));
	assert_non_null(strstr(text, "\"stream_id\":\"1400000001_101_alice_main\""));
	assert_non_null(strstr(text, "&userid=YWxpY2U=&"));
	assert_non_null(strstr(text, "&userdefinerecordid=r&roomid=101"));
	assert_non_null(strstr(text, "\"session_id\":\"user-1\""));
}

/* Who never sent anything leaves no trace; of an administrator's call there is one. */
static void test_nothing(void **state)
{
	struct tess_recording row;
	char text[16384] = "";

	(void)state;
	set_mode("automatic", 0);
	enter("101", "");
	enter("101", ",'stream_type':'aux'");
	leave("");
	told("{'records':[{'id':1,'state':'failed','path':'','error':'no media'}]}", 1);
	assert_int_equal(tess_store_recording_get(f.control.store, &row, 1), -ENOENT);
	/* egress tells it until it sees that it is known */
	told("{'records':[{'id':1,'state':'failed','path':'','error':'no media'}]}", 0);
	assert_int_equal(json_array_size(import.acknowledged), 1);
	/* egress never heard of the other */
	fixture_advance(&f, TESS_IMPORT_LOST_US);
	told("{'records':[]}", 1);
	assert_int_equal(tess_store_recording_get(f.control.store, &row, 2), -ENOENT);
	set_mode("rest", 0);
	enter("101", "");
	fixture_call(&f, "POST", USERS "/alice/recording", "{}", 201);
	leave("");
	told("{'records':[{'id':3,'state':'failed','path':'','error':'no media'}]}", 1);
	assert_int_equal(tess_store_recording_get(f.control.store, &row, 3), 0);
	assert_string_equal(row.state, "failed");
	assert_int_equal(tess_store_callbacks(f.control.store, 0, false, 0, 10, say_callback, text),
			 0);
	assert_non_null(strstr(text, "record_start_failed"));
	assert_null(strstr(text, "\"task_id\":\"1_mp4\""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_automatic),	  TEST(test_specified), TEST(test_resume),
		TEST(test_administrator), TEST(test_refused),	TEST(test_told),
		TEST(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
