/* SPDX-License-Identifier: GPL-3.0-or-later
 * Orders on finished files, against a server that takes, refuses, or says nothing.
 */
#include "firmware/egress/uploads.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/link/link.h"
#include "tests/unit/firmware/egress/turning.h"

#define FILE_BYTES 300000

enum answer { TAKE = 1, REFUSE, SILENT };

struct server {
	int fd;
	uint16_t port;
	pthread_t thread;
	atomic_int answer;
	/* the last request; its thread's until it has answered */
	char head[4096];
	uint8_t body[FILE_BYTES];
	size_t length;
	atomic_uint requests;
};

static struct box {
	char dir[40];
	struct server server;
	struct turning *turning;
	struct tess_uploads *uploads;
	json_t *desired, *facts;
	unsigned changes;
} box;

/* One request, with its body. @return false: the peer has gone */
static bool receive(struct server *server, int fd)
{
	size_t got = 0, want = 0;
	char *end = NULL;

	while (!end) {
		ssize_t n = recv(fd, server->head + got, sizeof(server->head) - 1 - got, 0);

		if (n <= 0)
			return false;
		got += (size_t)n;
		server->head[got] = 0;
		end = strstr(server->head, "\r\n\r\n");
	}
	want = strtoul(strstr(server->head, "Content-Length: ") + 16, NULL, 10);
	assert_true(want <= sizeof(server->body));
	server->length = got - (size_t)(end + 4 - server->head);
	memcpy(server->body, end + 4, server->length);
	end[4] = 0;
	while (server->length < want) {
		ssize_t n = recv(fd, server->body + server->length, want - server->length, 0);

		if (n <= 0)
			return false;
		server->length += (size_t)n;
	}
	return true;
}

static void *serve(void *arg)
{
	static const char taken[] =
		"HTTP/1.1 200 OK\r\nETag: \"0123456789abcdef0123456789abcdef\"\r\n"
		"Content-Length: 0\r\nConnection: close\r\n\r\n";
	static const char refused[] =
		"HTTP/1.1 403 Forbidden\r\nContent-Length: 59\r\nConnection: close\r\n\r\n"
		"<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
	struct server *server = arg;
	uint8_t rest[16];
	int fd;

	while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
		if (receive(server, fd)) {
			int answer = atomic_load(&server->answer);

			atomic_fetch_add(&server->requests, 1);
			if (answer == TAKE)
				(void)send(fd, taken, sizeof(taken) - 1, MSG_NOSIGNAL);
			else if (answer == REFUSE)
				(void)send(fd, refused, sizeof(refused) - 1, MSG_NOSIGNAL);
			/* until the peer has had enough */
			while (recv(fd, rest, sizeof(rest), 0) > 0)
				;
		}
		(void)close(fd);
	}
	return NULL;
}

static void server_start(struct server *server)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);

	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(server->fd, 8), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)&at, &size), 0);
	server->port = ntohs(at.sin_port);
	atomic_store(&server->answer, TAKE);
	atomic_store(&server->requests, 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void changed(void *arg)
{
	struct box *b = arg;

	b->changes++;
}

static uint8_t byte_at(size_t at)
{
	return (uint8_t)(at * 7 + at / 256);
}

static void put(const char *name, size_t length)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", box.dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	for (size_t i = 0; i < length; i++)
		(void)fputc(byte_at(i), file);
	assert_int_equal(fclose(file), 0);
}

static void begin(void *arg)
{
	struct box *b = arg;

	assert_int_equal(
		tess_uploads_alloc(&b->uploads, turning_loop(b->turning), b->dir, "", changed, b),
		0);
}

