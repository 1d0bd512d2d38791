/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/egress/live over HTTP: what players get, how slow they may be, and who may
 * watch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/log.h"
#include "firmware/base/tx_secret.h"
#include "firmware/egress/live_viewers.h"
#include "tests/unit/firmware/egress/http_box.h"

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
	media_away(live_box.turning, live_box.streams);
	tess_ring_writer_free(ring);
	ring = make_ring(2000);
	audio(ring, 2499);
	video(ring, 2500, 400, true);
	expect(&one, &first, "v2500@2000k");
	expect(&two, &second, "v2500@2000k");

	/* one leaves; the other has the last picture before it is closed */
	close(two.fd);
	video(ring, 2540, 300, false);
	end_stream();
	expect(&one, &first, "v2540@2040");
	assert_true(client_at_end(&one));
	close(one.fd);
	assert_true(turning_until(live_box.turning, no_viewers, NULL));
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
	set_outputs("[{\"stream\":\"s\",\"name\":\"b\"}, {\"name\":1}, 5]");
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
	client_open(&slow, http_box.port, 4096);
	client_send(&slow, "GET /live/show.flv HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(client_head(&slow), 200);
	assert_int_equal(ask(&fast, "GET", "/live/show.flv", ""), 200);
	/* 9 MB: more than the sockets hold; the fast one keeps up with all of it */
	for (uint32_t n = 0; n < 300; n++) {
		video(ring, n * 10, 30000, n % 10 == 0);
		turning_later(live_box.turning, 20000);
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
	assert_true(turning_until(live_box.turning, no_viewers, NULL));
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
	client_open(&wedged, http_box.port, 4096);
	client_send(&wedged, "GET /live/show.flv HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(client_head(&wedged), 200);
	assert_int_equal(ask_tls(&by_tls, "/live/show.flv", "", 4096), 200);
	for (uint32_t n = 0; n < 100; n++) {
		video(ring, n * 10, 60000, n % 10 == 0);
		turning_later(live_box.turning, 10000);
	}
	/* they never read: 10 s after what they took last they are closed */
	full_us = turning_now_us();
	if (full_us - begun_us < 5000000)
		assert_int_equal(counter("viewers"), 2);
	turning_later(live_box.turning, 8000000);
	assert_true(turning_until(live_box.turning, no_viewers, NULL));
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
	assert_true(turning_until(live_box.turning, no_viewers, NULL));
	close(client.fd);
	tess_ring_writer_free(ring);
}

static void test_facts(void **state)
{
	struct tess_ring_writer *ring = make_ring(1000);
	struct flv_player player = {0};
	struct client client;
	json_t *facts, *entry;

	(void)state;
	assert_int_equal(ask(&client, "GET", "/live/show.flv", ""), 200);
	facts = live_facts();
	json_decref(facts);
	usleep(100000);
	video(ring, 0, 50000, true);
	expect(&client, &player, "header meta avc aac v0@0k");
	facts = live_facts();
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
	client_open(&client, http_box.port, 0);
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
	set_outputs("[{\"stream\":\"s\",\"name\":\"show\",\"app\":7},"
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

static void do_kick(void *arg)
{
	json_t *message = json_loads(arg, 0, NULL);

	assert_non_null(message);
	tess_live_viewers_kick(live_box.live, message);
	json_decref(message);
}

static void kick(const char *message)
{
	turning_do(live_box.turning, do_kick, (void *)(uintptr_t)message);
}

static void test_viewers(void **state)
{
	struct flv_player players[3] = {0};
	struct tess_ring_writer *ring = make_ring(1000);
	struct client clients[3];
	json_t *listed;

	(void)state;
	video(ring, 500, 3000, true);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ask(&clients[i], "GET", "/live/show.flv", ""), 200);
		expect(&clients[i], &players[i], "header meta avc aac v500@0k");
	}
	listed = list_viewers();
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
	kick("{\"name\":\"show\",\"viewer\":101}");
	assert_true(client_at_end(&clients[1]));
	kick("{\"name\":\"show\",\"address\":\"192.0.2.1\"}");
	kick("{\"name\":\"none\"}");
	kick("{\"viewer\":100}");
	assert_int_equal(counter("viewers"), 2);
	kick("{\"name\":\"show\",\"address\":\"127.0.0.1\"}");
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
	kick("{\"name\":\"show\"}");
	assert_int_equal(counter("viewers"), 0);
	close(clients[0].fd);
	tess_ring_writer_free(ring);
}

static void test_tls_live(void **state)
{
	struct flv_player player = {0}, late = {0};
	struct tess_ring_writer *ring = make_ring(1000);
	struct client client, slow;
	json_t *listed;
	char want[64];

	(void)state;
	video(ring, 500, 60000, true);
	assert_int_equal(ask_tls(&client, "/live/show.flv", "", 0), 200);
	expect(&client, &player, "header meta avc aac v500@0k");
	audio(ring, 501);
	expect(&client, &player, "a501@1");
	listed = list_viewers();
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
	end_stream();
	assert_true(client_at_end(&client));
	expect(&slow, &late,
	       "header meta avc aac v500@0k a501@1 v540@40 v580@80 v620@120 v660@160 v700@200 "
	       "v740@240 v780@280 v820@320 v860@360 v900@400 v940@440 v980@480");
	assert_true(client_at_end(&slow));
	client_close(&client);
	client_close(&slow);
	assert_true(turning_until(live_box.turning, no_viewers, NULL));
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
	client_open(&clear, http_box.port, 0);
	client_open(&secure, http_box.tls_port, 0);
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		HTTP_TEST(test_live),		HTTP_TEST(test_viewer_limit),
		HTTP_TEST(test_slow_viewer),	HTTP_TEST(test_wedged_viewer),
		HTTP_TEST(test_talking_viewer), HTTP_TEST(test_facts),
		HTTP_TEST(test_guarded),	HTTP_TEST(test_cors),
		HTTP_TEST(test_own_limits),	HTTP_TEST(test_viewers),
		HTTP_TEST(test_tls_live),	HTTP_TEST(test_tls_hls),
	};

	tess_log_init("test", TESS_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
