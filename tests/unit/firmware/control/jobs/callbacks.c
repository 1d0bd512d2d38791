/* SPDX-License-Identifier: GPL-3.0-or-later
 * Delivery of the outbox, to receivers that are well and to such as are not.
 */
#include "firmware/control/jobs/callbacks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "fixture.h"
#include "receiver.h"

#define APP 1400000001u

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_application(&f);
	f.config.control.callback_hours = 1;
	receiver_open(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	receiver_close();
	fixture_close(&f);
	return 0;
}

static int64_t add(int64_t recording, const char *say)
{
	struct tess_callback row = {.application = APP,
				    .recording = recording,
				    .event_type = 332,
				    .created_us = f.time.utc_us,
				    .next_us = f.time.utc_us};

	(void)stpcpy(row.url, receiver.url);
	(void)stpcpy(row.key, receiver.key);
	(void)sprintf(row.body, "{\"say\":\"%s\"}", say);
	assert_int_equal(tess_store_callback_add(f.control.store, &row), 0);
	return row.id;
}

static struct tess_callback row_of(int64_t id)
{
	struct tess_callback row = {0};

	assert_int_equal(tess_store_callback_get(f.control.store, &row, id), 0);
	return row;
}

static int64_t left(void)
{
	int64_t waiting = 0, dead = 0;

	assert_int_equal(tess_store_callback_counts(f.control.store, &waiting, &dead), 0);
	return waiting + dead;
}

static bool none_left(void)
{
	return !left();
}

static int64_t first; /* of the callbacks of a test */

static bool first_failed(void)
{
	return row_of(first).attempts > 0;
}

/* The receiver has said what it had to say, too. */
static bool first_failed_and_heard(void)
{
	return first_failed() && !receiver_is_thinking();
}

static void test_text(void **state)
{
	struct tess_callback row = {.key = "cbKey123", .body = "{\"event_type\":100}"};
	char *text = tess_callback_text(&row, 1700000000123456);
	json_t *json = json_loads(text, 0, NULL);

	(void)state;
	/* the vector of the documents */
	assert_json(json, "{'event_type':100,'t':1700000600,"
			  "'sign':'3d38352b87cc0bf5ee98fb58dd9d2e10'}");
	json_decref(json);
	free(text);
	*row.key = 0;
	text = tess_callback_text(&row, 1700000000123456);
	assert_string_equal(text, "{\"event_type\":100}");
	free(text);
}

static void test_schedule(void **state)
{
	struct tess_config *config = &f.config;
	struct tess_callback row = {.created_us = 1000000000};
	int64_t now_us = row.created_us;
	unsigned attempts = 0;

	(void)state;
	/* as documented: at once, then 12 times after 60 s; longer ones after 10 minutes */
	while (!row.dead && attempts++ < 1000) {
		tess_callback_retry(&row, config, now_us, "no answer");
		assert_int_equal(row.next_us - now_us, (row.attempts <= 12 ? 60 : 600) * 1000000LL);
		now_us = row.next_us;
	}
	/* 12 minutes, and then until an hour is over: 12, 22, 32, 42, 52, 62 */
	assert_int_equal(row.attempts, 18);
	assert_string_equal(row.error, "no answer");
	config->control.callback_hours = 0;
	row = (struct tess_callback){.created_us = 1000000000};
	while (!row.dead)
		tess_callback_retry(&row, config, 1000000000, "");
	assert_int_equal(row.attempts, 13);
}

static void test_delivered(void **state)
{
	(void)state;
	add(1, "a");
	add(2, "c");
	add(1, "b");
	receiver_run_until(none_left);
	assert_int_equal(receiver.visits, 3);
	/* of one recording in order */
	assert_true(strstr(receiver.log, "a ") < strstr(receiver.log, "b "));
	assert_json(json_array_get(receiver.bodies, 0),
		    "{'say':'a','t':1700000600,"
		    "'sign':'3d38352b87cc0bf5ee98fb58dd9d2e10'}");
}

/* It fails in this manner, waits its time, and is delivered when the receiver is well again; the
 * next of its recording comes after it. */
static void fails(enum manner how, const char *error)
{
	struct tess_callback row;

	first = add(1, "a");
	add(1, "b");
	receiver.manner = how;
	receiver_run_until(first_failed_and_heard);
	row = row_of(first);
	assert_non_null(strstr(row.error, error));
	assert_int_equal(row.attempts, 1);
	assert_int_equal(row.next_us, f.time.utc_us + 60000000);
	assert_string_equal(receiver.log, "a ");
	receiver.manner = WELL;
	fixture_restart(&f);
	*f.config.control.callback_exclude = 0;
	fixture_advance(&f, 60000000);
	receiver_run_until(none_left);
	assert_string_equal(receiver.log, "a a b ");
	/* signed anew */
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(receiver.bodies, 1), "t")),
		1700000660);
}

