/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of live HLS over real sockets, with a ring as media makes it: what is answered at once,
 * what is waited for and how long, who is counted, and what memory it may take.
 */
#include <arpa/inet.h>
#include <errno.h>
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

#include "drivers/clock/clock.h"
#include "firmware/base/log.h"
#include "firmware/egress/live_viewers.h"
#include "pipeline/mux/fmp4.h"
#include "tests/unit/firmware/egress/http_box.h"

/* pictures of unit_info come each 66 ms; a part is 4 of them, here each 60 ms: 240 to 264 ms */
#define STEP_MS	 60
#define GROUP_MS 1800

static struct tess_ring_writer *ring;

/** Pictures with sound in [from, to) ms. */
static void play(uint32_t from, uint32_t to)
{
	for (uint32_t ms = from; ms < to; ms += STEP_MS) {
		video(ring, ms, 1000, ms % GROUP_MS == 0);
		audio(ring, ms + 10);
	}
}

static int begin(uint64_t bytes)
{
	http_box_open(bytes);
	ring = make_ring(1000);
	set_outputs("[{\"stream\":\"s\",\"name\":\"show 1\"}]");
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return begin(16 << 20);
}

static int setup_little(void **state)
{
	(void)state;
	return begin(4096);
}

static int teardown(void **state)
{
	int rc = http_box_tear_down(state);

	tess_ring_writer_free(ring);
	return rc;
}

static void request(struct client *client, const char *method, const char *target,
		    const char *headers)
{
	char text[4096];

	(void)snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, target,
		       headers);
	client_send(client, text);
}

/* The body of the last answer. */
static char body[1 << 20];
static size_t body_length;

static int receive(struct client *client)
{
	int status = client_head(client);
	const char *length = strstr(client->text, "\r\nContent-Length: ");

	assert_non_null(length);
	assert_non_null(strstr(client->text, "\r\nAccess-Control-Allow-Origin: *\r\n"));
	body_length = strtoul(length + 18, NULL, 10);
	assert_true(body_length < sizeof(body));
	assert_int_equal(recv(client->fd, body, body_length, MSG_WAITALL), body_length);
	body[body_length] = 0;
	return status;
}

/** Ask on a connection that goes on. @return the status */
static int get(struct client *client, const char *target)
{
	request(client, "GET", target, "");
	return receive(client);
}

