/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/egress/relays against servers that do what bad servers do: refuse, hang, stop
 * reading, close, talk nonsense, accept and then revoke.
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
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/log.h"
#include "firmware/egress/relays.h"
#include "firmware/egress/streams.h"
#include "pipeline/stream/ring.h"
#include "tests/unit/firmware/egress/rtmp_peer.h"
#include "tests/unit/firmware/egress/turning.h"

static struct turning *turning;
static struct tess_streams *streams;
static struct tess_traffic *traffic;
static struct tess_relays *relays;
static struct tess_ring_writer *ring;
static int listener;
static uint16_t port;

/* patient, so that a busy machine is no bad server; tests of patience change them */
#define PATIENT_US 8000000
static int64_t opening_us, stall_us;

static void start(void *arg)
{
	struct tess_relays_config config = {
		.first_pause_us = 20000,
		.greatest_pause_us = 60000,
		.attempts = 5,
		.steady_us = 60000000,
		.opening_us = opening_us,
		.stall_us = stall_us,
	};

	(void)arg;
	assert_int_equal(tess_streams_alloc(&streams, turning_loop(turning)), 0);
	assert_int_equal(tess_traffic_alloc(&traffic, 1), 0);
	config.traffic = traffic;
	assert_int_equal(tess_relays_alloc(&relays, turning_loop(turning), streams, &config), 0);
}

static void stop(void *arg)
{
	(void)arg;
	tess_relays_free(relays);
	tess_traffic_free(traffic);
	tess_streams_free(streams);
}

/** A socket at this port, 0: any, of which nobody takes connections. */
static int bind_here(uint16_t at)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(at),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void listen_here(void)
{
	struct sockaddr_in address = {0};
	struct timeval patience = {.tv_sec = 10};
	socklen_t size = sizeof(address);
	int small = 16384;

	listener = bind_here(0);
	/* inherited by what is accepted */
	assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)),
			 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	port = ntohs(address.sin_port);
}

static int setup_with(int64_t opening, int64_t stall)
{
	opening_us = opening;
	stall_us = stall;
	listen_here();
	turning = turning_start();
	turning_do(turning, start, NULL);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return setup_with(PATIENT_US, PATIENT_US);
}

static int setup_hasty_opening(void **state)
{
	(void)state;
	return setup_with(300000, PATIENT_US);
}

static int teardown(void **state)
{
	(void)state;
	turning_do(turning, stop, NULL);
	turning_stop(turning);
	tess_ring_writer_free(ring);
	ring = NULL;
	close(listener);
	return 0;
}

static void do_apply(void *arg)
{
	tess_relays_apply(relays, arg);
}

/** Targets 1 to @p count of stream "s"; @p url has the port and the number. */
static void want(unsigned count, int64_t epoch, const char *url)
{
	json_t *targets = json_array();
	char text[128];

	for (unsigned i = 1; i <= count; i++) {
		(void)snprintf(text, sizeof(text), url, port, i);
		assert_int_equal(
			json_array_append_new(targets,
					      json_pack("{s:i, s:i, s:I, s:s, s:s}", "id", (int)i,
							"app", 7, "epoch", (json_int_t)epoch,
							"stream", "s", "url", text)),
			0);
	}
	turning_do(turning, do_apply, targets);
	json_decref(targets);
}

#define URL "rtmp://127.0.0.1:%u/app/key%u"

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
	tess_streams_end(streams, "s", 9999);
}

