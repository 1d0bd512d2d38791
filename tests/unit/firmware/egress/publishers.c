/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of firmware/egress/publishers and publisher_ring, over real sockets: control and media are
 * played by the test.
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
#include <unistd.h>

#include <cmocka.h>

#include "drivers/clock/clock.h"
#include "firmware/base/log.h"
#include "firmware/egress/rtmp_server.h"
#include "firmware/egress/streams.h"
#include "pipeline/stream/ring.h"
#include "tests/unit/firmware/egress/rtmp_peer.h"
#include "tests/unit/firmware/egress/turning.h"

#define SPS  "\x67\x42\xc0\x0a\xda\x11\xc4"
#define PPS  "\x68\xce\x3c\x80"
#define SETS "\0\0\0\x07" SPS "\0\0\0\x04" PPS

static struct turning *turning;
static struct tess_streams *streams;
static struct tess_live *live;
static struct tess_publishers *publishers;
static struct tess_rtmp_listener *listener;
static uint16_t port;
static int64_t idle_us = TESS_PUBLISHERS_IDLE_US; /* the last test's is shorter */

/* what was told, all of it in the loop's thread */
static char to_control_text[4096], to_media_text[2048];
static json_t *asked; /* the newest publish */
static int control_answer;
static int memfds[16];
static unsigned memfd_count;

static int to_control(void *arg, const json_t *message)
{
	const char *type = json_string_value(json_object_get(message, "type"));
	size_t used = strlen(to_control_text);

	(void)arg;
	if (control_answer)
		return control_answer;
	if (!strcmp(type, "publish")) {
		json_decref(asked);
		asked = json_deep_copy(message);
	}
	(void)snprintf(to_control_text + used, sizeof(to_control_text) - used, "%s/%lld%s%s ", type,
		       (long long)json_integer_value(json_object_get(message, "publisher")),
		       json_is_true(json_object_get(message, "video")) ? "v" : "",
		       json_is_true(json_object_get(message, "audio")) ? "a" : "");
	return 0;
}

static void to_media(void *arg, const json_t *message, int memfd)
{
	size_t used = strlen(to_media_text);

	(void)arg;
	(void)snprintf(to_media_text + used, sizeof(to_media_text) - used, "%s/%lld ",
		       json_string_value(json_object_get(message, "type")),
		       (long long)json_integer_value(json_object_get(message, "publisher")));
	assert_true(json_integer_value(json_object_get(message, "epoch")) > 0);
	if (memfd >= 0) {
		assert_true(memfd_count < 16);
		memfds[memfd_count++] = fcntl(memfd, F_DUPFD_CLOEXEC, 3);
	}
}

