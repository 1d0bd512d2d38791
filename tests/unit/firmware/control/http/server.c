/* SPDX-License-Identifier: GPL-3.0-or-later
 * The server with real sockets on the loopback: whole requests, large and slow ones, many at a
 * time. The clients are in a thread of their own; the server's loop runs in the test's.
 */
#include "firmware/control/http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cloud/cmocka_headers.h"
#include "fixture.h"

static struct fixture f;
static struct tess_loop *loop;
static struct tess_http_server *server;
static uint16_t port;
/* what the clients found wrong; an assertion may not fail outside of the test's thread */
static const char *wrong;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	(void)stpcpy(f.config.control.listen, "127.0.0.1:0");
	assert_int_equal(tess_loop_alloc(&loop), 0);
	assert_int_equal(tess_http_server_start(&server, &f.control, loop), 0);
	port = tess_http_server_port(server);
	assert_int_not_equal(port, 0);
	wrong = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tess_http_server_stop(server);
	tess_loop_free(loop);
	fixture_close(&f);
	return 0;
}

static void check(bool good, const char *what)
{
	if (!good && !wrong)
		wrong = what;
}

struct clients {
	void (*run)(void);
};

static void *thread(void *arg)
{
	((struct clients *)arg)->run();
	tess_loop_stop(loop);
	return NULL;
}

static void serve(void (*run)(void))
{
	struct clients clients = {run};
	pthread_t id;

	assert_int_equal(pthread_create(&id, NULL, thread, &clients), 0);
	assert_int_equal(tess_loop_run(loop), 0);
	assert_int_equal(pthread_join(id, NULL), 0);
	if (wrong)
		fail_msg("%s", wrong);
}

static int connect_to(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval limit = {.tv_sec = 20};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	check(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), "setsockopt");
	check(!connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect");
	return fd;
}

