/* SPDX-License-Identifier: GPL-3.0-or-later
 * Delivery of the outbox, to receivers that are well and to such as are not.
 */
#include "firmware/control/jobs/callbacks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cloud/cmocka_headers.h"
#include "cloud/json_text.h"
#include "firmware/control/cloud/digest.h"
#include "firmware/control/jobs/poster.h"
#include "fixture.h"

#define APP 1400000001u
/* Of the tests of late answers, for the 20 s that are asked for. */
#define HURRIED_US 400000

/* How the receiver answers. */
enum manner { WELL, WITH_500, WITH_REDIRECT, HALF_WAY, NOT_AT_ALL, LATE, TOO_LATE };

struct visitor {
	struct tess_watch *watch;
	struct tess_timer *late;
	int fd;
	char text[8192];
	size_t length;
};

static struct fixture f;
static struct tess_loop *loop;
static struct tess_timer *timer;
static struct tess_callbacks *callbacks;
static struct tess_watch *door;
static int listener;
static enum manner manner;
static int64_t timeout_us; /* 0: as asked for */
static char url[64];
static const char *key;
static struct visitor visitors[256];
static unsigned visits;
static json_t *bodies;	    /* of the requests, in order */
static char log_text[2048]; /* "recording:event " of each */

int __real_tess_poster_post(struct tess_poster *poster, const char *to, const char *body,
			    int64_t wait_us, tess_post_done *done, void *arg);
int __wrap_tess_poster_post(struct tess_poster *poster, const char *to, const char *body,
			    int64_t wait_us, tess_post_done *done, void *arg);

int __wrap_tess_poster_post(struct tess_poster *poster, const char *to, const char *body,
			    int64_t wait_us, tess_post_done *done, void *arg)
{
	assert_int_equal(wait_us, 20000000);
	return __real_tess_poster_post(poster, to, body, timeout_us ? timeout_us : wait_us, done,
				       arg);
}

static void say(struct visitor *v, const char *text)
{
	/* whoever waited too long has hung up */
	(void)send(v->fd, text, strlen(text), MSG_NOSIGNAL);
	close(v->fd);
}

static void say_late(void *arg)
{
	struct visitor *v = arg;

	tess_timer_free(v->late);
	v->late = NULL;
	say(v, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"code\":0}");
}

static void answer(struct visitor *v)
{
	static const char *const answers[] = {
		[WELL] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"code\":0}",
		[WITH_500] = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
		[WITH_REDIRECT] =
			"HTTP/1.1 302 There\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n",
		[HALF_WAY] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
	};

	if (manner == NOT_AT_ALL)
		return;
	tess_watch_remove(v->watch);
	v->watch = NULL;
	if (manner != LATE && manner != TOO_LATE) {
		say(v, answers[manner]);
		return;
	}
	assert_int_equal(tess_timer_alloc(&v->late, loop, say_late, v), 0);
	tess_timer_start(v->late, manner == LATE ? HURRIED_US / 2 : HURRIED_US * 3 / 2);
}

/* Signed with the key, until ten minutes from now. */
static void check_sign(const json_t *json)
{
	char text[64], sign[TESS_MD5_HEX];
	int64_t expires = json_integer_value(json_object_get(json, "t"));

	assert_int_equal(expires, f.time.utc_us / 1000000 + 600);
	(void)snprintf(text, sizeof(text), "%s%lld", key, (long long)expires);
	assert_int_equal(tess_md5_hex(sign, text, strlen(text)), 0);
	assert_string_equal(json_string_value(json_object_get(json, "sign")), sign);
}

static void take(struct visitor *v, const char *body)
{
	json_t *json = json_loads(body, 0, NULL);

	assert_non_null(json);
	assert_non_null(strstr(v->text, "POST /take?x=1 HTTP/1.1\r\n"));
	assert_non_null(strstr(v->text, "Content-Type: application/json\r\n"));
	check_sign(json);
	(void)snprintf(log_text + strlen(log_text), sizeof(log_text) - strlen(log_text), "%s ",
		       json_string_value(json_object_get(json, "say")));
	assert_int_equal(json_array_append_new(bodies, json), 0);
}