static void start(void *arg)
{
	struct tess_loop *loop = turning_loop(turning);
	const struct tess_live_config live_config = {.viewer_buffer_bytes = 200000,
						     .max_viewers = 3};
	struct tess_rtmp_listener_config config = {.max_connections = 8};
	struct tess_publishers_config publishers_config = {
		.loop = loop,
		.clock = tess_clock_system(),
		.idle_us = idle_us,
		.to_control = to_control,
		.to_media = to_media,
	};

	(void)arg;
	config.listen.in = (struct sockaddr_in){.sin_family = AF_INET,
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(tess_streams_alloc(&streams, loop), 0);
	assert_int_equal(tess_live_alloc(&live, loop, streams, &live_config), 0);
	publishers_config.streams = streams;
	assert_int_equal(tess_publishers_alloc(&publishers, &publishers_config), 0);
	config.live = live;
	config.publishers = publishers;
	assert_int_equal(tess_rtmp_listener_alloc(&listener, loop, &config), 0);
	port = tess_rtmp_listener_port(listener);
}

static void stop(void *arg)
{
	(void)arg;
	tess_rtmp_listener_free(listener);
	tess_publishers_free(publishers);
	tess_live_free(live);
	tess_streams_free(streams);
}

static int setup(void **state)
{
	(void)state;
	to_control_text[0] = to_media_text[0] = 0;
	control_answer = 0;
	turning = turning_start();
	turning_do(turning, start, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	turning_do(turning, stop, NULL);
	turning_stop(turning);
	json_decref(asked);
	asked = NULL;
	while (memfd_count)
		close(memfds[--memfd_count]);
	return 0;
}

static bool is_told(void *want)
{
	return strstr(to_control_text, want) != NULL;
}

static bool is_media_told(void *want)
{
	return strstr(to_media_text, want) != NULL;
}

static void expect_told(const char *want)
{
	assert_true(turning_until(turning, is_told, (void *)(uintptr_t)want));
}

static void expect_media_told(const char *want)
{
	assert_true(turning_until(turning, is_media_told, (void *)(uintptr_t)want));
}

/** A connection up to its publish. */
static void ask(struct rtmp_peer *peer, const char *app, const char *name)
{
	rtmp_peer_enter(peer, port, app);
	rtmp_peer_say(peer, "publish", 3, name);
}

struct answer {
	const char *code;
	int64_t publisher;
};

static void do_answer(void *arg)
{
	const struct answer *answer = arg;
	json_t *message = json_pack("{ss sO ss ss sI}", "type", "publish_answer", "request",
				    json_object_get(asked, "request"), "code", answer->code,
				    "message", "why", "publisher", (json_int_t)answer->publisher);

	assert_non_null(message);
	tess_publishers_answer(publishers, message);
	json_decref(message);
}

static bool is_asked(void *arg)
{
	(void)arg;
	return asked != NULL;
}

static void answer(const char *code, int64_t publisher)
{
	struct answer it = {code, publisher};

	assert_true(turning_until(turning, is_asked, NULL));
	turning_do(turning, do_answer, &it);
	json_decref(asked);
	asked = NULL;
}

static void do_media_up(void *arg)
{
	(void)arg;
	tess_publishers_media_up(publishers);
}

static void do_control_down(void *arg)
{
	(void)arg;
	tess_publishers_control_down(publishers);
}

static void do_check_nobody_left(void *arg)
{
	(void)arg;
	assert_null(strstr(to_control_text, "unpublish"));
}

static void do_check_media_heard_nothing(void *arg)
{
	(void)arg;
	assert_string_equal(to_media_text, "");
}

static void do_set_control_answer(void *arg)
{
	control_answer = *(int *)arg;
}

static void do_check_facts(void *arg)
{
	json_t *facts = tess_publishers_facts(publishers);

	(void)arg;
	assert_int_equal(json_array_size(facts), 1);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(facts, 0), "publisher")),
			 13);
	json_decref(facts);
}

static void publish(struct rtmp_peer *peer, int64_t publisher)
{
	ask(peer, "room/1400000001", "101/alice?usersig=secret");
	answer("", publisher);
	rtmp_peer_wait_for(peer, "NetStream.Publish.Start");
}

static void sends(struct rtmp_peer *peer, enum tess_rtmp_type type, uint32_t time_ms,
		  const void *data, size_t length)
{
	const struct tess_rtmp_message message = {.type = type,
						  .time_ms = time_ms,
						  .stream = 1,
						  .data = data,
						  .length = (uint32_t)length};

	tess_rtmp_put_message(&peer->session.out, TESS_RTMP_ON_VIDEO, &message,
			      peer->session.chunk_size);
	rtmp_peer_flush(peer);
}

#define VIDEO(peer, ms, text) sends(peer, TESS_RTMP_VIDEO, ms, text, sizeof(text) - 1)
#define AUDIO(peer, ms, text) sends(peer, TESS_RTMP_AUDIO, ms, text, sizeof(text) - 1)

static void configure_video(struct rtmp_peer *peer)
{
	VIDEO(peer, 0, "\x17\0\0\0\0\x01\x42\xc0\x0a\xff\xe1\0\x07" SPS "\x01\0\x04" PPS);
}