static void send_all(int fd, const char *data, size_t length)
{
	while (length) {
		ssize_t n = send(fd, data, length, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* what comes back tells why */
		data += n;
		length -= (size_t)n;
	}
}

/* One response, by its Content-Length; "" when the connection ended before. */
static void receive(int fd, char *text, size_t size)
{
	size_t length = 0, expected = size;

	*text = 0;
	while (length < expected && length + 1 < size) {
		ssize_t n = recv(fd, text + length, 1, 0);
		const char *body, *header;

		if (n <= 0)
			return;
		length += (size_t)n;
		text[length] = 0;
		body = expected == size ? strstr(text, "\r\n\r\n") : NULL;
		header = body ? strcasestr(text, "Content-Length: ") : NULL;
		if (header)
			expected = (size_t)(body + 4 - text) + strtoul(header + 16, NULL, 10);
		else if (body)
			return;
	}
}

static void ask(int fd, const char *request, const char *status, const char *contains)
{
	char text[8192];

	send_all(fd, request, strlen(request));
	receive(fd, text, sizeof(text));
	if (strncmp(text, status, strlen(status)) != 0 || !strstr(text, contains)) {
		print_error("%s\n-> %s\n", request, text);
		check(false, "another response was expected");
	}
}

#define HOST "Host: 127.0.0.1\r\n"

static void ordinary(void)
{
	char password[64], body[160], request[512];
	int fd = connect_to();

	/* kept alive over several */
	ask(fd, "GET /api/v1/health HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200",
	    "{\"status\":\"degraded\"}");
	ask(fd, "GET /metrics HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200", "tessera_uptime_seconds");
	ask(fd, "GET /api/v1/rooms HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 401", "unauthorized");
	fixture_password(&f, password);
	(void)snprintf(body, sizeof(body), "{\"user\":\"admin\",\"password\":\"%s\"}", password);
	(void)snprintf(request, sizeof(request),
		       "POST /api/v1/login HTTP/1.1\r\n" HOST
		       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		       strlen(body), body);
	ask(fd, request, "HTTP/1.1 200", "Set-Cookie: tessera_session=");
	/* the query and the path reach the handlers as they were sent */
	ask(fd, "GET /?Action=%zz HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200", "\"Response\"");
	ask(fd, "GET /api/v1/m%65 HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 401", "unauthorized");
	ask(fd, "GET /api/v1%2Fme HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404", "");
	ask(fd, "GET /%2e%2e/tessera.db HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404", "");
	close(fd);
}

static void test_ordinary(void **state)
{
	(void)state;
	serve(ordinary);
	assert_int_equal(f.control.http.by_class[2], 4);
}

static void post_for(const char *path, size_t length, char *text, size_t size)
{
	char *data = malloc(length + 512);
	int fd = connect_to(), head;

	head = snprintf(data, 512,
			"POST %s HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
			"Content-Length: %zu\r\n\r\n",
			path, length);
	memset(data + head, ' ', length);
	send_all(fd, data, (size_t)head + length);
	receive(fd, text, size);
	free(data);
	close(fd);
}

static void post(const char *path, size_t length, const char *status, const char *contains)
{
	char text[8192];

	post_for(path, length, text, sizeof(text));
	if (strncmp(text, status, strlen(status)) != 0 || !strstr(text, contains)) {
		print_error("%zu bytes for %s\n-> %s\n", length, path, text);
		check(false, "another response was expected");
	}
}

static void large(void)
{
	/* all that is allowed is read, one byte more is refused */
	post("/api/v1/login", 1u << 20, "HTTP/1.1 400", "invalid_json");
	post("/api/v1/login", (1u << 20) + 1, "HTTP/1.1 413", "too_large");
	post("/", 10u << 20, "HTTP/1.1 200", "MissingParameter");
	post("/", (10u << 20) + 1, "HTTP/1.1 200", "RequestSizeLimitExceeded");
	post("/", 12u << 20, "HTTP/1.1 200", "RequestSizeLimitExceeded");
}

static void test_large(void **state)
{
	(void)state;
	serve(large);
}

static void in_pieces(void)
{
	static const char request[] =
		"POST / HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
		"Transfer-Encoding: chunked\r\n\r\n"
		"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n";
	char text[4096];
	int fd = connect_to();

	for (size_t i = 0; i + 1 < sizeof(request); i++)
		send_all(fd, request + i, 1);
	receive(fd, text, sizeof(text));
	check(strstr(text, "MissingParameter"), "a request in pieces");
	close(fd);
	/* header lines without end are cut off */
	fd = connect_to();
	send_all(fd, "GET / HTTP/1.1\r\nX: ", 19);
	for (int i = 0; i < 200; i++) {
		memset(text, 'x', 1024);
		send_all(fd, text, 1024);
	}
	receive(fd, text, sizeof(text));
	check(!*text || !strncmp(text, "HTTP/1.1 4", 10), "endless headers");
	close(fd);
}

static void test_pieces(void **state)
{
	(void)state;
	serve(in_pieces);
}

/* More bodies than there is room for: refused, and the room is there again afterwards. */
static void crowd(void)
{
	static char block[1 << 20];
	int fds[12];
	char text[4096];

	memset(block, ' ', sizeof(block));
	for (unsigned i = 0; i < 12; i++) {
		(void)snprintf(text, sizeof(text),
			       "POST / HTTP/1.1\r\n" HOST "Content-Length: %u\r\n\r\n", 10u << 20);
		fds[i] = connect_to();
		send_all(fds[i], text, strlen(text));
		for (int j = 0; j < 9; j++)
			send_all(fds[i], block, sizeof(block));
	}
	send_all(fds[11], block, sizeof(block));
	receive(fds[11], text, sizeof(text));
	check(!strncmp(text, "HTTP/1.1 503", 12), "no room for one more body");
	for (unsigned i = 0; i < 12; i++)
		close(fds[i]);
	/* what they had sent is read before their end is */
	for (unsigned i = 0; i < 100; i++, (void)usleep(50000)) {
		post_for("/", 10u << 20, text, sizeof(text));
		if (strncmp(text, "HTTP/1.1 503", 12) != 0)
			break;
	}
	check(!strncmp(text, "HTTP/1.1 200", 12) && strstr(text, "MissingParameter"),
	      "room for a body again");
}

static void test_crowd(void **state)
{
	(void)state;
	serve(crowd);
}

/* The clock goes on by hand: connections that are not done in time are closed. */
static void slow(void)
{
	char text[1024];
	int fd = connect_to();

	ask(fd, "GET /api/v1/health HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200", "status");
	/* a byte now and then does not help */
	for (unsigned i = 0; i < 60; i++) {
		__atomic_add_fetch(&f.time.now_us, 1000000, __ATOMIC_SEQ_CST);
		send_all(fd,
			 &"GET / HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"[i],
			 1);
	}
	__atomic_add_fetch(&f.time.now_us, 1000000, __ATOMIC_SEQ_CST);
	receive(fd, text, sizeof(text)); /* until the next sweep */
	check(!*text, "a slow client is cut off");
	close(fd);
	fd = connect_to();
	ask(fd, "GET /api/v1/health HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200", "status");
	close(fd);
}

static void test_slow(void **state)
{
	(void)state;
	serve(slow);
}

static void test_listen(void **state)
{
	struct tess_http_server *second;

	(void)state;
	(void)snprintf(f.config.control.listen, sizeof(f.config.control.listen), "127.0.0.1:%u",
		       port);
	assert_int_equal(tess_http_server_start(&second, &f.control, loop), -EADDRINUSE);
	(void)stpcpy(f.config.control.listen, "nonsense");
	assert_int_equal(tess_http_server_start(&second, &f.control, loop), -EINVAL);
	(void)stpcpy(f.config.control.listen, "[::1]:0");
	assert_int_equal(tess_http_server_start(&second, &f.control, loop), 0);
	tess_http_server_stop(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ordinary, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_crowd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listen, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
