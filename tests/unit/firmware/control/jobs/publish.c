/* SPDX-License-Identifier: GPL-3.0-or-later
 * Users who enter by publishing to egress: who may, who is refused and how, when they have left.
 */
#include "firmware/control/jobs/publish.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/base/tx_secret.h"
#include "firmware/control/cloud/usersig.h"
#include "firmware/control/jobs/desired.h"
#include "firmware/control/jobs/guard.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/control/store/live.h"
#include "fixture.h"

#define APP   1400000001
#define NOW_S (FIXTURE_UTC_US / 1000000)

static struct fixture f;
static char key[65];

static int setup(void **state)
{
	struct tess_application application;

	(void)state;
	fixture_open(&f);
	fixture_application(&f);
	assert_int_equal(tess_store_application_get(f.control.store, &application, APP), 0);
	(void)stpcpy(key, application.usersig_key);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

/* A ticket of this user, behind "usersig=". */
static const char *ticket(const char *user)
{
	static char text[TESS_USERSIG_MAX + 64];

	(void)strcpy(text, "usersig=");
	assert_int_equal(
		tess_usersig_generate(text + 8, TESS_USERSIG_MAX, key, APP, user, NOW_S, 600), 0);
	return text;
}

static json_t *asks(int64_t app, const char *type, const char *room, const char *user,
		    const char *query)
{
	json_t *message = json_pack("{ss si sI ss ss ss ss}", "type", "publish", "request", 7,
				    "app", (json_int_t)app, "room_type", type, "room", room, "user",
				    user, "query", query);
	json_t *answer = tess_publish_message(&f.control, message);

	json_decref(message);
	assert_non_null(answer);
	assert_string_equal(json_string_value(json_object_get(answer, "type")), "publish_answer");
	assert_int_equal(json_integer_value(json_object_get(answer, "request")), 7);
	return answer;
}

/* @return the publisher */
static int64_t enters(const char *type, const char *room, const char *user, const char *query)
{
	json_t *answer = asks(APP, type, room, user, query);
	int64_t id = json_integer_value(json_object_get(answer, "publisher"));

	assert_string_equal(json_string_value(json_object_get(answer, "message")), "");
	assert_string_equal(json_string_value(json_object_get(answer, "code")), "");
	assert_true(id > 0);
	json_decref(answer);
	return id;
}

static void refused(int64_t app, const char *room, const char *user, const char *query,
		    const char *code, const char *text)
{
	json_t *answer = asks(app, "number", room, user, query);

	assert_non_null(strstr(json_string_value(json_object_get(answer, "message")), text));
	assert_string_equal(json_string_value(json_object_get(answer, "code")), code);
	assert_int_equal(json_integer_value(json_object_get(answer, "publisher")), 0);
	json_decref(answer);
}

static unsigned count;
static struct tess_publisher newest;

static int note(void *arg, const struct tess_publisher *row)
{
	(void)arg;
	count++;
	newest = *row;
	return 0;
}

static unsigned publishers(void)
{
	count = 0;
	assert_int_equal(tess_store_publishers(f.control.store, NULL, note, NULL), 0);
	return count;
}

static void told(void (*take)(struct tess_control *, const json_t *), const char *text)
{
	json_t *message = json_of(text);

	take(&f.control, message);
	json_decref(message);
}

static void egress_says(const char *text)
{
	json_t *message = json_of(text);

	assert_int_equal(
		tess_facts_take(f.control.facts, TESS_PROCESS_EGRESS, message, f.time.now_us), 0);
	json_decref(message);
	tess_publish_follow(&f.control);
}

static void test_enters_and_leaves(void **state)
{
	json_t *message, *row, *none = json_array();
	char text[64];
	int64_t id;

	(void)state;
	id = enters("number", "101", "alice", ticket("alice"));
	assert_int_equal(publishers(), 1);
	assert_string_equal(newest.user, "alice");
	assert_string_equal(newest.stream_type, "main");
	assert_int_equal(newest.video_port, 0);
	assert_true(tess_publisher_has_video(&newest) && tess_publisher_has_audio(&newest));
	assert_int_equal(f.changes, 1);
	/* media takes it from egress */
	assert_int_equal(tess_desired_media(&message, &f.control, 1), 0);
	row = json_array_get(json_object_get(message, "publishers"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "input")), "rtmp");
	assert_json(json_object_get(row, "video"), "{'codec':'h264'}");
	assert_json(json_object_get(row, "audio"), "{'codec':'aac'}");
	json_decref(message);
	assert_int_equal(tess_desired_egress(&message, &f.control, 1, none), 0);
	(void)snprintf(text, sizeof(text), "[%lld]", (long long)id);
	assert_json(json_object_get(message, "publishers"), text);
	json_decref(message);
	json_decref(none);
	/* what it sends becomes known */
	(void)snprintf(text, sizeof(text), "{'publisher':%lld,'video':false,'audio':true}",
		       (long long)id);
	told(tess_publish_tracks, text);
	assert_int_equal(f.changes, 2);
	told(tess_publish_tracks, text);
	assert_int_equal(f.changes, 2);
	publishers();
	assert_true(!tess_publisher_has_video(&newest) && tess_publisher_has_audio(&newest));
	(void)snprintf(text, sizeof(text), "{'publisher':%lld}", (long long)id);
	told(tess_publish_end, text);
	assert_int_equal(publishers(), 0);
	told(tess_publish_end, text);
	told(tess_publish_end, "{}");
}

