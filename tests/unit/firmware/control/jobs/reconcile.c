/* SPDX-License-Identifier: GPL-3.0-or-later
 * The links, with real sockets: hello, desired state, facts, restarts.
 */
#include "firmware/control/jobs/reconcile.h"

#include <stdio.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "fixture.h"
#include "firmware/control/jobs/rooms.h"
#include "firmware/control/store/files.h"
#include "firmware/link/link.h"

/* The other end of a link. */
struct peer {
	struct tess_link *link;
	const char *name;
	json_t *desired; /* the last */
	unsigned count;
	json_int_t epoch;
};

static struct fixture f;
static struct tess_loop *loop;
static struct tess_reconcile *reconcile;
static struct tess_timer *timer;
static struct peer media, egress;

/* A test is a list of steps, each run as soon as what it waits for has come. */
struct step {
	bool (*ready)(void); /* NULL: after a while, for what must not come */
	void (*run)(void);
};

#define POLL_US	 5000
#define WHILE_US 100000
#define LIMIT_US 30000000

static const struct step *next_step;
static int64_t waited_us;

static void run_step(void *arg)
{
	if (!next_step->run) {
		tess_loop_stop(arg);
		return;
	}
	if (next_step->ready ? !next_step->ready() : waited_us < WHILE_US) {
		waited_us += POLL_US;
		assert_true(waited_us < LIMIT_US);
		tess_timer_start(timer, POLL_US);
		return;
	}
	(next_step++)->run();
	waited_us = 0;
	tess_timer_start(timer, 0);
}

static void run_steps(const struct step *steps)
{
	next_step = steps;
	waited_us = 0;
	tess_timer_start(timer, 0);
	assert_int_equal(tess_loop_run(loop), 0);
}

static void up(void *arg, struct tess_link *link)
{
	struct peer *peer = arg;
	json_t *hello = json_pack("{ss ss si}", "type", "hello", "process", peer->name, "version",
				  TESS_LINK_VERSION);

	assert_int_equal(tess_link_send(link, hello, NULL, 0), 0);
	json_decref(hello);
}

static void message(void *arg, struct tess_link *link, json_t *json, int *fds, unsigned count)
{
	struct peer *peer = arg;

	(void)link;
	(void)fds;
	assert_int_equal(count, 0);
	json_decref(peer->desired);
	peer->desired = json_incref(json);
	peer->count++;
	assert_true(json_integer_value(json_object_get(json, "epoch")) > peer->epoch);
	peer->epoch = json_integer_value(json_object_get(json, "epoch"));
}

static void down(void *arg, struct tess_link *link)
{
	(void)arg;
	(void)link;
}

static const struct tess_link_handlers handlers = {up, message, down};

static void connect_peer(struct peer *peer, const char *name)
{
	char path[80];

	peer->name = name;
	peer->epoch = 0;
	(void)snprintf(path, sizeof(path), "%s/control.sock", f.dir);
	assert_int_equal(tess_link_connect(&peer->link, loop, path, &handlers, peer), 0);
}

static void disconnect(struct peer *peer)
{
	tess_link_free(peer->link);
	json_decref(peer->desired);
	*peer = (struct peer){0};
}

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_application(&f);
	assert_int_equal(tess_loop_alloc(&loop), 0);
	assert_int_equal(tess_timer_alloc(&timer, loop, run_step, loop), 0);
	assert_int_equal(tess_reconcile_start(&reconcile, &f.control, loop), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	disconnect(&media);
	disconnect(&egress);
	tess_reconcile_stop(reconcile);
	tess_timer_free(timer);
	tess_loop_free(loop);
	fixture_close(&f);
	return 0;
}

static void tell(struct peer *peer, const char *text)
{
	json_t *json = json_of(text);

	assert_int_equal(tess_link_send(peer->link, json, NULL, 0), 0);
	json_decref(json);
}

static void enter(const char *user)
{
	struct tess_publisher row = {.room = {1400000001, TESS_ROOM_ID_NUMBER, "101"},
				     .stream_type = "main"};

	(void)stpcpy(row.user, user);
	assert_int_equal(tess_rooms_enter(&f.control, &row, true, true), 0);
}

static size_t publishers(const struct peer *peer)
{
	return json_array_size(json_object_get(peer->desired, "publishers"));
}

static void connect_media(void)
{
	connect_peer(&media, "media");
}

static void connect_egress(void)
{
	connect_peer(&egress, "egress");
}

static bool media_is_told(void)
{
	return media.count == 1;
}

static bool egress_is_told(void)
{
	return egress.count == 1;
}

static void three_enter(void)
{
	assert_int_equal(publishers(&media), 0);
	assert_true(tess_facts_is_up(f.control.facts, TESS_PROCESS_MEDIA));
	assert_false(tess_facts_is_up(f.control.facts, TESS_PROCESS_EGRESS));
	enter("alice");
	enter("bob");
	enter("carl");
}

static bool three_are_told(void)
{
	return publishers(&media) == 3;
}

static void one_is_idle(void)
{
	/* several changes in one turn were one message */
	assert_int_equal(media.count, 2);
	f.config.media.idle_leave_s = 60;
	tell(&media, "{'type':'facts','publishers':[{'id':2,'idle_ms':61000}],'mixes':[]}");
}

static bool one_has_left(void)
{
	return publishers(&media) == 2;
}

static void nonsense(void)
{
	assert_non_null(tess_facts_publisher(f.control.facts, 2));
	tell(&media, "{'type':'weather'}");
	tell(&media, "{'no':'type'}");
}

static void media_dies(void)
{
	assert_int_equal(media.count, 3);
	disconnect(&media);
}

