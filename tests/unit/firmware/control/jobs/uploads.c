/* SPDX-License-Identifier: GPL-3.0-or-later
 * Uploads without a storage: what is asked of egress, what follows from what it tells, pauses, and
 * what is told. The storage itself is played by tests/e2e/storage.test.mjs.
 */
#include "firmware/control/jobs/uploads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/store/callbacks.h"
#include "firmware/control/store/db.h"
#include "fixture.h"

static struct fixture f;
static struct tess_loop *loop;
static struct tess_file file;

static void turn_off(void *arg)
{
	tess_loop_stop(arg);
}

/* Until what is due now has been done. */
static void turn(void)
{
	struct tess_timer *timer;

	tess_uploads_stop(&f.control);
	tess_loop_free(loop);
	assert_int_equal(tess_loop_alloc(&loop), 0);
	assert_int_equal(tess_uploads_start(&f.control, loop), 0);
	assert_int_equal(tess_timer_alloc(&timer, loop, turn_off, loop), 0);
	tess_timer_start(timer, 1000);
	assert_int_equal(tess_loop_run(loop), 0);
	tess_timer_free(timer);
}

static void enable(const char *format, int64_t bytes)
{
	struct tess_upload_settings settings = {
		.enabled = true,
		.delete_local = true,
		.place = {.endpoint = "http://127.0.0.1:9",
			  .bucket = "bucket",
			  .region = "us-east-1",
			  .prefix = "p/",
			  .path_style = true},
		.access_key = "id",
		.secret_key = "secret",
	};

	assert_int_equal(tess_store_upload_settings_set(f.control.store, 1400000001, &settings, 1),
			 0);
	(void)snprintf(file.format, sizeof(file.format), "%s", format);
	(void)snprintf(file.path, sizeof(file.path), "1400000001/r_a_b.%s",
		       strcmp(format, "hls") != 0 ? format : "m3u8");
	file.size_bytes = bytes;
	file.created_us = f.time.utc_us;
	assert_int_equal(tess_store_file_add(f.control.store, &file), 0);
	assert_int_equal(tess_uploads_add(&f.control, &file), 0);
}

static int setup(void **state)
{
	struct tess_recording row = {
		.room = {1400000001, TESS_ROOM_ID_NUMBER, "101"},
		.record_id = "r",
		.settings = {.formats = "mp4", .callback_url = "http://127.0.0.1:9/hook"}};

	(void)state;
	fixture_open(&f);
	fixture_application(&f);
	assert_int_equal(tess_store_recording_add(f.control.store, &row), 0);
	file = (struct tess_file){.recording = 1, .application = 1400000001};
	loop = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tess_uploads_stop(&f.control);
	tess_loop_free(loop);
	fixture_close(&f);
	return 0;
}

static struct tess_upload row(void)
{
	struct tess_upload upload = {0};

	assert_int_equal(tess_store_upload_get(f.control.store, &upload, file.id), 0);
	return upload;
}

/* FILE:ITEM, and more behind it */
static bool is_of(const json_t *order, const char *item)
{
	const char *id = json_string_value(json_object_get(order, "id"));
	char begin[48];
	int length = snprintf(begin, sizeof(begin), "%lld:%s", (long long)file.id, item);

	return !strncmp(id, begin, (size_t)length) && (!id[length] || id[length] == ':');
}

/* The order at this place, with an address that is good for one thing alone. */
static void order_is(size_t at, const char *item, int64_t offset, int64_t bytes)
{
	json_t *orders = tess_uploads_orders(&f.control), *order = json_array_get(orders, at);

	assert_true(is_of(order, item));
	assert_int_equal(json_integer_value(json_object_get(order, "offset")), offset);
	assert_int_equal(json_integer_value(json_object_get(order, "bytes")), bytes);
	json_decref(orders);
}

static size_t orders(void)
{
	json_t *all = tess_uploads_orders(&f.control);
	size_t count = json_array_size(all);

	json_decref(all);
	return count;
}

static void told(const char *item, const char *rest)
{
	json_t *all = tess_uploads_orders(&f.control), *order, *facts;
	const char *id = "1:1";
	char text[512];
	size_t i;

	json_array_foreach(all, i, order)
	{
		if (is_of(order, item))
			id = json_string_value(json_object_get(order, "id"));
	}
	(void)snprintf(text, sizeof(text), "[{'id':'%s',%s}]", id, rest);
	json_decref(all);
	facts = json_of(text);
	(void)tess_uploads_told(&f.control, facts);
	json_decref(facts);
}

#define MD5 "9e107d9d372bb6826bd81d3542a419d6"

