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

#include "firmware/base/log.h"
#include "firmware/base/tx_secret.h"
#include "firmware/egress/rtmp_server.h"
#include "tests/unit/firmware/egress/live_box.h"
#include "tests/unit/firmware/egress/rtmp_peer.h"

static struct tess_rtmp_listener *listener;
static struct tess_ring_writer *ring;
static uint16_t port;

static void start(void *arg)
{
	struct tess_rtmp_listener_config config = {
		.max_connections = 8, .live = live_box.live, .guard = live_box.guard};

	(void)arg;
	config.listen.in = (struct sockaddr_in){.sin_family = AF_INET,
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(
		tess_rtmp_listener_alloc(&listener, turning_loop(live_box.turning), &config), 0);
	port = tess_rtmp_listener_port(listener);
}

static void stop(void *arg)
{
	(void)arg;
	tess_rtmp_listener_free(listener);
}

static int setup(void **state)
{
	(void)state;
	live_box_open(16 << 20);
	turning_do(live_box.turning, start, NULL);
	set_outputs("[{\"stream\":\"s\",\"name\":\"show\",\"app\":7}]");
	ring = make_ring(1000);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	turning_do(live_box.turning, stop, NULL);
	live_box_close();
	tess_ring_writer_free(ring);
	return 0;
}

/** Up to the answer of play. */
static void play(struct rtmp_peer *peer, const char *name)
{
	rtmp_peer_enter(peer, port, "live");
	rtmp_peer_say(peer, "play", 3, name);
	while (!rtmp_peer_heard(peer, "NetStream.Play.Start") &&
	       !rtmp_peer_heard(peer, "NetStream.Play.Failed") &&
	       !rtmp_peer_heard(peer, "NetStream.Play.StreamNotFound"))
		assert_true(rtmp_peer_take(peer));
}

static void test_plays(void **state)
{
	struct rtmp_peer peer, late;

	(void)state;
	video(ring, 500, 60500, true); /* longer than a chunk */
	audio(ring, 501);
	play(&peer, "show?x=1");
	rtmp_peer_expect(&peer, "meta avc aac v500@0k a501@1");
	video(ring, 540, 200, false);
	rtmp_peer_expect(&peer, "v540@40");
	/* a ping in the middle is answered between two messages */
	tess_rtmp_put_user_control(&peer.session, 6, 1);
	rtmp_peer_flush(&peer);
	video(ring, 580, 30000, true);
	rtmp_peer_expect(&peer, "v580@80k");
	/* a late one begins at the newest key frame, at 0 */
	play(&late, "show");
	rtmp_peer_expect(&late, "meta avc aac v580@0k");
	end_stream();
	rtmp_peer_wait_closed(&late);
	assert_true(rtmp_peer_heard(&late, "NetStream.Play.UnpublishNotify"));
	rtmp_peer_close(&late);
	rtmp_peer_close(&peer);
}

static void test_refusals(void **state)
{
	struct rtmp_peer peers[4];

	(void)state;
	video(ring, 500, 200, true);
	play(&peers[0], "none");
	assert_true(rtmp_peer_heard(&peers[0], "NetStream.Play.StreamNotFound"));
	rtmp_peer_wait_closed(&peers[0]);
	rtmp_peer_close(&peers[0]);
	for (unsigned i = 0; i < 4; i++)
		play(&peers[i], "show");
	assert_true(rtmp_peer_heard(&peers[2], "NetStream.Play.Start"));
	assert_true(rtmp_peer_heard(&peers[3], "NetStream.Play.Failed"));
	for (unsigned i = 0; i < 4; i++)
		rtmp_peer_close(&peers[i]);
}

static void test_guarded(void **state)
{
	char query[TESS_TX_QUERY_SIZE], name[160];
	struct rtmp_peer peer;

	(void)state;
	video(ring, 500, 200, true);
	rules("{\"play\":{\"cdn.example\":{\"app\":7,\"enable\":true,"
	      "\"key\":\"k\"}}}");
	play(&peer, "show");
	assert_true(rtmp_peer_heard(&peer, "NetStream.Play.Failed"));
	rtmp_peer_wait_closed(&peer);
	rtmp_peer_close(&peer);
	assert_int_equal(tess_tx_query(query, "k", "show", (int64_t)time(NULL) + 60), 0);
	(void)snprintf(name, sizeof(name), "show?%s", query);
	play(&peer, name);
	rtmp_peer_expect(&peer, "meta avc aac v500@0k");
	rtmp_peer_close(&peer);
	/* its tcUrl names a domain of somebody else */
	rules("{\"play\":{\"127.0.0.1\":{\"app\":8,\"enable\":false}}}");
	play(&peer, "show");
	assert_true(rtmp_peer_heard(&peer, "NetStream.Play.StreamNotFound"));
	rtmp_peer_close(&peer);
}

static void test_leaves(void **state)
{
	struct rtmp_peer peer;

	(void)state;
	video(ring, 500, 200, true);
	play(&peer, "show");
	rtmp_peer_expect(&peer, "meta avc aac v500@0k");
	rtmp_peer_say(&peer, "deleteStream", 0, NULL);
	assert_true(turning_until(live_box.turning, no_viewers, NULL));
	rtmp_peer_close(&peer);
}

static void test_crowd(void **state)
{
	struct rtmp_peer peer;
	int fds[40];
	char byte;

	(void)state;
	video(ring, 500, 200, true);
	/* more than there may be, none of them says anything: the oldest go, who comes is served */
	for (unsigned i = 0; i < 40; i++)
		fds[i] = rtmp_peer_dial(port);
	play(&peer, "show");
	rtmp_peer_expect(&peer, "meta avc aac v500@0k");
	assert_int_equal(recv(fds[0], &byte, 1, 0), 0);
	for (unsigned i = 0; i < 40; i++)
		close(fds[i]);
	rtmp_peer_close(&peer);
}

static void test_nonsense(void **state)
{
	int fd = rtmp_peer_dial(port);
	char byte;

	(void)state;
	assert_int_equal(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	assert_true(recv(fd, &byte, 1, 0) <= 0);
	close(fd);
}

static void test_slow_handshake(void **state)
{
	int64_t begun_us = turning_now_us();
	int fd = rtmp_peer_dial(port);
	uint8_t hello[1537] = {3}, byte;
	ssize_t got = -1;

	(void)state;
	/* a byte now and then: it has 10 s all the same */
	for (unsigned sent = 0; sent < 100 && got < 0; sent++) {
		assert_true(send(fd, hello + sent, 1, MSG_NOSIGNAL) == 1 || errno == EPIPE ||
			    errno == ECONNRESET);
		turning_later(live_box.turning, 200000);
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