static bool media_is_away(void)
{
	return !tess_facts_is_up(f.control.facts, TESS_PROCESS_MEDIA);
}

static void both_connect(void)
{
	assert_null(tess_facts_publisher(f.control.facts, 2));
	connect_media();
	connect_egress();
}

static bool both_are_told(void)
{
	return media.count && egress.count;
}

static void both_know_all(void)
{
	assert_int_equal(publishers(&media), 2);
	assert_string_equal(json_string_value(json_object_get(egress.desired, "token_key")),
			    f.control.token_key);
}

static void test_links(void **state)
{
	const struct step steps[] = {
		{NULL, connect_media},
		{media_is_told, three_enter},
		{three_are_told, one_is_idle},
		{one_has_left, nonsense},
		{NULL, media_dies},
		{media_is_away, both_connect},
		{both_are_told, both_know_all},
		{NULL, NULL},
	};

	(void)state;
	run_steps(steps);
}

static void egress_finishes(void)
{
	assert_json(json_object_get(egress.desired, "acknowledged"), "[]");
	assert_int_equal(json_array_size(json_object_get(egress.desired, "records")), 1);
	tell(&egress, "{'type':'facts','records':[{'id':1,'state':'finished','path':'p'}]}");
}

static bool egress_is_told_again(void)
{
	return egress.count > 1;
}

static void it_is_acknowledged(void)
{
	assert_int_equal(egress.count, 2);
	assert_json(json_object_get(egress.desired, "acknowledged"), "[1]");
	assert_json(json_object_get(egress.desired, "records"), "[]");
}

static void test_acknowledge(void **state)
{
	const struct step steps[] = {
		{NULL, connect_egress},
		{egress_is_told, egress_finishes},
		{egress_is_told_again, it_is_acknowledged},
		{NULL, NULL},
	};
	struct tess_recording row = {.room = {1400000001, TESS_ROOM_ID_NUMBER, "101"},
				     .stream = "mix-1",
				     .record_id = "r"};

	(void)state;
	assert_int_equal(tess_store_recording_add(f.control.store, &row), 0);
	run_steps(steps);
}

/* Facts of many recordings in two messages, which are taken as one. */
static void egress_finishes_in_pieces(void)
{
	tell(&egress, "{'type':'facts','more':true,'records':["
		      "{'id':2,'state':'finished','path':'p','files':[]},"
		      "{'id':1,'state':'finished','path':'p',"
		      "'files':[{'format':'mp4','name':'a.mp4','state':'finished'}]}]}");
	tell(&egress, "{'type':'facts','records':[{'id':1,'state':'finished','path':'p',"
		      "'files':[{'format':'flv','name':'a.flv','state':'finished'}]}]}");
}

static void all_are_acknowledged(void)
{
	json_t *acknowledged = json_object_get(egress.desired, "acknowledged");

	/* at once: nothing was said after the first message */
	assert_int_equal(egress.count, 2);
	assert_json(acknowledged, "[2,1]");
	assert_int_equal(tess_store_file_has_path(f.control.store, "1400000001/a.mp4"), 1);
	assert_int_equal(tess_store_file_has_path(f.control.store, "1400000001/a.flv"), 1);
}

static void test_in_pieces(void **state)
{
	const struct step steps[] = {
		{NULL, connect_egress},
		{egress_is_told, egress_finishes_in_pieces},
		{egress_is_told_again, all_are_acknowledged},
		{NULL, NULL},
	};
	struct tess_recording row = {.room = {1400000001, TESS_ROOM_ID_NUMBER, "101"},
				     .record_id = "r"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		(void)sprintf(row.stream, "mix-%d", i + 1);
		assert_int_equal(tess_store_recording_add(f.control.store, &row), 0);
	}
	run_steps(steps);
}

static json_t *desired_before;

static void control_restarts(void)
{
	desired_before = json_deep_copy(media.desired);
	tess_reconcile_stop(reconcile);
	fixture_restart(&f);
	assert_int_equal(tess_reconcile_start(&reconcile, &f.control, loop), 0);
}

static bool media_is_told_again(void)
{
	return media.count > 1;
}

/* Media has connected again by itself. But for the epoch, which rose, it is told what it was
 * before. */
static void nothing_is_interrupted(void)
{
	assert_int_equal(publishers(&media), 1);
	assert_int_equal(json_object_set_new(desired_before, "epoch", json_integer(media.epoch)),
			 0);
	assert_true(json_equal(desired_before, media.desired));
	json_decref(desired_before);
}

static void test_control_restarts(void **state)
{
	const struct step steps[] = {
		{NULL, connect_media},
		{media_is_told, control_restarts},
		{media_is_told_again, nothing_is_interrupted},
		{NULL, NULL},
	};

	(void)state;
	enter("alice");
	run_steps(steps);
}

static void connect_stranger(void)
{
	connect_peer(&media, "browser");
}

static void facts_of_a_stranger(void)
{
	tell(&media, "{'type':'facts','publishers':[]}");
}

static void hello_of_another_version(void)
{
	assert_false(tess_facts_is_up(f.control.facts, TESS_PROCESS_MEDIA));
	tell(&media, "{'type':'hello','process':'media','version':99}");
}

static void nothing_was_told(void)
{
	assert_false(tess_facts_is_up(f.control.facts, TESS_PROCESS_MEDIA));
	assert_int_equal(media.count, 0);
}

static void test_strangers(void **state)
{
	const struct step steps[] = {
		{NULL, connect_stranger},
		{NULL, facts_of_a_stranger},
		{NULL, hello_of_another_version},
		{NULL, nothing_was_told},
		{NULL, NULL},
	};

	(void)state;
	run_steps(steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_acknowledge, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_control_restarts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strangers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