static void test_small(void **state)
{
	json_t *all;
	const char *url;

	(void)state;
	enable("mp4", 1000);
	turn();
	assert_string_equal(row().state, "uploading");
	order_is(0, "1", 0, 1000);
	all = tess_uploads_orders(&f.control);
	url = json_string_value(json_object_get(json_array_get(all, 0), "url"));
	assert_ptr_equal(strstr(url, "http://127.0.0.1:9/bucket/p/1400000001/r_a_b.mp4?X-Amz-"),
			 url);
	assert_null(strstr(url, "secret"));
	json_decref(all);
	told("1", "'state':'sending','sent':400");
	assert_int_equal(tess_uploads_sent(&f.control, &(struct tess_upload){.file = file.id,
									     .size_bytes = 1000}),
			 400);
	told("1", "'state':'done','status':200,'etag':'" MD5 "','md5':'" MD5 "'");
	assert_int_equal(orders(), 0);
	assert_int_equal(row().done_bytes, 1000);
	/* it is not uploaded before the storage says so */
	assert_string_equal(row().state, "uploading");
}

static void test_other_bytes(void **state)
{
	(void)state;
	enable("mp4", 1000);
	turn();
	told("1", "'state':'done','status':200,'etag':'" MD5
		  "','md5':'00000000000000000000000000000000'");
	assert_string_equal(row().state, "pending");
	assert_string_equal(row().error, "the storage has other bytes than were sent");
	assert_int_equal(row().done_bytes, 0);
}

static void test_pauses(void **state)
{
	static const int64_t pauses_s[] = {5, 10, 20, 40, 80, 160, 320, 600, 600};

	(void)state;
	enable("mp4", 1000);
	for (size_t i = 0; i < sizeof(pauses_s) / sizeof(pauses_s[0]); i++) {
		turn();
		told("1", "'state':'failed','status':500,'error':'the server answered 500'");
		assert_int_equal(row().next_us - f.time.utc_us, pauses_s[i] * 1000000);
		assert_string_equal(row().state, i < TESS_UPLOADS_TRIES - 1 ? "pending" : "failed");
		assert_int_equal(orders(), 0);
		turn(); /* not before it is due */
		assert_int_equal(orders(), 0);
		fixture_advance(&f, pauses_s[i] * 1000000);
	}
	/* what gets on is not failed any more */
	turn();
	told("1", "'state':'done','status':200,'etag':'" MD5 "','md5':'" MD5 "'");
	assert_string_equal(row().state, "uploading");
	assert_int_equal(row().attempts, 0);
}

static int64_t value(const char *sql)
{
	struct tess_query q = tess_query(tess_store_db(f.control.store), sql);
	int64_t number = -1;

	if (tess_query_row(&q) == 1)
		number = tess_column_int(&q, 0);
	assert_int_equal(tess_query_end(&q), 0);
	return number;
}

static void test_refused(void **state)
{
	(void)state;
	enable("mp4", 1000);
	turn();
	told("1", "'state':'failed','status':403,'error':'the server answered 403 AccessDenied'");
	assert_string_equal(row().state, "failed");
	assert_int_equal(value("SELECT count(*) FROM callback WHERE body LIKE '%upload_failed%'"),
			 1);
	/* other settings: it is due at once, and goes there */
	enable("flv", 1);
	file.id = value("SELECT min(file) FROM upload");
	assert_true(row().next_us <= f.time.utc_us);
}

/* What is under way has been due long since: what waits beside it is due by itself. */
static void test_next(void **state)
{
	int64_t next_us = 0;

	(void)state;
	enable("mp4", 1000);
	turn();
	fixture_advance(&f, 1000000);
	enable("flv", 1000);
	turn();
	assert_int_equal(orders(), 2);
	told("1", "'state':'failed','status':500,'error':'the server answered 500'");
	assert_int_equal(tess_store_upload_next(f.control.store, f.time.utc_us, &next_us), 0);
	assert_int_equal(next_us, f.time.utc_us + 5000000);
	assert_int_equal(tess_store_upload_next(f.control.store, next_us, &next_us), -ENOENT);
}

static void test_list(void **state)
{
	(void)state;
	enable("hls", 300);
	turn();
	order_is(0, "list", 0, 0);
	told("list", "'state':'done','files':[['1400000001/r_a.hls/i.mp4',100],"
		     "['1400000001/r_a.hls/1.m4s',150],['1400000001/r_a_b.m3u8',50]],"
		     "'playlist':'#EXTM3U'");
	/* all but the playlist */
	assert_int_equal(orders(), 2);
	order_is(0, "1", 0, 100);
	order_is(1, "2", 0, 150);
	told("1", "'state':'done','status':200,'etag':'x','md5':'" MD5 "'");
	assert_int_equal(orders(), 1);
	told("2", "'state':'done','status':200,'etag':'y','md5':'" MD5 "'");
	order_is(0, "3", 0, 50);
	/* another life of control goes on there */
	turn();
	order_is(0, "3", 0, 50);
	assert_int_equal(orders(), 1);
}

static void test_deleted(void **state)
{
	(void)state;
	enable("mp4", 1000);
	turn();
	assert_int_equal(orders(), 1);
	assert_int_equal(tess_store_file_delete(f.control.store, file.id), 0);
	assert_string_equal(row().state, "removing");
	turn(); /* the storage is asked to remove it, and egress to send nothing */
	assert_int_equal(orders(), 0);
	assert_string_equal(row().state, "removing");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_small), TEST(test_other_bytes), TEST(test_pauses), TEST(test_refused),
		TEST(test_list),  TEST(test_deleted),	  TEST(test_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