static bool has_answer(const struct client *client, int after_ms)
{
	char byte;

	usleep((useconds_t)after_ms * 1000);
	return recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

/** The number of the first segment. */
static unsigned long first_number(void)
{
	const char *at = strstr(body, "#EXT-X-MEDIA-SEQUENCE:");

	assert_non_null(at);
	return strtoul(at + 22, NULL, 10);
}

static void test_what_the_ring_holds(void **state)
{
	char want[256], target[128];
	struct client client;
	unsigned long first;
	struct tess_moof moof;
	json_int_t before;

	(void)state;
	play(0, 5400); /* nobody watches */
	client_open(&client, http_box.port, 0);
	assert_int_equal(get(&client, "/live/show%201.m3u8?txSecret=ab&txTime=5"), 200);
	assert_non_null(strstr(client.text, "\r\nContent-Type: application/vnd.apple.mpegurl\r\n"));
	assert_non_null(strstr(client.text, "\r\nCache-Control: no-store\r\n"));
	first = first_number();
	/* all of it, each address with the right to it */
	assert_non_null(strstr(body, "#EXT-X-TARGETDURATION:2\n"));
	(void)snprintf(want, sizeof(want),
		       "#EXTINF:1.800000,\nshow%%201/%lu.m4s?txSecret=ab&txTime=5\n", first + 1);
	assert_non_null(strstr(body, want));
	(void)snprintf(want, sizeof(want),
		       "#EXT-X-PART:DURATION=0.240000,URI=\"show%%201/%lu.0.m4s?txSecret=ab&"
		       "txTime=5\",INDEPENDENT=YES\n",
		       first + 2);
	assert_non_null(strstr(body, want));
	(void)snprintf(want, sizeof(want), "#EXT-X-MAP:URI=\"show%%201/init-%lu.mp4?txSecret=ab&",
		       first);
	assert_non_null(strstr(body, want));
	(void)snprintf(target, sizeof(target), "/live/show%%201/%lu.m4s", first + 1);
	assert_int_equal(get(&client, target), 200);
	assert_non_null(strstr(client.text, "\r\nContent-Type: video/mp4\r\n"));
	assert_non_null(strstr(client.text, "\r\nCache-Control: max-age=3600\r\n"));
	assert_true(body_length > 30 * 1000);
	/* it begins with its first part */
	(void)snprintf(target, sizeof(target), "/live/show%%201/%lu.0.m4s", first + 1);
	assert_int_equal(get(&client, target), 200);
	assert_int_equal(tess_moof_parse(&moof, (uint8_t *)body,
					 (size_t)(uint8_t)body[2] << 8 | (uint8_t)body[3]),
			 0);
	assert_int_equal(moof.runs[0].first_dts, 1800 * 90);
	assert_int_equal(moof.runs[0].count, 4);
	(void)snprintf(target, sizeof(target), "/live/show%%201/init-%lu.mp4", first);
	assert_int_equal(get(&client, target), 200);
	assert_memory_equal(body + 4, "ftyp", 4);
	/* HEAD has the length alone, which is not sent, and the connection goes on */
	before = counter("bytes_sent");
	request(&client, "HEAD", target, "");
	assert_int_equal(client_head(&client), 200);
	(void)snprintf(want, sizeof(want), "\r\nContent-Length: %zu\r\n", body_length);
	assert_non_null(strstr(client.text, want));
	(void)snprintf(target, sizeof(target), "/live/show%%201/%lu.m4s", first + 3);
	assert_int_equal(get(&client, target), 404);
	assert_int_equal(get(&client, "/live/other.m3u8"), 404);
	assert_true(counter("hls_bytes") > 5400 / STEP_MS * 1000);
	assert_true(before > 30 * 1000);
	assert_int_equal(counter("bytes_sent"), before);
	close(client.fd);
}

static void test_blocking_reload(void **state)
{
	static const char *const wrong[] = {"_HLS_msn=x", "_HLS_part=1", "_HLS_msn=9999999999999",
					    "_HLS_msn=%lu&_HLS_part=200"};
	struct client client, impatient, gone;
	char target[256], query[64], want[128];
	unsigned long first;
	int64_t begun_us;

	(void)state;
	play(0, 1860); /* 0 is whole, 1 has one picture */
	client_open(&client, http_box.port, 0);
	client_open(&impatient, http_box.port, 0);
	client_open(&gone, http_box.port, 0);
	assert_int_equal(get(&client, "/live/show%201.m3u8"), 200);
	first = first_number();
	/* two segments on: nothing comes of it */
	begun_us = turning_now_us();
	(void)snprintf(target, sizeof(target), "/live/show%%201.m3u8?_HLS_msn=%lu", first + 2);
	request(&impatient, "GET", target, "");
	request(&gone, "GET", target, "");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		(void)snprintf(query, sizeof(query), wrong[i], first + 1);
		(void)snprintf(target, sizeof(target), "/live/show%%201.m3u8?%s", query);
		assert_int_equal(get(&client, target), 400);
	}
	/* the part that is promised, by a playlist and by itself; another one that is not */
	(void)snprintf(want, sizeof(want),
		       "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"show%%201/%lu.0.m4s\"", first + 1);
	assert_int_equal(get(&client, "/live/show%201.m3u8"), 200);
	assert_non_null(strstr(body, want));
	(void)snprintf(target, sizeof(target), "/live/show%%201/%lu.1.m4s", first + 1);
	assert_int_equal(get(&client, target), 404);
	(void)snprintf(target, sizeof(target), "/live/show%%201.m3u8?_HLS_msn=%lu&_HLS_part=0",
		       first + 1);
	request(&client, "GET", target, "");
	(void)snprintf(target, sizeof(target), "/live/show%%201/%lu.0.m4s", first + 1);
	request(&client, "GET", target, ""); /* behind it, on the same connection */
	assert_false(has_answer(&client, 200));
	close(gone.fd);
	play(1860, 2040);
	assert_false(has_answer(&client, 100)); /* three pictures are no part yet */
	play(2040, 2100);
	assert_int_equal(receive(&client), 200);
	(void)snprintf(want, sizeof(want), "URI=\"show%%201/%lu.0.m4s\",INDEPENDENT=YES\n",
		       first + 1);
	assert_non_null(strstr(body, want));
	assert_int_equal(receive(&client), 200);
	assert_memory_equal(body + 4, "moof", 4);
	(void)snprintf(target, sizeof(target), "/live/show%%201/%lu.1.m4s", first + 1);
	request(&client, "GET", target, "");
	assert_false(has_answer(&client, 50));
	play(2100, 2340);
	assert_int_equal(receive(&client), 200);
	/* three target durations, of 2 s */
	turning_later(live_box.turning, 5000000);
	assert_int_equal(receive(&impatient), 503);
	assert_in_range(turning_now_us() - begun_us, 5900000, 12000000);
	assert_true(client_at_end(&impatient));
	/* whoever waits when the output goes learns of it */
	(void)snprintf(target, sizeof(target), "/live/show%%201.m3u8?_HLS_msn=%lu", first + 1);
	request(&client, "GET", target, "");
	assert_false(has_answer(&client, 50));
	set_outputs("[]");
	assert_int_equal(receive(&client), 404);
	close(client.fd);
	close(impatient.fd);
}

