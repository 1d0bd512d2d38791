/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/egress/http_server and live, over real sockets and with a ring as media makes
 * it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>

#include "drivers/clock/clock.h"
#include "firmware/base/log.h"
#include "firmware/base/tls_files.h"
#include "firmware/base/tx_secret.h"
#include "firmware/egress/http_server.h"
#include "firmware/egress/live.h"
#include "firmware/egress/live_viewers.h"
#include "firmware/egress/streams.h"
#include "firmware/egress/tls_context.h"
#include "pipeline/stream/ring.h"
#include "tests/unit/firmware/egress/flv_play.h"
#include "tests/unit/firmware/egress/http_client.h"
#include "tests/unit/firmware/egress/turning.h"

#define FILE_SIZE 3000000
#define KEY_HEX	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct turning *turning;
static struct tess_streams *streams;
static struct tess_guard *guard;
static struct tess_traffic *traffic;
static struct tess_live *live;
static struct tess_config tls_config;
static struct tess_tls_context *tls;
static struct tess_http *http, *https;
static uint16_t port, tls_port;
static uint8_t *file_data;
static char file_path[32], certificate_path[48], key_path[48];

static int open_record(void *arg, int64_t id, const char *name, int *fdp, uint32_t *app)
{
	(void)arg;
	*app = 8;
	if (id != 5 || (name && strncmp(name, "there", 5) != 0))
		return -ENOENT;
	*fdp = open(file_path, O_RDONLY | O_CLOEXEC);
	return *fdp < 0 ? -errno : 0;
}

static void set_outputs(void *arg)
{
	json_t *outputs = json_loads(arg, 0, NULL);

	assert_non_null(outputs);
	tess_live_apply(live, outputs);
	json_decref(outputs);
}

static void start(void *arg)
{
	struct tess_live_config live_config = {.clock = tess_clock_system(),
					       .viewer_buffer_bytes = 200000,
					       .hls_bytes = 16 << 20,
					       .max_viewers = 3,
					       .first_viewer = 100};
	struct tess_http_config config = {
		.max_connections = 8, .clock = tess_clock_system(), .record_open = open_record};
	struct tess_loop *loop = turning_loop(turning);
	uint8_t key[TESS_TOKEN_KEY_SIZE];
	char error[256];

	(void)arg;
	config.listen.in = (struct sockaddr_in){.sin_family = AF_INET,
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(tess_streams_alloc(&streams, loop), 0);
	assert_int_equal(tess_guard_alloc(&guard, tess_clock_system()), 0);
	assert_int_equal(tess_traffic_alloc(&traffic, 1), 0);
	live_config.guard = config.guard = guard;
	live_config.traffic = config.traffic = traffic;
	assert_int_equal(tess_live_alloc(&live, loop, streams, &live_config), 0);
	config.live = live;
	assert_int_equal(tess_http_alloc(&http, loop, &config), 0);
	assert_int_equal(tess_token_key(key, KEY_HEX), 0);
	tess_http_set_key(http, key);
	port = tess_http_port(http);
	assert_int_equal(tess_tls_context_alloc(&tls, &tls_config, error, sizeof(error)), 0);
	config.tls = tls;
	assert_int_equal(tess_http_alloc(&https, loop, &config), 0);
	tess_http_set_key(https, key);
	tls_port = tess_http_port(https);
}

static void stop(void *arg)
{
	(void)arg;
	tess_http_free(http);
	tess_http_free(https);
	tess_tls_context_free(tls);
	tess_live_free(live);
	tess_guard_free(guard);
	tess_traffic_free(traffic);
	tess_streams_free(streams);
}

static void set_files(struct tess_config *config, const char *certificate, const char *key)
{
	(void)snprintf(config->egress.tls_certificate, sizeof(config->egress.tls_certificate), "%s",
		       certificate);
	(void)snprintf(config->egress.tls_key, sizeof(config->egress.tls_key), "%s", key);
}

static int setup(void **state)
{
	int fd;

	(void)state;
	file_data = malloc(FILE_SIZE);
	for (size_t i = 0; i < FILE_SIZE; i++)
		file_data[i] = (uint8_t)(i * 2654435761u >> 13);
	(void)strcpy(file_path, "/tmp/tessera-test-XXXXXX");
	fd = mkstemp(file_path);
	if (fd < 0 || write(fd, file_data, FILE_SIZE) != FILE_SIZE)
		return -1;
	close(fd);
	(void)snprintf(certificate_path, sizeof(certificate_path), "%s.cert", file_path);
	(void)snprintf(key_path, sizeof(key_path), "%s.key", file_path);
	make_certificate(certificate_path, key_path, "first");
	set_files(&tls_config, certificate_path, key_path);
	turning = turning_start();
	turning_do(turning, start, NULL);
	turning_do(turning, set_outputs,
		   (void *)(uintptr_t) "[{\"stream\":\"s\",\"name\":\"show\",\"app\":7}]");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	turning_do(turning, stop, NULL);
	turning_stop(turning);
	unlink(file_path);
	unlink(certificate_path);
	unlink(key_path);
	free(file_data);
	return 0;
}

/** Send a request and read the head of the answer. */
static int ask_on(struct client *client, const char *method, const char *target,
		  const char *headers)
{
	char text[2048];

	(void)snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, target,
		       headers);
	client_send(client, text);
	return client_head(client);
}

/** On a connection of its own. */
static int ask(struct client *client, const char *method, const char *target, const char *headers)
{
	client_open(client, port, 0);
	return ask_on(client, method, target, headers);
}

/** The same by TLS; @p receive_bytes of the socket's buffer, or 0. */
static int ask_tls(struct client *client, const char *target, const char *headers,
		   int receive_bytes)
{
	client_open(client, tls_port, receive_bytes);
	assert_true(client_secure(client, NULL));
	return ask_on(client, "GET", target, headers);
}

static int status_of(const char *method, const char *target, const char *headers)
{
	struct client client;
	int status = ask(&client, method, target, headers);

	close(client.fd);
	return status;
}

