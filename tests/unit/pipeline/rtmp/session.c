/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tests of pipeline/rtmp/session, server and client: both sides against a peer made by hand.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/rtmp/client.h"
#include "pipeline/rtmp/server.h"

static struct tess_rtmp_server server;
static struct tess_rtmp_client client;
static struct tess_rtmp_session peer;
static char said[2048], played[64], queried[64];
static int play_answer;

static int play(void *arg, const char *name, const char *query)
{
	assert_ptr_equal(arg, played);
	(void)snprintf(played, sizeof(played), "%s", name);
	(void)snprintf(queried, sizeof(queried), "%s", query);
	return play_answer;
}

static char published[128], ticket[64];
static int publish_answer, media_answer;
static unsigned media_count;
static size_t media_bytes;

static int publish(void *arg, const char *app, const char *name, const char *query)
{
	assert_ptr_equal(arg, played);
	(void)snprintf(published, sizeof(published), "%s|%s", app, name);
	(void)snprintf(ticket, sizeof(ticket), "%s", query);
	return publish_answer;
}

static int media(void *arg, const struct tess_rtmp_message *message)
{
	assert_ptr_equal(arg, played);
	media_count++;
	media_bytes += message->length;
	return media_answer;
}

static int setup(void **state)
{
	static const struct tess_rtmp_client_config config = {
		.app = "app", .tc_url = "rtmp://cdn/app", .name = "key?secret=1", .seed = 2};

	(void)state;
	assert_int_equal(tess_rtmp_server_init(&server, "live", 1), 0);
	server.play = play;
	server.publish = publish;
	server.media = media;
	server.arg = played;
	published[0] = ticket[0] = 0;
	publish_answer = media_answer = 0;
	media_count = 0;
	media_bytes = 0;
	assert_int_equal(tess_rtmp_client_init(&client, &config), 0);
	played[0] = queried[0] = said[0] = 0;
	play_answer = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tess_rtmp_server_fini(&server);
	tess_rtmp_client_fini(&client);
	tess_rtmp_session_fini(&peer);
	return 0;
}

static void say(const char *text)
{
	(void)strncat(said, text, sizeof(said) - strlen(said) - 1);
	(void)strncat(said, " ", sizeof(said) - strlen(said) - 1);
}

/** What a message is, in a word: a command's name and what belongs to it. */
static void describe(const struct tess_rtmp_message *message)
{
	struct tess_amf0_member info[] = {{.name = "code"}, {.name = "app"}, {.name = "tcUrl"}};
	struct tess_amf0_value value;
	struct tess_cursor at;
	double transaction;
	char name[32], text[128];

	if (message->type != TESS_RTMP_COMMAND) {
		(void)snprintf(text, sizeof(text), "type%d", message->type);
		say(text);
		return;
	}
	assert_int_equal(tess_rtmp_command(message, &at, name, &transaction), 0);
	(void)snprintf(text, sizeof(text), "%s/%g", name, transaction);
	say(text);
	while (tess_left(&at)) {
		struct tess_cursor again = at;

		assert_int_equal(tess_amf0_get(&at, &value), 0);
		if (value.type == TESS_AMF0_NUMBER) {
			(void)snprintf(text, sizeof(text), "%g", value.number);
			say(text);
		}
		tess_amf0_text(text, sizeof(text), &value);
		if (*text)
			say(text);
		assert_int_equal(tess_amf0_get_object(&again, info, 3), 0);
		for (unsigned i = 0; i < 3; i++) {
			tess_amf0_text(text, sizeof(text), &info[i].value);
			if (*text)
				say(text);
		}
	}
}

/** The peer takes what the other side has to send. */
static void peer_takes(struct tess_rtmp_session *from)
{
	struct tess_cursor input = tess_cursor_of(from->out.data, from->out.length);
	struct tess_rtmp_message message;

	while (tess_rtmp_session_next(&peer, &input, &message) > 0)
		describe(&message);
	assert_int_equal(tess_left(&input), 0);
	tess_rtmp_session_sent(from, from->out.length);
}