static void test_waits_for_the_stream(void **state)
{
	struct client client;
	unsigned long first;
	char target[128];

	(void)state;
	client_open(&client, http_box.port, 0);
	request(&client, "GET", "/live/show%201.m3u8", "");
	assert_false(has_answer(&client, 100));
	play(0, 600);
	assert_int_equal(receive(&client), 200);
	first = first_number();
	/* what there is of the first group of pictures is a segment */
	assert_non_null(strstr(body, "#EXT-X-TARGETDURATION:6\n"));
	assert_non_null(strstr(body, "#EXTINF:"));
	/* the stream ends: whoever waits for the next gets the rest */
	(void)snprintf(target, sizeof(target), "/live/show%%201.m3u8?_HLS_msn=%lu", first + 1);
	request(&client, "GET", target, "");
	assert_false(has_answer(&client, 50));
	end_stream();
	assert_int_equal(receive(&client), 200);
	assert_non_null(strstr(body, ".m4s\n#EXT-X-ENDLIST\n"));
	close(client.fd);
}

static void do_kick(void *arg)
{
	json_t *message = json_pack("{s:s, s:I}", "name", "show 1", "viewer", *(json_int_t *)arg);

	tess_live_viewers_kick(live_box.live, message);
	json_decref(message);
}

/* They are listed, closed, and asked for their right when they begin. */
static void test_listed(void **state)
{
	struct client client;
	json_t *list, *one;
	json_int_t id;
	size_t sent;

	(void)state;
	play(0, 3600);
	client_open(&client, http_box.port, 0);
	assert_int_equal(get(&client, "/live/show%201.m3u8"), 200);
	sent = body_length;
	assert_int_equal(get(&client, "/live/show%201.m3u8"), 200);
	sent += body_length;
	list = list_viewers();
	assert_int_equal(json_array_size(list), 1);
	one = json_array_get(list, 0);
	assert_string_equal(json_string_value(json_object_get(one, "protocol")), "hls");
	assert_string_equal(json_string_value(json_object_get(one, "address")), "127.0.0.1");
	assert_int_equal(json_integer_value(json_object_get(one, "bytes")), sent);
	id = json_integer_value(json_object_get(one, "id"));
	json_decref(list);
	/* a right is asked for now: who watches goes on, until it is closed */
	rules("{\"play\":{\"x\":{\"app\":0,\"enable\":true,\"key\":\"k\"}}}");
	assert_int_equal(get(&client, "/live/show%201.m3u8"), 200);
	request(&client, "GET", "/live/show%201.m3u8", "User-Agent: another\r\n");
	assert_int_equal(receive(&client), 403);
	turning_do(live_box.turning, do_kick, &id);
	assert_int_equal(counter("viewers"), 0);
	assert_int_equal(get(&client, "/live/show%201.m3u8"), 403);
	close(client.fd);
}