static void begin(struct rtmp_peer *peer)
{
	configure_video(peer);
	AUDIO(peer, 0, "\xaf\0\x12\x10");
	VIDEO(peer, 1000, "\x17\x01\0\0\0\0\0\0\x03\x65\x88\x84");
}

static struct tess_ring_reader *reader_of(unsigned number)
{
	struct tess_ring_reader *reader;

	assert_true(number < memfd_count);
	assert_int_equal(tess_ring_reader_alloc(&reader, memfds[number]), 0);
	tess_ring_seek_oldest(reader);
	return reader;
}

static struct tess_au next(struct tess_ring_reader *reader, uint8_t buffer[1000])
{
	struct tess_au au;
	size_t needed;
	int rc;

	while ((rc = tess_ring_read(reader, &au, buffer, 1000, &needed)) == -EAGAIN)
		usleep(1000);
	assert_int_equal(rc, 0);
	return au;
}

static void test_publishes(void **state)
{
	const struct tess_stream_info *info;
	struct tess_ring_reader *reader;
	int64_t before_us, now_us, first_us;
	struct rtmp_peer peer;
	uint8_t buffer[1000];
	struct tess_au au;

	(void)state;
	ask(&peer, "room/1400000001", "101/alice?usersig=secret");
	assert_true(turning_until(turning, is_asked, NULL));
	assert_int_equal(json_integer_value(json_object_get(asked, "app")), 1400000001);
	assert_string_equal(json_string_value(json_object_get(asked, "room_type")), "number");
	assert_string_equal(json_string_value(json_object_get(asked, "room")), "101");
	assert_string_equal(json_string_value(json_object_get(asked, "user")), "alice");
	assert_string_equal(json_string_value(json_object_get(asked, "query")), "usersig=secret");
	answer("", 12);
	rtmp_peer_wait_for(&peer, "NetStream.Publish.Start");
	before_us = tess_clock_now_us(tess_clock_system());
	begin(&peer);
	expect_told("publish_tracks/12va");
	now_us = tess_clock_now_us(tess_clock_system());
	reader = reader_of(0);
	info = tess_ring_reader_info(reader);
	assert_true(info->has_video && info->has_audio);
	assert_int_equal(info->width, 64);
	assert_int_equal(info->height, 48);
	assert_int_equal(info->audio_rate, 44100);
	assert_int_equal(info->audio_config_length, 2);
	assert_memory_equal(info->audio_config, "\x12\x10", 2);
	au = next(reader, buffer);
	assert_true(au.key && au.track == TESS_TRACK_VIDEO);
	assert_int_equal(au.length, sizeof(SETS) - 1 + 7);
	assert_memory_equal(au.data, SETS "\0\0\0\x03\x65\x88\x84", au.length);
	/* its time is that of the box, and of its arrival */
	assert_in_range(au.dts_us, before_us, now_us + 2000000);
	first_us = au.dts_us;
	VIDEO(&peer, 1040, "\x27\x01\0\0\x28\0\0\0\x02\x41\x9a");
	AUDIO(&peer, 1046, "\xaf\x01\x21\x10\x04");
	au = next(reader, buffer);
	assert_false(au.key);
	assert_int_equal(au.pts_us - au.dts_us, 40000);
	assert_true(au.dts_us > first_us && au.dts_us <= first_us + 41000);
	au = next(reader, buffer);
	assert_int_equal(au.track, TESS_TRACK_AUDIO);
	assert_memory_equal(au.data, "\x21\x10\x04", 3);
	/* media is started anew: it is offered the same ring */
	turning_do(turning, do_media_up, NULL);
	expect_media_told("input/12 input/12 ");
	rtmp_peer_say(&peer, "deleteStream", 4, NULL);
	expect_told("unpublish/12");
	expect_media_told("input_end/12");
	assert_int_equal(tess_ring_read(reader, &au, buffer, sizeof(buffer), &(size_t){0}), -EPIPE);
	tess_ring_reader_free(reader);
	rtmp_peer_wait_closed(&peer);
	rtmp_peer_close(&peer);
}