static void test_names(void **state)
{
	char query[TESS_USERSIG_MAX + 128];

	(void)state;
	(void)snprintf(query, sizeof(query), "%s&stream_id=my%%2Bshow&record_id=rec_1&x=y",
		       ticket("alice"));
	(void)enters("string", "salle #1", "alice", query);
	publishers();
	assert_string_equal(newest.room.id, "salle #1");
	assert_int_equal(newest.room.type, TESS_ROOM_ID_STRING);
	assert_string_equal(newest.stream_id, "my+show");
	assert_string_equal(newest.record_id, "rec_1");
	assert_true(newest.live);
	/* two users may not hold one name */
	(void)snprintf(query, sizeof(query), "%s&stream_id=my%%2Bshow", ticket("bob"));
	refused(APP, "101", "bob", query, "in_use", "has the name my+show");
	(void)snprintf(query, sizeof(query), "%s&stream_id=a/b", ticket("bob"));
	refused(APP, "101", "bob", query, "bad_name", "stream_id");
	(void)snprintf(query, sizeof(query), "%s&record_id=a.b", ticket("bob"));
	refused(APP, "101", "bob", query, "bad_name", "record_id");
}

static void test_who_may_not(void **state)
{
	char other[TESS_USERSIG_MAX + 64] = "usersig=";
	char foreign[65];

	(void)state;
	refused(APP, "101", "alice", "", "denied", "usersig is missing");
	refused(APP, "101", "alice", "usersig=", "denied", "usersig is missing");
	refused(APP, "101", "alice", "usersig=rubbish", "denied", "cannot be read");
	refused(APP, "101", "alice", ticket("bob"), "denied", "another user");
	refused(1400000009, "101", "alice", ticket("alice"), "denied", "no such application");
	refused(0, "101", "alice", ticket("alice"), "denied", "no such application");
	memset(foreign, '7', 64);
	foreign[64] = 0;
	assert_int_equal(tess_usersig_generate(other + 8, TESS_USERSIG_MAX, foreign, APP, "alice",
					       NOW_S, 600),
			 0);
	refused(APP, "101", "alice", other, "denied", "another key");
	assert_int_equal(tess_usersig_generate(other + 8, TESS_USERSIG_MAX, key, APP, "alice",
					       NOW_S - 600, 599),
			 0);
	refused(APP, "101", "alice", other, "denied", "not valid at this time");
	refused(APP, "room", "alice", ticket("alice"), "bad_name", "strroom");
	refused(APP, "0", "alice", ticket("alice"), "bad_name", "1 to 4294967294");
	refused(APP, "101", "al.ice", ticket("alice"), "bad_name", "The user");
	refused(APP, "101", "", ticket("alice"), "bad_name", "The user");
	refused(APP, "101", "alice", "usersig=a&usersig=b", "bad_name", "cannot be read");
	refused(APP, "101", "alice", "%zz", "bad_name", "cannot be read");
	assert_int_equal(publishers(), 0);
	assert_int_equal(f.changes, 0);
}

/* A right to push what has this name, by a key of the application's push domain. */
static const char *push(const char *name, const char *push_key, int64_t until_s)
{
	static char text[TESS_TX_QUERY_SIZE];

	assert_int_equal(tess_tx_query(text, push_key, name, until_s), 0);
	return text;
}