static void test_viewers(void **state)
{
	static const char *const agents[] = {"User-Agent: one\r\n", "User-Agent: two\r\n",
					     "User-Agent: three\r\n", "User-Agent: four\r\n"};
	struct client client;
	json_int_t refused = counter("viewers_refused");

	(void)state;
	play(0, 3600);
	for (unsigned i = 0; i < 3; i++) {
		/* connections are no viewers */
		for (unsigned times = 0; times < 3; times++) {
			client_open(&client, http_box.port, 0);
			request(&client, "GET", "/live/show%201.m3u8", agents[i]);
			assert_int_equal(receive(&client), 200);
			close(client.fd);
		}
		assert_int_equal(counter("viewers"), i + 1);
	}
	client_open(&client, http_box.port, 0);
	request(&client, "GET", "/live/show%201.m3u8", agents[3]);
	assert_int_equal(receive(&client), 503);
	assert_int_equal(counter("viewers_refused"), refused + 1);
	/* who watches already goes on */
	request(&client, "GET", "/live/show%201.m3u8", agents[0]);
	assert_int_equal(receive(&client), 200);
	close(client.fd);
}

static void test_little_memory(void **state)
{
	struct client client;

	(void)state;
	play(0, 3600);
	set_outputs("[{\"stream\":\"s\",\"name\":\"show 1\"},{\"stream\":\"s\",\"name\":\"b\"}]");
	client_open(&client, http_box.port, 0);
	assert_int_equal(get(&client, "/live/show%201.m3u8"), 200);
	assert_true(counter("hls_bytes") > 4096);
	assert_int_equal(get(&client, "/live/b.m3u8"), 503);
	assert_int_equal(counter("hls_refused"), 1);
	/* when the other one goes there is room */
	set_outputs("[{\"stream\":\"s\",\"name\":\"b\"}]");
	assert_int_equal(counter("hls_bytes"), 0);
	assert_int_equal(get(&client, "/live/b.m3u8"), 200);
	close(client.fd);
}

/** One that takes a segment slowly holds it; what it holds is counted until it has it. */
static void test_slow_segment(void **state)
{
	struct client client;
	char target[128];
	unsigned long first;

	(void)state;
	play(0, 3600);
	client_open(&client, http_box.port, 2048);
	assert_int_equal(get(&client, "/live/show%201.m3u8"), 200);
	first = first_number();
	(void)snprintf(target, sizeof(target), "/live/show%%201/%lu.m4s", first);
	request(&client, "GET", target, "");
	assert_int_equal(client_head(&client), 200);
	set_outputs("[]");
	assert_int_equal(recv(client.fd, body, 30000, MSG_WAITALL), 30000);
	close(client.fd);
	for (unsigned i = 0; i < 1000 && counter("hls_bytes"); i++)
		usleep(5000);
	assert_int_equal(counter("hls_bytes"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_what_the_ring_holds),
		TEST(test_blocking_reload),
		TEST(test_waits_for_the_stream),
		TEST(test_viewers),
		TEST(test_listed),
		cmocka_unit_test_setup_teardown(test_little_memory, setup_little, teardown),
		TEST(test_slow_segment),
	};

	tess_log_init("test", TESS_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