static void test_leaves_with_its_connection(void **state)
{
	struct rtmp_peer peer;

	(void)state;
	publish(&peer, 12);
	begin(&peer);
	expect_told("publish_tracks/12va");
	rtmp_peer_close(&peer);
	expect_told("unpublish/12");
	/* one that is gone before it was answered is not left behind */
	ask(&peer, "strroom", "1/a%20b/bob");
	assert_true(turning_until(turning, is_asked, NULL));
	assert_string_equal(json_string_value(json_object_get(asked, "room")), "a b");
	rtmp_peer_close(&peer);
	usleep(50000);
	answer("", 13);
	expect_told("unpublish/13");
}

static void test_refusals(void **state)
{
	static const char *const cases[][2] = {
		{"denied", "NetStream.Publish.Denied"},
		{"in_use", "NetStream.Publish.BadName"},
		{"bad_name", "NetStream.Publish.BadName"},
		{"full", "NetStream.Failed"},
		{"failed", "NetStream.Failed"},
	};
	int away = -ENOTCONN, back = 0;
	struct rtmp_peer peer;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(&peer, "room", "1/2/alice?usersig=x");
		answer(cases[i][0], 0);
		rtmp_peer_wait_for(&peer, cases[i][1]);
		rtmp_peer_wait_closed(&peer);
		rtmp_peer_close(&peer);
	}
	/* nobody is there to be asked */
	turning_do(turning, do_set_control_answer, &away);
	ask(&peer, "room", "1/2/alice?usersig=x");
	rtmp_peer_wait_for(&peer, "NetStream.Failed");
	rtmp_peer_close(&peer);
	turning_do(turning, do_set_control_answer, &back);
	ask(&peer, "room", "1/2/alice?usersig=x");
	assert_true(turning_until(turning, is_asked, NULL));
	turning_do(turning, do_control_down, NULL);
	rtmp_peer_wait_for(&peer, "NetStream.Failed");
	rtmp_peer_close(&peer);
	turning_do(turning, do_check_media_heard_nothing, NULL);
	turning_do(turning, do_check_nobody_left, NULL);
}

static void test_newer_takes_the_place(void **state)
{
	struct rtmp_peer first, second;

	(void)state;
	publish(&first, 12);
	begin(&first);
	expect_told("publish_tracks/12va");
	publish(&second, 12);
	rtmp_peer_wait_for(&first, "NetStream.Failed");
	rtmp_peer_wait_closed(&first);
	rtmp_peer_close(&first);
	begin(&second);
	expect_media_told("input/12 input_end/12 input/12 ");
	/* the user is still there */
	turning_do(turning, do_check_nobody_left, NULL);
	rtmp_peer_close(&second);
	expect_told("unpublish/12");
}

static bool is_watched(void *arg)
{
	(void)arg;
	return tess_live_admit(live, "alice") == 0;
}

static bool has_ended(void *arg)
{
	return !is_watched(arg);
}

static void do_watch(void *arg)
{
	json_t *outputs = json_pack("[{ss ss}]", "name", "alice", "stream", "user-12");

	(void)arg;
	tess_live_apply(live, outputs);
	json_decref(outputs);
}

/* One that takes the place and sends nothing ends what the one before sent. */
static void test_newer_sends_nothing(void **state)
{
	struct rtmp_peer first, second;

	(void)state;
	publish(&first, 12);
	begin(&first);
	expect_told("publish_tracks/12va");
	turning_do(turning, do_watch, NULL);
	publish(&second, 12);
	rtmp_peer_wait_closed(&first);
	rtmp_peer_close(&first);
	assert_true(turning_until(turning, is_watched, NULL));
	rtmp_peer_close(&second);
	expect_told("unpublish/12");
	assert_true(turning_until(turning, has_ended, NULL));
}

static void do_remove(void *arg)
{
	json_t *wanted = json_pack("[i, i]", 7, 13);

	(void)arg;
	tess_publishers_apply(publishers, wanted);
	json_decref(wanted);
}