static void begin_stream(uint64_t epoch)
{
	struct tess_ring_config config = {.epoch = epoch, .data_bytes = 8 << 20, .slots = 2048};
	struct offer offer = {.epoch = epoch};

	tess_ring_writer_free(ring);
	assert_int_equal(tess_ring_writer_alloc(&ring, &config, &unit_info), 0);
	offer.memfd = dup(tess_ring_writer_memfd(ring));
	offer.eventfd = dup(tess_ring_writer_eventfd(ring));
	turning_do(turning, do_offer, &offer);
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

/* What is told of a target. */
struct told {
	int id;
	char state[16], error[96];
	int64_t bytes, dropped, publishes, failures;
};

static void do_ask(void *arg)
{
	struct told *told = arg;
	json_t *facts = tess_relays_facts(relays), *entry;
	size_t i;

	told->state[0] = 0;
	json_array_foreach(facts, i, entry)
	{
		if (json_integer_value(json_object_get(entry, "id")) != told->id)
			continue;
		(void)snprintf(told->state, sizeof(told->state), "%s",
			       json_string_value(json_object_get(entry, "state")));
		(void)snprintf(told->error, sizeof(told->error), "%s",
			       json_string_value(json_object_get(entry, "error")));
		told->bytes = json_integer_value(json_object_get(entry, "bytes_sent"));
		told->dropped = json_integer_value(json_object_get(entry, "pictures_dropped"));
		told->publishes = json_integer_value(json_object_get(entry, "publishes"));
		told->failures = json_integer_value(json_object_get(entry, "failures"));
	}
	json_decref(facts);
}

static struct told told_of(int id)
{
	struct told told = {.id = id};

	turning_do(turning, do_ask, &told);
	return told;
}

/** Wait for a state, 10 s at most. */
static struct told until(int id, const char *state)
{
	struct told told = told_of(id);

	for (unsigned i = 0; i < 2000 && strcmp(told.state, state) != 0; i++) {
		usleep(5000);
		told = told_of(id);
	}
	assert_string_equal(told.state, state);
	return told;
}

static int accept_one(void)
{
	int fd = accept(listener, NULL, NULL);

	assert_true(fd >= 0);
	return fd;
}

/** Nobody connects for a while, much longer than the greatest pause. */
static void nobody_comes(void)
{
	struct timeval patience = {.tv_usec = 400000};

	assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)),
			 0);
	assert_int_equal(accept(listener, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
}

static bool has(const struct rtmp_peer *peer, const char *word)
{
	return strstr(peer->commands, word) != NULL;
}

/** Take a connection up to the answer of its publish. */
static void publish_with(struct rtmp_peer *peer, const char *level, const char *code)
{
	rtmp_peer_open(peer, accept_one(), false);
	while (!has(peer, "connect "))
		assert_true(rtmp_peer_take(peer));
	rtmp_peer_inform(peer, "_result", 1, "status", "NetConnection.Connect.Success");
	while (!has(peer, "createStream "))
		assert_true(rtmp_peer_take(peer));
	rtmp_peer_number(peer, 4, 3);
	while (!has(peer, "publish "))
		assert_true(rtmp_peer_take(peer));
	assert_string_equal(peer->commands,
			    "connect releaseStream FCPublish createStream publish ");
	rtmp_peer_inform(peer, "onStatus", 0, level, code);
}

static void publish(struct rtmp_peer *peer)
{
	publish_with(peer, "status", "NetStream.Publish.Start");
}

static void expect(struct rtmp_peer *peer, const char *want_said)
{
	while (strlen(peer->player.said) < strlen(want_said) && rtmp_peer_take(peer))
		continue;
	assert_string_equal(peer->player.said, want_said);
	peer->player.said[0] = 0;
}

static void test_publishes(void **state)
{
	struct rtmp_peer peer;

	(void)state;
	want(1, 1, URL);
	assert_string_equal(told_of(1).state, "waiting");
	begin_stream(1000);
	video(40, 300, true);
	audio(50);
	video(80, 300, false);
	publish(&peer);
	expect(&peer, "meta avc aac v40@0k a50@10 v80@40");
	/* media is killed and comes back: the same connection, the same time line */
	turning_do(turning, do_away, NULL);
	begin_stream(2000);
	audio(999);
	video(1000, 300, true);
	video(1040, 300, false);
	expect(&peer, "v1000@960k v1040@1000");
	assert_int_equal(told_of(1).publishes, 1);
	/* what is wanted is told again, and nothing happens */
	want(1, 1, URL);
	video(1080, 300, false);
	expect(&peer, "v1080@1040");
	/* the stream ends: the server is told */
	turning_do(turning, do_end, NULL);
	while (!peer.closed)
		(void)rtmp_peer_take(&peer);
	assert_true(has(&peer, "FCUnpublish deleteStream "));
	assert_string_equal(until(1, "waiting").error, "");
	rtmp_peer_close(&peer);
	nobody_comes();
}

/* What the traffic has of application 7. */
struct metered {
	int64_t bytes, us;
};

static void do_meter(void *arg)
{
	struct metered *metered = arg;
	json_t *facts, *one;
	size_t i;

	tess_relays_meter(relays);
	facts = tess_traffic_facts(traffic);
	*metered = (struct metered){0};
	json_array_foreach(json_object_get(facts, "apps"), i, one)
	{
		if (json_integer_value(json_object_get(one, "app")) != 7)
			continue;
		metered->bytes = json_integer_value(json_object_get(one, "relay_bytes"));
		metered->us = json_integer_value(json_object_get(one, "relay_us"));
	}
	json_decref(facts);
}

static void test_metered(void **state)
{
	struct metered before, after;
	struct rtmp_peer peer;
	struct told told;

	(void)state;
	want(1, 1, URL);
	turning_do(turning, do_meter, &before);
	assert_int_equal(before.us + before.bytes, 0);
	begin_stream(1000);
	video(40, 300, true);
	publish(&peer);
	expect(&peer, "meta avc aac v40@0k");
	turning_do(turning, do_meter, &before);
	told = told_of(1);
	assert_int_equal(before.bytes, told.bytes);
	usleep(50000);
	turning_do(turning, do_meter, &after);
	assert_int_equal(after.bytes, told.bytes);
	assert_true(after.us - before.us >= 50000);
	/* one that is taken away counts to its end */
	video(80, 300, false);
	expect(&peer, "v80@40");
	want(0, 1, URL);
	turning_do(turning, do_meter, &before);
	assert_true(before.bytes > after.bytes && before.us > after.us);
	usleep(20000);
	turning_do(turning, do_meter, &after);
	assert_int_equal(after.us, before.us);
	rtmp_peer_close(&peer);
}

static void test_changed(void **state)
{
	struct rtmp_peer peer;

	(void)state;
	begin_stream(1000);
	video(40, 300, true);
	want(1, 1, URL);
	publish(&peer);
	expect(&peer, "meta avc aac v40@0k");
	/* a new epoch is a new connection, and none is left behind */
	want(1, 2, URL);
	while (!peer.closed)
		(void)rtmp_peer_take(&peer);
	assert_true(has(&peer, "deleteStream "));
	rtmp_peer_close(&peer);
	publish(&peer);
	expect(&peer, "meta avc aac v40@0k");
	want(0, 0, URL);
	while (!peer.closed)
		(void)rtmp_peer_take(&peer);
	rtmp_peer_close(&peer);
	nobody_comes();
}

static void test_nobody_listens(void **state)
{
	struct told told;
	int held;

	(void)state;
	close(listener);
	held = bind_here(port); /* nobody else gets it */
	begin_stream(1000);
	want(1, 1, URL);
	told = until(1, "failed"); /* after as many attempts as it has */
	assert_int_equal(told.failures, 5);
	assert_non_null(strstr(told.error, "refused"));
	/* told again, it is still over; changed, it begins anew */
	want(1, 1, URL);
	assert_string_equal(told_of(1).state, "failed");
	listen_here();
	close(held);
	want(1, 2, URL);
	close(accept_one());
}

static void test_refused(void **state)
{
	struct rtmp_peer peer;
	struct told told;

	(void)state;
	begin_stream(1000);
	want(1, 1, URL);
	publish_with(&peer, "error", "NetStream.Publish.Denied");
	told = until(1, "refused");
	assert_string_equal(told.error, "the server refuses: NetStream.Publish.Denied");
	nobody_comes();
	rtmp_peer_close(&peer);
}

static void test_revoked(void **state)
{
	struct rtmp_peer peer;

	(void)state;
	begin_stream(1000);
	video(40, 300, true);
	want(1, 1, URL);
	publish(&peer);
	expect(&peer, "meta avc aac v40@0k");
	rtmp_peer_inform(&peer, "onStatus", 0, "error", "NetStream.Publish.Denied");
	(void)until(1, "refused");
	nobody_comes();
	rtmp_peer_close(&peer);
}

static void test_hangs(void **state)
{
	int fds[5];
	char byte;

	(void)state;
	begin_stream(1000);
	want(1, 1, URL);
	for (unsigned i = 0; i < 5; i++) {
		fds[i] = accept_one();
		/* the one before was given up first: never two */
		if (i)
			while (recv(fds[i - 1], &byte, 1, MSG_DONTWAIT) == 1)
				continue;
		if (i)
			assert_true(recv(fds[i - 1], &byte, 1, MSG_DONTWAIT) == 0);
	}
	assert_string_equal(until(1, "failed").error, "the server did not answer in time");
	nobody_comes();
	for (unsigned i = 0; i < 5; i++)
		close(fds[i]);
}

static void test_closes_after_some_bytes(void **state)
{
	struct rtmp_peer peer;

	(void)state;
	begin_stream(1000);
	video(40, 30000, true);
	want(1, 1, URL);
	for (unsigned i = 0; i < 5; i++) {
		publish(&peer);
		assert_true(rtmp_peer_take(&peer));
		rtmp_peer_close(&peer);
	}
	assert_int_equal(until(1, "failed").publishes, 5);
	nobody_comes();
}

static void test_garbage(void **state)
{
	static const char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

	(void)state;
	begin_stream(1000);
	want(1, 1, URL);
	for (unsigned i = 0; i < 5; i++) {
		int fd = accept_one();

		assert_true(send(fd, text, strlen(text), MSG_NOSIGNAL) > 0);
		/* closed only when the other side has seen it */
		while (told_of(1).failures == i)
			usleep(2000);
		close(fd);
	}
	assert_string_equal(until(1, "failed").error, "the server does not speak RTMP");
	nobody_comes();
}

static void test_unknown_name(void **state)
{
	(void)state;
	begin_stream(1000);
	want(1, 1, "rtmp://no-such-host.invalid:%u/app/key%u");
	assert_string_equal(until(1, "failed").error, "the name of the server is not known");
}

static void test_stops_reading(void **state)
{
	struct rtmp_peer good, bad;
	uint32_t number = 0;
	struct told told;

	(void)state;
	begin_stream(1000);
	video(number, 300, true);
	want(1, 1, URL);
	publish(&bad);
	want(2, 1, URL);
	publish(&good);
	/* one of them reads no more, until it is given up; the other gets everything */
	do {
		number += 40;
		video(number, 30000, number % 400 == 0);
		good.player.said[0] = 0;
		while (!*good.player.said)
			assert_true(rtmp_peer_take(&good));
		turning_later(turning, 40000);
		told = told_of(1);
		assert_true(number < 400000);
	} while (!strcmp(told.state, "publishing"));
	assert_string_equal(told.error, "the server takes nothing");
	assert_int_equal(told_of(2).failures, 0);
	assert_string_equal(told_of(2).state, "publishing");
	assert_int_equal(told_of(2).dropped, 0);
	rtmp_peer_close(&bad);
	rtmp_peer_close(&good);
}

static void test_congestion(void **state)
{
	struct rtmp_peer peer;
	uint32_t number = 0;
	char word[32], *at;
	struct told told;

	(void)state;
	begin_stream(1000);
	video(number, 300, true);
	want(1, 1, URL);
	publish(&peer);
	expect(&peer, "meta avc aac v0@0k");
	/* 4 s of the stream come, in no time, and more than the sockets hold */
	for (unsigned i = 1; i <= 100; i++) {
		number = i * 40;
		video(number, 60000, i % 25 == 0);
		audio(number + 20);
	}
	for (unsigned i = 0; i < 2000 && !strstr(peer.player.said, "a4020@"); i++)
		assert_true(rtmp_peer_take(&peer));
	/* all of the sound is there, in order; pictures are missing, and then a key frame comes */
	at = peer.player.said;
	for (unsigned i = 1; i <= 100; i++) {
		(void)snprintf(word, sizeof(word), "a%u@%u", i * 40 + 20, i * 40 + 20);
		at = strstr(at, word);
		assert_non_null(at);
	}
	told = told_of(1);
	assert_true(told.dropped > 0);
	for (at = peer.player.said, number = 0; (at = strchr(at, 'v')); at++) {
		uint32_t next = (uint32_t)strtoul(at + 1, NULL, 10);
		const char *end = strchrnul(at, ' ');

		assert_true(next == number + 40 || end[-1] == 'k');
		number = next;
	}
	rtmp_peer_close(&peer);
}

static void test_bad_targets(void **state)
{
	static const char *const texts[] = {
		"[{\"id\":1,\"epoch\":1,\"stream\":\"s\",\"url\":\"http://x/y/z\"}]",
		"[{\"id\":0,\"epoch\":1,\"stream\":\"s\",\"url\":\"rtmp://x/y/z\"}]",
		"[{\"id\":1,\"epoch\":1,\"stream\":\"\",\"url\":\"rtmp://x/y/z\"}]",
		"[{\"id\":1,\"stream\":7}]",
		"[7]",
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *targets = json_loads(texts[i], 0, NULL);

		turning_do(turning, do_apply, targets);
		json_decref(targets);
		assert_string_equal(told_of(1).state, "");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_publishes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_metered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_listens, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_revoked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hangs, setup_hasty_opening, teardown),
		cmocka_unit_test_setup_teardown(test_closes_after_some_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stops_reading, setup, teardown),
		cmocka_unit_test_setup_teardown(test_congestion, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_targets, setup, teardown),
	};

	tess_log_init("test", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
