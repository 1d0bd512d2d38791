/* SPDX-License-Identifier: GPL-3.0-or-later
 * Users enter and leave: ports, ids, idle ones.
 */
#include "firmware/control/jobs/rooms.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "fixture.h"

static struct fixture f;
static const struct tess_cloud_room room = {1400000001, TESS_ROOM_ID_NUMBER, "101"};

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_application(&f);
	f.config.media.rtp_port_min = 30000;
	f.config.media.rtp_port_max = 30007; /* four pairs */
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static int enter(struct tess_publisher *row, const char *user, bool video, bool audio)
{
	*row = (struct tess_publisher){.room = room, .stream_type = "main"};
	(void)stpcpy(row->user, user);
	return tess_rooms_enter(&f.control, row, video, audio);
}

static void test_ids(void **state)
{
	char text[80];

	(void)state;
	assert_true(tess_cloud_room_id_valid(TESS_ROOM_ID_NUMBER, "1"));
	assert_true(tess_cloud_room_id_valid(TESS_ROOM_ID_NUMBER, "4294967294"));
	assert_false(tess_cloud_room_id_valid(TESS_ROOM_ID_NUMBER, "4294967295"));
	assert_false(tess_cloud_room_id_valid(TESS_ROOM_ID_NUMBER, "99999999999999999999"));
	assert_false(tess_cloud_room_id_valid(TESS_ROOM_ID_NUMBER, "0"));
	assert_false(tess_cloud_room_id_valid(TESS_ROOM_ID_NUMBER, "01"));
	assert_false(tess_cloud_room_id_valid(TESS_ROOM_ID_NUMBER, "-1"));
	assert_false(tess_cloud_room_id_valid(TESS_ROOM_ID_NUMBER, "1a"));
	assert_false(tess_cloud_room_id_valid(TESS_ROOM_ID_NUMBER, ""));
	assert_true(
		tess_cloud_room_id_valid(TESS_ROOM_ID_STRING, "a Z9!#$%&()+-:;<=.>?@[]^_{}|~,"));
	assert_false(tess_cloud_room_id_valid(TESS_ROOM_ID_STRING, ""));
	assert_false(tess_cloud_room_id_valid(TESS_ROOM_ID_STRING, "a/b"));
	assert_false(tess_cloud_room_id_valid(TESS_ROOM_ID_STRING, "a\"b"));
	assert_false(tess_cloud_room_id_valid(TESS_ROOM_ID_STRING, "\xc3\xa4"));
	memset(text, 'x', 65);
	text[64] = 0;
	assert_true(tess_cloud_room_id_valid(TESS_ROOM_ID_STRING, text));
	(void)strcat(text, "x");
	assert_false(tess_cloud_room_id_valid(TESS_ROOM_ID_STRING, text));
}

static void test_ports(void **state)
{
	struct tess_publisher a, b, c, d;

	(void)state;
	assert_int_equal(enter(&a, "a", true, true), 0);
	assert_int_equal(a.video_port, 30000);
	assert_int_equal(a.audio_port, 30002);
	assert_int_equal(a.entered_us, FIXTURE_UTC_US);
	assert_int_equal(f.changes, 1);
	assert_int_equal(enter(&b, "a", true, true), -EEXIST);
	assert_int_equal(enter(&b, "b", false, true), 0);
	assert_int_equal(b.video_port, 0);
	assert_int_equal(b.audio_port, 30004);
	assert_int_equal(enter(&c, "c", true, true), -EADDRNOTAVAIL);
	assert_int_equal(f.changes, 2);
	/* who leaves frees; the search goes on behind the last one */
	assert_int_equal(tess_rooms_leave(&f.control, &room, "a", NULL), 0);
	assert_int_equal(enter(&c, "c", true, true), 0);
	assert_int_equal(c.video_port, 30006);
	assert_int_equal(c.audio_port, 30000);
	/* the store knows, not the process */
	fixture_restart(&f);
	f.config.media.rtp_port_max = 30006; /* half a pair is none */
	assert_int_equal(enter(&d, "d", true, false), 0);
	assert_int_equal(d.video_port, 30002);
	assert_int_equal(enter(&d, "e", true, false), -EADDRNOTAVAIL);
}

static void test_no_application(void **state)
{
	struct tess_publisher row = {
		.room = {5, TESS_ROOM_ID_NUMBER, "1"}, .user = "a", .stream_type = "main"};

	(void)state;
	assert_int_equal(tess_rooms_enter(&f.control, &row, true, true), -ENOENT);
	assert_int_equal(tess_rooms_leave(&f.control, &room, "a", NULL), -ENOENT);
	assert_int_equal(f.changes, 0);
}

static int count_row(void *arg, const struct tess_publisher *row)
{
	char *text = arg;

	(void)sprintf(text + strlen(text), "%s ", row->user);
	return 0;
}

static void told(const char *text)
{
	json_t *message = json_of(text);

	assert_int_equal(
		tess_facts_take(f.control.facts, TESS_PROCESS_MEDIA, message, f.time.now_us), 0);
	json_decref(message);
	tess_rooms_leave_idle(&f.control);
}

static void test_idle(void **state)
{
	struct tess_publisher row;
	char text[64] = "";

	(void)state;
	f.config.media.idle_leave_s = 60;
	for (int i = 0; i < 4; i++)
		assert_int_equal(enter(&row, (const char *[]){"a", "b", "c", "d"}[i], true, false),
				 0);
	told("{'publishers':[{'id':1,'idle_ms':59999},{'id':2,'idle_ms':60000},"
	     "{'id':3,'idle_ms':120000},{'id':77,'idle_ms':99999999}]}");
	assert_int_equal(tess_store_publishers(f.control.store, NULL, count_row, text), 0);
	assert_string_equal(text, "a d ");
	/* 0 is never */
	f.config.media.idle_leave_s = 0;
	told("{'publishers':[{'id':1,'idle_ms':999999999}]}");
	*text = 0;
	assert_int_equal(tess_store_publishers(f.control.store, NULL, count_row, text), 0);
	assert_string_equal(text, "a d ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test_setup_teardown(test_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_application, setup, teardown),
		cmocka_unit_test_setup_teardown(test_idle, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