static void test_keep_alive(void **state)
{
	struct client client;

	(void)state;
	client_open(&client, port, 0);
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
	client_open(&client, port, 0);
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
		client_open(&clients[i], port, 0);
		client_send(&clients[i], "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_int_equal(client_head(&clients[i]), 200);
	}
	/* the one that has waited longest makes room, the others stay */
	client_open(&extra, port, 0);
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
	client_open(&idle, port, 0);
	client_open(&slow, port, 0);
	client_send(&slow, "GET /health HTTP/1.1\r\nHo");
	/* nor does it in a handshake: a record of 512 bytes, a ClientHello of 508 */
	client_open(&silent, tls_port, 0);
	client_open(&halting, tls_port, 0);
	assert_int_equal(send(halting.fd, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9, 0), 9);
	/* a byte now and then does not help: after the last one it has 2 s, not 10 */
	for (unsigned i = 0; i < 4; i++) {
		turning_later(turning, 2000000);
		client_send(&slow, "s");
		client_send(&halting, "\x03");
	}
	turning_later(turning, 1500000);
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

/** A link to recording @p id that is valid for @p seconds more. */
static void sign(char *target, size_t size, int id, int seconds)
{
	char text[64], hex[65];
	uint8_t key[TESS_TOKEN_KEY_SIZE], mac[32];
	long expires = (long)time(NULL) + seconds;

	assert_int_equal(tess_token_key(key, KEY_HEX), 0);
	(void)snprintf(text, sizeof(text), "%d:%ld", id, expires);
	assert_non_null(
		HMAC(EVP_sha256(), key, sizeof(key), (uint8_t *)text, strlen(text), mac, NULL));
	for (size_t i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", mac[i]);
	(void)snprintf(target, size, "/record/%d.mp4?expires=%ld&sign=%s", id, expires, hex);
}

static void expect_content(struct client *client, size_t first, size_t length)
{
	uint8_t *got = malloc(length);

	assert_int_equal(client_receive(client, got, length), length);
	assert_memory_equal(got, file_data + first, length);
	free(got);
}

static void header_value(const struct client *client, const char *name, char *value)
{
	const char *at = strstr(client->text, name);

	assert_non_null(at);
	assert_int_equal(sscanf(at + strlen(name), ": %99[^\r]", value), 1);
}

static void get_traffic(void *arg)
{
	*(json_t **)arg = tess_traffic_facts(traffic);
}

static json_int_t sent_for(json_int_t app, const char *item)
{
	json_t *facts, *one;
	json_int_t bytes = -1;
	size_t i;

	turning_do(turning, get_traffic, &facts);
	json_array_foreach(json_object_get(facts, "apps"), i, one)
	{
		if (json_integer_value(json_object_get(one, "app")) == app)
			bytes = json_integer_value(json_object_get(one, item));
	}
	json_decref(facts);
	return bytes;
}

static void test_record(void **state)
{
	char target[256], etag[100], modified[100], headers[256];
	struct client client;

	(void)state;
	sign(target, sizeof(target), 5, 60);
	assert_int_equal(ask(&client, "GET", target, ""), 200);
	assert_non_null(strstr(client.text, "\r\nContent-Length: 3000000\r\n"));
	assert_non_null(strstr(client.text, "\r\nContent-Type: video/mp4\r\n"));
	assert_non_null(strstr(client.text, "\r\nAccept-Ranges: bytes\r\n"));
	header_value(&client, "ETag", etag);
	header_value(&client, "Last-Modified", modified);
	expect_content(&client, 0, FILE_SIZE);
	/* the connection goes on behind a file */
	client_send(&client, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(client_head(&client), 200);
	close(client.fd);

	assert_int_equal(ask(&client, "GET", target, "Range: bytes=1000000-1999999\r\n"), 206);
	assert_non_null(
		strstr(client.text, "\r\nContent-Range: bytes 1000000-1999999/3000000\r\n"));
	assert_non_null(strstr(client.text, "\r\nContent-Length: 1000000\r\n"));
	expect_content(&client, 1000000, 1000000);
	close(client.fd);
	assert_int_equal(ask(&client, "GET", target, "Range: bytes=-10\r\nConnection: close\r\n"),
			 206);
	expect_content(&client, FILE_SIZE - 10, 10);
	assert_true(client_at_end(&client));
	close(client.fd);
	assert_int_equal(ask(&client, "GET", target, "Range: bytes=3000000-\r\n"), 416);
	assert_non_null(strstr(client.text, "\r\nContent-Range: bytes */3000000\r\n"));
	close(client.fd);
	assert_int_equal(ask(&client, "HEAD", target, "Connection: close\r\n"), 200);
	assert_non_null(strstr(client.text, "\r\nContent-Length: 3000000\r\n"));
	assert_true(client_at_end(&client));
	close(client.fd);

	/* bodies alone; sendfile() returns before the last of them is counted */
	for (unsigned i = 0; i < 10000 && sent_for(8, "file_bytes") < FILE_SIZE + 1000010; i++)
		(void)usleep(1000);
	assert_int_equal(sent_for(8, "file_bytes"), FILE_SIZE + 1000000 + 10);

	(void)snprintf(headers, sizeof(headers), "If-None-Match: W/\"x\", %s\r\n", etag);
	assert_int_equal(status_of("GET", target, headers), 304);
	(void)snprintf(headers, sizeof(headers), "Range: bytes=0-9\r\nIf-Range: %s\r\n", etag);
	assert_int_equal(status_of("GET", target, headers), 206);
	(void)snprintf(headers, sizeof(headers), "Range: bytes=0-9\r\nIf-Range: %s\r\n", modified);
	assert_int_equal(status_of("GET", target, headers), 206);
	assert_int_equal(status_of("GET", target, "Range: bytes=0-9\r\nIf-Range: \"old\"\r\n"),
			 200);
}

static void test_record_refusals(void **state)
{
	char target[256];

	(void)state;
	sign(target, sizeof(target), 6, 60);
	assert_int_equal(status_of("GET", target, ""), 404);
	sign(target, sizeof(target), 5, -2);
	assert_int_equal(status_of("GET", target, ""), 403);
	sign(target, sizeof(target), 5, 60);
	target[strlen(target) - 1] ^= 1;
	assert_int_equal(status_of("GET", target, ""), 403);
	assert_int_equal(status_of("GET", "/record/5.mp4", ""), 403);
	assert_int_equal(status_of("GET", "/record/x.mp4", ""), 404);
	assert_int_equal(status_of("GET", "/record/-5.mp4", ""), 404);
	assert_int_equal(status_of("GET", "/record/9999999999999999999.mp4", ""), 404);
}

/** Addresses with the right in their path, so that those that are relative to them have it too. */
static void test_record_names(void **state)
{
	static const struct {
		const char *name, *type;
	} files[] = {
		{"there.mp4", "video/mp4"},
		{"there.m3u8", "application/vnd.apple.mpegurl"},
		{"there.hls/00001.m4s", "video/mp4"},
		{"there.hls/init-1.mp4", "video/mp4"},
		{"there.flv", "video/x-flv"},
		{"there.aac", "audio/aac"},
		{"there.mp3", "audio/mpeg"},
	};
	char signed_query[256], base[256], target[512], type[100];
	struct client client;
	long expires;
	char hex[80];

	(void)state;
	sign(signed_query, sizeof(signed_query), 5, 60);
	assert_int_equal(sscanf(signed_query, "/record/5.mp4?expires=%ld&sign=%79s", &expires, hex),
			 2);
	(void)snprintf(base, sizeof(base), "/record/5/%ld/%s", expires, hex);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(target, sizeof(target), "%s/%s", base, files[i].name);
		assert_int_equal(ask(&client, "GET", target, "Range: bytes=10-19\r\n"), 206);
		header_value(&client, "Content-Type", type);
		assert_string_equal(type, files[i].type);
		header_value(&client, "Content-Disposition", type);
		assert_non_null(strstr(type, strrchr(files[i].name, '/')
						     ? strrchr(files[i].name, '/') + 1
						     : files[i].name));
		assert_non_null(strstr(client.text, "\r\nCache-Control: no-cache\r\n"));
		expect_content(&client, 10, 10);
		close(client.fd);
	}
	(void)snprintf(target, sizeof(target), "%s/other.mp4", base);
	assert_int_equal(status_of("GET", target, ""), 404);
	(void)snprintf(target, sizeof(target), "%s/", base);
	assert_int_equal(status_of("GET", target, ""), 404);
	(void)snprintf(target, sizeof(target), "/record/6/%ld/%s/there.mp4", expires, hex);
	assert_int_equal(status_of("GET", target, ""), 403);
	(void)snprintf(target, sizeof(target), "/record/5/%ld/%s/there.mp4", expires + 1, hex);
	assert_int_equal(status_of("GET", target, ""), 403);
	assert_int_equal(status_of("GET", "/record/5/1/x/there.mp4", ""), 403);
	assert_int_equal(status_of("GET", "/record/5/there.mp4", ""), 404);
}

static void set_rules(void *arg)
{
	json_t *rules = json_loads(arg, 0, NULL);

	assert_non_null(rules);
	tess_guard_apply(guard, rules);
	json_decref(rules);
}

static void rules(const char *text)
{
	turning_do(turning, set_rules, (void *)(uintptr_t)text);
}

static void sign_by(char *query, const char *key, const char *name, int seconds)
{
	assert_int_equal(tess_tx_query(query, key, name, (int64_t)time(NULL) + seconds), 0);
}

/** Addresses that whoever has the key of a play domain makes by himself. */
static void test_record_keys(void **state)
{
	static const struct {
		const char *name, *key, *signed_name;
		int seconds, status;
	} asked[] = {
		{"there.mp4", "k1", "there", 60, 200},	{"there.flv", "k2", "there", 60, 200},
		{"there.mp4", "k1", "there", -5, 403},	{"there.mp4", "k1", "there.mp4", 60, 403},
		{"there2.mp4", "k1", "there", 60, 403}, {"there.mp4", "other", "there", 60, 403},
		{"there.mp4", "", "there", 60, 403},	{"there.m3u8", "k1", "there", 60, 302},
		{"there.m3u8", "k1", "here", 60, 403},	{"missing.mp4", "k1", "missing", 60, 404},
	};
	char query[TESS_TX_QUERY_SIZE], target[512], place[200];
	struct client client;

	(void)state;
	sign_by(query, "k1", "there", 60);
	(void)snprintf(target, sizeof(target), "/record/5/there.mp4?%s", query);
	assert_int_equal(status_of("GET", target, ""), 403); /* no domain has a key */
	rules("{\"play\":{\"a.example\":{\"app\":8,\"enable\":true,\"key\":\"k1\",\"back_key\":"
	      "\"k2\",\"delta_s\":0},\"open.example\":{\"app\":8,\"enable\":false,\"key\":\"\","
	      "\"back_key\":\"\",\"delta_s\":0},\"b.example\":{\"app\":7,\"enable\":true,\"key\":"
	      "\"other\",\"back_key\":\"\",\"delta_s\":0}}}");
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		sign_by(query, asked[i].key, asked[i].signed_name, asked[i].seconds);
		(void)snprintf(target, sizeof(target), "/record/5/%s?%s", asked[i].name, query);
		assert_int_equal(status_of("GET", target, ""), asked[i].status);
	}
	/* not what lies in folders, nor without a signature, nor another recording */
	sign_by(query, "k1", "there", 60);
	(void)snprintf(target, sizeof(target), "/record/5/there.hls/00001.m4s?%s", query);
	assert_int_equal(status_of("GET", target, ""), 404);
	assert_int_equal(status_of("GET", "/record/5/there.mp4", ""), 404);
	assert_int_equal(status_of("GET", "/record/5/there.mp4?txSecret=&txTime=1", ""), 403);
	(void)snprintf(target, sizeof(target), "/record/6/there.mp4?%s", query);
	assert_int_equal(status_of("GET", target, ""), 404);
	(void)snprintf(target, sizeof(target), "/record/5/there.mp4?%s", query);
	assert_int_equal(ask(&client, "GET", target, "Range: bytes=10-19\r\n"), 206);
	expect_content(&client, 10, 10);
	close(client.fd);
	/* the right goes on to what a playlist lists */
	(void)snprintf(target, sizeof(target), "/record/5/there.m3u8?%s", query);
	assert_int_equal(ask(&client, "GET", target, ""), 302);
	assert_int_equal(sscanf(strstr(client.text, "Location: "), "Location: %199[^\r]", place),
			 1);
	close(client.fd);
	(void)snprintf(target, sizeof(target), "/record/5/%s", place);
	assert_int_equal(ask(&client, "GET", target, "Range: bytes=10-19\r\n"), 206);
	expect_content(&client, 10, 10);
	close(client.fd);
	(void)stpcpy(strrchr(target, '/'), "/there.hls/00001.m4s");
	assert_int_equal(status_of("GET", target, ""), 200);
}

/* A server that knows where control is: at this address, or at port 77. */
static struct tess_http *elsewhere;

static void start_elsewhere(void *arg)
{
	struct tess_http_config config = {.max_connections = 2,
					  .clock = tess_clock_system(),
					  .live = live,
					  .record_open = open_record,
					  .control_port = 77,
					  .control_url = arg};
	uint8_t key[TESS_TOKEN_KEY_SIZE];

	config.listen.in = (struct sockaddr_in){.sin_family = AF_INET,
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(tess_http_alloc(&elsewhere, turning_loop(turning), &config), 0);
	assert_int_equal(tess_token_key(key, KEY_HEX), 0);
	tess_http_set_key(elsewhere, key);
}

static void stop_elsewhere(void *arg)
{
	(void)arg;
	tess_http_free(elsewhere);
}

/** Where one is sent who asks for what is not here. */
static void sent_to(const char *control_url, const char *want)
{
	char target[256], request[512], place[400], expected[400];
	struct client client;

	sign(target, sizeof(target), 6, 60);
	(void)snprintf(expected, sizeof(expected), "%s%s", want, target);
	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: box.lan:80\r\n\r\n",
		       target);
	turning_do(turning, start_elsewhere, (void *)(uintptr_t)control_url);
	client_open(&client, tess_http_port(elsewhere), 0);
	client_send(&client, request);
	assert_int_equal(client_head(&client), 302);
	assert_int_equal(sscanf(strstr(client.text, "Location: "), "Location: %399[^\r]", place),
			 1);
	assert_string_equal(place, expected);
	close(client.fd);
	turning_do(turning, stop_elsewhere, NULL);
}

static void test_elsewhere(void **state)
{
	(void)state;
	sent_to(NULL, "http://box.lan:77");
	sent_to("", "http://box.lan:77");
	sent_to("https://box.example/tessera/", "https://box.example/tessera");
}

/* What media does: a ring, its units, its life and death. */
struct offer {
	uint64_t epoch;
	int memfd, eventfd;
};

static void do_offer(void *arg)
{
	struct offer *offer = arg;

	assert_int_equal(
		tess_streams_offer(streams, "s", offer->epoch, offer->memfd, offer->eventfd), 0);
}

static void do_away(void *arg)
{
	(void)arg;
	tess_streams_away(streams);
}

static void do_end(void *arg)
{
	(void)arg;
	tess_streams_end(streams, "s", UINT64_MAX);
}

static struct tess_ring_writer *make_ring(uint64_t epoch)
{
	struct tess_ring_config config = {.epoch = epoch, .data_bytes = 4 << 20, .slots = 1024};
	struct tess_ring_writer *ring;
	struct offer offer = {.epoch = epoch};

	assert_int_equal(tess_ring_writer_alloc(&ring, &config, &unit_info), 0);
	offer.memfd = dup(tess_ring_writer_memfd(ring));
	offer.eventfd = dup(tess_ring_writer_eventfd(ring));
	turning_do(turning, do_offer, &offer);
	return ring;
}

static void video(struct tess_ring_writer *ring, uint32_t number, size_t length, bool key)
{
	static uint8_t data[UNIT_MAX];
	struct tess_au au = unit_video(data, number, length, key, false);

	assert_int_equal(tess_ring_write(ring, &au), 0);
}

static void audio(struct tess_ring_writer *ring, uint32_t number)
{
	uint8_t data[100];
	struct tess_au au = unit_audio(data, number, 60);

	assert_int_equal(tess_ring_write(ring, &au), 0);
}

/** Play until exactly this has been said. */
static void expect(struct client *client, struct flv_player *player, const char *want)
{
	uint8_t buffer[4096];

	while (strlen(player->said) < strlen(want)) {
		ssize_t got = client_some(client, buffer, sizeof(buffer));

		if (got <= 0)
			fail_msg("played \"%s\" instead of \"%s\"", player->said, want);
		assert_true(flv_play(player, buffer, (size_t)got));
	}
	assert_string_equal(player->said, want);
	player->said[0] = 0;
}

static void get_counters(void *arg)
{
	json_t *counters = json_object();

	tess_live_count(live, counters);
	*(json_t **)arg = counters;
}

static json_int_t counter(const char *name)
{
	json_t *counters;
	json_int_t value;

	turning_do(turning, get_counters, &counters);
	value = json_integer_value(json_object_get(counters, name));
	json_decref(counters);
	return value;
}

static bool no_viewers(void *arg)
{
	json_t *counters;
	bool none;

	(void)arg;
	get_counters(&counters);
	none = json_integer_value(json_object_get(counters, "viewers")) == 0;
	json_decref(counters);
	return none;
}

static void test_live(void **state)
{
	struct flv_player first = {0}, second = {0};
	struct tess_ring_writer *ring;
	struct client one, two;

	(void)state;
	/* desired, but not there yet: the player waits */
	assert_int_equal(ask(&one, "GET", "/live/show.flv", ""), 200);
	assert_non_null(strstr(one.text, "\r\nContent-Type: video/x-flv\r\n"));
	assert_non_null(strstr(one.text, "\r\nCache-Control: no-store\r\n"));
	assert_non_null(strstr(one.text, "\r\nConnection: close\r\n"));
	assert_null(strstr(one.text, "Content-Length"));
	assert_int_equal(status_of("HEAD", "/live/show.flv", ""), 200);
	ring = make_ring(1000);
	video(ring, 500, 3000, true);
	audio(ring, 501);
	video(ring, 540, 200, false);
	expect(&one, &first, "header meta avc aac v500@0k a501@1 v540@40");
	assert_int_equal(ask(&two, "GET", "/live/show.flv?t=1", ""), 200);
	expect(&two, &second, "header meta avc aac v500@0k a501@1 v540@40");
	video(ring, 580, 200, true);
	expect(&one, &first, "v580@80k");
	expect(&two, &second, "v580@80k");
	assert_int_equal(counter("viewers"), 2);

	/* media dies and comes back: the players stay, their time goes on */
	turning_do(turning, do_away, NULL);
	tess_ring_writer_free(ring);
	ring = make_ring(2000);
	audio(ring, 2499);
	video(ring, 2500, 400, true);
	expect(&one, &first, "v2500@2000k");
	expect(&two, &second, "v2500@2000k");

	/* one leaves; the other has the last picture before it is closed */
	close(two.fd);
	video(ring, 2540, 300, false);
	turning_do(turning, do_end, NULL);
	expect(&one, &first, "v2540@2040");
	assert_true(client_at_end(&one));
	close(one.fd);
	assert_true(turning_until(turning, no_viewers, NULL));
	assert_int_equal(counter("bytes_sent"), (json_int_t)(first.length + second.length));
	assert_int_equal(status_of("GET", "/live/show.flv", ""), 404);
	tess_ring_writer_free(ring);
	flv_player_free(&first);
	flv_player_free(&second);
}

static void test_viewer_limit(void **state)
{
	struct tess_ring_writer *ring = make_ring(1000);
	json_int_t refused = counter("viewers_refused");
	struct client clients[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(ask(&clients[i], "GET", "/live/show.flv", ""), 200);
	assert_int_equal(status_of("GET", "/live/show.flv", ""), 503);
	assert_int_equal(counter("viewers_refused"), refused + 1);
	/* an output that is no longer desired closes its players, another keeps its own */
	turning_do(turning, set_outputs,
		   (void *)(uintptr_t) "[{\"stream\":\"s\",\"name\":\"b\"}, {\"name\":1}, 5]");
	for (unsigned i = 0; i < 3; i++) {
		assert_true(client_at_end(&clients[i]));
		close(clients[i].fd);
	}
	assert_int_equal(status_of("GET", "/live/show.flv", ""), 404);
	assert_int_equal(status_of("HEAD", "/live/b.flv", ""), 200);
	tess_ring_writer_free(ring);
}

static void test_slow_viewer(void **state)
{
	struct tess_ring_writer *ring = make_ring(1000);
	struct flv_player slow_player = {0}, fast_player = {0};
	struct client slow, fast;
	uint8_t buffer[65536];
	unsigned keys = 0;
	char want[64];
	ssize_t got;

	(void)state;
	client_open(&slow, port, 4096);
	client_send(&slow, "GET /live/show.flv HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(client_head(&slow), 200);
	assert_int_equal(ask(&fast, "GET", "/live/show.flv", ""), 200);
	/* 9 MB: more than the sockets hold; the fast one keeps up with all of it */
	for (uint32_t n = 0; n < 300; n++) {
		video(ring, n * 10, 30000, n % 10 == 0);
		turning_later(turning, 20000);
		(void)snprintf(want, sizeof(want), "%sv%u@%u%s", n ? "" : "header meta avc aac ",
			       n * 10, n * 10, n % 10 ? "" : "k");
		expect(&fast, &fast_player, want);
		/* a little now and then, however long this takes: one that takes nothing is closed
		 */
		if (n % 5 == 4 && (got = recv(slow.fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
			assert_true(flv_play(&slow_player, buffer, (size_t)got));
	}
	/* the slow one finds key frames where it goes on, and the end of the stream at its time */
	while (!strstr(slow_player.said, "v2990@2990")) {
		got = recv(slow.fd, buffer, sizeof(buffer), 0);
		assert_true(got > 0);
		assert_true(flv_play(&slow_player, buffer, (size_t)got));
	}
	assert_true(counter("viewer_overruns") > 0);
	assert_true(slow_player.length < fast_player.length / 2 + 8000000);
	assert_true(slow_player.length < fast_player.length);
	for (const char *at = slow_player.said; (at = strstr(at, "k ")); at++)
		keys++;
	assert_true(keys > 1);
	/* nothing is missing but before a key frame */
	for (char *save = NULL, *word = strtok_r(slow_player.said, " ", &save), *before = NULL;
	     word; before = word, word = strtok_r(NULL, " ", &save)) {
		if (word[0] == 'v' && before && before[0] == 'v')
			assert_true(word[strlen(word) - 1] == 'k' ||
				    atoi(word + 1) == atoi(before + 1) + 10);
	}
	close(slow.fd);
	close(fast.fd);
	assert_true(turning_until(turning, no_viewers, NULL));
	tess_ring_writer_free(ring);
	flv_player_free(&slow_player);
	flv_player_free(&fast_player);
}

static void test_wedged_viewer(void **state)
{
	struct tess_ring_writer *ring = make_ring(1000);
	struct client wedged, by_tls;
	int64_t begun_us = turning_now_us(), full_us;

	(void)state;
	client_open(&wedged, port, 4096);
	client_send(&wedged, "GET /live/show.flv HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(client_head(&wedged), 200);
	assert_int_equal(ask_tls(&by_tls, "/live/show.flv", "", 4096), 200);
	for (uint32_t n = 0; n < 100; n++) {
		video(ring, n * 10, 60000, n % 10 == 0);
		turning_later(turning, 10000);
	}
	/* they never read: 10 s after what they took last they are closed */
	full_us = turning_now_us();
	if (full_us - begun_us < 5000000)
		assert_int_equal(counter("viewers"), 2);
	turning_later(turning, 8000000);
	assert_true(turning_until(turning, no_viewers, NULL));
	assert_true(turning_now_us() - begun_us >= 10000000);
	assert_true(turning_now_us() - full_us < 20000000);
	assert_int_equal(counter("viewers_stalled"), 2);
	close(wedged.fd);
	client_close(&by_tls);
	tess_ring_writer_free(ring);
}

static void test_talking_viewer(void **state)
{
	struct tess_ring_writer *ring = make_ring(1000);
	char noise[4096];
	struct client client;

	(void)state;
	memset(noise, 'x', sizeof(noise));
	assert_int_equal(ask(&client, "GET", "/live/show.flv", ""), 200);
	for (unsigned i = 0; i < 40; i++)
		if (send(client.fd, noise, sizeof(noise), MSG_NOSIGNAL) < 0)
			break;
	assert_true(turning_until(turning, no_viewers, NULL));
	close(client.fd);
	tess_ring_writer_free(ring);
}

static void get_facts(void *arg)
{
	*(json_t **)arg = tess_live_facts(live);
}

static void test_facts(void **state)
{
	struct tess_ring_writer *ring = make_ring(1000);
	struct flv_player player = {0};
	struct client client;
	json_t *facts, *entry;

	(void)state;
	assert_int_equal(ask(&client, "GET", "/live/show.flv", ""), 200);
	turning_do(turning, get_facts, &facts);
	json_decref(facts);
	usleep(100000);
	video(ring, 0, 50000, true);
	expect(&client, &player, "header meta avc aac v0@0k");
	turning_do(turning, get_facts, &facts);
	assert_int_equal(json_array_size(facts), 1);
	entry = json_array_get(facts, 0);
	assert_string_equal(json_string_value(json_object_get(entry, "name")), "show");
	assert_int_equal(json_integer_value(json_object_get(entry, "viewers")), 1);
	assert_int_equal(json_integer_value(json_object_get(entry, "bytes_sent")), player.length);
	assert_in_range(json_integer_value(json_object_get(entry, "bitrate_bps")), 50000, 5000000);
	json_decref(facts);
	close(client.fd);
	tess_ring_writer_free(ring);
	flv_player_free(&player);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void test_guarded(void **state)
{
	char query[TESS_TX_QUERY_SIZE], target[160];
	struct client client;

	(void)state;
	rules("{\"play\":{\"x\":{\"app\":7,\"enable\":true,\"key\":\"k\"},"
	      "\"other\":{\"app\":8,\"enable\":false}}}");
	assert_int_equal(ask(&client, "GET", "/live/show.flv", ""), 403);
	/* the connection goes on behind a refusal */
	client_body(&client, "Forbidden");
	client_send(&client, "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(client_head(&client), 200);
	close(client.fd);
	assert_int_equal(tess_tx_query(query, "k", "show", (int64_t)time(NULL) + 60), 0);
	(void)snprintf(target, sizeof(target), "/live/show.flv?x=1&%s", query);
	assert_int_equal(status_of("GET", target, ""), 200);
	assert_int_equal(status_of("HEAD", target, ""), 200);
	target[strlen(target) - 1] ^= 1;
	assert_int_equal(status_of("GET", target, ""), 403);
	assert_int_equal(status_of("HEAD", target, ""), 403);
	assert_int_equal(status_of("GET", "/live/show.m3u8", ""), 403);
	assert_int_equal(status_of("GET", "/live/show/1.m4s?txSecret=1&txTime=2", ""), 403);
	/* by the domain of somebody else it is not there */
	client_open(&client, port, 0);
	client_send(&client, "GET /live/show.flv HTTP/1.1\r\nHost: OTHER:80\r\n\r\n");
	assert_int_equal(client_head(&client), 404);
	close(client.fd);
	rules("{\"apps\":{\"7\":{\"ip_deny\":\"127.0.0.0/8\"}}}");
	assert_int_equal(status_of("GET", "/live/show.flv", ""), 403);
	rules("{\"apps\":{\"7\":{\"referrer_mode\":\"allow\",\"referrers\":[\"a.example\"]}}}");
	assert_int_equal(status_of("GET", "/live/show.flv", ""), 403);
	assert_int_equal(status_of("GET", "/live/show.flv", "Referer: https://a.example/page\r\n"),
			 200);
}

static void test_cors(void **state)
{
	static const char a[] = "\r\nAccess-Control-Allow-Origin: https://a.example\r\n";
	struct client client;

	(void)state;
	rules("{\"apps\":{\"7\":{\"origins\":[\"https://a.example\"]}}}");
	assert_int_equal(ask(&client, "GET", "/live/show.flv", "Origin: https://a.example\r\n"),
			 200);
	assert_non_null(strstr(client.text, a));
	assert_non_null(strstr(client.text, "\r\nVary: Origin\r\n"));
	close(client.fd);
	assert_int_equal(ask(&client, "OPTIONS", "/live/show.flv", "Origin: https://a.example\r\n"),
			 204);
	assert_non_null(strstr(client.text, a));
	close(client.fd);
	assert_int_equal(ask(&client, "OPTIONS", "/live/show.flv", "Origin: https://b.example\r\n"),
			 204);
	assert_null(strstr(client.text, "Allow-Origin"));
	/* what is not live is for all */
	client_send(&client, "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(client_head(&client), 200);
	assert_non_null(strstr(client.text, "\r\nAccess-Control-Allow-Origin: *\r\n"));
	close(client.fd);
}

static void test_own_limits(void **state)
{
	struct client first, second, third;

	(void)state;
	turning_do(turning, set_outputs,
		   (void *)(uintptr_t) "[{\"stream\":\"s\",\"name\":\"show\",\"app\":7},"
				       "{\"stream\":\"t\",\"name\":\"more\",\"app\":7},"
				       "{\"stream\":\"u\",\"name\":\"else\",\"app\":8}]");
	rules("{\"apps\":{\"7\":{\"max_stream_viewers\":1,\"max_viewers\":2}}}");
	assert_int_equal(ask(&first, "GET", "/live/show.flv", ""), 200);
	assert_int_equal(ask(&third, "GET", "/live/show.flv", ""), 503);
	assert_non_null(strstr(third.text, "\r\nRetry-After: 10\r\n"));
	close(third.fd);
	assert_int_equal(counter("viewers_refused_stream"), 1);
	assert_int_equal(ask(&second, "GET", "/live/more.flv", ""), 200);
	rules("{\"apps\":{\"7\":{\"max_stream_viewers\":5,\"max_viewers\":2}}}");
	assert_int_equal(status_of("GET", "/live/more.flv", ""), 503);
	assert_int_equal(counter("viewers_refused_application"), 1);
	assert_int_equal(counter("viewers_refused"), 2);
	/* another application has its own, and the box one for all */
	assert_int_equal(ask(&third, "GET", "/live/else.flv", ""), 200);
	assert_int_equal(status_of("GET", "/live/else.flv", ""), 503);
	assert_int_equal(counter("viewers_refused"), 3);
	close(first.fd);
	close(second.fd);
	close(third.fd);
}

/* {"name": ..., "viewers": n, ..., "players": [...]} of the one output */
static json_t *listed;

static void do_list(void *arg)
{
	json_t *facts = tess_live_facts(live);

	(void)arg;
	tess_live_viewers_list(live, facts);
	listed = json_incref(json_object_get(json_array_get(facts, 0), "players"));
	json_decref(facts);
}

static void do_kick(void *arg)
{
	json_t *message = json_loads(arg, 0, NULL);

	assert_non_null(message);
	tess_live_viewers_kick(live, message);
	json_decref(message);
}

static void test_viewers(void **state)
{
	struct flv_player players[3] = {0};
	struct tess_ring_writer *ring = make_ring(1000);
	struct client clients[3];

	(void)state;
	video(ring, 500, 3000, true);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ask(&clients[i], "GET", "/live/show.flv", ""), 200);
		expect(&clients[i], &players[i], "header meta avc aac v500@0k");
	}
	turning_do(turning, do_list, NULL);
	assert_int_equal(json_array_size(listed), 3);
	for (unsigned i = 0; i < 3; i++) {
		const json_t *one = json_array_get(listed, 2 - i);

		assert_int_equal(json_integer_value(json_object_get(one, "id")), 100 + i);
		assert_string_equal(json_string_value(json_object_get(one, "address")),
				    "127.0.0.1");
		assert_string_equal(json_string_value(json_object_get(one, "protocol")), "flv");
		assert_in_range(json_integer_value(json_object_get(one, "age_us")), 1, 30000000);
		assert_int_equal(json_integer_value(json_object_get(one, "bytes")),
				 players[i].length);
	}
	json_decref(listed);
	turning_do(turning, do_kick, (void *)(uintptr_t) "{\"name\":\"show\",\"viewer\":101}");
	assert_true(client_at_end(&clients[1]));
	turning_do(turning, do_kick,
		   (void *)(uintptr_t) "{\"name\":\"show\",\"address\":\"192.0.2.1\"}");
	turning_do(turning, do_kick, (void *)(uintptr_t) "{\"name\":\"none\"}");
	turning_do(turning, do_kick, (void *)(uintptr_t) "{\"viewer\":100}");
	assert_int_equal(counter("viewers"), 2);
	turning_do(turning, do_kick,
		   (void *)(uintptr_t) "{\"name\":\"show\",\"address\":\"127.0.0.1\"}");
	assert_true(client_at_end(&clients[0]));
	assert_true(client_at_end(&clients[2]));
	assert_int_equal(sent_for(7, "live_bytes"),
			 players[0].length + players[1].length + players[2].length);
	for (unsigned i = 0; i < 3; i++) {
		flv_player_free(&players[i]);
		close(clients[i].fd);
	}
	/* all of a stream; who was closed may come again */
	assert_int_equal(ask(&clients[0], "GET", "/live/show.flv", ""), 200);
	turning_do(turning, do_kick, (void *)(uintptr_t) "{\"name\":\"show\"}");
	assert_int_equal(counter("viewers"), 0);
	close(clients[0].fd);
	tess_ring_writer_free(ring);
}

static void test_tls_live(void **state)
{
	struct flv_player player = {0}, late = {0};
	struct tess_ring_writer *ring = make_ring(1000);
	struct client client, slow;
	char want[64];

	(void)state;
	video(ring, 500, 60000, true);
	assert_int_equal(ask_tls(&client, "/live/show.flv", "", 0), 200);
	expect(&client, &player, "header meta avc aac v500@0k");
	audio(ring, 501);
	expect(&client, &player, "a501@1");
	turning_do(turning, do_list, NULL);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(listed, 0), "address")),
		"127.0.0.1");
	json_decref(listed);
	/* one that reads late: records that did not go out are not lost */
	assert_int_equal(ask_tls(&slow, "/live/show.flv", "", 4096), 200);
	for (uint32_t n = 540; n < 1000; n += 40) {
		video(ring, n, 40000, false);
		(void)snprintf(want, sizeof(want), "v%u@%u", n, n - 500);
		expect(&client, &player, want);
	}
	turning_do(turning, do_end, NULL);
	assert_true(client_at_end(&client));
	expect(&slow, &late,
	       "header meta avc aac v500@0k a501@1 v540@40 v580@80 v620@120 v660@160 v700@200 "
	       "v740@240 v780@280 v820@320 v860@360 v900@400 v940@440 v980@480");
	assert_true(client_at_end(&slow));
	client_close(&client);
	client_close(&slow);
	assert_true(turning_until(turning, no_viewers, NULL));
	assert_int_equal(counter("bytes_sent"), (json_int_t)(player.length + late.length));
	tess_ring_writer_free(ring);
	flv_player_free(&player);
	flv_player_free(&late);
}

/** The body of an answer; the caller's. */
static char *body_of(struct client *client, const char *target, size_t *length)
{
	char value[100], *body;

	assert_int_equal(ask_on(client, "GET", target, ""), 200);
	header_value(client, "Content-Length", value);
	*length = strtoul(value, NULL, 10);
	body = calloc(1, *length + 1);
	assert_int_equal(client_receive(client, body, *length), *length);
	return body;
}

static void test_tls_hls(void **state)
{
	static const char *const names[] = {"URI=\"", "\n#EXTINF:"};
	struct tess_ring_writer *ring = make_ring(1000);
	struct client clear, secure;
	char *playlist, target[128];
	size_t length;

	(void)state;
	for (uint32_t ms = 0; ms < 6000; ms += 40) {
		video(ring, ms, 10000, ms % 1000 == 0);
		audio(ring, ms + 10);
	}
	client_open(&clear, port, 0);
	client_open(&secure, tls_port, 0);
	assert_true(client_secure(&secure, NULL));
	/* of a stream that nobody watched, the first answer is held until there is a part */
	playlist = body_of(&secure, "/live/show.m3u8", &length);
	for (unsigned i = 0; i < 2; i++) {
		char *at = strstr(playlist, names[i]), *parts[2];
		size_t lengths[2];

		assert_non_null(at);
		at = i ? strchr(at + 1, '\n') + 1 : at + strlen(names[0]);
		(void)snprintf(target, sizeof(target), "/live/%.*s", (int)strcspn(at, "\"\n"), at);
		parts[0] = body_of(&clear, target, &lengths[0]);
		parts[1] = body_of(&secure, target, &lengths[1]);
		assert_true(lengths[0] > (i ? 100000 : 500));
		assert_int_equal(lengths[0], lengths[1]);
		assert_memory_equal(parts[0], parts[1], lengths[0]);
		free(parts[0]);
		free(parts[1]);
	}
	free(playlist);
	client_close(&clear);
	client_close(&secure);
	tess_ring_writer_free(ring);
}

static void test_tls_record(void **state)
{
	char target[256], headers[400], *requests, *at;
	struct client client;

	(void)state;
	sign(target, sizeof(target), 5, 60);
	/* a small window: most records do not go out at once */
	assert_int_equal(ask_tls(&client, target, "", 4096), 200);
	expect_content(&client, 0, FILE_SIZE);
	assert_int_equal(ask_on(&client, "GET", target, "Range: bytes=1000001-1999998\r\n"), 206);
	assert_non_null(
		strstr(client.text, "\r\nContent-Range: bytes 1000001-1999998/3000000\r\n"));
	expect_content(&client, 1000001, 999998);
	/* more requests in one record than the server reads at once, among them files */
	memset(headers, 'a', sizeof(headers));
	requests = at = calloc(1, 20000);
	for (unsigned i = 0; i < 32; i++)
		at += sprintf(
			at, "GET %s HTTP/1.1\r\nHost: x\r\nRange: bytes=%u-%u\r\nX: %.300s\r\n\r\n",
			target, i * 1000, i * 1000 + 16999, headers);
	assert_in_range(at - requests, 12000, 16384);
	client_send(&client, requests);
	for (unsigned i = 0; i < 32; i++) {
		assert_int_equal(client_head(&client), 206);
		expect_content(&client, (size_t)i * 1000, 17000);
	}
	assert_int_equal(
		ask_on(&client, "GET", target, "Range: bytes=-10\r\nConnection: close\r\n"), 206);
	expect_content(&client, FILE_SIZE - 10, 10);
	assert_true(client_at_end(&client));
	client_close(&client);
	free(requests);
	/* nor is the last record lost that did not go out at once, wherever that is */
	for (unsigned i = 0; i < 16; i++) {
		(void)snprintf(headers, sizeof(headers),
			       "Range: bytes=0-%u\r\nConnection: close\r\n", 299999 + i * 5000);
		assert_int_equal(ask_tls(&client, target, headers, 4096), 206);
		expect_content(&client, 0, 300000 + i * 5000);
		assert_true(client_at_end(&client));
		client_close(&client);
	}
}

/** Whether the server closes a connection that began with this. */
static bool closes(const void *data, size_t length)
{
	struct client client;
	char byte;
	ssize_t got;

	client_open(&client, tls_port, 0);
	assert_int_equal(send(client.fd, data, length, MSG_NOSIGNAL), length);
	do
		got = recv(client.fd, &byte, 1, 0); /* an alert may come before */
	while (got == 1);
	client_close(&client);
	return got == 0 || errno == ECONNRESET;
}

static void test_tls_refusals(void **state)
{
	static const char in_clear[] = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
	struct client clients[8], client;
	const uint8_t *chosen;
	unsigned length;

	(void)state;
	assert_true(closes(file_data, 1000));
	assert_true(closes(in_clear, sizeof(in_clear) - 1));
	/* of what a client offers, HTTP/1.1 */
	client_open(&client, tls_port, 0);
	assert_false(client_secure(&client, "\x02h2"));
	client_close(&client);
	client_open(&client, tls_port, 0);
	assert_true(client_secure(&client, "\x02h2\x08http/1.1"));
	SSL_get0_alpn_selected(client.ssl, &chosen, &length);
	assert_int_equal(length, 8);
	assert_memory_equal(chosen, "http/1.1", 8);
	assert_int_equal(SSL_version(client.ssl), TLS1_3_VERSION);
	client_close(&client);
	/* those that do not get on with their handshake keep nobody out */
	for (unsigned i = 0; i < 8; i++)
		client_open(&clients[i], tls_port, 0);
	assert_int_equal(ask_tls(&client, "/health", "", 0), 200);
	client_body(&client, "ok\n");
	assert_true(client_at_end(&clients[0]));
	client_close(&client);
	for (unsigned i = 0; i < 8; i++)
		client_close(&clients[i]);
}

/** Connect, and compare the name in the certificate that the server shows. */
static bool shows(const char *name)
{
	struct client client;
	char text[32] = "";
	X509 *certificate;

	client_open(&client, tls_port, 0);
	assert_true(client_secure(&client, NULL));
	certificate = SSL_get1_peer_certificate(client.ssl);
	assert_non_null(certificate);
	(void)X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text,
					sizeof(text));
	X509_free(certificate);
	client_close(&client);
	return !strcmp(text, name);
}

/** A connection from before goes on; asked now and then, since it may not be silent for 10 s. */
static void goes_on(struct client *client)
{
	assert_int_equal(ask_on(client, "GET", "/health", ""), 200);
	client_body(client, "ok\n");
}

static void test_tls_renewed(void **state)
{
	char other[64];
	struct client before;
	FILE *file;

	(void)state;
	client_open(&before, tls_port, 0);
	assert_true(client_secure(&before, NULL));
	goes_on(&before);
	assert_true(shows("first"));
	make_certificate(certificate_path, key_path, "second");
	assert_true(shows("second"));
	goes_on(&before);
	/* while one of the two is not there yet, nothing changes */
	tess_log_init("test", 0);
	(void)snprintf(other, sizeof(other), "%s.other", key_path);
	make_certificate(certificate_path, other, "third");
	assert_true(shows("second"));
	goes_on(&before);
	assert_int_equal(rename(other, key_path), 0);
	turning_later(turning, 1000000);
	assert_true(shows("third"));
	goes_on(&before);
	file = fopen(certificate_path, "we");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_true(shows("third"));
	assert_int_equal(unlink(certificate_path), 0);
	assert_true(shows("third"));
	tess_log_init("test", TESS_LOG_ERROR);
	goes_on(&before);
	client_close(&before);
}

static void test_tls_files(void **state)
{
	char other[64], missing[64], error[256], want[256];
	const char *const cases[][3] = {
		{missing, key_path, "No such file or directory"},
		{file_path, key_path, "it has no certificate in PEM form"},
		{certificate_path, missing, "No such file or directory"},
		{certificate_path, certificate_path,
		 "it has no private key in PEM form without a password"},
		{certificate_path, other, "it is not the certificate's key"},
	};
	struct tess_config config = tls_config;
	SSL_CTX *context;

	(void)state;
	(void)snprintf(other, sizeof(other), "%s.other", key_path);
	(void)snprintf(missing, sizeof(missing), "%s.missing", key_path);
	make_certificate(other, other, "other");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool of_key = i > 1;

		set_files(&config, cases[i][0], cases[i][1]);
		assert_int_equal(tess_tls_files_load(&context, &config, error, sizeof(error)),
				 -EINVAL);
		(void)snprintf(want, sizeof(want), "egress.%s: %s: %s",
			       of_key ? "tls_key" : "tls_certificate", cases[i][of_key],
			       cases[i][2]);
		assert_string_equal(error, want);
	}
	unlink(other);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_keep_alive),
		TEST(test_refusals),
		TEST(test_too_many_connections),
		TEST(test_slow_head),
		TEST(test_record),
		TEST(test_record_refusals),
		TEST(test_record_keys),
		TEST(test_elsewhere),
		TEST(test_record_names),
		TEST(test_live),
		TEST(test_viewer_limit),
		TEST(test_slow_viewer),
		TEST(test_wedged_viewer),
		TEST(test_talking_viewer),
		TEST(test_facts),
		TEST(test_guarded),
		TEST(test_cors),
		TEST(test_own_limits),
		TEST(test_viewers),
		TEST(test_tls_live),
		TEST(test_tls_hls),
		TEST(test_tls_record),
		TEST(test_tls_refusals),
		TEST(test_tls_renewed),
		TEST(test_tls_files),
	};

	tess_log_init("test", TESS_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