static void test_500(void **state)
{
	(void)state;
	fails(WITH_500, "answered 500");
}

static void test_redirect(void **state)
{
	(void)state;
	fails(WITH_REDIRECT, "answered 302");
}

static void test_half_way(void **state)
{
	(void)state;
	fails(HALF_WAY, "transfer closed");
}

/* Within its time: the next of its recording waits, that of another does not. */
static void test_late(void **state)
{
	const char *a, *b, *c;

	(void)state;
	receiver.manner = LATE;
	receiver.timeout_us = 10 * RECEIVER_HURRIED_US;
	add(1, "a");
	add(1, "b");
	add(2, "c");
	receiver_run_until(none_left);
	assert_int_equal(receiver.visits, 3);
	a = strstr(receiver.log, "a ");
	b = strstr(receiver.log, "b ");
	c = strstr(receiver.log, "c ");
	assert_true(a && b && c);
	assert_true(a < b && c < b);
}

/* What is said after its time is not heard: the callback comes again, and the next after it. */
static void test_too_late(void **state)
{
	(void)state;
	receiver.timeout_us = RECEIVER_HURRIED_US;
	fails(TOO_LATE, "timed out");
}

static bool visited(void)
{
	return *receiver.log;
}

/* Control ends while the receiver thinks: the callback comes again. */
static void test_restart(void **state)
{
	(void)state;
	add(1, "a");
	receiver.manner = NOT_AT_ALL;
	receiver_run_until(visited);
	assert_int_equal(left(), 1);
	fixture_restart(&f);
	*f.config.control.callback_exclude = 0;
	receiver.manner = WELL;
	receiver_run_until(none_left);
	assert_string_equal(receiver.log, "a a ");
}

static bool four_visited(void)
{
	return receiver.visits >= 4;
}

/* One application's hanging receiver leaves room for others, and the loop goes on all the while. */
static void test_hanging(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		add(i + 1, "a");
	receiver.manner = NOT_AT_ALL;
	receiver_run_until(four_visited);
	assert_int_equal(receiver.visits, 4);
	assert_int_equal(left(), 20);
}

static void test_excluded(void **state)
{
	(void)state;
	(void)stpcpy(f.config.control.callback_exclude, "127.0.0.0/8, ::1");
	first = add(1, "a");
	receiver_run_until(first_failed);
	assert_string_equal(row_of(first).error, "the address is excluded by the operator");
	assert_int_equal(receiver.visits, 0);
	/* also by a name, and in IPv6 clothes */
	(void)sprintf(receiver.url, "http://localhost:%s", strrchr(receiver.url, ':') + 1);
	first = add(2, "b");
	receiver_run_until(first_failed);
	assert_string_equal(row_of(first).error, "the address is excluded by the operator");
	assert_int_equal(receiver.visits, 0);
}

static void test_unreachable(void **state)
{
	(void)state;
	(void)stpcpy(receiver.url, "ftp://127.0.0.1/");
	first = add(1, "a");
	receiver_run_until(first_failed);
	assert_non_null(strstr(row_of(first).error, "rotocol"));
	(void)stpcpy(receiver.url, "http://127.0.0.1:1/");
	first = add(2, "a");
	receiver_run_until(first_failed);
	assert_int_equal(row_of(first).attempts, 1);
}

static void test_dead(void **state)
{
	struct tess_callback row;

	(void)state;
	f.config.control.callback_hours = 0;
	f.config.control.callback_retries = 0;
	first = add(1, "a");
	receiver.manner = WITH_500;
	receiver_run_until(first_failed);
	row = row_of(first);
	assert_true(row.dead);
	assert_int_equal(
		tess_store_callback_revive(f.control.store, first + 1, receiver.url, "", 0),
		-ENOENT);
	/* one that is dead holds the next of its recording up no longer */
	receiver.manner = WELL;
	assert_int_equal(tess_store_callback_remove(f.control.store, add(1, "gone")), 0);
	receiver.key = "k2";
	assert_int_equal(tess_store_callback_revive(f.control.store, first, receiver.url,
						    receiver.key, f.time.utc_us),
			 0);
	assert_int_equal(tess_store_callback_revive(f.control.store, first, receiver.url, "", 0),
			 -ENOENT);
	receiver_run_until(none_left);
	assert_string_equal(receiver.log, "a a ");
	assert_int_equal(left(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_schedule, setup, teardown),
		cmocka_unit_test_setup_teardown(test_delivered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_500, setup, teardown),
		cmocka_unit_test_setup_teardown(test_redirect, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_way, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hanging, setup, teardown),
		cmocka_unit_test_setup_teardown(test_excluded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreachable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dead, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
