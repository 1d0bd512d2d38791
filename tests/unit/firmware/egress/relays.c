/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/egress/relays: streams pushed to a server; relay_failures.c has servers that
 * fail.
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
#include "tests/unit/firmware/egress/relay_box.h"

static int setup(void **state)
{
	(void)state;
	box.opening_us = box.stall_us = PATIENT_US;
	box.attempts = 5;
	box_open();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	box_close();
	return 0;
}

static void test_publishes(void **state)
{
	struct rtmp_peer peer;

	(void)state;
	box_want(1, 1, RTMP_URL);
	assert_string_equal(box_told(1).state, "waiting");
	box_begin_stream(1000);
	box_video(40, 300, true);
	box_audio(50);
	box_video(80, 300, false);
	box_publish(&peer);
	rtmp_peer_expect(&peer, "meta avc aac v40@0k a50@10 v80@40");
	/* media is killed and comes back: the same connection, the same time line */
	media_away(box.turning, box.streams);
	box_begin_stream(2000);
	box_audio(999);
	box_video(1000, 300, true);
	box_video(1040, 300, false);
	rtmp_peer_expect(&peer, "v1000@960k v1040@1000");
	assert_int_equal(box_told(1).publishes, 1);
	/* what is wanted is told again, and nothing happens */
	box_want(1, 1, RTMP_URL);
	box_video(1080, 300, false);
	rtmp_peer_expect(&peer, "v1080@1040");
	/* the stream ends: the server is told */
	media_end(box.turning, box.streams);
	rtmp_peer_wait_closed(&peer);
	assert_true(rtmp_peer_heard(&peer, "FCUnpublish deleteStream "));
	assert_string_equal(box_until(1, "waiting").error, "");
	rtmp_peer_close(&peer);
	box_nobody_comes();
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

	tess_relays_meter(box.relays);
	facts = tess_traffic_facts(box.traffic);
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
	box_want(1, 1, RTMP_URL);
	turning_do(box.turning, do_meter, &before);
	assert_int_equal(before.us + before.bytes, 0);
	box_begin_stream(1000);
	box_video(40, 300, true);
	box_publish(&peer);
	rtmp_peer_expect(&peer, "meta avc aac v40@0k");
	turning_do(box.turning, do_meter, &before);
	told = box_told(1);
	assert_int_equal(before.bytes, told.bytes);
	usleep(50000);
	turning_do(box.turning, do_meter, &after);
	assert_int_equal(after.bytes, told.bytes);
	assert_true(after.us - before.us >= 50000);
	/* one that is taken away counts to its end */
	box_video(80, 300, false);
	rtmp_peer_expect(&peer, "v80@40");
	box_want(0, 1, RTMP_URL);
	turning_do(box.turning, do_meter, &before);
	assert_true(before.bytes > after.bytes && before.us > after.us);
	usleep(20000);
	turning_do(box.turning, do_meter, &after);
	assert_int_equal(after.us, before.us);
	rtmp_peer_close(&peer);
}

static void test_changed(void **state)
{
	struct rtmp_peer peer;

	(void)state;
	box_begin_stream(1000);
	box_video(40, 300, true);
	box_want(1, 1, RTMP_URL);
	box_publish(&peer);
	rtmp_peer_expect(&peer, "meta avc aac v40@0k");
	/* a new epoch is a new connection, and none is left behind */
	box_want(1, 2, RTMP_URL);
	rtmp_peer_wait_closed(&peer);
	assert_true(rtmp_peer_heard(&peer, "deleteStream "));
	rtmp_peer_close(&peer);
	box_publish(&peer);
	rtmp_peer_expect(&peer, "meta avc aac v40@0k");
	box_want(0, 0, RTMP_URL);
	rtmp_peer_wait_closed(&peer);
	rtmp_peer_close(&peer);
	box_nobody_comes();
}

static void test_nobody_listens(void **state)
{
	struct told told;
	int held;

	(void)state;
	close(box.listener);
	held = box_bind(box.port); /* nobody else gets it */
	box_begin_stream(1000);
	box_want(1, 1, RTMP_URL);
	told = box_until(1, "failed"); /* after as many attempts as it has */
	assert_int_equal(told.failures, 5);
	assert_non_null(strstr(told.error, "refused"));
	/* told again, it is still over; changed, it begins anew */
	box_want(1, 1, RTMP_URL);
	assert_string_equal(box_told(1).state, "failed");
	box_listen();
	close(held);
	box_want(1, 2, RTMP_URL);
	close(box_accept());
}

static void test_unknown_name(void **state)
{
	(void)state;
	box_begin_stream(1000);
	box_want(1, 1, "rtmp://no-such-host.invalid:%u/app/key%u");
	assert_string_equal(box_until(1, "failed").error, "the name of the server is not known");
}

static void test_congestion(void **state)
{
	struct rtmp_peer peer;
	uint32_t number = 0;
	char word[32], *at;
	struct told told;

	(void)state;
	box_begin_stream(1000);
	box_video(number, 300, true);
	box_want(1, 1, RTMP_URL);
	box_publish(&peer);
	rtmp_peer_expect(&peer, "meta avc aac v0@0k");
	/* 4 s of the stream come, in no time, and more than the sockets hold */
	for (unsigned i = 1; i <= 100; i++) {
		number = i * 40;
		box_video(number, 60000, i % 25 == 0);
		box_audio(number + 20);
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
	told = box_told(1);
	assert_true(told.dropped > 0);
	for (at = peer.player.said, number = 0; (at = strchr(at, 'v')); at++) {
		uint32_t next = (uint32_t)strtoul(at + 1, NULL, 10);
		const char *end = strchrnul(at, ' ');

		assert_true(next == number + 40 || end[-1] == 'k');
		number = next;
	}
	rtmp_peer_close(&peer);
}

static void do_apply(void *arg)
{
	tess_relays_apply(box.relays, arg);
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

		turning_do(box.turning, do_apply, targets);
		json_decref(targets);
		assert_string_equal(box_told(1).state, "");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_publishes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_metered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_listens, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_congestion, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_targets, setup, teardown),
	};

	tess_log_init("test", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
