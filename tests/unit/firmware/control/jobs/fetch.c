/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fetching pictures, from a small HTTP server in a thread: what is taken, what is tried again, and
 * what is refused.
 */
#include "firmware/control/jobs/fetch.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cloud/cmocka_headers.h"

#define BMP	   "BMpicture"
#define HUGE_BYTES ((2u << 20) + 1)
#define LIMIT_US   30000000

/* The server: one request a connection. */
static struct {
	int listener;
	uint16_t port;
	pthread_t thread;
	_Atomic unsigned asked[8]; /* by the digit at the end of the path */
} server;

static void say(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void answer(int fd, const char *path)
{
	char *huge;

	if (!strncmp(path, "/good", 5)) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" BMP);
	} else if (!strncmp(path, "/later", 6)) {
		/* the third try is answered */
		if (server.asked[1] == 3)
			say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" BMP);
	} else if (!strncmp(path, "/moved", 6)) {
		say(fd, "HTTP/1.1 302 Found\r\nLocation: /good0\r\nContent-Length: 0\r\n\r\n");
	} else if (!strncmp(path, "/file", 5)) {
		say(fd, "HTTP/1.1 302 Found\r\nLocation: file:///etc/hostname\r\n"
			"Content-Length: 0\r\n\r\n");
	} else if (!strncmp(path, "/round", 6)) {
		say(fd, "HTTP/1.1 302 Found\r\nLocation: /round4\r\nContent-Length: 0\r\n\r\n");
	} else if (!strncmp(path, "/huge", 5)) {
		huge = calloc(1, HUGE_BYTES);
		say(fd, "HTTP/1.1 200 OK\r\n\r\nBM");
		(void)!send(fd, huge, HUGE_BYTES, MSG_NOSIGNAL);
		free(huge);
	} else if (!strncmp(path, "/text", 5)) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
	} else {
		say(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	}
}

static void *serve(void *arg)
{
	(void)arg;
	for (;;) {
		char request[2048] = "", path[64] = "";
		int fd = accept(server.listener, NULL, NULL);
		ssize_t got = 0;

		if (fd < 0)
			return NULL;
		while (!strstr(request, "\r\n\r\n") && got < (ssize_t)sizeof(request) - 1) {
			ssize_t n = recv(fd, request + got, sizeof(request) - 1 - (size_t)got, 0);

			if (n <= 0)
				break;
			got += n;
		}
		if (sscanf(request, "GET %63s", path) == 1) {
			server.asked[(unsigned)path[strlen(path) - 1] % 8]++;
			answer(fd, path);
		}
		(void)close(fd);
	}
}

static int start_server(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	(void)state;
	server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server.listener, (struct sockaddr *)&address, size) ||
	    listen(server.listener, 16) ||
	    getsockname(server.listener, (struct sockaddr *)&address, &size))
		return -1;
	server.port = ntohs(address.sin_port);
	return pthread_create(&server.thread, NULL, serve, NULL);
}

static int stop_server(void **state)
{
	(void)state;
	(void)shutdown(server.listener, SHUT_RDWR);
	(void)pthread_join(server.thread, NULL);
	return close(server.listener);
}

/* What came of each address. */
struct result {
	const char *path, *error; /* error: how it begins; "": the picture */
	bool done;
};

struct run {
	struct tess_loop *loop;
	struct result *results;
	size_t count, open;
};

static void done(void *arg, const char *url, const char *error, const void *content, size_t length)
{
	struct run *run = arg;

	for (size_t i = 0; i < run->count; i++) {
		struct result *result = &run->results[i];

		if (!strstr(url, result->path))
			continue;
		assert_false(result->done);
		result->done = true;
		if (strncmp(error, result->error, strlen(result->error)) != 0)
			fail_msg("%s: %s", url, error);
		if (*result->error) {
			assert_null(content);
		} else {
			assert_string_equal(error, "");
			assert_int_equal(length, 9);
			assert_memory_equal(content, BMP, 9);
		}
		if (!--run->open)
			tess_loop_stop(run->loop);
		return;
	}
	fail_msg("%s was not asked for", url);
}

static void too_long(void *arg)
{
	(void)arg;
	fail_msg("not all has come");
}

