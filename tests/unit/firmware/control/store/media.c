/* SPDX-License-Identifier: GPL-3.0-or-later
 * Publishers and mixes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "fixture.h"

static struct fixture f;
static const struct tess_cloud_room number = {1400000001, TESS_ROOM_ID_NUMBER, "101"};
static const struct tess_cloud_room text_room = {1400000001, TESS_ROOM_ID_STRING, "101"};

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_application(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static int add(const struct tess_cloud_room *room, const char *user, const char *stream_type,
	       uint16_t port, int64_t *id)
{
	struct tess_publisher row = {
		.room = *room,
		.source = "192.0.2.1",
		.video_port = port,
		.video_payload_type = 96,
		.entered_us = 9,
	};
	int rc;

	(void)stpcpy(row.user, user);
	(void)stpcpy(row.stream_type, stream_type);
	rc = tess_store_publisher_add(f.control.store, &row);
	*id = row.id;
	return rc;
}

static int collect(void *arg, const struct tess_publisher *row)
{
	char *text = arg;

	(void)sprintf(text + strlen(text), "%s/%s/%s:%u:%u ",
		      tess_room_id_type_text(row->room.type), row->user, row->stream_type,
		      row->video_port, row->audio_port);
	return 0;
}

static int copy_row(void *arg, const struct tess_publisher *row)
{
	*(struct tess_publisher *)arg = *row;
	return 0;
}

static void test_publishers(void **state)
{
	struct tess_store *store = f.control.store;
	struct tess_publisher row;
	char text[512] = "";
	int64_t a, b, highest, count;

	(void)state;
	assert_int_equal(add(&text_room, "alice", "main", 20000, &a), 0);
	assert_int_equal(add(&number, "bob", "main", 20002, &b), 0);
	assert_true(b > a);
	assert_int_equal(add(&number, "alice", "main", 20004, &b), 0);
	assert_int_equal(add(&number, "alice", "aux", 20006, &highest), 0);
	assert_true(highest > b);
	assert_int_equal(add(&number, "alice", "aux", 20008, &b), -EEXIST);
	assert_int_equal(add(&number, "carl", "main", 20006, &b), -EEXIST); /* the port */
	assert_int_equal(tess_store_publishers(store, NULL, collect, text), 0);
	assert_string_equal(text, "number/bob/main:20002:0 number/alice/main:20004:0 "
				  "number/alice/aux:20006:0 string/alice/main:20000:0 ");
	*text = 0;
	assert_int_equal(tess_store_publishers(store, &text_room, collect, text), 0);
	assert_string_equal(text, "string/alice/main:20000:0 ");
	assert_int_equal(tess_store_publisher_is(store, &number, "alice", "aux"), 1);
	assert_int_equal(tess_store_publisher_is(store, &text_room, "alice", "aux"), 0);
	assert_int_equal(tess_store_publishers(store, &text_room, copy_row, &row), 0);
	assert_int_equal(row.id, a);
	assert_string_equal(row.source, "192.0.2.1");
	assert_int_equal(row.entered_us, 9);
	assert_int_equal(row.video_payload_type, 96);
	/* two stream types are one user */
	assert_int_equal(tess_store_room_users(store, &number, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(tess_store_publisher_leave(store, &number, "alice", "aux"), 0);
	assert_int_equal(tess_store_room_users(store, &number, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(tess_store_publisher_leave(store, &number, "alice", NULL), 0);
	assert_int_equal(tess_store_publisher_leave(store, &number, "alice", NULL), -ENOENT);
	assert_int_equal(tess_store_room_users(store, &number, &count), 0);
	assert_int_equal(count, 1);
	/* an id is never used twice */
	assert_int_equal(add(&number, "dora", "main", 20010, &b), 0);
	assert_true(b > highest);
}

static int collect_mix(void *arg, const struct tess_mix *row)
{
	char *text = arg;

	(void)sprintf(text + strlen(text), "%s:%s:%lld ", row->stream_id, row->record_id,
		      (long long)row->epoch);
	return 0;
}

static void test_mixes(void **state)
{
	struct tess_store *store = f.control.store;
	struct tess_mix mix = {
		.room = number, .stream_id = "show", .params = "{}", .started_us = 4};
	struct tess_mix other = {.room = text_room, .stream_id = "show", .params = "{}"}, row;
	struct tess_counts counts;
	char text[512] = "";

	(void)state;
	assert_int_equal(tess_store_mix_find(store, &row, &number), -ENOENT);
	assert_int_equal(tess_store_mix_add(store, &mix), 0);
	assert_int_equal(mix.epoch, 1);
	assert_int_equal(tess_store_mix_add(store, &other), -EEXIST); /* the stream id */
	assert_int_equal(tess_store_stream_id_taken(store, &text_room, "show", ""), 1);
	assert_int_equal(tess_store_stream_id_taken(store, &number, "show", ""), 0);
	assert_int_equal(tess_store_stream_id_taken(store, &text_room, "", ""), 0);
	/* any number may have no stream id */
	other.stream_id[0] = 0;
	(void)stpcpy(other.record_id, "r");
	assert_int_equal(tess_store_mix_add(store, &other), 0);
	assert_int_equal(tess_store_mix_add(store, &other), -EEXIST); /* the room */
	(void)stpcpy(mix.params, "{\"a\":1}");
	(void)stpcpy(mix.publish, "{\"url\":\"rtmp://a/b\"}");
	assert_int_equal(tess_store_mix_change(store, &mix), 0);
	assert_int_equal(tess_store_mix_change(store, &(struct tess_mix){.id = 99}), -ENOENT);
	assert_int_equal(tess_store_mix_find(store, &row, &number), 0);
	assert_int_equal(row.epoch, 2);
	assert_string_equal(row.params, "{\"a\":1}");
	assert_int_equal(row.started_us, 4);
	assert_int_equal(tess_store_mixes(store, collect_mix, text), 0);
	assert_string_equal(text, "show::2 :r:1 ");
	assert_int_equal(tess_store_counts(store, &counts), 0);
	assert_int_equal(counts.mixes, 2);
	assert_int_equal(counts.users, 0);
	assert_int_equal(tess_store_mix_remove(store, mix.id), 0);
	assert_int_equal(tess_store_mix_remove(store, mix.id), -ENOENT);
}

static int note_stream(void *arg, const struct tess_relay *row, const char *stream)
{
	char *text = arg;

	(void)sprintf(text + strlen(text), "%lld:%s ", (long long)row->id, stream);
	return 0;
}

static void expect_relays(const char *want)
{
	char text[256] = "";

	assert_int_equal(tess_store_relays_wanted(f.control.store, note_stream, text), 0);
	assert_string_equal(text, want);
}

/* What a user sends as a stream of its own: when, and whose the name is. */
static void test_publications(void **state)
{
	struct tess_store *store = f.control.store;
	struct tess_publisher row = {.room = number, .video_port = 20000, .stream_name = "a_main"};
	struct tess_relay relay = {.application = 1400000001,
				   .stream_id = "a_main",
				   .url = "rtmp://a/b/c",
				   .enabled = true};
	struct tess_recording recording = {.room = number, .record_id = "r"};
	struct tess_mix mix = {.room = number, .stream_id = "a_main", .params = "{}"};
	struct tess_publisher other = row;

	(void)state;
	(void)stpcpy(row.user, "a");
	(void)stpcpy(row.stream_type, "main");
	(void)stpcpy(row.record_id, "rec");
	other.room = text_room;
	other.video_port = 20002;
	(void)stpcpy(other.user, "b");
	(void)stpcpy(other.stream_type, "main");
	assert_int_equal(tess_store_publisher_add(store, &row), 0);
	assert_int_equal(tess_store_publisher_add(store, &other), 0); /* neither is live */
	assert_int_equal(tess_store_publication_wanted(store, &row), 0);
	expect_relays("");
	/* a relay wants the first of the name, or the one that is live */
	assert_int_equal(tess_store_relay_add(store, &relay), 0);
	assert_int_equal(tess_store_publication_wanted(store, &row), 1);
	expect_relays("1:user-1 ");
	other.live = true;
	assert_int_equal(tess_store_publisher_name(store, &other), 0);
	expect_relays("1:user-2 ");
	row.live = true;
	assert_int_equal(tess_store_publisher_name(store, &row), -EEXIST);
	row.live = false;
	assert_int_equal(tess_store_stream_name_taken(store, &row), 1);
	assert_int_equal(tess_store_stream_name_taken(store, &other), 0);
	assert_int_equal(tess_store_stream_id_taken(store, &number, "a_main", ""), 1);
	/* but for who sends it, in this room */
	assert_int_equal(tess_store_stream_id_taken(store, &text_room, "a_main", "b"), 0);
	assert_int_equal(tess_store_stream_id_taken(store, &number, "a_main", "b"), 1);
	/* a mix comes before who is not live */
	other.live = false;
	assert_int_equal(tess_store_publisher_name(store, &other), 0);
	assert_int_equal(tess_store_stream_id_taken(store, &number, "a_main", ""), 0);
	assert_int_equal(tess_store_mix_add(store, &mix), 0);
	assert_int_equal(tess_store_stream_name_taken(store, &other), 1);
	expect_relays("1:mix-1 ");
	relay.enabled = false;
	assert_int_equal(tess_store_relay_set(store, &relay), 0);
	expect_relays("");
	assert_int_equal(tess_store_publication_wanted(store, &row), 0);
	/* a recording */
	(void)stpcpy(recording.stream, "user-1");
	assert_int_equal(tess_store_recording_add(store, &recording), 0);
	assert_int_equal(tess_store_publication_wanted(store, &row), 1);
	assert_int_equal(tess_store_publication_wanted(store, &other), 0);
	assert_int_equal(tess_store_recording_end(store, "user-1"), 0);
	assert_int_equal(tess_store_publication_wanted(store, &row), 0);
	assert_int_equal(tess_store_publishers(store, &number, copy_row, &other), 0);
	assert_string_equal(other.record_id, "rec");
	assert_string_equal(other.stream_name, "a_main");
	assert_false(other.live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_publishers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mixes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_publications, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