static void expect(const char *want)
{
	assert_string_equal(said, want);
	said[0] = 0;
}

/** The server takes what the peer sends, in pieces. */
static int server_takes(size_t step)
{
	int rc = 0;

	for (size_t at = 0; at < peer.out.length && !rc; at += step)
		rc = tess_rtmp_server_input(&server, peer.out.data + at,
					    peer.out.length - at < step ? peer.out.length - at
									: step);
	tess_rtmp_session_sent(&peer, peer.out.length);
	peer_takes(&server.session);
	return rc;
}

static int client_takes(void)
{
	int rc = tess_rtmp_client_input(&client, peer.out.data, peer.out.length);

	tess_rtmp_session_sent(&peer, peer.out.length);
	peer_takes(&client.session);
	return rc;
}

static void peer_connects(const char *app)
{
	struct tess_bytes command;

	tess_rtmp_begin_command(&command, "connect", 1);
	tess_amf0_begin_object(&command);
	tess_amf0_put_name(&command, "app");
	tess_amf0_put_string(&command, app);
	tess_amf0_end_object(&command);
	tess_rtmp_put_command(&peer, 0, &command);
}

static void peer_says(const char *name, double transaction, const char *text)
{
	struct tess_bytes command;

	tess_rtmp_begin_command(&command, name, transaction);
	tess_amf0_put_null(&command);
	if (text)
		tess_amf0_put_string(&command, text);
	tess_rtmp_put_command(&peer, 1, &command);
}

static void peer_informs(const char *name, double transaction, const char *level, const char *code)
{
	struct tess_bytes command;

	tess_rtmp_begin_command(&command, name, transaction);
	tess_amf0_put_null(&command);
	tess_amf0_begin_object(&command);
	tess_amf0_put_name(&command, "level");
	tess_amf0_put_string(&command, level);
	tess_amf0_put_name(&command, "code");
	tess_amf0_put_string(&command, code);
	tess_amf0_end_object(&command);
	tess_rtmp_put_command(&peer, 1, &command);
}

static void begin_as_client(void)
{
	assert_int_equal(tess_rtmp_session_init(&peer, true, 3), 0);
}

static void test_handshake(void **state)
{
	uint8_t hello[1537];

	(void)state;
	/* C0 C1 in two pieces; S0 S1 come with the first byte, S2 is what C1 was (§5.2) */
	for (size_t i = 0; i < sizeof(hello); i++)
		hello[i] = (uint8_t)(i * 7);
	hello[0] = 3;
	assert_int_equal(tess_rtmp_server_input(&server, hello, 1), 0);
	assert_int_equal(server.session.out.length, 1537);
	assert_memory_equal(server.session.out.data, "\3\0\0\0\0\0\0\0\0", 9);
	assert_int_equal(tess_rtmp_server_input(&server, hello + 1, 1536), 0);
	assert_int_equal(server.session.out.length, 1537 + 1536);
	assert_memory_equal(server.session.out.data + 1537, hello + 1, 1536);
	assert_false(tess_rtmp_session_is_open(&server.session));
	assert_int_equal(tess_rtmp_server_input(&server, hello + 1, 1536), 0);
	assert_true(tess_rtmp_session_is_open(&server.session));
}

static void test_no_rtmp(void **state)
{
	(void)state;
	assert_int_equal(tess_rtmp_server_input(&server, (const uint8_t *)"GET / HTTP/1.1\r\n", 16),
			 -EPROTONOSUPPORT);
	assert_int_equal(tess_rtmp_client_input(&client, (const uint8_t *)"HTTP/1.1 400\r\n", 14),
			 -EPROTONOSUPPORT);
}