static void test_removed(void **state)
{
	struct rtmp_peer stays, goes;

	(void)state;
	publish(&stays, 13);
	publish(&goes, 12);
	begin(&goes);
	expect_told("publish_tracks/12va");
	turning_do(turning, do_remove, NULL);
	rtmp_peer_wait_for(&goes, "NetStream.Failed");
	rtmp_peer_wait_closed(&goes);
	rtmp_peer_close(&goes);
	begin(&stays);
	expect_told("publish_tracks/13va");
	turning_do(turning, do_check_nobody_left, NULL);
	turning_do(turning, do_check_facts, NULL);
	rtmp_peer_close(&stays);
}

static void test_sound_comes_late(void **state)
{
	struct tess_ring_reader *reader;
	struct rtmp_peer peer;

	(void)state;
	publish(&peer, 12);
	configure_video(&peer);
	VIDEO(&peer, 0, "\x17\x01\0\0\0\0\0\0\x03\x65\x88\x84");
	expect_told("publish_tracks/12v ");
	AUDIO(&peer, 0, "\xaf\0\x12\x10");
	AUDIO(&peer, 20, "\xaf\x01\x21\x10\x04");
	expect_told("publish_tracks/12va");
	AUDIO(&peer, 40, "\xaf\0\x11\x88");
	AUDIO(&peer, 60, "\xaf\x01\x21\x10\x04");
	expect_media_told("input/12 input/12 input/12 ");
	reader = reader_of(2);
	assert_int_equal(tess_ring_reader_info(reader)->audio_channels, 1);
	assert_int_equal(tess_ring_reader_info(reader)->audio_rate, 48000);
	tess_ring_reader_free(reader);
	rtmp_peer_close(&peer);
}

static void test_what_is_not_taken(void **state)
{
	static uint8_t large[1000000];
	struct rtmp_peer peer;

	(void)state;
	publish(&peer, 12);
	VIDEO(&peer, 0, "\x90hvc1");
	rtmp_peer_wait_for(&peer, "NetStream.Failed");
	expect_told("unpublish/12");
	rtmp_peer_close(&peer);
	/* damage */
	publish(&peer, 13);
	VIDEO(&peer, 0, "\x17\0\0\0\0\x01");
	rtmp_peer_wait_for(&peer, "NetStream.Failed");
	expect_told("unpublish/13");
	rtmp_peer_close(&peer);
	/* more than 20 Mbit/s: 12.5 MB in less than 5 s */
	publish(&peer, 14);
	for (unsigned i = 0; i < 14 && !rtmp_peer_heard(&peer, "NetStream.Failed"); i++) {
		const struct tess_rtmp_message message = {.type = TESS_RTMP_DATA,
							  .stream = 1,
							  .data = large,
							  .length = sizeof(large)};
		size_t sent = 0;

		tess_rtmp_put_message(&peer.session.out, TESS_RTMP_ON_DATA, &message,
				      peer.session.chunk_size);
		while (sent < peer.session.out.length) {
			ssize_t n = send(peer.fd, peer.session.out.data + sent,
					 peer.session.out.length - sent, MSG_NOSIGNAL);

			if (n <= 0)
				break;
			sent += (size_t)n;
		}
		tess_rtmp_session_sent(&peer.session, peer.session.out.length);
	}
	expect_told("unpublish/14");
	rtmp_peer_close(&peer);
}

static int setup_hasty(void **state)
{
	idle_us = 300000;
	return setup(state);
}

static void test_silent(void **state)
{
	struct rtmp_peer peer;

	(void)state;
	/* as one whose peer has lost power: nothing comes, and nothing ends it */
	publish(&peer, 12);
	begin(&peer);
	expect_told("unpublish/12");
	rtmp_peer_wait_closed(&peer);
	rtmp_peer_close(&peer);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_publishes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_leaves_with_its_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_newer_takes_the_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_newer_sends_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sound_comes_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_not_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silent, setup_hasty, teardown),
	};

	tess_log_init("test", TESS_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
