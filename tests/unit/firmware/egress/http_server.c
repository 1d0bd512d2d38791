/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/egress/http_server over real sockets: requests, and connections that make none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/log.h"
#include "tests/unit/firmware/egress/http_box.h"

static void test_keep_alive(void **state)
{
	struct client client;

	(void)state;
	client_open(&client, http_box.port, 0);
	/* two requests at once, and the second in two pieces */
	client_send(&client, "GET /health HTTP/1.1\r\nHost: x\r\n\r\nHEAD /heal");
	assert_int_equal(client_head(&client), 200);
	assert_non_null(strstr(client.text, "\r\nContent-Length: 3\r\n"));
	assert_non_null(strstr(client.text, "\r\nAccess-Control-Allow-Origin: *\r\n"));
	client_body(&client, "ok\n");
	client_send(&client, "th HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	assert_int_equal(client_head(&client), 200);
	assert_non_null(strstr(client.text, "\r\nConnection: close\r\n"));
	assert_true(client_at_end(&client)); /* HEAD has no body */
	close(client.fd);
}

static void test_refusals(void **state)
{
	char long_header[9000];
	struct client client;

	(void)state;
	assert_int_equal(status_of("GET", "/", ""), 404);
	assert_int_equal(status_of("GET", "/live/.flv", ""), 404);
	assert_int_equal(status_of("GET", "/live/a/b.flv", ""), 404);
	assert_int_equal(status_of("GET", "/live/other.flv", ""), 404);
	assert_int_equal(status_of("GET", "/live/../health", ""), 400);
	assert_int_equal(status_of("GET", "/health", "Content-Length: 3\r\n"), 400);
	assert_int_equal(ask(&client, "DELETE", "/health", ""), 405);
	assert_non_null(strstr(client.text, "\r\nAllow: GET, HEAD, OPTIONS\r\n"));
	client_body(&client, "Method Not Allowed");
	assert_true(client_at_end(&client));
	close(client.fd);
	client_open(&client, http_box.port, 0);
	memset(long_header, 'a', sizeof(long_header) - 1);
	long_header[sizeof(long_header) - 1] = 0;
	client_send(&client, "GET / HTTP/1.1\r\nX: ");
	client_send(&client, long_header);
	assert_int_equal(client_head(&client), 431);
	close(client.fd);
	assert_int_equal(ask(&client, "OPTIONS", "/live/show.flv", ""), 204);
	assert_non_null(
		strstr(client.text, "\r\nAccess-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"));
	close(client.fd);
}

static void test_too_many_connections(void **state)
{
	struct client clients[8], extra;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		client_open(&clients[i], http_box.port, 0);
		client_send(&clients[i], "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_int_equal(client_head(&clients[i]), 200);
	}
	/* the one that has waited longest makes room, the others stay */
	client_open(&extra, http_box.port, 0);
	client_send(&extra, "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(client_head(&extra), 200);
	assert_true(client_at_end(&clients[0]));
	for (unsigned i = 1; i < 8; i++) {
		client_send(&clients[i], "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_int_equal(client_head(&clients[i]), 200);
	}
	close(extra.fd);
	for (unsigned i = 0; i < 8; i++)
		close(clients[i].fd);
}

static void test_slow_head(void **state)
{
	struct client idle, slow, silent, halting;
	int64_t begun_us = turning_now_us();

	(void)state;
	client_open(&idle, http_box.port, 0);
	client_open(&slow, http_box.port, 0);
	client_send(&slow, "GET /health HTTP/1.1\r\nHo");
	/* nor does it in a handshake: a record of 512 bytes, a ClientHello of 508 */
	client_open(&silent, http_box.tls_port, 0);
	client_open(&halting, http_box.tls_port, 0);
	assert_int_equal(send(halting.fd, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9, 0), 9);
	/* a byte now and then does not help: after the last one it has 2 s, not 10 */
	for (unsigned i = 0; i < 4; i++) {
		turning_later(live_box.turning, 2000000);
		client_send(&slow, "s");
		client_send(&halting, "\x03");
	}
	turning_later(live_box.turning, 1500000);
	assert_int_equal(client_head(&slow), 408);
	assert_in_range(turning_now_us() - begun_us, 10000000, 17000000);
	assert_true(client_at_end(&idle));
	assert_true(client_at_end(&silent));
	assert_true(client_at_end(&halting));
	assert_in_range(turning_now_us() - begun_us, 10000000, 17000000);
	close(idle.fd);
	close(slow.fd);
	close(silent.fd);
	close(halting.fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		HTTP_TEST(test_keep_alive),
		HTTP_TEST(test_refusals),
		HTTP_TEST(test_too_many_connections),
		HTTP_TEST(test_slow_head),
	};

	tess_log_init("test", TESS_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