static void test_play(void **state)
{
	static const size_t steps[] = {1, 13, 100000};

	for (unsigned i = 0; i < 3; i++) {
		begin_as_client();
		peer_takes(&server.session);
		assert_int_equal(server_takes(steps[i]), 0);
		assert_true(tess_rtmp_session_is_open(&peer));
		peer_connects("live/?vhost=x");
		assert_int_equal(server_takes(steps[i]), 0);
		expect("_result/1 NetConnection.Connect.Success ");
		assert_int_equal(peer.window, 2500000);
		peer_says("_checkbw", 0, NULL);
		peer_says("createStream", 2, NULL);
		peer_says("getStreamLength", 3, "show");
		assert_int_equal(server_takes(steps[i]), 0);
		expect("_result/2 1 _result/3 0 ");
		peer_says("play", 4, "show?txSecret=aa&txTime=bb");
		assert_int_equal(server_takes(steps[i]), 0);
		expect("onStatus/0 NetStream.Play.Reset onStatus/0 NetStream.Play.Start ");
		assert_string_equal(played, "show");
		assert_string_equal(queried, "txSecret=aa&txTime=bb");
		assert_int_equal(server.state, TESS_RTMP_SERVER_PLAYING);
		tess_rtmp_server_end(&server);
		peer_takes(&server.session);
		expect("onStatus/0 NetStream.Play.UnpublishNotify ");
		assert_int_equal(server.state, TESS_RTMP_SERVER_OVER);
		teardown(state);
		setup(state);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *app, *command;
		int answer;
		const char *want;
	} cases[] = {
		{"vod", NULL, 0, "_error/1 NetConnection.Connect.InvalidApp "},
		{"liver", NULL, 0, "_error/1 NetConnection.Connect.InvalidApp "},
		{"", NULL, 0, "_error/1 NetConnection.Connect.InvalidApp "},
		{"live", "play", -ENOENT, "onStatus/0 NetStream.Play.StreamNotFound "},
		{"live", "play", -EUSERS, "onStatus/0 NetStream.Play.Failed "},
		{"live", "play", -EACCES, "onStatus/0 NetStream.Play.Failed "},
		{"live", "publish", 0, "onStatus/0 NetStream.Publish.Denied "},
		{"live", "deleteStream", 0, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin_as_client();
		(void)server_takes(1000);
		peer_connects(cases[i].app);
		assert_int_equal(server_takes(1000), 0);
		play_answer = cases[i].answer;
		if (cases[i].command) {
			expect("_result/1 NetConnection.Connect.Success ");
			peer_says(cases[i].command, 0, "name");
			assert_int_equal(server_takes(1000), 0);
		}
		expect(cases[i].want);
		assert_int_equal(server.state, TESS_RTMP_SERVER_OVER);
		teardown(state);
		setup(state);
	}
}

/** A peer up to its publish. */
static void peer_asks(const char *app, const char *name)
{
	begin_as_client();
	(void)server_takes(1000);
	peer_connects(app);
	assert_int_equal(server_takes(1000), 0);
	expect("_result/1 NetConnection.Connect.Success ");
	peer_says("releaseStream", 2, name);
	peer_says("FCPublish", 3, name);
	peer_says("createStream", 4, NULL);
	assert_int_equal(server_takes(1000), 0);
	expect("_result/4 1 ");
	peer_says("publish", 5, name);
	assert_int_equal(server_takes(1000), 0);
}

static void peer_sends(enum tess_rtmp_type type, uint32_t length)
{
	static uint8_t data[100000];
	const struct tess_rtmp_message message = {
		.type = type, .stream = 1, .data = data, .length = length};

	tess_rtmp_put_message(&peer.out, TESS_RTMP_ON_VIDEO, &message, peer.chunk_size);
}

static void test_publisher(void **state)
{
	(void)state;
	peer_asks("room/1400000001", "101/alice?usersig=secret");
	expect("");
	assert_int_equal(server.state, TESS_RTMP_SERVER_ASKING);
	assert_string_equal(published, "room/1400000001|101/alice");
	assert_string_equal(ticket, "usersig=secret");
	/* what it sends before it may is left out */
	peer_sends(TESS_RTMP_VIDEO, 1000);
	assert_int_equal(server_takes(1000), 0);
	assert_int_equal(media_count, 0);
	tess_rtmp_server_accept(&server);
	peer_takes(&server.session);
	expect("onStatus/0 NetStream.Publish.Start ");
	peer_sends(TESS_RTMP_VIDEO, 90000);
	peer_sends(TESS_RTMP_AUDIO, 300);
	peer_sends(TESS_RTMP_DATA, 30);
	assert_int_equal(server_takes(1000), 0);
	assert_int_equal(media_count, 3);
	assert_int_equal(media_bytes, 90330);
	/* it cannot ask again, and its answer is not lost */
	media_answer = -EBADMSG;
	peer_sends(TESS_RTMP_AUDIO, 3);
	assert_int_equal(server_takes(1000), -EBADMSG);
	peer_says("deleteStream", 6, NULL);
	assert_int_equal(server_takes(1000), 0);
	assert_int_equal(server.state, TESS_RTMP_SERVER_OVER);
}

static void test_publisher_is_refused(void **state)
{
	(void)state;
	/* no address of a room */
	publish_answer = -EINVAL;
	peer_asks("strroom", "1/2");
	expect("onStatus/0 NetStream.Publish.BadName ");
	assert_int_equal(server.state, TESS_RTMP_SERVER_OVER);
	teardown(state);
	setup(state);
	/* later, by whoever was asked; large messages are for those who may */
	peer_asks("strroom", "1/2/3");
	peer_sends(TESS_RTMP_VIDEO, 90000);
	assert_int_equal(server_takes(100000), -EMSGSIZE);
	tess_rtmp_server_refuse(&server, "NetStream.Publish.Denied", "No.");
	peer_takes(&server.session);
	expect("onStatus/0 NetStream.Publish.Denied ");
	assert_int_equal(server.state, TESS_RTMP_SERVER_OVER);
	teardown(state);
	setup(state);
	/* who connected to rooms does not play, and publishes once */
	begin_as_client();
	(void)server_takes(1000);
	peer_connects("room");
	assert_int_equal(server_takes(1000), 0);
	peer_says("play", 2, "show");
	said[0] = 0;
	assert_int_equal(server_takes(1000), 0);
	expect("onStatus/0 NetStream.Play.StreamNotFound ");
	teardown(state);
	setup(state);
	peer_asks("room", "1/2/3");
	peer_says("publish", 6, "1/2/3");
	assert_int_equal(server_takes(1000), -EBADMSG);
	teardown(state);
	setup(state);
	/* a server without rooms */
	server.publish = NULL;
	begin_as_client();
	(void)server_takes(1000);
	peer_connects("room");
	assert_int_equal(server_takes(1000), 0);
	expect("_error/1 NetConnection.Connect.InvalidApp ");
}

static void test_wrong_order(void **state)
{
	(void)state;
	begin_as_client();
	assert_int_equal(server_takes(1000), 0);
	peer_says("play", 0, "name"); /* before connect */
	assert_int_equal(server_takes(1000), -EBADMSG);
}

static void test_asks_and_does_not_read(void **state)
{
	int rc = 0;

	(void)state;
	begin_as_client();
	(void)server_takes(1000);
	(void)server_takes(1000); /* the handshake's last part */
	tess_rtmp_put_user_control(&peer, 6, 7);
	for (unsigned i = 0; i < 100000 && !rc; i++)
		rc = tess_rtmp_server_input(&server, peer.out.data, peer.out.length);
	assert_int_equal(rc, -ENOBUFS);
	assert_true(server.session.out.length < TESS_RTMP_MAX_OUT + 4096);
}

static void test_acknowledges(void **state)
{
	(void)state;
	begin_as_client();
	(void)server_takes(1000);
	tess_rtmp_put_u32(&peer, TESS_RTMP_WINDOW_SIZE, 100);
	assert_int_equal(tess_rtmp_server_input(&server, peer.out.data, peer.out.length), 0);
	tess_rtmp_session_sent(&peer, peer.out.length);
	assert_int_equal(server.session.out.length, 0);
	tess_rtmp_put_user_control(&peer, 6, 0x01020304);
	while (server.session.out.length < 100)
		assert_int_equal(tess_rtmp_server_input(&server, peer.out.data, peer.out.length),
				 0);
	/* ping responses, and the acknowledgement of 16 + 5 * 18 bytes in between */
	assert_memory_equal(server.session.out.data,
			    "\x02\0\0\0\0\0\x06\x04\0\0\0\0\0\x07\x01\x02\x03\x04", 18);
	assert_memory_equal(server.session.out.data + 72,
			    "\x02\0\0\0\0\0\x04\x03\0\0\0\0\0\0\0\x6a", 16);
}

/** The client up to its publish. */
static void client_asks(void)
{
	assert_int_equal(tess_rtmp_session_init(&peer, false, 4), 0);
	peer_takes(&client.session);
	assert_int_equal(client_takes(), 0);
	expect("connect/1 app rtmp://cdn/app ");
	peer_informs("_result", 1, "status", "NetConnection.Connect.Success");
	assert_int_equal(client_takes(), 0);
	expect("releaseStream/2 key?secret=1 FCPublish/3 key?secret=1 createStream/4 ");
	peer_informs("_error", 2, "error", "NetConnection.Call.Failed");
	assert_int_equal(client_takes(), 0);
	{
		struct tess_bytes command;

		tess_rtmp_begin_command(&command, "_result", 4);
		tess_amf0_put_null(&command);
		tess_amf0_put_number(&command, 9);
		tess_rtmp_put_command(&peer, 0, &command);
	}
	assert_int_equal(client_takes(), 0);
	expect("publish/5 key?secret=1 live ");
	assert_int_equal(client.state, TESS_RTMP_CLIENT_ASKING);
	assert_int_equal(client.stream, 9);
}

static void test_publish(void **state)
{
	(void)state;
	client_asks();
	peer_informs("onStatus", 0, "status", "NetStream.Publish.Start");
	assert_int_equal(client_takes(), 0);
	assert_int_equal(client.state, TESS_RTMP_CLIENT_PUBLISHING);
	tess_rtmp_client_end(&client);
	peer_takes(&client.session);
	expect("FCUnpublish/6 key?secret=1 deleteStream/7 9 ");
}

static void test_refused(void **state)
{
	static const struct {
		const char *code;
		int rc;
	} cases[] = {
		{"NetStream.Publish.Denied", -EACCES},
		{"NetStream.Publish.BadName", -ECONNABORTED},
		{"NetStream.Failed \n", -ECONNABORTED},
	};

	for (unsigned after = 0; after < 2; after++) {
		for (unsigned i = 0; i < 3; i++) {
			client_asks();
			if (after) {
				peer_informs("onStatus", 0, "status", "NetStream.Publish.Start");
				assert_int_equal(client_takes(), 0);
			}
			peer_informs("onStatus", 0, "error", cases[i].code);
			assert_int_equal(client_takes(), cases[i].rc);
			if (i < 2)
				assert_string_equal(client.code, cases[i].code);
			else
				assert_string_equal(client.code, "");
			teardown(state);
			setup(state);
		}
	}
	/* of connect itself */
	assert_int_equal(tess_rtmp_session_init(&peer, false, 4), 0);
	peer_takes(&client.session);
	assert_int_equal(client_takes(), 0);
	peer_informs("_error", 1, "error", "NetConnection.Connect.Rejected");
	assert_int_equal(client_takes(), -EACCES);
	assert_string_equal(client.code, "NetConnection.Connect.Rejected");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_handshake, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_rtmp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_play, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_publisher, setup, teardown),
		cmocka_unit_test_setup_teardown(test_publisher_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_asks_and_does_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_acknowledges, setup, teardown),
		cmocka_unit_test_setup_teardown(test_publish, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
