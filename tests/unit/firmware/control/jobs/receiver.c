/* SPDX-License-Identifier: GPL-3.0-or-later
 * See receiver.h.
 */
#include "receiver.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cloud/cmocka_headers.h"
#include "firmware/control/cloud/digest.h"
#include "firmware/control/jobs/callbacks.h"
#include "firmware/control/jobs/poster.h"

struct visitor {
	struct tess_watch *watch;
	struct tess_timer *late;
	int fd;
	char text[8192];
	size_t length;
};

struct receiver receiver;

static struct fixture *fixture;
static struct tess_loop *loop;
static struct tess_timer *timer;
static struct tess_callbacks *callbacks;
static struct tess_watch *door;
static int listener;
static struct visitor visitors[256];

int __real_tess_poster_post(struct tess_poster *poster, const char *to, const char *body,
			    int64_t wait_us, tess_post_done *done, void *arg);
int __wrap_tess_poster_post(struct tess_poster *poster, const char *to, const char *body,
			    int64_t wait_us, tess_post_done *done, void *arg);

int __wrap_tess_poster_post(struct tess_poster *poster, const char *to, const char *body,
			    int64_t wait_us, tess_post_done *done, void *arg)
{
	assert_int_equal(wait_us, 20000000);
	return __real_tess_poster_post(
		poster, to, body, receiver.timeout_us ? receiver.timeout_us : wait_us, done, arg);
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

	if (receiver.manner == NOT_AT_ALL)
		return;
	tess_watch_remove(v->watch);
	v->watch = NULL;
	if (receiver.manner != LATE && receiver.manner != TOO_LATE) {
		say(v, answers[receiver.manner]);
		return;
	}
	assert_int_equal(tess_timer_alloc(&v->late, loop, say_late, v), 0);
	tess_timer_start(v->late, receiver.manner == LATE ? RECEIVER_HURRIED_US / 2
							  : RECEIVER_HURRIED_US * 3 / 2);
}

/* Signed with the key, until ten minutes from now. */
static void check_sign(const json_t *json)
{
	char text[64], sign[TESS_MD5_HEX];
	int64_t expires = json_integer_value(json_object_get(json, "t"));

	assert_int_equal(expires, fixture->time.utc_us / 1000000 + 600);
	(void)snprintf(text, sizeof(text), "%s%lld", receiver.key, (long long)expires);
	assert_int_equal(tess_md5_hex(sign, text, strlen(text)), 0);
	assert_string_equal(json_string_value(json_object_get(json, "sign")), sign);
}

static void note(const json_t *json)
{
	const char *what = json_string_value(json_object_get(json, "say"));
	size_t length = strlen(receiver.log);

	if (!what)
		what = json_string_value(json_object_get(json, "record_event"));
	if (what)
		(void)snprintf(receiver.log + length, RECEIVER_LOG_MAX - length, "%s ", what);
	else
		(void)snprintf(receiver.log + length, RECEIVER_LOG_MAX - length, "%lld ",
			       json_integer_value(json_object_get(json, "event_type")));
}

static void take(struct visitor *v, const char *body)
{
	json_t *json = json_loads(body, 0, NULL);

	assert_non_null(json);
	assert_non_null(strstr(v->text, "POST /take?x=1 HTTP/1.1\r\n"));
	assert_non_null(strstr(v->text, "Content-Type: application/json\r\n"));
	check_sign(json);
	note(json);
	assert_int_equal(json_array_append_new(receiver.bodies, json), 0);
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
	struct visitor *v = &visitors[receiver.visits++];

	(void)arg;
	(void)events;
	assert_true(receiver.visits < 256);
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
	assert_int_equal(tess_callbacks_start(&callbacks, &fixture->control, loop), 0);
}

static void stop(void)
{
	tess_callbacks_stop(callbacks);
	for (unsigned i = 0; i < receiver.visits; i++)
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

void receiver_run_until(bool (*so)(void))
{
	start();
	awaited = so;
	waited_ms = 0;
	tess_timer_start(timer, 0);
	assert_int_equal(tess_loop_run(loop), 0);
	stop();
}

bool receiver_is_thinking(void)
{
	return visitors[0].late;
}

void receiver_open(struct fixture *of)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);

	fixture = of;
	*fixture->config.control.callback_exclude = 0;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 64), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	receiver = (struct receiver){.key = "cbKey123", .bodies = json_array()};
	(void)sprintf(receiver.url, "http://127.0.0.1:%u/take?x=1", ntohs(address.sin_port));
	receiver.log = mmap(NULL, RECEIVER_LOG_MAX, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(receiver.log != MAP_FAILED);
}

void receiver_close(void)
{
	close(listener);
	json_decref(receiver.bodies);
	assert_int_equal(munmap(receiver.log, RECEIVER_LOG_MAX), 0);
}