static void test_push_keys(void **state)
{
	struct tess_live_domain domain = {.application = APP,
					  .kind = "push",
					  .name = "push.example",
					  .enabled = true,
					  .key = "pushkey1",
					  .back_key = "pushkey2"};
	char query[TESS_TX_QUERY_SIZE + 64];

	(void)state;
	refused(APP, "101", "alice", push("1400000001_101_alice_main", "pushkey1", NOW_S + 60),
		"denied", "txSecret");
	assert_int_equal(tess_store_domain_add(f.control.store, &domain), 0);
	(void)enters("number", "101", "alice",
		     push("1400000001_101_alice_main", "pushkey1", NOW_S + 60));
	(void)enters("string", "salle #1", "bob",
		     push("1400000001_salle%20%231_bob_main", "pushkey2", NOW_S + 60));
	/* of another user or room, with another key, and over */
	refused(APP, "101", "bob", push("1400000001_101_alice_main", "pushkey1", NOW_S + 60),
		"denied", "txSecret");
	refused(APP, "102", "alice", push("1400000001_101_alice_main", "pushkey1", NOW_S + 60),
		"denied", "txSecret");
	refused(APP, "101", "alice", push("1400000001_101_alice_main", "pushkey3", NOW_S + 60),
		"denied", "txSecret");
	refused(APP, "101", "alice", push("1400000001_101_alice_main", "pushkey1", NOW_S - 60),
		"denied", "txSecret");
	/* the right to a name that was given is no right to any room */
	(void)snprintf(query, sizeof(query), "%s&stream_id=show",
		       push("show", "pushkey1", NOW_S + 60));
	refused(APP, "101", "carol", query, "denied", "txSecret");
}

static void test_again(void **state)
{
	struct tess_publisher row = {
		.room = {APP, TESS_ROOM_ID_NUMBER, "101"}, .user = "bob", .stream_type = "main"};
	int64_t id;

	(void)state;
	/* the user's newer connection has the same publisher */
	id = enters("number", "101", "alice", ticket("alice"));
	assert_int_equal(enters("number", "101", "alice", ticket("alice")), id);
	assert_int_equal(publishers(), 1);
	/* in another room it is another */
	assert_int_not_equal(enters("number", "102", "alice", ticket("alice")), id);
	/* one that comes by RTP is not pushed out */
	assert_int_equal(tess_rooms_enter(&f.control, &row, true, false), 0);
	refused(APP, "101", "bob", ticket("bob"), "in_use", "by RTP already");
	/* and one by RTMP is in the way of RTP */
	(void)stpcpy(row.user, "alice");
	assert_int_equal(tess_rooms_enter(&f.control, &row, true, false), -EEXIST);
}

static void test_limits(void **state)
{
	char user[16];

	(void)state;
	for (unsigned i = 0; i < TESS_PUBLISH_MAX_APPLICATION; i++) {
		(void)snprintf(user, sizeof(user), "u%u", i);
		(void)enters("number", "101", user, ticket(user));
	}
	refused(APP, "102", "late", ticket("late"), "full", "too many");
	/* who is there may come again */
	(void)enters("number", "101", "u0", ticket("u0"));
}

/* Egress was started anew: who comes back in time has never left. */
static void test_follows_egress(void **state)
{
	int64_t alice, bob;
	char text[128];

	(void)state;
	alice = enters("number", "101", "alice", ticket("alice"));
	bob = enters("number", "101", "bob", ticket("bob"));
	fixture_advance(&f, 60000000);
	tess_facts_up(f.control.facts, TESS_PROCESS_EGRESS, f.time.utc_us);
	egress_says("{'publishers':[]}");
	assert_int_equal(publishers(), 2);
	fixture_advance(&f, TESS_PUBLISH_GRACE_US - 1000000);
	(void)snprintf(text, sizeof(text),
		       "{'publishers':[{'publisher':%lld,'video':true,'audio':false}]}",
		       (long long)bob);
	egress_says(text);
	assert_int_equal(publishers(), 2);
	/* and what it did not hear of is told */
	assert_false(tess_publisher_has_audio(&newest));
	fixture_advance(&f, 2000000);
	egress_says(text);
	assert_int_equal(publishers(), 1);
	assert_string_equal(newest.user, "bob");
	assert_int_not_equal(alice, bob);
	/* one that has just entered is not told of yet */
	(void)enters("number", "101", "carol", ticket("carol"));
	egress_says(text);
	assert_int_equal(publishers(), 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_enters_and_leaves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_may_not, setup, teardown),
		cmocka_unit_test_setup_teardown(test_push_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_follows_egress, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
