/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/control/jobs/poster against receivers that take their time: an answer that
 * comes byte by byte, or never ends, is given up when its time is over, and keeps nobody else
 * waiting.
 */
#include "firmware/control/jobs/poster.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define TIMEOUT_US 600000

static struct tess_loop *loop;
static struct tess_poster *poster;

/* A server that sends some bytes of its answer every 20 ms, over and over from an offset on. */
struct receiver {
	struct tess_watch *door;
	struct tess_timer *timer;
	int listener, fd;
	const char *answer;
	size_t at, step, again;
	bool closed; /* by the other side */
	char url[64];
};

static void trickle(void *arg)
{
	struct receiver *receiver = arg;
	char data[4096];

	if (receiver->closed)
		return;
	for (size_t i = 0; i < receiver->step; i++) {
		if (!receiver->answer[receiver->at])
			receiver->at = receiver->again;
		data[i] = receiver->answer[receiver->at++];
	}
	if (send(receiver->fd, data, receiver->step, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		receiver->closed = true;
	tess_timer_start(receiver->timer, 20000);
}

static void let_in(void *arg, uint32_t events)
{
	struct receiver *receiver = arg;

	(void)events;
	receiver->fd = accept4(receiver->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(receiver->fd >= 0);
	trickle(receiver);
}

static void receiver_start(struct receiver *receiver)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	receiver->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(receiver->listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(receiver->listener, 4), 0);
	assert_int_equal(getsockname(receiver->listener, (struct sockaddr *)&address, &size), 0);
	(void)snprintf(receiver->url, sizeof(receiver->url), "http://127.0.0.1:%u/",
		       ntohs(address.sin_port));
	assert_int_equal(tess_timer_alloc(&receiver->timer, loop, trickle, receiver), 0);
	assert_int_equal(tess_watch_add(&receiver->door, loop, receiver->listener, EPOLLIN, let_in,
					receiver),
			 0);
}

static void receiver_stop(struct receiver *receiver)
{
	tess_watch_remove(receiver->door);
	tess_timer_free(receiver->timer);
	close(receiver->fd);
	close(receiver->listener);
}

/* What became of the posts, in the order in which they ended. */
static struct {
	int order[8];
	long status[8];
	char error[8][64];
	unsigned count;
} over;

static void done(void *arg, long status, const char *error)
{
	unsigned i = over.count++;

	over.order[i] = *(const int *)arg;
	over.status[i] = status;
	(void)snprintf(over.error[i], sizeof(over.error[i]), "%s", error);
	if (over.count == 4)
		tess_loop_stop(loop);
}

static void test_slow_answers(void **state)
{
	static const int who[] = {0, 1, 2, 3};
	struct receiver receivers[] = {
		/* headers without end, byte by byte */
		{.answer = "HTTP/1.1 200 OK\r\nX: aaaaaaa", .step = 1, .again = 20},
		/* a body byte by byte, of which there is more than time */
		{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\na",
		 .step = 20,
		 .again = 43},
		/* one without end, quickly */
		{.answer = "HTTP/1.1 200 OK\r\n\r\nb", .step = 4096, .again = 19},
		/* and one that answers well, if slowly too */
		{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", .step = 10},
	};
	struct timespec before, after;

	(void)state;
	assert_int_equal(tess_loop_alloc(&loop), 0);
	assert_int_equal(tess_poster_start(&poster, loop, "", ""), 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (unsigned i = 0; i < 4; i++) {
		receiver_start(&receivers[i]);
		assert_int_equal(tess_poster_post(poster, receivers[i].url, "{}",
						  i == 3 ? 20000000 : TIMEOUT_US, done,
						  (void *)(uintptr_t)&who[i]),
				 0);
	}
	assert_int_equal(tess_loop_run(loop), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_int_equal(over.order[0], 3);
	assert_int_equal(over.status[0], 200);
	for (unsigned i = 1; i < 4; i++) {
		assert_int_equal(over.status[i], 0);
		assert_non_null(strstr(over.error[i], "timed out"));
	}
	assert_in_range((after.tv_sec - before.tv_sec) * 1000 +
				(after.tv_nsec - before.tv_nsec) / 1000000,
			TIMEOUT_US / 1000, 10000);
	tess_poster_stop(poster);
	for (unsigned i = 0; i < 4; i++)
		receiver_stop(&receivers[i]);
	tess_loop_free(loop);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(test_slow_answers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
