/* SPDX-License-Identifier: GPL-3.0-or-later
 * Recordings: lists, live values, files, removal.
 */
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "fixture.h"

#define LIST "/api/v1/recordings"

static struct fixture f;

static void add(const char *stream, const char *record_id)
{
	struct tess_recording row = {
		.room = {1400000001, TESS_ROOM_ID_NUMBER, "101"},
		.stream_id = "show",
		.created_us = f.time.utc_us,
	};

	(void)stpcpy(row.stream, stream);
	(void)stpcpy(row.record_id, record_id);
	assert_int_equal(tess_store_recording_add(f.control.store, &row), 0);
}

static void finish(int64_t id)
{
	struct tess_recording row;

	assert_int_equal(tess_store_recording_get(f.control.store, &row, id), 0);
	(void)stpcpy(row.state, "finished");
	(void)stpcpy(row.path, "1400000001/a_s_e.mp4");
	(void)stpcpy(row.gaps, "[{\"at_us\":5000000,\"length_us\":700999}]");
	row.start_us = FIXTURE_UTC_US;
	row.end_us = FIXTURE_UTC_US + 20000000;
	row.duration_us = 20000000;
	row.size_bytes = 1000000;
	row.width = 1280;
	row.height = 720;
	assert_int_equal(tess_store_recording_facts(f.control.store, &row), 0);
}

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_login(&f);
	fixture_application(&f);
	(void)stpcpy(f.control.token_key,
		     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
	add("mix-1", "alpha");
	finish(1);
	fixture_advance(&f, 60000000);
	add("mix-2", "beta");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

#define FIRST                                                                                     \
	"{'id':1,'application':1400000001,'room':'101','room_type':'number','stream_id':'show',"  \
	"'record_id':'alpha','user':'','stream_type':'','cause':'mix','prefix':'alpha','state':'" \
	"finished','path':'1400000001/a_s_e.mp4',"                                                \
	"'start':'2023-11-14T22:13:20.000Z','end':'2023-11-14T22:13:40.000Z',"                    \
	"'duration_ms':20000,'size_bytes':1000000,'width':1280,'height':720,"                     \
	"'gaps':[{'at_ms':5000,'length_ms':700}],'error':'','area':null,'files':[]}"
#define SECOND                                                                                   \
	"{'id':2,'application':1400000001,'room':'101','room_type':'number','stream_id':'show'," \
	"'record_id':'beta','user':'','stream_type':'','cause':'mix','prefix':'beta','state':'"  \
	"waiting','path':'','start':null,'end':null,"                                            \
	"'duration_ms':0,'size_bytes':0,'width':0,'height':0,'gaps':[],'error':'','area':null,"  \
	"'files':[]}"

static void expect(const char *query, const char *list)
{
	char path[256];

	(void)snprintf(path, sizeof(path), LIST "?%s", query);
	fixture_call(&f, "GET", path, NULL, 200);
	assert_json(f.json, list);
}

#define NONE	    "{'total':0,'recordings':[]}"
#define ONLY_FIRST  "{'total':1,'recordings':[" FIRST "]}"
#define ONLY_SECOND "{'total':1,'recordings':[" SECOND "]}"

static void test_list(void **state)
{
	(void)state;
	expect("", "{'total':2,'recordings':[" SECOND "," FIRST "]}");
	expect("limit=1", "{'total':2,'recordings':[" SECOND "]}");
	expect("limit=1&offset=1", "{'total':2,'recordings':[" FIRST "]}");
	expect("prefix=al", ONLY_FIRST);
	expect("prefix=lp", NONE);
	expect("state=waiting", ONLY_SECOND);
	expect("state=failed", NONE);
	expect("application=1400000001&prefix=beta", ONLY_SECOND);
	expect("application=5", NONE);
	expect("from=2023-11-14T22:14:00Z", ONLY_SECOND);
	expect("to=2023-11-15T06:14:00%2B08:00", ONLY_FIRST);
	fixture_refused(&f, "GET", LIST "?limit=0", NULL, 400, "invalid_parameter", "limit");
	fixture_refused(&f, "GET", LIST "?limit=ten", NULL, 400, "invalid_parameter", "limit");
	fixture_refused(&f, "GET", LIST "?offset=-1", NULL, 400, "invalid_parameter", "offset");
	fixture_refused(&f, "GET", LIST "?from=yesterday", NULL, 400, "invalid_parameter", "from");
	fixture_refused(&f, "GET", LIST "?state=done", NULL, 400, "invalid_parameter", "state");
	fixture_refused(&f, "GET", LIST "?application=x", NULL, 400, "invalid_parameter",
			"application");
}

static void test_one(void **state)
{
	json_t *message;

	(void)state;
	fixture_call(&f, "GET", LIST "/1", NULL, 200);
	assert_json(f.json, FIRST);
	fixture_refused(&f, "GET", LIST "/3", NULL, 404, "not_found", "");
	/* while it goes on, what egress last told */
	message = json_of("{'records':[{'id':2,'state':'recording','bytes':500,"
			  "'start_utc_us':1700000061000000,'duration_us':3000000,'width':640,"
			  "'height':360,'gaps':[{'at_us':1000,'length_us':2000}]},"
			  "{'id':1,'bytes':3}]}");
	assert_int_equal(tess_facts_take(f.control.facts, TESS_PROCESS_EGRESS, message, 0), 0);
	json_decref(message);
	fixture_call(&f, "GET", LIST "/2", NULL, 200);
	assert_int_equal(fixture_int(&f, "size_bytes"), 500);
	assert_int_equal(fixture_int(&f, "duration_ms"), 3000);
	assert_string_equal(fixture_text(&f, "start"), "2023-11-14T22:14:21.000Z");
	assert_json(json_object_get(f.json, "gaps"), "[{'at_ms':1,'length_ms':2}]");
	fixture_call(&f, "GET", LIST "/1", NULL, 200);
	assert_json(f.json, FIRST);
}

static void test_file(void **state)
{
	(void)state;
	fixture_call(&f, "GET", LIST "/1/file", NULL, 302);
	/* now + 12 h = 1700043260; HMAC-SHA256(key, "1:1700043260") by openssl */
	assert_string_equal(tess_response_get(&f.response, "Location"),
			    "http://box.lan:8088/record/1.mp4?expires=1700043260&sign="
			    "8440184b7f87305c70d47b74a2dbd78d4437b17a50a3299b5a55b79106fcd4c6");
	fixture_refused(&f, "GET", LIST "/2/file", NULL, 409, "not_finished", "");
	fixture_refused(&f, "GET", LIST "/3/file", NULL, 404, "not_found", "");
}

static void test_remove(void **state)
{
	(void)state;
	fixture_refused(&f, "DELETE", LIST "/2", NULL, 409, "in_use", "");
	f.changes = 0;
	fixture_call(&f, "DELETE", LIST "/1", NULL, 204);
	assert_int_equal(f.changes, 1);
	fixture_call(&f, "DELETE", LIST "/1", NULL, 204); /* again: still to be removed */
	assert_int_equal(f.changes, 1);
	fixture_call(&f, "GET", LIST "/1", NULL, 200);
	assert_string_equal(fixture_text(&f, "state"), "deleting");
	fixture_refused(&f, "GET", LIST "/1/file", NULL, 409, "not_finished", "");
	fixture_refused(&f, "DELETE", LIST "/9", NULL, 404, "not_found", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
