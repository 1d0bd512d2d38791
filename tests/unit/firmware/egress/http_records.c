/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/egress/http_server: recordings, with the right to them in their address.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "drivers/clock/clock.h"
#include "firmware/base/log.h"
#include "firmware/base/tx_secret.h"
#include "firmware/egress/http_server.h"
#include "tests/unit/firmware/egress/http_box.h"

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
	assert_memory_equal(got, http_box.file_data + first, length);
	free(got);
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
					  .live = live_box.live,
					  .record_open = open_record,
					  .control_port = 77,
					  .control_url = arg};
	uint8_t key[TESS_TOKEN_KEY_SIZE];

	config.listen.in = (struct sockaddr_in){.sin_family = AF_INET,
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(tess_http_alloc(&elsewhere, turning_loop(live_box.turning), &config), 0);
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
	turning_do(live_box.turning, start_elsewhere, (void *)(uintptr_t)control_url);
	client_open(&client, tess_http_port(elsewhere), 0);
	client_send(&client, request);
	assert_int_equal(client_head(&client), 302);
	assert_int_equal(sscanf(strstr(client.text, "Location: "), "Location: %399[^\r]", place),
			 1);
	assert_string_equal(place, expected);
	close(client.fd);
	turning_do(live_box.turning, stop_elsewhere, NULL);
}

static void test_elsewhere(void **state)
{
	(void)state;
	sent_to(NULL, "http://box.lan:77");
	sent_to("", "http://box.lan:77");
	sent_to("https://box.example/tessera/", "https://box.example/tessera");
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		HTTP_TEST(test_record),	      HTTP_TEST(test_record_refusals),
		HTTP_TEST(test_record_keys),  HTTP_TEST(test_elsewhere),
		HTTP_TEST(test_record_names), HTTP_TEST(test_tls_record),
	};

	tess_log_init("test", TESS_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