static int setup(void **state)
{
	char path[64];

	(void)state;
	(void)strcpy(box.dir, "/tmp/tessera-uploads-XXXXXX");
	assert_non_null(mkdtemp(box.dir));
	(void)snprintf(path, sizeof(path), "%s/7", box.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	put("7/a.mp4", FILE_BYTES);
	server_start(&box.server);
	box.turning = turning_start();
	turning_do(box.turning, begin, &box);
	return 0;
}

static void finish(void *arg)
{
	struct box *b = arg;

	tess_uploads_free(b->uploads);
	b->uploads = NULL;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	turning_do(box.turning, finish, &box);
	turning_stop(box.turning);
	(void)shutdown(box.server.fd, SHUT_RDWR);
	(void)pthread_join(box.server.thread, NULL);
	(void)close(box.server.fd);
	json_decref(box.facts);
	box.facts = NULL;
	(void)snprintf(command, sizeof(command), "rm -rf %s", box.dir);
	return system(command); /* NOLINT(cert-env33-c): our own folder */
}

static void set_desired(void *arg)
{
	struct box *b = arg;

	tess_uploads_set_desired(b->uploads, b->desired);
}

/* Orders to send these bytes of the file. */
static void desire(const char *id, const char *path, long offset, long bytes)
{
	char url[64];

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/o?sig=x", box.server.port);
	box.desired =
		id ? json_pack("[{s:s, s:s, s:I, s:I, s:s}]", "id", id, "path", path, "offset",
			       (json_int_t)offset, "bytes", (json_int_t)bytes, "url", url)
		   : json_array();
	turning_do(box.turning, set_desired, &box);
	json_decref(box.desired);
}

static bool is_over(void *arg)
{
	struct box *b = arg;
	const char *state;

	json_decref(b->facts);
	b->facts = tess_uploads_facts(b->uploads);
	state = json_string_value(json_object_get(json_array_get(b->facts, 0), "state"));
	return state && strcmp(state, "sending") != 0;
}

static void look(void *arg)
{
	*(bool *)arg = is_over(&box);
}

static bool is_over_now(void)
{
	bool over;

	turning_do(box.turning, look, &over);
	return over;
}

static const char *text(const char *name)
{
	return json_string_value(json_object_get(json_array_get(box.facts, 0), name));
}

static void test_sent(void **state)
{
	(void)state;
	desire("1:2", "7/a.mp4", 100000, 150000);
	assert_true(turning_until(box.turning, is_over, &box));
	assert_string_equal(text("state"), "done");
	assert_string_equal(text("etag"), "0123456789abcdef0123456789abcdef");
	assert_int_equal(strlen(text("md5")), 32);
	assert_ptr_equal(strstr(box.server.head, "PUT /o?sig=x HTTP/1.1\r\n"), box.server.head);
	assert_non_null(strstr(box.server.head, "\r\nContent-MD5: "));
	assert_null(strstr(box.server.head, "Authorization"));
	assert_int_equal(box.server.length, 150000);
	for (size_t i = 0; i < box.server.length; i++)
		assert_int_equal(box.server.body[i], byte_at(100000 + i));
	assert_null(strstr(text("id"), "sig"));
	/* told until it is not wanted any more; not sent twice */
	desire("1:2", "7/a.mp4", 100000, 150000);
	assert_true(turning_until(box.turning, is_over, &box));
	assert_int_equal(atomic_load(&box.server.requests), 1);
	desire(NULL, NULL, 0, 0);
	assert_false(is_over_now());
	assert_int_equal(json_array_size(box.facts), 0);
}

static void test_failures(void **state)
{
	(void)state;
	atomic_store(&box.server.answer, REFUSE);
	desire("1:1", "7/a.mp4", 0, 1000);
	assert_true(turning_until(box.turning, is_over, &box));
	assert_string_equal(text("state"), "failed");
	assert_string_equal(text("error"), "the server answered 403 AccessDenied");
	desire("1:2", "7/none.mp4", 0, 1000);
	assert_true(turning_until(box.turning, is_over, &box));
	assert_string_equal(text("error"), "the file is not there");
	desire("1:3", "7/a.mp4", 0, FILE_BYTES + 1);
	assert_true(turning_until(box.turning, is_over, &box));
	assert_string_equal(text("error"), "the file is shorter than it was");
	/* what leads elsewhere is no order */
	desire("1:4", "7/../7/a.mp4", 0, 1000);
	assert_false(is_over_now());
	desire("1:5", "/etc/passwd", 0, 10);
	assert_false(is_over_now());
	assert_int_equal(json_array_size(box.facts), 0);
}

static bool is_asked(void *arg)
{
	struct box *b = arg;

	return atomic_load(&b->server.requests) == 1;
}

/* A server that says nothing holds up neither another order nor the end. */
static void test_silent(void **state)
{
	(void)state;
	atomic_store(&box.server.answer, SILENT);
	desire("1:1", "7/a.mp4", 0, 1000);
	assert_true(turning_until(box.turning, is_asked, &box));
	assert_false(is_over_now());
	atomic_store(&box.server.answer, TAKE);
	desire("1:2", "7/a.mp4", 0, 1000); /* and the first one is given up */
	assert_true(turning_until(box.turning, is_over, &box));
	assert_string_equal(text("id"), "1:2");
	assert_string_equal(text("state"), "done");
	atomic_store(&box.server.answer, SILENT);
	desire("1:3", "7/a.mp4", 0, 1000);
	/* ends while that is under way */
}

static const char long_name[] = "7/a23456789012345678901234567890123456789012345678901234567890";

struct told {
	unsigned turns, lists, failed;
	size_t longest;
};

/* What control does: asks for lists, and for each until it has been told. */
static bool all_listed(void *arg)
{
	struct told *told = arg;
	const json_t *fact;
	json_t *desired;
	size_t i, length;

	/* till then all four are made, on most machines */
	if (told->turns++ < 120)
		return false;
	desired = json_array();
	json_decref(box.facts);
	box.facts = tess_uploads_facts(box.uploads);
	length = json_dumpb(box.facts, NULL, 0, 0);
	if (length > told->longest)
		told->longest = length;
	json_array_foreach(box.facts, i, fact)
	{
		const char *state = json_string_value(json_object_get(fact, "state"));

		if (!strcmp(state, "sending"))
			(void)json_array_append_new(desired,
						    json_pack("{s:O, s:s, s:b}", "id",
							      json_object_get(fact, "id"), "path",
							      "7/a.m3u8", "list", 1));
		else if (json_array_size(json_object_get(fact, "files")) == 20001 &&
			 json_string_length(json_object_get(fact, "playlist")) ==
				 20000 * (sizeof(long_name) + 16))
			told->lists++;
		else
			told->failed++;
	}
	tess_uploads_set_desired(box.uploads, desired);
	json_decref(desired);
	return told->lists + told->failed >= 4;
}

/* Lists of four long recordings at once are more than a message carries. */
static void test_long_lists(void **state)
{
	struct told told = {0};
	char path[128];
	FILE *file;

	(void)state;
	put(long_name, 10);
	(void)snprintf(path, sizeof(path), "%s/7/a.m3u8", box.dir);
	file = fopen(path, "we");
	assert_non_null(file);
	for (unsigned i = 0; i < 20000; i++)
		(void)fprintf(file, "#EXTINF:4.000000,\n%s\n", long_name + 2);
	assert_int_equal(fclose(file), 0);
	box.desired = json_array();
	for (unsigned i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof(path), "%u:list", i);
		(void)json_array_append_new(box.desired, json_pack("{s:s, s:s, s:b}", "id", path,
								   "path", "7/a.m3u8", "list", 1));
	}
	turning_do(box.turning, set_desired, &box);
	json_decref(box.desired);
	assert_true(turning_until(box.turning, all_listed, &told));
	assert_int_equal(told.lists, 4);
	/* beside 1 MiB of recordings, and all else */
	assert_in_range(told.longest, 2 << 20, TESS_LINK_MAX_BYTES - (2 << 20));
	/* what no message could carry is none */
	(void)snprintf(path, sizeof(path), "%s/7/b.m3u8", box.dir);
	file = fopen(path, "we");
	for (unsigned i = 0; i < 1100000; i++)
		(void)fputs(i ? "\1" : "#", file);
	assert_int_equal(fclose(file), 0);
	box.desired = json_pack("[{s:s, s:s, s:b}]", "id", "b", "path", "7/b.m3u8", "list", 1);
	turning_do(box.turning, set_desired, &box);
	json_decref(box.desired);
	assert_true(turning_until(box.turning, is_over, &box));
	assert_string_equal(text("error"), "the playlist is too long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_lists, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
