/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/egress/rtmp_server and of RTMP players of live, over real sockets.
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
#include "firmware/base/tx_secret.h"
#include "firmware/egress/rtmp_server.h"
#include "firmware/egress/streams.h"
#include "pipeline/stream/ring.h"
#include "tests/unit/firmware/egress/rtmp_peer.h"
#include "tests/unit/firmware/egress/turning.h"

static struct turning *turning;
static struct tess_streams *streams;
static struct tess_guard *guard;
static struct tess_live *live;
static struct tess_rtmp_listener *listener;
static struct tess_ring_writer *ring;
static uint16_t port;

static void start(void *arg)
{
	struct tess_live_config live_config = {.clock = tess_clock_system(),
					       .viewer_buffer_bytes = 200000,
					       .hls_bytes = 16 << 20,
					       .max_viewers = 3};
	struct tess_rtmp_listener_config config = {.max_connections = 8};
	struct tess_ring_config ring_config = {.epoch = 1000, .data_bytes = 4 << 20, .slots = 1024};
	struct tess_loop *loop = turning_loop(turning);
	json_t *outputs = json_pack("[{s:s, s:s, s:i}]", "stream", "s", "name", "show", "app", 7);

	(void)arg;
	config.listen.in = (struct sockaddr_in){.sin_family = AF_INET,
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(tess_streams_alloc(&streams, loop), 0);
	assert_int_equal(tess_guard_alloc(&guard, tess_clock_system()), 0);
	config.guard = guard;
	assert_int_equal(tess_live_alloc(&live, loop, streams, &live_config), 0);
	config.live = live;
	assert_int_equal(tess_rtmp_listener_alloc(&listener, loop, &config), 0);
	port = tess_rtmp_listener_port(listener);
	tess_live_apply(live, outputs);
	json_decref(outputs);
	assert_int_equal(tess_ring_writer_alloc(&ring, &ring_config, &unit_info), 0);
	assert_int_equal(tess_streams_offer(streams, "s", 1000, dup(tess_ring_writer_memfd(ring)),
					    dup(tess_ring_writer_eventfd(ring))),
			 0);
}

static void stop(void *arg)
{
	(void)arg;
	tess_rtmp_listener_free(listener);
	tess_live_free(live);
	tess_guard_free(guard);
	tess_streams_free(streams);
}

static int setup(void **state)
{
	(void)state;
	turning = turning_start();
	turning_do(turning, start, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	turning_do(turning, stop, NULL);
	turning_stop(turning);
	tess_ring_writer_free(ring);
	return 0;
}

static void video(uint32_t number, size_t length, bool key)
{
	static uint8_t data[UNIT_MAX];
	struct tess_au au = unit_video(data, number, length, key, false);

	assert_int_equal(tess_ring_write(ring, &au), 0);
}

static void audio(uint32_t number)
{
	uint8_t data[200];
	struct tess_au au = unit_audio(data, number, 60);

	assert_int_equal(tess_ring_write(ring, &au), 0);
}

static void do_end(void *arg)
{
	(void)arg;
	tess_streams_end(streams, "s", 1000);
}

static int connect_here(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static bool has(const struct rtmp_peer *peer, const char *word)
{
	return strstr(peer->commands, word) != NULL;
}

/** Up to the answer of play. */
static void play(struct rtmp_peer *peer, const char *name)
{
	rtmp_peer_open(peer, connect_here(), true);
	rtmp_peer_flush(peer);
	while (!tess_rtmp_session_is_open(&peer->session))
		assert_true(rtmp_peer_take(peer));
	rtmp_peer_connect(peer, "live");
	rtmp_peer_say(peer, "createStream", 2, NULL);
	rtmp_peer_say(peer, "play", 3, name);
	while (!has(peer, "NetStream.Play.Start") && !has(peer, "NetStream.Play.Failed") &&
	       !has(peer, "NetStream.Play.StreamNotFound"))
		assert_true(rtmp_peer_take(peer));
}

static void expect(struct rtmp_peer *peer, const char *want)
{
	while (strlen(peer->player.said) < strlen(want) && rtmp_peer_take(peer))
		continue;
	assert_string_equal(peer->player.said, want);
	peer->player.said[0] = 0;
}

static void test_plays(void **state)
{
	struct rtmp_peer peer, late;

	(void)state;
	video(500, 60500, true); /* longer than a chunk */
	audio(501);
	play(&peer, "show?x=1");
	expect(&peer, "meta avc aac v500@0k a501@1");
	video(540, 200, false);
	expect(&peer, "v540@40");
	/* a ping in the middle is answered between two messages */
	tess_rtmp_put_user_control(&peer.session, 6, 1);
	rtmp_peer_flush(&peer);
	video(580, 30000, true);
	expect(&peer, "v580@80k");
	/* a late one begins at the newest key frame, at 0 */
	play(&late, "show");
	expect(&late, "meta avc aac v580@0k");
	turning_do(turning, do_end, NULL);
	while (!late.closed)
		(void)rtmp_peer_take(&late);
	assert_true(has(&late, "NetStream.Play.UnpublishNotify"));
	rtmp_peer_close(&late);
	rtmp_peer_close(&peer);
}

static void test_refusals(void **state)
{
	struct rtmp_peer peers[4];

	(void)state;
	video(500, 200, true);
	play(&peers[0], "none");
	assert_true(has(&peers[0], "NetStream.Play.StreamNotFound"));
	while (!peers[0].closed)
		(void)rtmp_peer_take(&peers[0]);
	rtmp_peer_close(&peers[0]);
	for (unsigned i = 0; i < 4; i++)
		play(&peers[i], "show");
	assert_true(has(&peers[2], "NetStream.Play.Start"));
	assert_true(has(&peers[3], "NetStream.Play.Failed"));
	for (unsigned i = 0; i < 4; i++)
		rtmp_peer_close(&peers[i]);
}

static void do_guard(void *arg)
{
	json_t *rules = json_loads(arg, 0, NULL);

	assert_non_null(rules);
	tess_guard_apply(guard, rules);
	json_decref(rules);
}

static void test_guarded(void **state)
{
	char query[TESS_TX_QUERY_SIZE], name[160];
	struct rtmp_peer peer;

	(void)state;
	video(500, 200, true);
	turning_do(turning, do_guard,
		   (void *)(uintptr_t) "{\"play\":{\"cdn.example\":{\"app\":7,\"enable\":true,"
				       "\"key\":\"k\"}}}");
	play(&peer, "show");
	assert_true(has(&peer, "NetStream.Play.Failed"));
	while (!peer.closed)
		(void)rtmp_peer_take(&peer);
	rtmp_peer_close(&peer);
	assert_int_equal(tess_tx_query(query, "k", "show", (int64_t)time(NULL) + 60), 0);
	(void)snprintf(name, sizeof(name), "show?%s", query);
	play(&peer, name);
	expect(&peer, "meta avc aac v500@0k");
	rtmp_peer_close(&peer);
	/* its tcUrl names a domain of somebody else */
	turning_do(turning, do_guard,
		   (void *)(uintptr_t) "{\"play\":{\"127.0.0.1\":{\"app\":8,\"enable\":false}}}");
	play(&peer, "show");
	assert_true(has(&peer, "NetStream.Play.StreamNotFound"));
	rtmp_peer_close(&peer);
}

static bool nobody(void *arg)
{
	json_t *facts = tess_live_facts(live);
	bool none = json_integer_value(json_object_get(json_array_get(facts, 0), "viewers")) == 0;

	(void)arg;
	json_decref(facts);
	return none;
}

static void test_leaves(void **state)
{
	struct rtmp_peer peer;

	(void)state;
	video(500, 200, true);
	play(&peer, "show");
	expect(&peer, "meta avc aac v500@0k");
	rtmp_peer_say(&peer, "deleteStream", 0, NULL);
	assert_true(turning_until(turning, nobody, NULL));
	rtmp_peer_close(&peer);
}

static void test_crowd(void **state)
{
	struct rtmp_peer peer;
	int fds[40];
	char byte;

	(void)state;
	video(500, 200, true);
	/* more than there may be, none of them says anything: the oldest go, who comes is served */
	for (unsigned i = 0; i < 40; i++)
		fds[i] = connect_here();
	play(&peer, "show");
	expect(&peer, "meta avc aac v500@0k");
	assert_int_equal(recv(fds[0], &byte, 1, 0), 0);
	for (unsigned i = 0; i < 40; i++)
		close(fds[i]);
	rtmp_peer_close(&peer);
}

static void test_nonsense(void **state)
{
	int fd = connect_here();
	char byte;

	(void)state;
	assert_int_equal(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	assert_true(recv(fd, &byte, 1, 0) <= 0);
	close(fd);
}

static void test_slow_handshake(void **state)
{
	int64_t begun_us = turning_now_us();
	int fd = connect_here();
	uint8_t hello[1537] = {3}, byte;
	ssize_t got = -1;

	(void)state;
	/* a byte now and then: it has 10 s all the same */
	for (unsigned sent = 0; sent < 100 && got < 0; sent++) {
		assert_true(send(fd, hello + sent, 1, MSG_NOSIGNAL) == 1 || errno == EPIPE ||
			    errno == ECONNRESET);
		turning_later(turning, 200000);
		do
			got = recv(fd, &byte, 1, MSG_DONTWAIT);
		while (got > 0);
		if (got < 0 && errno != EAGAIN)
			got = 0;
	}
	assert_int_equal(got, 0);
	assert_in_range(turning_now_us() - begun_us, 10000000, 15000000);
	close(fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guarded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_leaves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_crowd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_handshake, setup, teardown),
	};

	tess_log_init("test", TESS_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