static void hear(void *arg, uint32_t events)
{
	struct visitor *v = arg;
	ssize_t count = read(v->fd, v->text + v->length, sizeof(v->text) - 1 - v->length);
	const char *body, *length;

	(void)events;
	if (count <= 0) {
		tess_watch_remove(v->watch);
		v->watch = NULL;
		close(v->fd);
		return;
	}
	v->length += (size_t)count;
	v->text[v->length] = 0;
	body = strstr(v->text, "\r\n\r\n");
	length = strstr(v->text, "Content-Length: ");
	if (!body || !length || strlen(body + 4) < strtoul(length + 16, NULL, 10))
		return;
	take(v, body + 4);
	answer(v);
}

static void let_in(void *arg, uint32_t events)
{
	struct visitor *v = &visitors[visits++];

	(void)arg;
	(void)events;
	assert_true(visits < 256);
	memset(v, 0, sizeof(*v));
	v->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(v->fd >= 0);
	assert_int_equal(tess_watch_add(&v->watch, loop, v->fd, EPOLLIN, hear, v), 0);
}

/* ---- running until something is so ---- */

static bool (*awaited)(void);
static int waited_ms;

static void look(void *arg)
{
	(void)arg;
	if (awaited()) {
		tess_loop_stop(loop);
		return;
	}
	assert_true((waited_ms += 5) < 30000);
	tess_timer_start(timer, 5000);
}

static void start(void)
{
	assert_int_equal(tess_loop_alloc(&loop), 0);
	assert_int_equal(tess_timer_alloc(&timer, loop, look, NULL), 0);
	assert_int_equal(tess_watch_add(&door, loop, listener, EPOLLIN, let_in, NULL), 0);
	assert_int_equal(tess_callbacks_start(&callbacks, &f.control, loop), 0);
}

static void stop(void)
{
	tess_callbacks_stop(callbacks);
	for (unsigned i = 0; i < visits; i++)
		if (visitors[i].late) {
			tess_timer_free(visitors[i].late);
			visitors[i].late = NULL;
			close(visitors[i].fd);
		} else if (visitors[i].watch) {
			tess_watch_remove(visitors[i].watch);
			visitors[i].watch = NULL;
			close(visitors[i].fd);
		}
	tess_watch_remove(door);
	tess_timer_free(timer);
	tess_loop_free(loop);
}

/* A loop stops for good: each run is one more life of control. */
static void run_until(bool (*so)(void))
{
	start();
	awaited = so;
	waited_ms = 0;
	tess_timer_start(timer, 0);
	assert_int_equal(tess_loop_run(loop), 0);
	stop();
}

static int setup(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);

	(void)state;
	fixture_open(&f);
	fixture_application(&f);
	*f.config.control.callback_exclude = 0;
	f.config.control.callback_hours = 1;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 64), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	(void)sprintf(url, "http://127.0.0.1:%u/take?x=1", ntohs(address.sin_port));
	manner = WELL;
	timeout_us = 0;
	key = "cbKey123";
	visits = 0;
	*log_text = 0;
	bodies = json_array();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(listener);
	json_decref(bodies);
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

	(void)stpcpy(row.url, url);
	(void)stpcpy(row.key, key);
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
	return first_failed() && !visitors[0].late;
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
	run_until(none_left);
	assert_int_equal(visits, 3);
	/* of one recording in order */
	assert_true(strstr(log_text, "a ") < strstr(log_text, "b "));
	assert_json(json_array_get(bodies, 0), "{'say':'a','t':1700000600,"
					       "'sign':'3d38352b87cc0bf5ee98fb58dd9d2e10'}");
}

/* It fails in this manner, waits its time, and is delivered when the receiver is well again; the
 * next of its recording comes after it. */