static void run(struct result *results, size_t count, bool anywhere, const char *host)
{
	struct run all = {.results = results, .count = count, .open = count};
	struct tess_fetch *fetch;
	struct tess_timer *timer;

	assert_int_equal(tess_loop_alloc(&all.loop), 0);
	assert_int_equal(tess_timer_alloc(&timer, all.loop, too_long, NULL), 0);
	tess_timer_start(timer, LIMIT_US);
	assert_int_equal(tess_fetch_alloc(&fetch, all.loop, anywhere, done, &all), 0);
	for (size_t i = 0; i < count; i++) {
		char url[128];

		(void)snprintf(url, sizeof(url), "http://%s:%u%s", host, server.port,
			       results[i].path);
		assert_int_equal(tess_fetch_start(fetch, url), 0);
		/* once is enough */
		assert_int_equal(tess_fetch_start(fetch, url), 0);
	}
	assert_int_equal(tess_loop_run(all.loop), 0);
	tess_fetch_free(fetch);
	tess_timer_free(timer);
	tess_loop_free(all.loop);
}

static void test_all_kinds(void **state)
{
	/* the last digits count how often each was asked for: '1' is 49 % 8 = 1 */
	struct result results[] = {
		{.path = "/good0", .error = ""},
		{.path = "/later1", .error = ""},
		{.path = "/nothing2", .error = "the server answers 404"},
		{.path = "/moved3", .error = ""},
		{.path = "/round4", .error = "Number of redirects"},
		{.path = "/huge5", .error = "it is larger than 2 MiB"},
		{.path = "/text6", .error = "it is no PNG, JPEG or BMP"},
		{.path = "/file7", .error = "Unsupported protocol"},
	};

	(void)state;
	memset((void *)server.asked, 0, sizeof(server.asked));
	run(results, sizeof(results) / sizeof(results[0]), true, "127.0.0.1");
	assert_int_equal(server.asked[0], 2); /* itself, and where /moved leads */
	assert_int_equal(server.asked[1], 3);
	assert_int_equal(server.asked[2], 3);
	assert_int_equal(server.asked[3], 1);
	assert_int_equal(server.asked[4], 12); /* 3 tries of 4 */
	assert_int_equal(server.asked[5], 1);  /* another try would not make it smaller */
	assert_int_equal(server.asked[6], 1);
	assert_int_equal(server.asked[7], 3);
}

/* Whatever this machine's address is written as. */
static void test_own_machine(void **state)
{
	static const char *const hosts[] = {
		"127.0.0.1", "localhost",  "0.0.0.0",	      "[::1]",	   "[::ffff:127.0.0.1]",
		"127.1.2.3", "2130706433", "169.254.169.254", "224.0.0.1", "[fe80::1]"};

	(void)state;
	memset((void *)server.asked, 0, sizeof(server.asked));
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct result result = {.path = "/good0",
					.error = "the address is one of this machine"};

		run(&result, 1, false, hosts[i]);
	}
	assert_int_equal(server.asked[0], 0);
}

static bool wants(void *arg, const char *url)
{
	return strstr(url, arg) != NULL;
}

/* Of what is under way, that which is not wanted any more is given up. */
static void test_given_up(void **state)
{
	struct result results[] = {{.path = "/good0", .error = ""}};
	struct run all = {.results = results, .count = 1, .open = 1};
	struct tess_fetch *fetch;
	char url[64];

	(void)state;
	memset((void *)server.asked, 0, sizeof(server.asked));
	assert_int_equal(tess_loop_alloc(&all.loop), 0);
	assert_int_equal(tess_fetch_alloc(&fetch, all.loop, true, done, &all), 0);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/later1", server.port);
	assert_int_equal(tess_fetch_start(fetch, url), 0);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/good0", server.port);
	assert_int_equal(tess_fetch_start(fetch, url), 0);
	tess_fetch_keep(fetch, wants, (void *)"good0");
	assert_int_equal(tess_loop_run(all.loop), 0);
	assert_int_equal(server.asked[1], 0);
	/* and one that is under way when all ends */
	assert_int_equal(tess_fetch_start(fetch, "http://127.0.0.1:1/never"), 0);
	tess_fetch_free(fetch);
	tess_loop_free(all.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_own_machine),
		cmocka_unit_test(test_given_up),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