static void fails(enum manner how, const char *error)
{
	struct tess_callback row;

	first = add(1, "a");
	add(1, "b");
	manner = how;
	run_until(first_failed_and_heard);
	row = row_of(first);
	assert_non_null(strstr(row.error, error));
	assert_int_equal(row.attempts, 1);
	assert_int_equal(row.next_us, f.time.utc_us + 60000000);
	assert_string_equal(log_text, "a ");
	manner = WELL;
	fixture_restart(&f);
	*f.config.control.callback_exclude = 0;
	fixture_advance(&f, 60000000);
	run_until(none_left);
	assert_string_equal(log_text, "a a b ");
	/* signed anew */
	assert_int_equal(json_integer_value(json_object_get(json_array_get(bodies, 1), "t")),
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
	manner = LATE;
	timeout_us = 10 * HURRIED_US;
	add(1, "a");
	add(1, "b");
	add(2, "c");
	run_until(none_left);
	assert_int_equal(visits, 3);
	a = strstr(log_text, "a ");
	b = strstr(log_text, "b ");
	c = strstr(log_text, "c ");
	assert_true(a && b && c);
	assert_true(a < b && c < b);
}

/* What is said after its time is not heard: the callback comes again, and the next after it. */
static void test_too_late(void **state)
{
	(void)state;
	timeout_us = HURRIED_US;
	fails(TOO_LATE, "timed out");
}

static bool visited(void)
{
	return *log_text;
}

/* Control ends while the receiver thinks: the callback comes again. */
static void test_restart(void **state)
{
	(void)state;
	add(1, "a");
	manner = NOT_AT_ALL;
	run_until(visited);
	assert_int_equal(left(), 1);
	fixture_restart(&f);
	*f.config.control.callback_exclude = 0;
	manner = WELL;
	run_until(none_left);
	assert_string_equal(log_text, "a a ");
}

static bool four_visited(void)
{
	return visits >= 4;
}

/* One application's hanging receiver leaves room for others, and the loop goes on all the while. */
static void test_hanging(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		add(i + 1, "a");
	manner = NOT_AT_ALL;
	run_until(four_visited);
	assert_int_equal(visits, 4);
	assert_int_equal(left(), 20);
}

static void test_excluded(void **state)
{
	(void)state;
	(void)stpcpy(f.config.control.callback_exclude, "127.0.0.0/8, ::1");
	first = add(1, "a");
	run_until(first_failed);
	assert_string_equal(row_of(first).error, "the address is excluded by the operator");
	assert_int_equal(visits, 0);
	/* also by a name, and in IPv6 clothes */
	(void)sprintf(url, "http://localhost:%s", strrchr(url, ':') + 1);
	first = add(2, "b");
	run_until(first_failed);
	assert_string_equal(row_of(first).error, "the address is excluded by the operator");
	assert_int_equal(visits, 0);
}

static void test_unreachable(void **state)
{
	(void)state;
	(void)stpcpy(url, "ftp://127.0.0.1/");
	first = add(1, "a");
	run_until(first_failed);
	assert_non_null(strstr(row_of(first).error, "rotocol"));
	(void)stpcpy(url, "http://127.0.0.1:1/");
	first = add(2, "a");
	run_until(first_failed);
	assert_int_equal(row_of(first).attempts, 1);
}

static void test_dead(void **state)
{
	struct tess_callback row;

	(void)state;
	f.config.control.callback_hours = 0;
	f.config.control.callback_retries = 0;
	first = add(1, "a");
	manner = WITH_500;
	run_until(first_failed);
	row = row_of(first);
	assert_true(row.dead);
	assert_int_equal(tess_store_callback_revive(f.control.store, first + 1, url, "", 0),
			 -ENOENT);
	/* one that is dead holds the next of its recording up no longer */
	manner = WELL;
	assert_int_equal(tess_store_callback_remove(f.control.store, add(1, "gone")), 0);
	key = "k2";
	assert_int_equal(
		tess_store_callback_revive(f.control.store, first, url, key, f.time.utc_us), 0);
	assert_int_equal(tess_store_callback_revive(f.control.store, first, url, "", 0), -ENOENT);
	run_until(none_left);
	assert_string_equal(log_text, "a a ");
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
